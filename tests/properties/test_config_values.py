from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from liqwatch.config.values import duration_text, parse_duration, parse_fraction

ANYTHING = st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.lists(st.integers()))


@given(st.integers(min_value=0, max_value=366 * 86_400_000))
def test_a_written_duration_is_read_back_unchanged(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(duration_text(duration)) == duration


@given(st.integers(min_value=1, max_value=10_000))
def test_percent_and_fraction_of_the_same_share_agree(hundredths: int) -> None:
    assert parse_fraction(f"{hundredths / 100}%") == pytest.approx(parse_fraction(hundredths / 10_000))


@given(ANYTHING)
def test_a_fraction_is_between_nothing_and_all_or_refused(value: object) -> None:
    try:
        assert 0 < parse_fraction(value) <= 1
    except PydanticCustomError as refusal:
        assert refusal.type == "BAD_FRACTION"  # noqa: PT017 # either outcome is right, a third one is not


@given(ANYTHING)
def test_a_duration_is_at_most_a_year_or_refused(value: object) -> None:
    try:
        assert timedelta(0) <= parse_duration(value) <= timedelta(days=366)
    except PydanticCustomError as refusal:
        assert refusal.type == "BAD_DURATION"  # noqa: PT017 # either outcome is right, a third one is not
