"""However far a guard lets the marks of a pool go, no threshold is passed without its being touched."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.assess import assess
from liqwatch.margin.conventions import ROWS
from liqwatch.margin.exact_guard import Interval
from liqwatch.margin.guards import Thresholds, guard_of
from liqwatch.margin.health import PoolHealth
from liqwatch.margin.pools import Pool
from liqwatch.margin.slack_guard import SlackGuard
from liqwatch.model import UNREACHABLE, Reading
from liqwatch.testing.strategies import marks_for, pools

CONVENTIONS = sorted({row.convention.name: row.convention for row in ROWS}.items())
SHARES = st.sampled_from([0.0, 0.5, 0.999, 0.999_999])
"""How much of the way to the edge of its interval a mark goes."""


@st.composite
def guarded_pools(draw: st.DrawFn) -> tuple[Pool, dict[str, float], Thresholds]:
    """A pool of any venue family at some marks, and what its rules watch for."""
    pool = draw(pools())
    pool = replace(pool, convention=dict(CONVENTIONS)[draw(st.sampled_from([name for name, _ in CONVENTIONS]))])
    shares = st.lists(st.integers(1, 95).map(lambda percent: percent / 100), max_size=4)
    distances = {each.position.subject: draw(shares) for each in pool.holdings}
    return pool, draw(marks_for(pool)), Thresholds(distances=distances, ratios=draw(shares))


def passed(health: PoolHealth, thresholds: Thresholds) -> list[bool]:
    """Of every threshold, whether the pool is beyond it."""
    beyond = [_number(health.margin_ratio) >= ratio for ratio in thresholds.ratios]
    for position in health.positions:
        distance = _number(position.liquidation_distance)
        beyond += [distance <= value for value in thresholds.distances.get(position.position.subject, ())]
    return beyond


def _number(reading: Reading) -> float:
    assert isinstance(reading, float) or reading is UNREACHABLE
    return reading if isinstance(reading, float) else math.inf


def inside(data: st.DataObject, mark_price: float, interval: Interval, *, rises: bool) -> float:
    edge = interval[1] if rises else interval[0]
    return (
        mark_price + (edge - mark_price) * data.draw(SHARES)
        if math.isfinite(edge)
        else mark_price * (1.5 if rises else 0.5)
    )


@given(data=st.data())
def test_inside_all_intervals_every_threshold_is_where_it_was(data: st.DataObject) -> None:
    pool, marks, thresholds = data.draw(guarded_pools())
    before = assess(pool, marks)
    guard = guard_of(before)
    intervals = guard.around(marks, thresholds)
    for _ in range(4):
        favoured = data.draw(st.sampled_from([1, -1, 0]))
        moved = {
            holding.position.symbol: inside(
                data,
                marks[holding.position.symbol],
                intervals[holding.position.symbol],
                rises=holding.position.side.value == favoured if favoured else data.draw(st.booleans()),
            )
            for holding in pool.holdings
        }
        assert passed(assess(pool, moved), thresholds) == passed(before, thresholds)
        again = guard.again(moved)
        if again is None:
            return
        marks, intervals = moved, again


@given(data=st.data())
def test_a_guard_that_vouches_again_is_right(data: st.DataObject) -> None:
    pool, marks, thresholds = data.draw(guarded_pools())
    before = assess(pool, marks)
    guard = guard_of(before)
    guard.around(marks, thresholds)
    moved = {symbol: price * data.draw(st.integers(500, 1_500)) / 1_000 for symbol, price in marks.items()}
    if guard.again(moved) is not None:
        assert passed(assess(pool, moved), thresholds) == passed(before, thresholds)


@given(guarded_pools())
def test_a_pool_of_several_markets_away_from_every_threshold_has_room_in_all_of_them(
    drawn: tuple[Pool, dict[str, float], Thresholds],
) -> None:
    pool, marks, _ = drawn
    health = assess(pool, marks)
    guard = guard_of(health)
    if isinstance(guard, SlackGuard) and not math.isclose(_number(health.margin_ratio), 1.0, rel_tol=1e-6):
        intervals = guard.around(marks, Thresholds())
        assert all(low < marks[symbol] < high for symbol, (low, high) in intervals.items())
