"""What is to be said of each position in the golden file: checked, disagreeing, or unused with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping

from liqwatch.margin.disagreement import RELATIVE_TOLERANCE
from liqwatch.model import UNREACHABLE
from liqwatch.testing.golden import Record
from liqwatch.testing.golden_reported import our_price

PLAIN_FORMULA = re.compile(r"plain formula ([\d.]+)")

NO_EQUITY = "the equity behind the position is not in the record"
WHOLE_ACCOUNT = "rests on the account's ratio over all assets, which is not in the record"
RATE_UNKNOWN = "the maintenance rate or fee was assumed or fitted on the price itself"

UNUSED: Mapping[str, str] = {
    "aster-150": "a documentation sample whose figures contradict each other",
    "binance-017": NO_EQUITY,
    "binance-019": NO_EQUITY,
    "binance-021": NO_EQUITY,
    "binance-155": WHOLE_ACCOUNT,
    "bingx-125": RATE_UNKNOWN,
    "bingx-126": RATE_UNKNOWN,
    "bingx-169": NO_EQUITY,
    "bitget-058": WHOLE_ACCOUNT,
    "bitmart-130": RATE_UNKNOWN,
    "bitmex-118": RATE_UNKNOWN,
    "bitmex-120": NO_EQUITY,
    "bybit-042": WHOLE_ACCOUNT,
    "bybit-043": WHOLE_ACCOUNT,
    "bybit-044": "clamped to the lowest price that the venue shows, which means none",
    "bybit-163": WHOLE_ACCOUNT,
    "deribit-142": NO_EQUITY,
    "derive-141": NO_EQUITY,
    "gate-047": "edited by hand: a negative margin beside an old price",
    "gate-048": NO_EQUITY,
    "grvt-148": NO_EQUITY,
    "hashkey-143": NO_EQUITY,
    "krakenfutures-170": WHOLE_ACCOUNT,
    "kucoinfutures-156": "clamped to one tick, which means none",
    "mudrex-140": RATE_UNKNOWN,
    "okx-036": "edited by hand: its last and mark prices are 8 % apart",
    "pacifica-146": NO_EQUITY,
    "weex-144": NO_EQUITY,
    "whitebit-145": "part of the collateral is not in the record, and the venue asks for half of the required margin",
    "woo-149": NO_EQUITY,
    "woofipro-147": "a documentation sample that its own collateral does not reproduce",
}
"""id -> why nothing can be checked."""

ONE_BOT = "a grid bot's position, whose orders and profit are partly not in the record"
POOLED = "the account pools its spot balance, which is not in the record"
DEMO_ACCOUNT = "two positions of one demo account; unexplained"

DISAGREEMENTS: Mapping[str, str] = {
    "bitget-056": DEMO_ACCOUNT,
    "bitget-057": DEMO_ACCOUNT,
    "hyperliquid-083": POOLED,
    "hyperliquid-084": POOLED,
    "hyperliquid-085": POOLED,
    "okx-032": ONE_BOT,
}
"""id -> why the venue's price is not the formula's, though the inputs are there."""

WRITTEN_DIFFERENTLY: Mapping[str, str] = {
    "mexc-124": "the file takes maintenance on the mark; entry is what MEXC's text says, and within the same tick",
    "phemex-131": "the file multiplies (1 - fee) by (1 - rate) where the text subtracts their sum",
}
"""id -> why our formula is not the file's; both come within the tolerance."""


def plain_price_of(record: Record) -> float | None:
    """What the formula gave where OKX went one tick further; the file has it in the note."""
    found = PLAIN_FORMULA.search(record["note"])
    return float(found[1]) if found else None


def has_no_price(record: Record) -> bool:
    """The venue shows none, or a negative one, which means none."""
    return bool(record["expect_none"]) or record["exchange_liquidation_price"] < 0


def scale_of(record: Record) -> float:
    """What tolerances are fractions of: the mark, or the venue's price where no mark is told."""
    return float(record["mark"] or record["exchange_liquidation_price"])


def tick_beyond(record: Record) -> float:
    """The tick by which OKX moved its price; zero elsewhere."""
    plain = plain_price_of(record)
    return 0.0 if plain is None else abs(record["exchange_liquidation_price"] - plain)


def agrees(record: Record) -> bool:
    """Whether our price is the venue's, within its tick where one is known and a band of the mark elsewhere."""
    ours = our_price(record)
    if has_no_price(record):
        return ours is UNREACHABLE
    tolerance = max(RELATIVE_TOLERANCE * scale_of(record), 1.000001 * tick_beyond(record))
    return isinstance(ours, float) and abs(ours - record["exchange_liquidation_price"]) <= tolerance
