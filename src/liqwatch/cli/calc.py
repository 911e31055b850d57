"""Work out a position before it is opened: every figure, and what another leverage would change.

For example: liqwatch calc long BTC/USDT:USDT --exchange bybit --entry 60000 --size 0.5 --leverage 10

Percentages are written 0.4% or 0.004. What is not given is assumed, and every assumption is printed. Exit code 3:
the exchange is not known, or no formula of it is verified for this kind of position.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from liqwatch.cli._numbers import (
    ExplainOption,
    GapOption,
    JsonOption,
    MarginCallOption,
    fee,
    not_negative,
    positive,
    rate,
)


class SideWord(StrEnum):
    """Direction of the position."""

    LONG = "long"
    SHORT = "short"


class KindWord(StrEnum):
    """Kind of contract."""

    LINEAR = "linear"
    INVERSE = "inverse"
    QUANTO = "quanto"


def command(
    side: Annotated[SideWord, typer.Argument(help="Direction.")],
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="Market, such as BTC/USDT:USDT or BTC/USD:BTC.")],
    *,
    exchange: Annotated[str, typer.Option("--exchange", help="The venue whose way of counting is used.")],
    entry: Annotated[float, typer.Option("--entry", parser=positive, metavar="PRICE", help="Entry price.")],
    size: Annotated[
        float,
        typer.Option("--size", parser=positive, metavar="N", help="Contracts: base units, inverse: quote units."),
    ],
    leverage: Annotated[
        float | None, typer.Option("--leverage", parser=positive, metavar="L", help="Leverage setting.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", parser=positive, metavar="M", help="Isolated margin, in place of value / leverage."),
    ] = None,
    cross: Annotated[bool, typer.Option("--cross", help="Cross margin: the whole --balance backs it.")] = False,
    balance: Annotated[
        float | None, typer.Option("--balance", parser=positive, metavar="B", help="Cross wallet, settle currency.")
    ] = None,
    mark: Annotated[
        float | None, typer.Option("--mark", parser=positive, metavar="PRICE", help="Mark price. Default: the entry.")
    ] = None,
    tick: Annotated[
        float, typer.Option("--tick", parser=not_negative, metavar="STEP", help="Smallest price step.")
    ] = "0",  # type: ignore[assignment] # typer hands defaults to the parser
    kind: Annotated[
        KindWord | None, typer.Option("--contract-kind", help="Default: as the symbol's settle currency shows.")
    ] = None,
    contract_size: Annotated[
        float, typer.Option("--contract-size", parser=positive, metavar="N", help="Units per contract.")
    ] = "1",  # type: ignore[assignment] # typer hands defaults to the parser
    maintenance_rate: Annotated[
        float | None, typer.Option("--maintenance-rate", parser=fee, metavar="RATE", help="The venue's at this size.")
    ] = None,
    deduction: Annotated[
        float,
        typer.Option("--deduction", parser=not_negative, metavar="D", help="The venue's maintenance deduction."),
    ] = "0",  # type: ignore[assignment] # typer hands defaults to the parser
    growth: Annotated[
        float,
        typer.Option(
            "--maintenance-growth", parser=not_negative, metavar="G", help="Added to the rate per unit of notional."
        ),
    ] = "0",  # type: ignore[assignment] # typer hands defaults to the parser
    fee_rate: Annotated[
        float | None, typer.Option("--fee-rate", parser=fee, metavar="RATE", help="Taker fee, in and out.")
    ] = None,
    liquidation_fee_rate: Annotated[
        float, typer.Option("--liquidation-fee-rate", parser=fee, metavar="RATE", help="Clearance fee.")
    ] = "0",  # type: ignore[assignment] # typer hands defaults to the parser
    funding_rate: Annotated[
        float | None,
        typer.Option("--funding-rate", parser=rate, metavar="RATE", help="Per 8 hours; positive: longs pay."),
    ] = None,
    margin_call: MarginCallOption = "80%",  # type: ignore[assignment] # typer hands defaults to the parser
    gap: GapOption = "5%",  # type: ignore[assignment] # typer hands defaults to the parser
    explain: ExplainOption = False,
    as_json: JsonOption = False,
) -> None:
    """Work out a planned position."""
    from liqwatch.cli._planned import Planned

    if cross != (balance is not None):
        raise typer.BadParameter("--cross and --balance go together")
    if cross and margin is not None:
        raise typer.BadParameter("--margin is isolated margin; with --cross give --balance")
    planned = Planned(
        symbol=symbol,
        side=side.value,
        exchange=exchange,
        entry_price=entry,
        quantity=size,
        leverage=leverage,
        margin=margin,
        balance=balance,
        contract_kind=kind.value if kind else None,
        contract_size=contract_size,
        mark_price=mark,
        price_tick=tick,
        maintenance_rate=maintenance_rate,
        maintenance_deduction=deduction,
        maintenance_growth=growth,
        fee_rate=fee_rate,
        liquidation_fee_rate=liquidation_fee_rate,
        funding_rate=funding_rate,
    )
    from liqwatch.cli._calc_report import calc_report

    report = calc_report(planned, margin_call_ratio=margin_call, gap=gap, with_steps=explain)
    if as_json:
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _print(report)


def _print(report: dict[str, Any]) -> None:
    from liqwatch.cli._calc_view import calc_view
    from liqwatch.cli._status_view import output_console

    output_console().print(calc_view(report))
