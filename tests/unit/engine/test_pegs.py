"""What the coins behind an account are worth in dollars, as far as the venue says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from liqwatch.engine.pegs import Reference, prices, references
from liqwatch.testing.sights import account_of

EMPTY = account_of()


@pytest.mark.parametrize(
    ("coin", "listed", "reference"),
    [
        ("USDT", {"USDT/USD:USD", "USDC/USDT:USDT"}, Reference("USDT/USD:USD")),
        ("USDT", {"USDC/USDT:USDT"}, Reference("USDC/USDT:USDT", is_inverse=True)),
        ("USDC", {"USDC/USDT:USDT"}, Reference("USDC/USDT:USDT")),
        ("BTC", {"BTC/USDT:USDT", "BTC/USD:BTC"}, Reference("BTC/USD:BTC")),
        ("ETH", {"ETH/USDC:USDC"}, Reference("ETH/USDC:USDC")),
    ],
)
def test_the_directest_market_prices_a_coin(coin: str, listed: set[str], reference: Reference) -> None:
    snapshot = replace(EMPTY, positions=(), cross_wallets={coin: 1.0})
    assert references(snapshot, (), listed) == {coin: reference}


def test_what_no_market_prices_and_what_is_not_held_is_left_out() -> None:
    snapshot = replace(EMPTY, positions=(), cross_wallets={"USDT": 5.0, "USD": 3.0, "BTC": 0.0})
    assert references(snapshot, (), {"BTC/USDT:USDT", "USDT/USDT:USDT"}) == {}


def at(price: float | None) -> Callable[[str], float | None]:
    """The mark of every market."""
    return lambda _symbol: price


def test_a_coin_that_others_are_quoted_in_has_lost_its_peg_when_they_seem_dear() -> None:
    known = {"USDT": Reference("USDC/USDT:USDT", is_inverse=True), "USDC": Reference("USDC/USDT:USDT")}
    assert prices(known, at(1.04)) == {"USDT": pytest.approx(0.9615, abs=1e-4), "USDC": 1.04}
    assert prices(known, at(0.97)) == {"USDT": 1.0, "USDC": 0.97}
    assert prices(known, at(None)) == {}
