"""The answer of `size` for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from liqwatch.cli._wording import UNREACHABLE, money, percent, price, times


def size_view(report: Mapping[str, Any]) -> RenderableType:
    """The size, what to beware of, the losing streaks, the assumptions."""
    head = Text(f"{report['side'].capitalize()} from {price(report['entry_price'])}", style="bold")
    head.append(f", stop at {price(report['stop_price'])}")
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column()
    for name, figure, words in _rows(report):
        grid.add_row(name, Text(figure), Text(words, style="dim"))
    warnings = [Text(f"Warning: {each}.", style="bold yellow") for each in report["warnings"]]
    assumed = [Text(f"  - {each}") for each in report["assumptions"]]
    return Group(
        head,
        Padding(grid, (0, 0, 0, 2), expand=False),
        *warnings,
        Text(),
        _streaks(report["losing_streaks"], report["risk"]),
        Text(f"Fixed: all is lost after {report['losses_to_nothing']} losses. Compounding: never quite."),
        Text("This assumes:", style="bold"),
        *assumed,
    )


def _rows(report: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    currency = report["currency"]
    yield "Risk", money(report["risk_money"], currency), f"{percent(report['risk'])} of the balance"
    yield "Size", f"{report['quantity']:,.8g}", "base units"
    yield "Notional", money(report["notional"], currency), f"stop {percent(report['stop_distance'])} from the entry"
    yield "Least leverage", times(report["least_leverage"]), "with the whole balance as margin"
    highest = report["highest_leverage"]
    words = "the highest whose liquidation lies beyond the stop"
    yield "Highest leverage", "none" if highest is None else times(highest), words
    checked = report["check"]
    if checked:
        liquidation = checked["liquidation_price"]
        verdict = "beyond the stop" if checked["stop_comes_first"] else "before the stop"
        name = f"Liquidation at {times(checked['leverage'])}"
        yield name, UNREACHABLE if liquidation is None else price(liquidation), verdict
        yield "Margin", money(checked["margin"], currency), f"at {times(checked['leverage'])}"


def _streaks(rows: Sequence[Mapping[str, Any]], risk: float) -> Table:
    title = f"Losses in a row, {risk:.2%} each: what is left of the balance"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("losses", "fixed money", "compounding", "gain needed after"):
        table.add_column(name, justify="right")
    for row in rows:
        figures = (row["left_fixed"], row["left_compounding"], row["gain_needed"])
        table.add_row(str(row["losses"]), *map(percent, figures))
    return table
