"""Spot margin: borrowed positions with a price of their own, and accounts judged by level."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.spot_margin import BorrowedPosition, LevelAccount, LevelPosition
from liqwatch.model import UNREACHABLE, Side

BITCOIN, ETHER = "BTC/USD", "ETH/USD"
sides = st.sampled_from(Side)


def short_bitcoin(**changes: float) -> LevelPosition:
    facts = {"quantity": 0.2, "entry_price": 50_000.0, "leverage": 5.0} | changes
    return LevelPosition(symbol=BITCOIN, side=Side.SHORT, **facts)


def long_ether() -> LevelPosition:
    return LevelPosition(symbol=ETHER, side=Side.LONG, quantity=10.0, entry_price=2_000.0, leverage=4.0)


@given(sides, st.floats(0.001, 1000.0), st.floats(1.0, 1e6), st.floats(0.005, 0.1), st.floats(0.0, 0.01))
def test_at_its_liquidation_price_a_borrowed_position_is_at_one(
    side: Side, assets: float, debt: float, rate: float, fee_rate: float
) -> None:
    position = BorrowedPosition(side=side, assets=assets, debt=debt, maintenance_margin_rate=rate, fee_rate=fee_rate)
    price = position.liquidation_price
    assert isinstance(price, float)
    assert position.margin_ratio(price) == pytest.approx(1.0, rel=1e-6)
    worse = price * (1 - side.value * 0.001)
    assert position.margin_ratio(worse) > 1.0


@given(sides, st.floats(0.01, 5.0))
def test_a_borrowed_position_is_at_the_ratio_it_was_asked_for(side: Side, margin_ratio: float) -> None:
    position = BorrowedPosition(side=side, assets=70.0, debt=2.0, maintenance_margin_rate=0.02, fee_rate=0.001)
    price = position.price_at_ratio(margin_ratio)
    assert isinstance(price, float)
    assert position.margin_ratio(price) == pytest.approx(margin_ratio)


def test_a_borrowed_position_without_debt_cannot_be_liquidated() -> None:
    position = BorrowedPosition(side=Side.LONG, assets=1.0, debt=0.0, maintenance_margin_rate=0.02)
    assert position.liquidation_price is UNREACHABLE
    assert position.margin_ratio(100.0) == 0.0


def test_a_borrowed_position_with_nothing_left_is_infinitely_bad() -> None:
    position = BorrowedPosition(side=Side.SHORT, assets=100.0, debt=1.0, maintenance_margin_rate=0.02)
    assert position.margin_ratio(100.0) == math.inf


def test_the_used_margin_of_a_short_grows_with_the_price_and_that_of_a_long_does_not() -> None:
    assert short_bitcoin().used_margin(65_200.0) == pytest.approx(2_608.0)
    assert long_ether().used_margin(1_000.0) == long_ether().used_margin(3_000.0) == pytest.approx(5_000.0)


def test_an_account_is_at_the_level_it_was_asked_for() -> None:
    positions = (short_bitcoin(), long_ether())
    account = LevelAccount(balance=5_000.0, positions=positions, prices={BITCOIN: 50_000.0, ETHER: 2_000.0})
    assert account.margin_level == pytest.approx(5_000 / 7_000)
    for symbol in (BITCOIN, ETHER):
        price = account.price_at_level(symbol, 0.4)
        assert isinstance(price, float)
        there = LevelAccount(balance=5_000.0, positions=positions, prices={**account.prices, symbol: price})
        assert there.margin_level == pytest.approx(0.4)


def test_a_long_that_the_balance_covers_down_to_nothing_has_no_price() -> None:
    account = LevelAccount(balance=50_000.0, positions=(long_ether(),), prices={ETHER: 2_000.0})
    assert account.price_at_level(ETHER, 0.4) is UNREACHABLE


def test_an_account_that_borrows_nothing_has_no_level_to_fall_to() -> None:
    account = LevelAccount(balance=5_000.0, positions=(), prices={ETHER: 2_000.0})
    assert account.margin_level == math.inf
    assert account.price_at_level(ETHER, 0.4) is UNREACHABLE
