"""List every venue that liqwatch can watch: how, by which mark price, and what is verified.

Gold: own streams and recorded payloads behind each claim. Silver: through ccxt with a pushed mark price.
Bronze: through ccxt, polled. Name a venue to see only that one.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer


def command(
    name: Annotated[str | None, typer.Argument(help="Only this venue.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Print the table of venues."""
    from dataclasses import asdict

    from liqwatch.exchanges import all_cards, load_exchange

    cards = all_cards() if name is None else {name: load_exchange(name).card}
    if as_json:
        rows = [{"exchange": each, **asdict(card), "grade": card.grade.value} for each, card in cards.items()]
        typer.echo(json.dumps(rows, indent=2))
        return
    from liqwatch.cli._exchanges_view import print_cards

    print_cards(cards, is_whole=name is not None)
