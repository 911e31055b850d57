"""Find the position size: how much may be held so that the stop costs no more than the chosen risk.

For example: liqwatch size --balance 10000 --risk 2% --entry 60000 --stop 58500 --leverage 10 --exchange binance_usdm

Linear contracts. The liquidation price has to lie beyond the stop, or the stop can never fire; where it does not,
the highest leverage that does is told. Beneath stands what a run of losses would leave. Without --exchange the
commonest way of counting is taken: maintenance on the mark, no fee.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from liqwatch.advice.sizing import Trade
from liqwatch.cli._numbers import JsonOption, fee, fraction, not_negative, positive


def command(
    *,
    balance: Annotated[
        float, typer.Option("--balance", parser=positive, metavar="B", help="Balance that is traded with.")
    ],
    entry: Annotated[float, typer.Option("--entry", parser=positive, metavar="PRICE", help="Entry price.")],
    stop: Annotated[
        float,
        typer.Option("--stop", parser=positive, metavar="PRICE", help="Stop price; below the entry it is a long."),
    ],
    risk: Annotated[
        float, typer.Option("--risk", parser=fraction, metavar="PART", help="Part of the balance the stop may cost.")
    ] = "2%",  # type: ignore[assignment] # typer hands defaults to the parser
    leverage: Annotated[
        float | None, typer.Option("--leverage", parser=positive, metavar="L", help="Leverage to check.")
    ] = None,
    exchange: Annotated[str | None, typer.Option("--exchange", help="The venue whose way of counting is used.")] = None,
    symbol: Annotated[
        str, typer.Option("--symbol", metavar="SYMBOL", help="Market, for the assumed maintenance rate.")
    ] = "BTC/USDT:USDT",
    maintenance_rate: Annotated[
        float | None, typer.Option("--maintenance-rate", parser=fee, metavar="RATE", help="The venue's at this size.")
    ] = None,
    deduction: Annotated[
        float,
        typer.Option("--deduction", parser=not_negative, metavar="D", help="The venue's maintenance deduction."),
    ] = "0",  # type: ignore[assignment] # typer hands defaults to the parser
    fee_rate: Annotated[
        float, typer.Option("--fee-rate", parser=fee, metavar="RATE", help="Taker fee, at the entry and at the stop.")
    ] = "0",  # type: ignore[assignment] # typer hands defaults to the parser
    as_json: JsonOption = False,
) -> None:
    """Find the size."""
    from liqwatch.cli._size_report import Venue, size_report

    trade = _trade(balance=balance, risk=risk, entry_price=entry, stop_price=stop, fee_rate=fee_rate)
    venue = Venue(exchange=exchange, symbol=symbol, maintenance_rate=maintenance_rate, maintenance_deduction=deduction)
    report = size_report(trade, venue, leverage)
    if as_json:
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _print(report)


def _trade(**flags: float) -> Trade:
    try:
        return Trade(**flags)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _print(report: dict[str, Any]) -> None:
    from liqwatch.cli._size_view import size_view
    from liqwatch.cli._status_view import output_console

    output_console().print(size_view(report))
