"""Judge an account snapshot offline: positions, loans, spot margin; from a JSON file or from standard input (-).

The format is described in docs/snapshot.md; docs/snapshot.schema.json is its JSON schema. Nothing is asked of
anybody and nothing is stored. Exit code 0: judged, however bad the news. 3: the snapshot cannot be used.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from liqwatch.cli._numbers import ExplainOption, GapOption, JsonOption, MarginCallOption
from liqwatch.config.codes import Code
from liqwatch.errors import ConfigError

STANDARD_INPUT = "-"


def command(
    snapshot: Annotated[str, typer.Argument(metavar="SNAPSHOT.json", help="The file; - reads standard input.")],
    as_json: JsonOption = False,
    explain: ExplainOption = False,
    margin_call: MarginCallOption = "80%",  # type: ignore[assignment] # typer hands defaults to the parser
    gap: GapOption = "5%",  # type: ignore[assignment] # typer hands defaults to the parser
) -> None:
    """Judge a snapshot."""
    from liqwatch.cli._beside_report import beside_report
    from liqwatch.cli._evaluate import evaluate
    from liqwatch.clock import SystemClock
    from liqwatch.config.snapshot import load_snapshot

    account = load_snapshot(_read(snapshot), _name(snapshot), today=SystemClock().now().date())
    report = evaluate(account, margin_call_ratio=margin_call, gap=gap, with_steps=explain)
    report |= beside_report(account, margin_call_ratio=margin_call)
    if as_json:
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False))
        return
    from liqwatch.cli._beside_view import beside_view
    from liqwatch.cli._figures_view import figures_view
    from liqwatch.cli._status_view import output_console

    console = output_console()
    if report["pools"]:
        console.print(figures_view(report))
    for part in beside_view(report):
        console.print(part)


def _name(snapshot: str) -> str:
    return "standard input" if snapshot == STANDARD_INPUT else snapshot


def _read(snapshot: str) -> str:
    try:
        content = sys.stdin.buffer.read() if snapshot == STANDARD_INPUT else Path(snapshot).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problem = Code.UNREADABLE_FILE.problem(snapshot, f"cannot be read: {reason}")
        raise ConfigError(_name(snapshot), [problem]) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Code.NOT_JSON.problem(_name(snapshot), f"not UTF-8 at byte {error.start}")
        raise ConfigError(_name(snapshot), [problem]) from None
