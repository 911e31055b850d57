"""Native margin ratios of every direction on one scale: 1 is the event, larger is worse."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.ratio_rows import RATIO_ROWS, native_ratio_of
from liqwatch.margin.ratios import (
    AccountSums,
    Direction,
    NativeRatio,
    account_margin_ratio,
    counted_equity,
    native_at,
    normalise,
)
from liqwatch.model import Unknown

ratios = st.floats(1e-4, 1e4)
factors = st.floats(0.001, 0.5)
rows = st.sampled_from(RATIO_ROWS)


def row(exchange: str, product: str) -> NativeRatio:
    found = native_ratio_of(exchange, product)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("exchange", "product", "native", "expected"),
    [
        ("bybit", "unified cross or portfolio", 0.25, 0.25),
        ("okx", "any", 4.0, 0.25),
        ("binance", "portfolio margin", 1.05, 1.0),
        ("binance", "portfolio margin", 2.1, 0.5),
        ("kraken", "spot margin", 0.4, 1.0),
        ("kraken", "spot margin", 0.8, 0.5),
        ("gate", "unified", 1.25, 0.8),
        ("aave", "v3", 2.0, 0.5),
        ("okx", "any", -0.5, math.inf),
        ("kucoin_futures", "cross", -0.5, math.inf),  # a negative equity turns the sign
        ("aave", "v3", math.inf, 0.0),  # nothing is owed
    ],
)
def test_a_native_ratio_becomes_one_at_the_event(exchange: str, product: str, native: float, expected: float) -> None:
    found = normalise(native, row(exchange, product))
    assert found.margin_ratio == pytest.approx(expected)
    assert found.native == native
    assert found.row.direction is row(exchange, product).direction


def test_a_ratio_shifted_by_its_adjustment_factor_liquidates_at_zero() -> None:
    legacy = row("htx", "legacy")
    assert normalise(0.0, legacy, adjustment_factor=0.075).margin_ratio == pytest.approx(1.0)
    assert normalise(0.075, legacy, adjustment_factor=0.075).margin_ratio == pytest.approx(0.5)
    assert isinstance(normalise(0.5, legacy).margin_ratio, Unknown)


@pytest.mark.parametrize("native", [None, math.nan])
def test_a_missing_ratio_is_unknown_and_never_zero(native: float | None) -> None:
    assert isinstance(normalise(native, row("okx", "any")).margin_ratio, Unknown)


@given(rows, ratios, factors)
def test_what_is_shown_reads_back(native_row: NativeRatio, margin_ratio: float, factor: float) -> None:
    native = native_at(margin_ratio, native_row, adjustment_factor=factor)
    read = normalise(native, native_row, adjustment_factor=factor).margin_ratio
    assert read == pytest.approx(margin_ratio, rel=1e-6)


@given(rows, ratios, ratios, factors)
def test_worse_is_always_larger(native_row: NativeRatio, one: float, other: float, factor: float) -> None:
    low, high = sorted(native_at(each, native_row, adjustment_factor=factor) for each in (one, other))
    upward = native_row.direction is Direction.LOW_IS_SAFE
    better, worse = (low, high) if upward else (high, low)
    readings = [normalise(each, native_row, adjustment_factor=factor).margin_ratio for each in (better, worse)]
    assert isinstance(readings[0], float)
    assert isinstance(readings[1], float)
    assert readings[0] <= readings[1]


@pytest.mark.parametrize("native_row", RATIO_ROWS, ids=lambda each: f"{each.exchange}, {each.product}")
def test_every_other_milestone_is_in_the_units_of_its_ratio(native_row: NativeRatio) -> None:
    for value, _ in native_row.milestones:
        reading = normalise(value, native_row).margin_ratio
        assert isinstance(reading, float)
        assert 0.4 < reading < 1.2


def test_no_product_has_two_rows_and_an_unknown_one_has_none() -> None:
    names = [(each.exchange, each.product) for each in RATIO_ROWS]
    assert len(names) == len(set(names))
    assert native_ratio_of("nowhere", "any") is None


def test_fees_count_against_an_account_on_both_sides() -> None:
    assert account_margin_ratio(1000.0, 100.0) == pytest.approx(0.1)
    assert account_margin_ratio(1000.0, 100.0, closing_fees=20.0, opening_fees=200.0) == pytest.approx(0.15)
    assert account_margin_ratio(0.0, 100.0) == math.inf


def test_a_haircut_takes_from_what_is_owned_and_not_from_a_debt() -> None:
    assert counted_equity([(2.0, 100.0, 0.9)]) == pytest.approx(180.0)
    assert counted_equity([(2.0, 100.0, 0.9), (-1.0, 100.0, 0.9)]) == pytest.approx(80.0)


@given(rows, st.floats(1.0, 1e6), ratios)
def test_sums_are_at_the_event_where_their_buffer_is_nothing(
    native_row: NativeRatio, held: float, ratio: float
) -> None:
    if native_row.is_shifted:
        return
    event = native_row.event if native_row.direction is Direction.HIGH_IS_SAFE else 1 / native_row.event
    sums = AccountSums(equity=held * event / ratio, requirement=held)
    reading = normalise(sums.native(native_row), native_row).margin_ratio
    assert reading == pytest.approx(ratio)
    at_event = AccountSums(equity=held * event, requirement=held)
    assert at_event.margin_buffer(native_row) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("exchange", "product"), [("okx", "any"), ("gate", "unified"), ("bitget", "futures")])
@pytest.mark.parametrize(
    ("equity", "requirement", "expected"),
    [(10.0, 0.0, 0.0), (0.0, 0.0, 0.0), (-1.0, 0.0, math.inf), (0.0, 1.0, math.inf), (-1.0, 1.0, math.inf)],
)
def test_an_empty_account_is_safe_and_one_in_debt_is_not(
    exchange: str, product: str, equity: float, requirement: float, expected: float
) -> None:
    native_row = row(exchange, product)
    sums = AccountSums(equity=equity, requirement=requirement)
    assert normalise(sums.native(native_row), native_row).margin_ratio == expected
