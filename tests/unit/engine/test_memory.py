"""What is remembered of the last day: prices by the minute, positions, equity."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.engine.memory import (
    COARSE_SAMPLES,
    FINE_SAMPLES,
    MINUTES_A_DAY,
    MarketMemory,
    PositionMemory,
)
from liqwatch.model import MarkCandle
from liqwatch.rules.sight import PastPosition

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def candles(count: int, high: float, low: float) -> list[MarkCandle]:
    return [MarkCandle(opened_at=START + MINUTE * index, high=high, low=low) for index in range(count)]


def figures(at: datetime, distance: float = 0.2) -> PastPosition:
    return PastPosition(
        at=at,
        mark_price=100.0,
        liquidation_price=80.0,
        liquidation_distance=distance,
        contracts=1.0,
        collateral=20.0,
        other_pnl=0.0,
        maintenance_rate=0.01,
    )


def test_the_volatility_of_a_driftless_walk_is_found_again() -> None:
    """A walk of a known volatility, seen as minute candles of sixty steps each: within a tenth of the truth."""
    chance, price, memory = random.Random(7), 100.0, MarketMemory()  # noqa: S311  # a walk, not a secret
    step = 0.04 / math.sqrt(MINUTES_A_DAY * 60)
    seen = []
    for minute in range(MINUTES_A_DAY):
        path = [price := price * math.exp(chance.gauss(0.0, step)) for _ in range(60)]
        seen.append(MarkCandle(opened_at=START + MINUTE * minute, high=max(path), low=min(path)))
    memory.learn(seen)
    assert memory.daily_volatility(START + timedelta(days=1)) == pytest.approx(0.04, rel=0.15)


def test_half_a_day_known_is_taken_for_a_whole_one() -> None:
    whole, half = MarketMemory(), MarketMemory()
    whole.learn(candles(1_440, 101.0, 100.0))
    half.learn(candles(720, 101.0, 100.0))
    now = START + timedelta(minutes=720)
    assert half.daily_volatility(now) == pytest.approx(whole.daily_volatility(START + timedelta(days=1)))


def test_with_too_little_known_the_volatility_is_unknown() -> None:
    memory = MarketMemory()
    memory.learn(candles(29, 101.0, 100.0))
    assert memory.daily_volatility(START + timedelta(minutes=29)) is None


@given(factor=st.floats(1e-6, 1e6))
def test_volatility_has_no_unit(factor: float) -> None:
    one, other = MarketMemory(), MarketMemory()
    one.learn(candles(60, 101.0, 99.5))
    other.learn(candles(60, 101.0 * factor, 99.5 * factor))
    now = START + timedelta(hours=1)
    assert one.daily_volatility(now) == pytest.approx(other.daily_volatility(now) or 0.0)


def test_an_earlier_price_is_one_that_was_there_and_not_one_from_long_before() -> None:
    memory = MarketMemory()
    memory.note(100.0, START)
    assert memory.price_before(START + timedelta(minutes=5), timedelta(minutes=5)) == 100.0
    assert memory.price_before(START + timedelta(minutes=30), timedelta(minutes=5)) is None
    assert memory.price_before(START, timedelta(minutes=5)) is None


def test_candles_complete_what_was_seen_and_a_picture_ends_with_the_last_price() -> None:
    memory = MarketMemory()
    memory.note(100.0, START + timedelta(minutes=10))
    memory.note(103.0, START + timedelta(minutes=10, seconds=5))
    memory.learn(candles(11, 104.0, 98.0))
    closes = memory.closes(START + timedelta(minutes=11))
    assert [price for _, price in closes] == [101.0] * 10 + [103.0]
    assert closes[-1][0] == (START + timedelta(minutes=10)).timestamp()


def test_the_memory_of_a_market_is_bounded() -> None:
    memory = MarketMemory()
    for minute in range(3 * MINUTES_A_DAY):
        memory.note(100.0, START + MINUTE * minute)
    assert len(memory._buckets) <= MINUTES_A_DAY + 60


def test_the_memory_of_a_position_is_dense_at_first_and_bounded() -> None:
    memory = PositionMemory(START)
    for look in range(20_000):
        memory.note(figures(START + timedelta(seconds=5 * look)))
    now = START + timedelta(seconds=5 * 19_998)
    recent, day = memory.within(now - timedelta(minutes=10)), memory.within(now - timedelta(days=1))
    assert len(recent) == 41
    assert len(day) <= FINE_SAMPLES + COARSE_SAMPLES
    assert [sample.at for sample in day] == sorted({sample.at for sample in day})
    assert day[0].at <= now - timedelta(hours=23, minutes=30)


def test_of_looks_in_quick_succession_the_first_that_says_most_is_kept() -> None:
    memory = PositionMemory(START)
    unknown = replace(figures(START), mark_price=None, liquidation_distance=None, collateral=None)
    for seconds, sample in ((0, unknown), (1, figures(START)), (2, figures(START)), (20, unknown), (21, unknown)):
        memory.note(replace(sample, at=START + timedelta(seconds=seconds)))
    kept = memory.within(START)
    assert [round((sample.at - START).total_seconds()) for sample in kept] == [1, 20]
