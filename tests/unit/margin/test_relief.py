"""What is advised is enough to have the liquidation price where it is wanted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from liqwatch.margin.assess import assess
from liqwatch.margin.health import PoolHealth
from liqwatch.margin.pnl import notional
from liqwatch.margin.pools import Holding
from liqwatch.margin.relief import Relief, relief_to_distance, relief_to_price
from liqwatch.margin.words import money, price
from liqwatch.model import UNREACHABLE, ContractKind, MarginMode, Reading, Side
from liqwatch.testing.sights import LONG, account_of, sight_of
from liqwatch.testing.strategies import marks_for, pools

KINDS = [ContractKind.LINEAR, ContractKind.INVERSE]


def is_at_least(reading: Reading, distance: float) -> bool:
    return reading is UNREACHABLE or (isinstance(reading, float) and reading >= distance - 1e-6)


def wanted_distance(health: PoolHealth, share: int) -> float:
    """Some way further than it is now."""
    now = health.positions[0].liquidation_distance
    assume(isinstance(now, float) and -0.5 < now < 0.8 and now != 0)
    assert isinstance(now, float)
    return now + (0.9 - now) * share / 100


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), share=st.integers(2, 90))
def test_the_margin_named_brings_the_distance_wanted(kind: ContractKind, data: st.DataObject, share: int) -> None:
    pool = data.draw(pools(most=3, kind=kind))
    marks = data.draw(marks_for(pool))
    health = assess(pool, marks)
    wanted = wanted_distance(health, share)
    relief = relief_to_distance(health, health.positions[0], wanted)
    if relief is None:
        # Further on, a steeper tier or the way back up makes the pool richer than it is at its liquidation price.
        return
    richer = replace(pool, wallet_balance=(pool.wallet_balance or 0.0) + relief.margin)
    assert is_at_least(assess(richer, marks).positions[0].liquidation_distance, wanted)


@given(data=st.data(), share=st.integers(2, 60), distance=st.integers(1, 30))
def test_closing_the_share_named_is_enough(data: st.DataObject, share: int, distance: int) -> None:
    pool = replace(data.draw(pools(most=3)), margin_mode=MarginMode.CROSS)
    marks = {each.position.symbol: each.position.entry_price for each in pool.holdings}
    first, value = pool.holdings[0], sum(each.position.contracts * each.position.entry_price for each in pool.holdings)
    assert first.instrument is not None
    pool = replace(pool, wallet_balance=value * (0.4 + distance / 100))
    health = assess(pool, marks)
    relief = relief_to_distance(health, health.positions[0], wanted := wanted_distance(health, share))
    if relief is None or relief.share_to_close is None or relief.share_to_close >= 1:
        return
    mark, closed = marks[first.position.symbol], relief.share_to_close
    assert relief.contracts_to_close == pytest.approx(closed * first.position.contracts)
    fee = closed * first.instrument.closing_fee_rate * notional(first.position, first.instrument, mark)
    left = Holding(replace(first.position, contracts=first.position.contracts * (1 - closed)), first.instrument)
    wallet = (pool.wallet_balance or 0.0) - fee
    smaller = replace(pool, holdings=(left, *pool.holdings[1:]), wallet_balance=wallet)
    assert is_at_least(assess(smaller, marks).positions[0].liquidation_distance, wanted)


def test_of_an_isolated_position_only_margin_is_offered() -> None:
    isolated = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=6_000.0)
    pool = sight_of(account_of(isolated)).pool
    relief = relief_to_distance(pool, pool.positions[0], 0.2)
    assert relief is not None
    assert (relief.share_to_close, relief.contracts_to_close) == (None, None)


def test_the_venues_nearer_price_is_where_counting_starts() -> None:
    told = replace(LONG, reported_liquidation_price=55_000.0)
    pools_ = [sight_of(account_of(each)).pool for each in (LONG, told)]
    ours, theirs = (relief_to_price(pool, pool.positions[0], 50_000.0) for pool in pools_)
    assert ours is not None
    assert theirs is not None
    assert theirs.margin - ours.margin == pytest.approx((55_000.0 - 54_216.87) * 0.996, rel=1e-4)


def test_where_it_is_so_already_or_a_fact_is_missing_there_is_nothing_to_say() -> None:
    pool = sight_of().pool
    for wanted in (0.05, 1.0, 1.5):
        assert relief_to_distance(pool, pool.positions[0], wanted) is None
    blind = sight_of(account_of(replace(LONG, reported_liquidation_price=55_000.0), cross_wallets={})).pool
    assert relief_to_distance(blind, blind.positions[0], 0.2) is None
    rich = sight_of(account_of(cross_wallets={"USDT": 1e6})).pool
    assert relief_to_price(rich, rich.positions[0], 50_000.0) is None


def test_a_short_is_brought_away_upward() -> None:
    pool = sight_of(account_of(replace(LONG, side=Side.SHORT))).pool
    relief = relief_to_distance(pool, pool.positions[0], 0.2)
    assert relief is not None
    # To 72,000 it loses 12,000, and 0.4 % of that must be left.
    assert relief.margin == pytest.approx(12_000 + 288 - 6_000)


def test_the_sentence_names_both_ways() -> None:
    both = Relief(margin=120.0, currency="USDT", share_to_close=0.25, contracts_to_close=0.5)
    assert (
        both.advice("sleep") == "Add about 120.00 USDT of margin, or close about 25% of it (0.5 contracts), to sleep."
    )
    one = replace(both, share_to_close=None, contracts_to_close=None)
    assert one.advice("sleep") == "Add about 120.00 USDT of margin to sleep."


@pytest.mark.parametrize(
    ("amount", "text"),
    [(1_234.5, "1,234.50 X"), (0.0, "0.00 X"), (-0.5, "-0.500 X"), (0.00012, "0.000120 X"), (1e-12, "0.00000000 X")],
)
def test_money_shows_enough_digits(amount: float, text: str) -> None:
    assert money(amount, "X") == text


def test_a_price_has_the_digits_of_its_tick() -> None:
    assert price(1_234.56, 0.1) == "1,234.6"
    assert price(0.000012345678, 0.0) == "1.2345678e-05"
