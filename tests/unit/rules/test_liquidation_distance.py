"""The main rule says what to do about it: checked by doing it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from liqwatch.model import MarginMode, Side
from liqwatch.rules.liquidation_distance import advice, read
from liqwatch.testing.sights import LONG, SYMBOL, account_of, sight_of

# With 6,000 behind it, a long of 60,000 is liquidated at about 54,216, ten per cent below.


def worded(text: str | None) -> dict[str, float]:
    found = re.fullmatch(
        r"Add about (?P<margin>[\d,.]+) USDT of margin"
        r"(?:, or close about \d+% of it \((?P<contracts>[\d.]+) contracts\),)?"
        r" to have (?P<distance>[\d.]+)% to liquidation again\.",
        text or "",
    )
    assert found, text
    return {name: float(value.replace(",", "")) for name, value in found.groupdict().items() if value}


@pytest.mark.parametrize(
    ("mark_price", "distance"),
    [(60_000.0, 25.0), (58_000.0, 15.0), (54_500.0, 15.0)],
    ids=["warning", "critical", "emergency"],
)
def test_what_is_advised_brings_back_the_room(mark_price: float, distance: float) -> None:
    way = worded(advice(sight_of(marks={SYMBOL: mark_price})))
    assert way["distance"] == distance
    with_margin = account_of(cross_wallets={"USDT": 6_000.0 + way["margin"]})
    assert read(sight_of(with_margin, marks={SYMBOL: mark_price})) == pytest.approx(distance / 100, abs=1e-4)
    smaller = replace(LONG, contracts=LONG.contracts - way["contracts"])
    realised = way["contracts"] * (mark_price - LONG.entry_price) - 0.0005 * way["contracts"] * mark_price
    closed = sight_of(account_of(smaller, cross_wallets={"USDT": 6_000.0 + realised}), marks={SYMBOL: mark_price})
    assert read(closed) == pytest.approx(distance / 100, abs=2e-3)


def test_a_short_is_advised_too() -> None:
    short = account_of(replace(LONG, side=Side.SHORT))
    way = worded(advice(sight_of(short)))
    with_margin = account_of(replace(LONG, side=Side.SHORT), cross_wallets={"USDT": 6_000.0 + way["margin"]})
    assert read(sight_of(with_margin)) == pytest.approx(way["distance"] / 100, abs=1e-4)


def test_of_an_isolated_position_only_margin_is_asked() -> None:
    isolated = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=6_000.0)
    way = worded(advice(sight_of(account_of(isolated))))
    assert "contracts" not in way
    refilled = replace(isolated, isolated_wallet=6_000.0 + way["margin"])
    assert read(sight_of(account_of(refilled))) == pytest.approx(0.25, abs=1e-4)


def test_a_notice_asks_for_nothing_and_an_unknown_distance_leaves_nothing_to_advise() -> None:
    assert advice(sight_of(account_of(cross_wallets={"USDT": 12_500.0}))) is None
    assert advice(sight_of(contract=None)) is None
    assert advice(replace(sight_of(), position=None)) is None
