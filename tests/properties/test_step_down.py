"""Ladders of partial liquidation on random pools: they only lead down and outward, and they end."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.assess import assess
from liqwatch.margin.figures import FiguresRequest, PositionFigures, figures_of
from liqwatch.margin.pools import Holding, Pool
from liqwatch.testing.strategies import marks_for, pools

VENUES = ["bybit", "okx", "gate", "htx", "hyperliquid"]


def laddered(pool: Pool, marks: dict[str, float], exchange: str) -> tuple[PositionFigures, ...]:
    return figures_of(assess(pool, marks), FiguresRequest(exchange=exchange)).positions


@pytest.mark.parametrize("exchange", VENUES)
@given(data=st.data())
def test_a_ladder_leads_down_and_outward(exchange: str, data: st.DataObject) -> None:
    pool = data.draw(pools(most=3))
    marks = data.draw(marks_for(pool))
    for each in laddered(pool, marks, exchange):
        side, left = each.health.position.side.value, each.health.position.contracts
        for step in each.step_down:
            assert step.contracts_after is not None
            assert step.contracts_after < left
            left = step.contracts_after
        for near, far in pairwise(each.step_down):
            assert side * far.price <= side * near.price * (1 + side * 1e-9)
            if near.tier_after is not None and far.tier_after is not None:
                assert far.tier_after < near.tier_after


@pytest.mark.parametrize("exchange", VENUES)
@given(data=st.data())
def test_a_ladder_begins_at_the_liquidation_price(exchange: str, data: st.DataObject) -> None:
    pool = data.draw(pools(most=3))
    marks = data.draw(marks_for(pool))
    for each in laddered(pool, marks, exchange):
        price, distance = each.health.computed_liquidation_price, each.health.liquidation_distance
        if not isinstance(distance, float):
            assert each.step_down == ()
        else:
            first = each.step_down[0].price
            assert first == (price if distance > 0 else marks[each.health.position.symbol])


@given(data=st.data())
def test_without_a_fee_the_rest_is_liquidated_exactly_where_the_next_step_says(data: st.DataObject) -> None:
    """Selling the step's part at the step's mark, by hand, leaves a pool whose liquidation price is the next step."""
    pool = data.draw(pools(most=1))
    (holding,) = pool.holdings
    assert holding.instrument is not None
    free = replace(pool, holdings=(Holding(holding.position, replace(holding.instrument, liquidation_fee_rate=0.0)),))
    marks = data.draw(marks_for(pool))
    (mine,) = laddered(free, marks, "bybit")
    position, wallet = holding.position, pool.wallet_balance or 0.0
    for near, far in pairwise(mine.step_down):
        assert near.contracts_after is not None
        sold = position.contracts - near.contracts_after
        wallet += position.side.value * sold * (near.price - position.entry_price)
        position = replace(position, contracts=near.contracts_after)
        left = replace(free, wallet_balance=wallet, holdings=(Holding(position, free.holdings[0].instrument),))
        (after,) = assess(left, {position.symbol: near.price}).positions
        is_still_due = isinstance(after.liquidation_distance, float) and after.liquidation_distance <= 0
        assert far.price == pytest.approx(near.price if is_still_due else after.computed_liquidation_price, rel=1e-6)
