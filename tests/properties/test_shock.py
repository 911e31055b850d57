"""The common move of all markets that liquidates a pool: at it the pool is due, before it it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liqwatch.margin.assess import assess
from liqwatch.margin.conventions import Basis, Convention
from liqwatch.margin.first_zero import Bend, BentLine, Power, first_zero
from liqwatch.margin.marked import MarkedPool
from liqwatch.margin.pools import Collateral, Holding, Pool
from liqwatch.margin.shock import shock_of
from liqwatch.model import UNREACHABLE, ContractKind, Side
from liqwatch.testing.strategies import SYMBOLS, marks_for, pools

ON_ENTRY = Convention(name="maintenance at entry", maintenance_basis=Basis.ENTRY)
NEARLY_ZERO = 1e-6


def shocked(marks: dict[str, float], betas: dict[str, float], move: float) -> dict[str, float]:
    """Every mark after the move; a price that has reached zero stays as good as there."""
    return {symbol: mark * max(1 + betas.get(symbol, 1.0) * move, 1e-12) for symbol, mark in marks.items()}


def surplus(pool: Pool, marks: dict[str, float]) -> tuple[float, float]:
    """Equity minus requirement, and the size of the amounts it is the difference of."""
    marked = MarkedPool(pool, marks)
    profits = sum(abs(each.unrealized_pnl) for each in marked.amounts.values())
    return marked.equity - marked.requirement, 1 + abs(pool.wallet_balance or 0) + profits + marked.requirement


def as_inverse(holding: Holding) -> Holding:
    """The same value as a contract that settles in its base coin, with a rate that grows."""
    assert holding.instrument is not None
    contract = replace(
        holding.instrument, contract_kind=ContractKind.INVERSE, contract_size=1e4, maintenance_rate_growth=1e-9
    )
    return Holding(holding.position, contract)


@st.composite
def motley_pools(draw: st.DrawFn) -> Pool:
    """Linear and inverse contracts, hedged twins, collateral in a traded coin: everything at once."""
    pool = draw(pools())
    held = [as_inverse(each) if draw(st.booleans()) else each for each in pool.holdings]
    if draw(st.booleans()):
        twin = held[0].position
        other = Side.SHORT if twin.side is Side.LONG else Side.LONG
        contracts = float(draw(st.integers(1, 5_000)))
        held.append(Holding(replace(twin, side=other, contracts=contracts), held[0].instrument))
    quantity = draw(st.integers(-100, 1_000))
    collateral = (Collateral(asset="BTC", symbol=SYMBOLS[0], quantity=float(quantity), value_share=0.95),)
    return replace(pool, holdings=tuple(held), collateral=collateral if draw(st.booleans()) else ())


@st.composite
def betas_for(draw: st.DrawFn, pool: Pool) -> dict[str, float]:
    named = [symbol for symbol in sorted(pool.symbols) if draw(st.booleans())]
    return {symbol: draw(st.integers(-5, 20)) / 10 for symbol in named}


@pytest.mark.parametrize("strategy", [pools(), pools(kind=ContractKind.INVERSE), motley_pools()])
@given(data=st.data())
@settings(max_examples=150)
def test_at_the_shocked_marks_equity_equals_maintenance(strategy: st.SearchStrategy[Pool], data: st.DataObject) -> None:
    pool = data.draw(strategy)
    marks, betas = data.draw(marks_for(pool)), data.draw(betas_for(pool))
    shock = shock_of(MarkedPool(pool, marks), betas)
    if not isinstance(shock.distance, float) or shock.distance == 0:
        return
    move = shock.direction * shock.distance
    if any(1 + betas.get(symbol, 1.0) * move < NEARLY_ZERO for symbol in pool.symbols):
        return  # an inverse contract has no value at a price of zero to judge the pool by
    left, scale = surplus(pool, shocked(marks, betas, move))
    assert abs(left) <= 1e-9 * scale


@pytest.mark.parametrize("strategy", [pools(), pools(kind=ContractKind.INVERSE), motley_pools()])
@given(data=st.data())
@settings(max_examples=60)
def test_no_smaller_move_in_either_direction_liquidates(strategy: st.SearchStrategy[Pool], data: st.DataObject) -> None:
    pool = data.draw(strategy)
    marks, betas = data.draw(marks_for(pool)), data.draw(betas_for(pool))
    shock = shock_of(MarkedPool(pool, marks), betas)
    furthest = 3.0 if shock.distance is UNREACHABLE else shock.distance
    assert isinstance(furthest, float)
    for index in range(120 if furthest else 0):
        for move in (furthest * index / 120, -furthest * index / 120):
            if all(1 + betas.get(symbol, 1.0) * move > NEARLY_ZERO for symbol in pool.symbols):
                left, scale = surplus(pool, shocked(marks, betas, move))
                assert left > -1e-9 * scale


@given(pool=pools(most=1), data=st.data())
def test_with_one_market_the_shock_is_the_distance_to_its_liquidation_price(pool: Pool, data: st.DataObject) -> None:
    marks = data.draw(marks_for(pool))
    health = assess(pool, marks)
    (mine,) = health.positions
    shock = shock_of(health.marked, {})
    distance = mine.liquidation_distance
    if isinstance(distance, float) and distance > 1 - 1e-9:
        return  # at a price of zero, but for rounding: either answer is right
    if distance is UNREACHABLE:
        assert shock.distance is UNREACHABLE
        assert shock.direction == 0
    else:
        assert isinstance(distance, float)
        assert shock.distance == pytest.approx(max(distance, 0.0), rel=1e-9, abs=1e-12)
        assert shock.direction == -mine.position.side.value


@given(pool=pools(convention=ON_ENTRY), data=st.data())
def test_the_mirrored_pool_meets_the_same_shock_from_the_other_side(pool: Pool, data: st.DataObject) -> None:
    marks = {each.position.symbol: each.position.entry_price for each in pool.holdings}
    other = {Side.LONG: Side.SHORT, Side.SHORT: Side.LONG}
    held = [Holding(replace(each.position, side=other[each.position.side]), each.instrument) for each in pool.holdings]
    one = shock_of(MarkedPool(pool, marks), {})
    two = shock_of(MarkedPool(replace(pool, holdings=tuple(held)), marks), {})
    if isinstance(one.distance, float) and isinstance(two.distance, float) and max(one.distance, two.distance) < 1:
        assert two.distance == pytest.approx(one.distance, rel=1e-9)
        assert two.direction == -one.direction


@given(
    constant=st.integers(-20, 100),
    slope=st.integers(-50, 50),
    bends=st.lists(
        st.tuples(st.integers(-60, 60), st.integers(-9, 30), st.sampled_from([-2, -1, 2])), min_size=0, max_size=4
    ),
)
def test_the_first_zero_is_never_jumped_over(constant: int, slope: int, bends: list[tuple[int, int, Power]]) -> None:
    line = BentLine(constant, slope, [Bend(weight, pace / 10, power) for weight, pace, power in bends])
    end = 1.0
    size = 1 + abs(constant) + abs(slope) + sum(abs(bend.weight) * 100 for bend in line.bends)
    found = first_zero(line, 0.0, end)
    for index in range(1_001):
        h = end * index / 1_000
        if found is not None and h >= found:
            break
        assert line.value(h) > -1e-12 * size
    if found is not None and found > 0:
        assert abs(line.value(found)) <= 1e-11 * size
