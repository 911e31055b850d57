"""An evaluation as tables for a terminal: the account, each pool, each position. Shared by `risk` and `calc`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from liqwatch.cli._explain_view import explanation_view
from liqwatch.cli._wording import UNREACHABLE, money, percent, price, times

Report: TypeAlias = Mapping[str, Any]
Row: TypeAlias = tuple[str, str, str]
"""A figure's name, the figure, and what to know about it."""


def figures_view(report: Report) -> RenderableType:
    """Everything, one below the other."""
    parts: list[RenderableType] = []
    for pool in report["pools"]:
        parts += [_heading(report, pool), _convention(pool["convention"]), grid(_pool_rows(pool)), Text()]
        for position in report["positions"]:
            if position["pool"] == pool["subject"]:
                parts += _position_parts(position, report)
    return Group(*parts)


def _heading(report: Report, pool: Report) -> Text:
    text = Text(f"{report['exchange']}, {pool['subject']}", style="bold")
    if pool["margin_mode"] not in pool["subject"]:
        text.append(f", {pool['margin_mode']}")
    if pool["is_liquidated"]:
        text.append("  AT OR BEYOND LIQUIDATION", style="bold red")
    return text


def _pool_rows(pool: Report) -> Iterator[Row]:
    currency = pool["currency"]
    yield "Equity", money(pool["equity"], currency), ""
    yield "Maintenance margin", money(pool["maintenance_margin"], currency), "fees of this side included"
    yield "Margin ratio", percent(pool["margin_ratio"]), "liquidation at 100%"
    yield "Margin buffer", money(pool["margin_buffer"], currency), "equity above maintenance"
    yield "Effective leverage", times(pool["effective_leverage"]), "all positions ÷ equity"
    if pool["shock_distance"] is None:
        yield "Shock", UNREACHABLE, "no common move of all markets liquidates this pool"
    else:
        direction = {1: "up", -1: "down"}.get(pool["shock_direction"], "anywhere")
        yield "Shock", percent(pool["shock_distance"]), f"all markets {direction} together by so much: liquidation"
    if pool["first_liquidated"] and pool["margin_mode"] == "cross":
        yield "Nearest alone", pool["first_liquidated"], "when each market moves by itself"
    if pool["funding_per_day"] is not None:
        yield "Funding per day", money(pool["funding_per_day"], currency, sign="+"), "positive: received"


def _convention(convention: Report) -> Text:
    text = f"Convention: {convention['name']}"
    if convention["source"]:
        text += f". {convention['source']}"
    if convention["since"]:
        text += f", since {convention['since']}"
    if convention["doubt"]:
        text += f". Not settled: {convention['doubt']}"
    if convention["overridden"]:
        text += f". The snapshot says otherwise of: {', '.join(convention['overridden'])}"
    return Text(f"  {text}.", style="dim")


def _position_parts(position: Report, report: Report) -> list[RenderableType]:
    head = Text(f"{position['symbol']} {position['side']}", style="bold")
    head.append(f", {position['contracts']:,.10g} contracts from {price(position['entry_price'])}")
    head.append(f", mark {price(position['mark_price'])}")
    parts: list[RenderableType] = [head, grid(_position_rows(position, report))]
    if position["step_down"]:
        parts.append(Padding(_ladder(position["step_down"]), (1, 0, 0, 2), expand=False))
    if "explanation" in position:
        parts += [Text(), Padding(explanation_view(position["explanation"]), (0, 0, 0, 2))]
    return [*parts, Text()]


def _position_rows(position: Report, report: Report) -> Iterator[Row]:
    currency = position["currency"]
    yield "Liquidation price", *_liquidation(position)
    if position["disagreement"]:
        yield "", "figures disagree", position["disagreement"]
    yield _price_row(position, "margin_call_price", f"where the margin ratio reaches {report['margin_call_ratio']:.0%}")
    yield _price_row(position, "bankruptcy_price", "where the equity is gone")
    yield "Notional", money(position["notional"], currency), "at the mark"
    yield "Unrealised profit", money(position["unrealized_pnl"], currency, sign="+"), ""
    yield "Initial margin", money(position["initial_margin"], currency), _leverage_words(position["leverage"])
    yield "Maintenance margin", money(position["maintenance_margin"], currency), "at the present mark"
    if position["closing_fee"]:
        yield "Closing fee", money(position["closing_fee"], currency), "held besides maintenance"
    yield "Effective leverage", times(position["effective_leverage"]), "notional ÷ equity behind it"
    yield "Break-even", price(position["break_even_price"]), "entry moved by the costs of opening and closing"
    yield "Cost of closing now", money(position["closing_cost"], currency), "the fee alone"
    if not position["is_hedged_leg"]:
        yield "Liquidation fee", money(position["liquidation_fee"], currency), ""
        yield "Loss at liquidation", money(position["loss_at_liquidation"], currency), "from the present mark"
        gap = f"if the price gaps {report['gap']:.2%} past bankruptcy"
        yield "Shortfall", money(position["shortfall_after_gap"], currency), gap
    if position["funding_per_day"] is not None:
        yield "Funding per day", money(position["funding_per_day"], currency, sign="+"), "positive: received"


def _liquidation(position: Report) -> tuple[str, str]:
    if position["liquidation_price"] is None:
        return UNREACHABLE, "no price above zero liquidates it while the other markets stand still"
    figure, distance = price(position["liquidation_price_rounded"]), position["liquidation_distance"]
    if position["is_hedged_leg"]:
        return figure, "the larger side of this market decides"
    if distance is None:
        return figure, ""
    loss, ticks = position["liquidation_distance_money"], position["liquidation_distance_ticks"]
    words = [f"{distance:.2%} from the mark", money(loss, position["currency"]) if loss is not None else ""]
    words.append(f"{ticks:,} ticks" if ticks is not None else "")
    source = "reported by the venue" if position["liquidation_source"] == "reported" else ""
    return figure, ", ".join(word for word in (*words, source) if word)


def _price_row(position: Report, key: str, words: str) -> Row:
    value = position[key]
    return key.replace("_", " ").capitalize(), UNREACHABLE if value is None else price(value), words


def _leverage_words(leverage: float | None) -> str:
    return "leverage is not given" if leverage is None else f"at {leverage:,.4g}x"


def _ladder(steps: Sequence[Report]) -> Table:
    table = Table(title="Partial liquidation, step by step", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("at", "contracts left", "tier", "how"):
        table.add_column(name, justify="left" if name == "how" else "right")
    for step in steps:
        left = "the venue decides" if step["contracts_after"] is None else f"{step['contracts_after']:,.10g}"
        table.add_row(price(step["price"]), left, str(step["tier_after"] or "-"), step["why"])
    return table


def grid(rows: Iterator[Row]) -> RenderableType:
    """Figures below each other: name, figure, words."""
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for name, figure, words in rows:
        table.add_row(name, Text(figure), Text(words, style="dim"))
    return Padding(table, (0, 0, 0, 2), expand=False)
