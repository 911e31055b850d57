"""What a snapshot holds beside positions as tables for a terminal: loans, spot margin, the venue's own ratio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from liqwatch.cli._figures_view import Report, Row, grid
from liqwatch.cli._wording import NONE, UNREACHABLE, money, percent, price

LIQUIDATED = "AT OR BEYOND LIQUIDATION"
CALLED = "MARGIN CALL"


def beside_view(report: Report) -> Iterator[RenderableType]:
    """One part for each thing that the snapshot holds beside positions; none, if there is nothing."""
    margin, ratio = report["spot_margin"], report["reported_ratio"]
    for loan in report["loans"]:
        yield Group(_heading(f"Loan: {loan['name']}", loan), grid(_loan_rows(loan)), _collateral(loan), Text())
    for each in margin["isolated"]:
        title = f"Isolated spot margin: {each['symbol']} {each['side']}"
        yield Group(_heading(title, each), grid(_borrowed_rows(each)), Text())
    for account in margin["level_accounts"]:
        title = f"Spot margin account: {account['name']}"
        yield Group(_heading(title, account), grid(_level_rows(account)), _level_positions(account), Text())
    if ratio:
        title = f"{ratio['exchange']}, {ratio['product']}: {ratio['name']}"
        source = Text(f"  Source: {ratio['source']}.", style="dim")
        yield Group(_heading(title, ratio), source, grid(_ratio_rows(ratio)), Text())


def _heading(title: str, judged: Report) -> Text:
    text = Text(title, style="bold")
    if judged["is_liquidated"]:
        text.append(f"  {LIQUIDATED}", style="bold red")
    elif judged.get("is_margin_called"):
        text.append(f"  {CALLED}", style="bold yellow")
    return text


def _loan_rows(loan: Report) -> Iterator[Row]:
    currency, required = loan["currency"], loan["required_collateral_ratio"]
    yield "Debt", money(loan["debt"], currency), "principal and interest"
    yield "Collateral", money(loan["collateral_value"], currency), "what the lender counts of it"
    yield "Loan-to-value", percent(loan["loan_to_value"]), "debt ÷ collateral"
    word = "short of" if loan["required_collateral_buffer"] < 0 else "above"
    beyond = f"{money(abs(loan['required_collateral_buffer']), currency)} {word} {required:.4g} times the debt"
    yield "Collateral ratio", percent(loan["collateral_ratio"]), beyond
    yield "Margin ratio", percent(loan["margin_ratio"]), "liquidation at 100%"
    if loan["margin_call_ratio"] is not None:
        yield "Margin call", percent(loan["margin_call_ratio"]), "of the debt at which the lender calls"
    yield "Health factor", _level(loan["health_factor"]), "liquidation at 1, high is safe"
    yield "Margin buffer", money(loan["margin_buffer"], currency), "more debt that the collateral would carry"


def _collateral(loan: Report) -> RenderableType:
    rows = [
        (
            each["asset"],
            f"{each['quantity']:,.10g}",
            price(each["price"]),
            percent(each["liquidation_level"]),
            _or_never(each["margin_call_price"]) if loan["margin_call_ratio"] is not None else NONE,
            "not known" if each["why_unknown"] else _or_never(each["liquidation_price"]),
            percent(each["liquidation_distance"]),
        )
        for each in loan["collateral"]
    ]
    names = ("collateral", "quantity", "price", "level", "margin call at", "liquidation at", "distance")
    return _table("Each alone, the others standing still", names, rows)


def _borrowed_rows(position: Report) -> Iterator[Row]:
    currency, native = position["currency"], position["native_ratio"]
    distance = position["liquidation_distance"]
    words = f"{distance:.2%} from the mark at {price(position['mark_price'])}" if distance is not None else ""
    yield "Liquidation price", _or_never(position["liquidation_price"]), words
    yield (
        "Margin call price",
        _or_never(position["margin_call_price"]),
        "where the ratio reaches the chosen level",
    )
    yield "Equity", money(position["equity"], currency), "assets less debt"
    if position["unrealized_pnl"] is not None:
        yield "Unrealised profit", money(position["unrealized_pnl"], currency, sign="+"), ""
    yield "Maintenance margin", money(position["maintenance_margin"], currency), ""
    yield "Closing fee", money(position["closing_fee"], currency), "held besides maintenance"
    yield "Margin ratio", percent(position["margin_ratio"]), "liquidation at 100%"
    yield native["name"], percent(native["native"]), f"as OKX shows it: {native['direction']}"
    yield "Margin buffer", money(position["margin_buffer"], currency), "equity above maintenance and fee"


def _level_rows(account: Report) -> Iterator[Row]:
    currency = account["currency"]
    called, sold = percent(account["margin_call_level"]), percent(account["liquidation_level"])
    yield "Equity", money(account["equity"], currency), ""
    yield "Used margin", money(account["used_margin"], currency), ""
    yield "Margin level", percent(account["margin_level"]), f"margin call at {called}, liquidation at {sold}"
    yield "Margin ratio", percent(account["margin_ratio"]), "liquidation at 100%"
    yield "Margin buffer", money(account["margin_buffer"], currency), "equity above that of liquidation"


def _level_positions(account: Report) -> RenderableType:
    rows = [
        (
            f"{each['symbol']} {each['side']}",
            f"{each['quantity']:,.10g}",
            price(each["mark_price"]),
            money(each["unrealized_pnl"], account["currency"], sign="+"),
            _or_never(each["margin_call_price"]),
            _or_never(each["liquidation_price"]),
            percent(each["liquidation_distance"]),
        )
        for each in account["positions"]
    ]
    names = ("position", "quantity", "mark", "profit", "margin call at", "liquidation at", "distance")
    return _table("Each market alone, the others standing still", names, rows)


def _ratio_rows(ratio: Report) -> Iterator[Row]:
    about = "about " if ratio["is_approximate"] else ""
    event = f"{ratio['direction']}, liquidation at {about}{ratio['event']:g}"
    yield "As the venue shows it", _level(ratio["native"]), event
    yield "Margin ratio", percent(ratio["margin_ratio"]), "on liqwatch's scale: liquidation at 100%"
    yield "Margin call", _level(ratio["native_at_margin_call"]), f"the {ratio['name']} of the chosen level"
    for each in ratio["milestones"]:
        yield "", _level(each["native"]), f"{each['action']}{', reached' if each['is_reached'] else ''}"
    if ratio["equity"] is not None:
        yield (
            "From the sums",
            _level(ratio["computed_native"]),
            f"margin ratio {percent(ratio['computed_margin_ratio'])}",
        )
        yield "Margin buffer", f"{ratio['margin_buffer']:,.2f}", "equity above that of liquidation"


def _table(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> RenderableType:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    return Padding(table, (1, 0, 0, 2), expand=False)


def _or_never(value: float | None) -> str:
    return UNREACHABLE if value is None else price(value)


def _level(value: float | None) -> str:
    return NONE if value is None else f"{value:,.10g}"
