"""The table of venues that only ccxt reaches, held against the installed ccxt; names, keys, cards."""

from __future__ import annotations

from typing import Any

import ccxt.async_support as library
import ccxt.pro as streaming_library
import pytest

from liqwatch.errors import CredentialsError, UnknownPart
from liqwatch.exchanges import all_cards, credentials_of, known_exchanges, load_exchange
from liqwatch.exchanges._ccxt_any import known_ids
from liqwatch.exchanges._ccxt_venues import FIRST_CLASS, VENUES, WITHOUT_POSITIONS
from liqwatch.exchanges.plumbing.venue import CCXT_NAMES
from liqwatch.ports import Grade

REFUSED_KEYS = ("aster", "paradex", "hashkey", "woofipro", "grvt")


def library_classes() -> dict[str, Any]:
    return {name: getattr(streaming_library, name, None) or getattr(library, name) for name in library.exchanges}


def test_every_venue_with_positions_has_a_row_and_its_row_says_what_ccxt_needs() -> None:
    """When a new ccxt adds a venue or changes a key, this names it."""
    needed = {}
    for name, kind in library_classes().items():
        exchange = kind()
        if exchange.has.get("fetchPositions"):
            needed[name] = {part for part, is_needed in exchange.requiredCredentials.items() if is_needed}
    assert needed.keys() == VENUES.keys() | FIRST_CLASS.keys() | WITHOUT_POSITIONS.keys()
    for name, venue in VENUES.items():
        ours = {CCXT_NAMES[part] for part in venue.credentials} | venue.needless
        assert needed[name] <= ours or venue.no_key, name
        if venue.stream:
            feature = {"watch_mark_price": "watchMarkPrice", "watch_ticker": "watchTicker"}[venue.stream]
            assert library_classes()[name]().has[feature], name


def test_names_are_refused_with_the_mend() -> None:
    assert {name for name, _ in FIRST_CLASS.values()} <= set(known_exchanges())
    for name, mend in {
        "ccxt:bybit": 'use exchange = "bybit"',
        "ccxt:okxus": 'use exchange = "okx" and region = "us"',
        "ccxt:phemx": "did you mean ccxt:phemex?",
        "ccxt:bitgett": "did you mean bitget?",
        "ccxt:upbit": "liqwatch exchanges",
        "ccxt:coinbase": "coinbaseinternational",
    }.items():
        with pytest.raises(UnknownPart) as caught:
            load_exchange(name)
        assert mend in (caught.value.mend or "")


@pytest.mark.parametrize("name", REFUSED_KEYS)
def test_a_key_that_liqwatch_does_not_take_is_refused_clearly(name: str) -> None:
    with pytest.raises(CredentialsError, match=name):
        credentials_of(f"ccxt:{name}")


def test_every_region_named_exists() -> None:
    for name, region in FIRST_CLASS.values():
        assert not region or region in load_exchange(name).regions


def test_cards_of_all_venues_stand_beside_ours() -> None:
    cards = all_cards()
    assert {f"ccxt:{name}" for name in known_ids()} == {name for name in cards if name.startswith("ccxt:")}
    assert cards["ccxt:mexc"].grade is Grade.SILVER
    assert cards["ccxt:bingx"].grade is Grade.BRONZE
    assert "private key" in cards["ccxt:paradex"].missing
