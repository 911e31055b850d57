"""The table of venues on a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from liqwatch.ports import VenueCard

FACTS = ("mark_source", "account_stream", "tiers", "verified", "missing")


def print_cards(cards: Mapping[str, VenueCard], *, is_whole: bool) -> None:
    """One line a venue; with `is_whole` every fact on a line of its own."""
    console = Console()
    if is_whole:
        for name, card in cards.items():
            console.print(f"{name}: {card.grade.value}")
            for fact in FACTS:
                console.print(f"  {fact.replace('_', ' ')}: {getattr(card, fact) or 'none'}", highlight=False)
        return
    table = Table(title="Venues", show_lines=False)
    for heading in ("exchange", "grade", "mark price from", "account stream", "missing"):
        table.add_column(heading, overflow="fold")
    for name, card in cards.items():
        table.add_row(name, card.grade.value, card.mark_source, card.account_stream or "-", card.missing or "-")
    console.print(table)
