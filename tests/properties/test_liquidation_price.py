"""The arithmetic of liquidation, held against its own definition and against brute force."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from liqwatch.margin.assess import assess, computed_liquidation_price
from liqwatch.margin.conventions import Basis, Convention
from liqwatch.margin.curve import first_crossing
from liqwatch.margin.marked import MarkedPool
from liqwatch.margin.pnl import coordinate
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.tiers import tier_of
from liqwatch.model import UNREACHABLE, ContractKind, LeverageTier, Reading, Side
from liqwatch.testing.strategies import marks_for, pools, tier_tables

WITH_FEE = Convention(name="fee inside", closing_fee_basis=Basis.LIQUIDATION)
ON_ENTRY = Convention(name="maintenance at entry", maintenance_basis=Basis.ENTRY)


def liquidation_price_at(pool: Pool, mark: float) -> Reading:
    (holding,) = pool.holdings
    return computed_liquidation_price(MarkedPool(pool, {holding.position.symbol: mark}), holding)


def maintenance(tier: LeverageTier, notional: float) -> float:
    return tier.maintenance_margin_rate * notional - tier.maintenance_deduction


def moved(marks: dict[str, float], symbol: str, price: float) -> dict[str, float]:
    return {**marks, symbol: price}


@pytest.mark.parametrize("kind", [ContractKind.LINEAR, ContractKind.INVERSE])
@given(data=st.data())
@settings(max_examples=150)
def test_at_the_liquidation_price_equity_equals_maintenance(kind: ContractKind, data: st.DataObject) -> None:
    pool = data.draw(pools(kind=kind))
    marks = data.draw(marks_for(pool))
    for holding in pool.holdings:
        price = computed_liquidation_price(MarkedPool(pool, marks), holding)
        symbol = holding.position.symbol
        if not isinstance(price, float) or price == marks[symbol]:
            continue
        health = assess(pool, moved(marks, symbol, price))
        assert isinstance(health.equity, float)
        assert isinstance(health.maintenance_margin, float)
        scale = 1 + sum(each.notional or 0 for each in health.positions) + abs(health.equity)
        assert abs(health.equity - health.maintenance_margin) <= 1e-9 * scale


@pytest.mark.parametrize("convention", [WITH_FEE, ON_ENTRY], ids=lambda each: each.name)
@given(data=st.data())
def test_the_definition_holds_with_fees_and_entry_maintenance(convention: Convention, data: st.DataObject) -> None:
    pool = data.draw(pools(convention=convention))
    marks = data.draw(marks_for(pool))
    for holding in pool.holdings:
        price = computed_liquidation_price(MarkedPool(pool, marks), holding)
        symbol = holding.position.symbol
        if isinstance(price, float) and price != marks[symbol]:
            health = assess(pool, moved(marks, symbol, price))
            assert health.margin_ratio == pytest.approx(1.0, rel=1e-6)


@given(data=st.data())
def test_a_scan_over_a_fine_grid_finds_the_same_first_crossing(data: st.DataObject) -> None:
    pool = data.draw(pools())
    marks = data.draw(marks_for(pool))
    symbol = data.draw(st.sampled_from(sorted(pool.symbols)))
    curve = MarkedPool(pool, marks).curve(symbol)
    start = coordinate(ContractKind.LINEAR, marks[symbol])
    assume(curve.surplus(start) != 0 and curve.adverse_direction != 0)
    direction = curve.adverse_direction
    found = first_crossing(curve, start, direction)
    sign = math.copysign(1, curve.surplus(start))
    step = start / 500
    for index in range(1, 499 if direction < 0 else 3_000):
        x = start + direction * index * step
        if curve.surplus(x) * sign < 0:
            assert found is not None
            assert abs(found - start) <= index * step
            assert abs(found - start) >= (index - 1) * step - 1e-9 * start
            return
    assert found is None or abs(found - start) >= step * (498 if direction < 0 else 2_999) * (1 - 1e-9)


@given(tiers=tier_tables())
def test_tiers_with_deductions_join_without_a_jump(tiers: tuple[LeverageTier, ...]) -> None:
    for tier in tiers[:-1]:
        edge = tier.notional_cap
        below, above = tier_of(tiers, edge), tier_of(tiers, math.nextafter(edge, math.inf))
        assert below is not above
        assert maintenance(above, edge) == pytest.approx(maintenance(below, edge), rel=1e-9)


@given(data=st.data())
def test_more_balance_is_never_nearer_to_liquidation(data: st.DataObject) -> None:
    pool = data.draw(pools())
    marks = data.draw(marks_for(pool))
    richer = replace(pool, wallet_balance=(pool.wallet_balance or 0) * data.draw(st.integers(101, 300)) / 100)
    for poor, rich in zip(assess(pool, marks).positions, assess(richer, marks).positions, strict=True):
        if rich.liquidation_distance is UNREACHABLE:
            continue
        assert isinstance(rich.liquidation_distance, float)
        assert isinstance(poor.liquidation_distance, float)
        if rich.liquidation_distance <= 0:
            assert poor.liquidation_distance <= 0
        else:
            assert rich.liquidation_distance >= poor.liquidation_distance - 1e-9


@given(pool=pools(most=1), data=st.data())
def test_an_inverse_position_is_a_linear_one_in_one_over_price(pool: Pool, data: st.DataObject) -> None:
    """An inverse long of face value Q equals a linear short of Q units of 1/P."""
    (holding,) = pool.holdings
    assert holding.instrument is not None
    mark = data.draw(st.integers(2_000, 30_000)) / 100
    inverse = replace(holding.instrument, contract_kind=ContractKind.INVERSE)
    mirrored = Side.SHORT if holding.position.side is Side.LONG else Side.LONG
    twin = replace(holding.position, side=mirrored, entry_price=1 / holding.position.entry_price)
    wallet = (pool.wallet_balance or 0) / 1e4
    as_inverse = replace(pool, wallet_balance=wallet, holdings=(Holding(holding.position, inverse),))
    as_linear = replace(pool, wallet_balance=wallet, holdings=(Holding(twin, holding.instrument),))
    one = liquidation_price_at(as_inverse, mark)
    other = liquidation_price_at(as_linear, 1 / mark)
    if isinstance(other, float):
        assert one == pytest.approx(1 / other, rel=1e-9)
    else:
        assert one is other
