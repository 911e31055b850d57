"""What a common move of all marks liquidates, held against judging the pool again at the moved marks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.engine.desk.stress import STEPS, Move, reach, stress_lines
from liqwatch.margin.assess import assess
from liqwatch.margin.health import PoolHealth
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import UNREACHABLE, MarginMode, Position, Side, Unknown
from liqwatch.testing.strategies import marks_for, pools

SHARE = 0.5


def at(pool: Pool, marks: dict[str, float], move: Move, share: float) -> PoolHealth:
    return assess(pool, {symbol: price * (1 + move * share) for symbol, price in marks.items()})


def is_due(health: PoolHealth) -> bool:
    return isinstance(health.margin_ratio, float) and health.margin_ratio >= 1


@given(st.data())
def test_a_pool_that_is_said_to_fall_is_due_there_and_one_that_survives_is_not_due_at_the_end(
    data: st.DataObject,
) -> None:
    pool = data.draw(pools())
    marks = data.draw(marks_for(pool))
    health = assess(pool, marks)
    for move in Move:
        reading = reach(health, move, SHARE)
        if isinstance(reading, float) and reading > 0:
            assert reading <= SHARE
            assert is_due(at(pool, marks, move, reading + 1e-6))
        elif reading is UNREACHABLE:
            assert not is_due(at(pool, marks, move, SHARE * (1 - 1 / STEPS / 1000)))


def test_a_position_of_which_nothing_is_known_is_said_to_be_unknown() -> None:
    held = Position(
        symbol="BTC/USDT:USDT",
        side=Side.LONG,
        contracts=1.0,
        entry_price=100.0,
        margin_mode=MarginMode.CROSS,
        isolated_wallet=None,
    )
    pool = Pool(
        account="main",
        venue="somewhere",
        subject="cross USDT",
        currency="USDT",
        margin_mode=MarginMode.CROSS,
        wallet_balance=100.0,
        holdings=(Holding(held, None),),
        convention=None,
    )
    health = assess(pool, {})
    assert isinstance(reach(health, Move.LOWER, SHARE), Unknown)
    assert stress_lines([health], 0.1) == [
        "If every mark moves at once:",
        "10% lower: nothing of what is known is liquidated.",
        "10% higher: nothing of what is known is liquidated.",
        "- not known: cross USDT (main), with BTC/USDT:USDT long: no verified formula for this exchange",
    ]


@pytest.mark.parametrize("share", [0.1, 0.125])
def test_without_a_position_there_is_nothing_to_tell(share: float) -> None:
    assert stress_lines([], share) == ["No position is watched."]
