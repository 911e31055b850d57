"""Show how a liquidation price comes about: the running daemon's arithmetic, step by step, with your own numbers.

ACCOUNT is a name from the configuration, SYMBOL a market such as BTC/USDT:USDT in which the account holds a
position. For positions that no daemon watches: `liqwatch risk --explain` and `liqwatch calc --explain`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from liqwatch.cli._config_path import ConfigOption
from liqwatch.cli._numbers import JsonOption
from liqwatch.cli._socket_path import find_socket


def command(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Name of the account in the configuration.")],
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="Market in which it holds a position.")],
    config: ConfigOption = None,
    control_socket: Annotated[
        Path | None, typer.Option("--socket", help="The daemon's control socket; found by itself as a rule.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the running daemon."""
    from liqwatch.faces.control import ask

    report = ask(control_socket or find_socket(config), "explain", {"account": account, "symbol": symbol})
    if as_json:
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    _print(report)


def _print(report: dict[str, Any]) -> None:
    from liqwatch.cli._explain_view import explanation_view
    from liqwatch.cli._status_view import output_console
    from liqwatch.cli._wording import price

    console = output_console()
    for position in report["positions"]:
        console.print(explanation_view(position))
        reported = position["reported_liquidation_price"]
        if reported is not None:
            counts = "which counts" if position["counts"] == "reported" else "ours counts, being nearer to the mark"
            console.print(f"The venue reports {price(reported)}: {counts}.", highlight=False)
        if position["assumed_tiers"]:
            console.print("The maintenance rate is assumed: the venue's own brackets are not known.", highlight=False)
        console.print()
