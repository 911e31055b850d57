"""Every figure beyond the liquidation price, held against its own definition on random pools."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from liqwatch.margin.assess import assess
from liqwatch.margin.conventions import Basis, Convention
from liqwatch.margin.figures import FiguresRequest, FundingRate, figures_of
from liqwatch.margin.health import PoolHealth
from liqwatch.margin.pnl import notional, unrealized_pnl
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import UNREACHABLE, ContractKind, Side
from liqwatch.testing.strategies import marks_for, pools

ON_ENTRY = Convention(name="maintenance at entry", maintenance_basis=Basis.ENTRY)
KINDS = [ContractKind.LINEAR, ContractKind.INVERSE]
EIGHT_HOURS = timedelta(hours=8)


def scale_of(health: PoolHealth) -> float:
    """The largest amount that adds up to the pool's equity: rounding is a fraction of it."""
    assert isinstance(health.equity, float)
    wallet = health.pool.wallet_balance or 0.0
    return abs(wallet) + abs(health.equity) + sum(each.notional or 0.0 for each in health.positions)


def judged(pool: Pool, marks: dict[str, float]) -> tuple[PoolHealth, float, float]:
    health = assess(pool, marks)
    assert isinstance(health.equity, float)
    assert isinstance(health.maintenance_margin, float)
    return health, health.equity, health.maintenance_margin


def mirrored(pool: Pool) -> Pool:
    """Longs become shorts and shorts longs."""
    other = {Side.LONG: Side.SHORT, Side.SHORT: Side.LONG}
    return replace(
        pool,
        holdings=tuple(
            Holding(replace(each.position, side=other[each.position.side]), each.instrument) for each in pool.holdings
        ),
    )


def entry_marks(pool: Pool) -> dict[str, float]:
    return {each.position.symbol: each.position.entry_price for each in pool.holdings}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), ratio=st.integers(45, 100))
def test_at_the_margin_call_price_the_margin_ratio_is_the_requested_one(
    kind: ContractKind, data: st.DataObject, ratio: int
) -> None:
    pool = data.draw(pools(kind=kind))
    marks = data.draw(marks_for(pool))
    figures = figures_of(assess(pool, marks), FiguresRequest(margin_call_ratio=ratio / 100))
    for each in figures.positions:
        symbol, price = each.health.position.symbol, each.margin_call_price
        if isinstance(price, float) and price != marks[symbol]:
            health, equity, maintenance = judged(pool, {**marks, symbol: price})
            assert abs(ratio / 100 * equity - maintenance) <= 1e-9 * scale_of(health)


@given(data=st.data())
def test_a_margin_call_comes_no_later_than_liquidation(data: st.DataObject) -> None:
    pool = data.draw(pools())
    health = assess(pool, data.draw(marks_for(pool)))
    assume(isinstance(health.margin_ratio, float) and health.margin_ratio < 1)
    for each in figures_of(health).positions:
        liquidation, call = each.health.liquidation_price, each.margin_call_price
        if isinstance(liquidation, float):
            if not isinstance(call, float):
                assert isinstance(health.margin_ratio, float)
                assert health.margin_ratio >= 0.8, "passed already, and this market alone does not bring it back"
                continue
            side = each.health.position.side.value * (-1 if each.health.is_hedged_leg else 1)
            assert side * call >= side * liquidation * (1 - side * 1e-9)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_at_the_bankruptcy_price_equity_is_gone(kind: ContractKind, data: st.DataObject) -> None:
    pool = data.draw(pools(kind=kind))
    marks = data.draw(marks_for(pool))
    for each in figures_of(assess(pool, marks)).positions:
        if isinstance(each.bankruptcy_price, float):
            health, equity, _ = judged(pool, {**marks, each.health.position.symbol: each.bankruptcy_price})
            assert abs(equity) <= 1e-9 * scale_of(health)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), gap=st.integers(0, 30))
def test_the_shortfall_is_the_equity_missing_past_bankruptcy(kind: ContractKind, data: st.DataObject, gap: int) -> None:
    pool = data.draw(pools(kind=kind))
    marks = data.draw(marks_for(pool))
    now = assess(pool, marks)
    assume(isinstance(now.equity, float) and now.equity > 0)
    for each in figures_of(now, FiguresRequest(gap=gap / 100)).positions:
        if isinstance(each.bankruptcy_price, float):
            side, symbol = each.health.position.side.value, each.health.position.symbol
            fill_price = each.bankruptcy_price * (1 - side * gap / 100)
            health, equity, _ = judged(pool, {**marks, symbol: fill_price})
            assert each.shortfall_after_gap == pytest.approx(-equity, abs=1e-9 * scale_of(health))
        else:
            assert each.shortfall_after_gap == 0.0


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_distance_in_money_is_the_profit_lost_on_the_way(kind: ContractKind, data: st.DataObject) -> None:
    pool = data.draw(pools(kind=kind))
    marks = data.draw(marks_for(pool))
    for each in figures_of(assess(pool, marks)).positions:
        distance = each.health.liquidation_distance
        if isinstance(distance, float) and isinstance(each.health.liquidation_price, float):
            assert each.liquidation_distance_money is not None
            assert each.liquidation_distance_money * distance >= 0
            assert each.liquidation_distance_ticks is not None
            ticks = distance * marks[each.health.position.symbol] / 0.01
            grain = 1e-6 + 1e-8 * abs(ticks)
            assert ticks - 1 - grain <= each.liquidation_distance_ticks <= ticks + grain
        else:
            assert each.liquidation_distance_money is each.liquidation_distance_ticks is None


@given(data=st.data())
def test_effective_leverages_of_a_pool_add_up(data: st.DataObject) -> None:
    pool = data.draw(pools())
    figures = figures_of(assess(pool, data.draw(marks_for(pool))))
    assert figures.effective_leverage == pytest.approx(sum(each.effective_leverage or 0 for each in figures.positions))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), opening=st.integers(-2, 10), closing=st.integers(0, 10))
def test_closing_at_the_break_even_price_pays_for_both_fees_and_nothing_more(
    kind: ContractKind, data: st.DataObject, opening: int, closing: int
) -> None:
    pool = data.draw(pools(kind=kind))
    request = FiguresRequest(opening_fee_rate=opening / 1e4, closing_fee_rate=closing / 1e4)
    for each in figures_of(assess(pool, entry_marks(pool)), request).positions:
        position, instrument, price = each.health.position, each.health.instrument, each.break_even_price
        assert instrument is not None
        assert price is not None
        fees = opening / 1e4 * notional(position, instrument, position.entry_price)
        fees += closing / 1e4 * notional(position, instrument, price)
        assert unrealized_pnl(position, instrument, price) == pytest.approx(
            fees, abs=1e-9 * (each.health.notional or 1)
        )


@given(data=st.data())
def test_what_one_side_pays_in_funding_the_other_receives(data: st.DataObject) -> None:
    pool = data.draw(pools())
    rates = {symbol: FundingRate(data.draw(st.integers(-30, 30)) / 1e4, EIGHT_HOURS) for symbol in pool.symbols}
    marks = data.draw(marks_for(pool))
    one = figures_of(assess(pool, marks), FiguresRequest(funding_rates=rates))
    other = figures_of(assess(mirrored(pool), marks), FiguresRequest(funding_rates=rates))
    assert one.funding_per_day is not None
    assert other.funding_per_day == pytest.approx(-one.funding_per_day)


@given(pool=pools(most=1, convention=ON_ENTRY))
def test_long_and_short_at_entry_are_equally_far_where_maintenance_is_taken_at_entry(pool: Pool) -> None:
    marks = entry_marks(pool)
    (one,) = figures_of(assess(pool, marks)).positions
    (other,) = figures_of(assess(mirrored(pool), marks)).positions
    for mine, theirs in ((one, other), (other, one)):
        if UNREACHABLE in (mine.health.liquidation_price, theirs.health.liquidation_price):
            continue  # a fall ends at zero, a rise does not
        assert mine.liquidation_distance_money == pytest.approx(theirs.liquidation_distance_money, rel=1e-6, abs=1e-6)
