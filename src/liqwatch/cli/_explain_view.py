"""The arithmetic of one liquidation price as lines for a terminal. Shared by `explain`, `risk` and `calc`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text


def explanation_view(told: Mapping[str, Any]) -> RenderableType:
    """The convention with its source and date, every step, and what comes out."""
    grid = Table.grid(padding=(0, 3, 0, 0))
    for step in told["steps"]:
        grid.add_row(Text(step["title"]), Text(step["sum"]))
    head = Text(f"How the liquidation price of {told['subject']} comes about", style="bold")
    parts: list[RenderableType] = [
        head,
        Text(_convention_line(told), style="dim"),
        Padding(grid, (0, 0, 0, 2), expand=False),
    ]
    return Group(*parts, Text(told["conclusion"]))


def _convention_line(told: Mapping[str, Any]) -> str:
    if told["convention"] is None:
        return "No verified formula for this exchange."
    text = f"Convention: {told['convention']}"
    if told["source"]:
        text += f". Source: {told['source']}"
    if told["since"]:
        text += f", in force since {told['since']}"
    if told["doubt"]:
        text += f". Not settled: {told['doubt']}"
    if told["overridden"]:
        text += f". Changed by you: {', '.join(told['overridden'])}"
    return f"{text}."
