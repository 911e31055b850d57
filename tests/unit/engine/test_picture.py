"""What the small picture beside a message shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.engine.picture import MOST_POINTS, chart_of
from liqwatch.model import Side
from liqwatch.rules.base import Ladder, Level
from liqwatch.rules.liquidation_distance import RULE
from liqwatch.testing.sights import LONG, account_of, sight_of

LADDER = Ladder(RULE.danger, tuple(Level(severity, value, value) for severity, value in RULE.levels.items()))


@pytest.mark.parametrize("side", Side)
def test_at_the_price_of_a_level_the_distance_is_that_level(side: Side) -> None:
    position = sight_of(account_of(replace(LONG, side=side))).position
    assert position is not None
    chart = chart_of(position, [(0.0, 60_000.0), (60.0, 60_100.0)], LADDER)
    assert chart is not None
    assert chart.liquidation_price is not None
    for severity, price in chart.levels:
        distance = (price - chart.liquidation_price) * side.value / price
        assert distance == pytest.approx(RULE.levels[severity])


@given(count=st.integers(0, 400))
def test_a_picture_has_few_points_and_ends_with_the_last_price(count: int) -> None:
    marks = [(60.0 * index, 60_000.0 + index) for index in range(count)]
    position = sight_of().position
    assert position is not None
    chart = chart_of(position, marks, None)
    if count < 2:
        assert chart is None
        return
    assert chart is not None
    assert chart.marks[-1] == marks[-1]
    assert len(chart.marks) <= MOST_POINTS + 1
    assert list(chart.marks) == sorted(set(chart.marks))
