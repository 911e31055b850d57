"""How long a funding rate holds: what venues state, and what ccxt says of it."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.exchanges.payloads.ccxt_interval import interval_of
from liqwatch.exchanges.payloads.funding_interval import HOUR, LONGEST, MILLISECOND, SECOND, SHORTEST, stated_interval

EIGHT_HOURS = timedelta(hours=8)


@pytest.mark.parametrize(
    ("figure", "unit"),
    [("8", HOUR), (8, HOUR), (8.0, HOUR), ("28800", SECOND), (28_800_000, MILLISECOND), ("2.88e7", MILLISECOND)],
)
def test_an_interval_is_read_in_its_unit_bare_or_as_text(figure: object, unit: timedelta) -> None:
    assert stated_interval(figure, unit) == EIGHT_HOURS


@pytest.mark.parametrize(
    "figure", [None, "", "8h", True, 0, "0", -8, math.nan, "nan", math.inf, "inf", 10**400, [], {}, b"8", 1_783_008_000]
)
def test_what_cannot_be_an_interval_is_none(figure: object) -> None:
    assert stated_interval(figure, HOUR) is None


@given(figure=st.floats() | st.integers() | st.text(max_size=8), unit=st.sampled_from([HOUR, SECOND, MILLISECOND]))
def test_whatever_is_stated_an_interval_is_one_that_can_be(figure: object, unit: timedelta) -> None:
    interval = stated_interval(figure, unit)
    assert interval is None or SHORTEST <= interval <= LONGEST


@pytest.mark.parametrize(
    ("unified", "info"),
    [
        ("8h", {"fundingIntervalHours": 8}),
        ("8h", {"ratePeriod": "8"}),
        ("8h", {"collectCycle": "480"}),
        ("8h", {"collectionInternal": 8}),
        ("8h", {"funding_interval": 28_800, "name": "BTC_USD"}),
        ("8h", {"granularity": 28_800_000, "period": 1}),
        ("28800000", {"funding_time": "1781251200000", "next_funding_time": "1781280000000", "ts": None}),
        ("8h", {"prevFundingTime": "1", "fundingTime": "1790380800000", "nextFundingTime": "1790409600000"}),
    ],
)
def test_what_the_venue_says_too_is_the_interval(unified: str, info: dict[str, Any]) -> None:
    assert interval_of(unified, info) == EIGHT_HOURS


@pytest.mark.parametrize(
    ("unified", "info"),
    [
        ("1h", {}),
        ("1h", {"fundingRate": "0.0001", "nextFundingTimestamp": "1754956800000"}),
        ("1h", {"interval_hours": 8}),
        ("1h", {"openTime": "0", "closeTime": "3600000"}),
        (None, {"fundingIntervalHours": 8}),
        ("", {"fundingIntervalHours": 8}),
        ("eight", {"fundingIntervalHours": 8}),
        ("8w", {"fundingIntervalHours": 8}),
        (8, {"fundingIntervalHours": 8}),
        ("0h", {"fundingIntervalHours": 0}),
    ],
)
def test_what_ccxt_says_alone_is_none(unified: object, info: dict[str, Any]) -> None:
    assert interval_of(unified, info) is None
