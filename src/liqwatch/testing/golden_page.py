"""The page that tells, position by position, whose liquidation price ours agrees with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from liqwatch.model import UNREACHABLE, Reading
from liqwatch.testing.golden import Record
from liqwatch.testing.golden_reported import our_price
from liqwatch.testing.golden_verdicts import DISAGREEMENTS, UNUSED, has_no_price

NOTICE = "<!-- Written by scripts/generate_positions.py from recorded positions; do not edit. -->"
HEAD = """# Positions as venues reported them

{notice}

Each row is one position with the liquidation price that its venue showed, and ours from the same inputs. The records
are other people's, collected from public repositories and documentation; they are not part of this repository.
Agreement: within the venue's tick where the record tells one, else within a band of the mark.

{summary}

| Record | Venue | Market | Side | Margin | Venue's price | Ours | Verdict |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def positions_page(positions: Mapping[str, Record]) -> str:
    """The whole page."""
    verdicts = {name: _verdict(name) for name in positions}
    counts = Counter(verdict.partition(":")[0] for verdict in verdicts.values())
    summary = ", ".join(f"{counts[word]} {word}" for word in ("agree", "disagree", "not checked")) + "."
    rows = [_row(name, positions[name], verdicts[name]) for name in sorted(positions)]
    return HEAD.format(notice=NOTICE, summary=summary) + "\n".join(rows) + "\n"


def _verdict(name: str) -> str:
    if name in UNUSED:
        return f"not checked: {UNUSED[name]}"
    return f"disagree: {DISAGREEMENTS[name]}" if name in DISAGREEMENTS else "agree"


def _row(name: str, record: Record, verdict: str) -> str:
    told = record["exchange_liquidation_price"]
    theirs = "none" if told is None or has_no_price(record) else f"{told:.8g}"
    ours = "-" if name in UNUSED else _figure(our_price(record))
    cells = (name, record["exchange"], record["symbol"], record["side"], record["margin_mode"], theirs, ours, verdict)
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _figure(price: Reading) -> str:
    if price is UNREACHABLE:
        return "none"
    return f"{price:.8g}" if isinstance(price, float) and math.isfinite(price) else "unknown"
