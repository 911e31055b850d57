"""The answer of `calc` for a terminal: the figures, the leverages, and what all of it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from liqwatch.cli._figures_view import figures_view
from liqwatch.cli._wording import UNREACHABLE, money, percent, price


def calc_view(report: Mapping[str, Any]) -> RenderableType:
    """Everything, one below the other."""
    (position,) = report["positions"]
    parts: list[RenderableType] = [figures_view(report)]
    if report["leverages"]:
        parts.append(_leverages(report["leverages"], position["leverage"], position["currency"]))
    assumed = [Text(f"  - {each}") for each in report["assumptions"]]
    return Group(*parts, Text("This assumes:", style="bold"), *assumed)


def _leverages(rows: Sequence[Mapping[str, Any]], chosen: float | None, currency: str) -> Table:
    title = "Leverage against distance (isolated, judged at the entry price)"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("leverage", "margin", "liquidation", "distance"):
        table.add_column(name, justify="right")
    for row in rows:
        distance = row["liquidation_distance"]
        words = "at once" if distance is not None and distance <= 0 else percent(distance)
        table.add_row(
            f"{row['leverage']:,.4g}x",
            money(row["margin"], currency),
            UNREACHABLE if row["liquidation_price"] is None else price(row["liquidation_price"]),
            words,
            style="bold" if row["leverage"] == chosen else "",
        )
    return table
