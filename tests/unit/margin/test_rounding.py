"""Prices leave the house on a tick, on the side that errs early."""

from __future__ import annotations

import math

import pytest

from liqwatch.margin.rounding import decimals_of, round_toward


@pytest.mark.parametrize(
    ("price", "tick", "target", "expected"),
    [
        (91.234, 0.1, 100.0, 91.3),  # a long: the mark is above, so up
        (108.77, 0.1, 100.0, 108.7),  # a short: the mark is below, so down
        (91.3, 0.1, 100.0, 91.3),  # on a tick already
        (0.1 + 0.2, 0.1, 1.0, 0.3),  # float noise above a tick costs no tick
        (0.7 * 3, 0.1, 3.0, 2.1),  # float noise below a tick neither
        (123_456.05, 0.1, 130_000.0, 123_456.1),
        (0.000012345, 1e-8, 1.0, 0.00001235),
        (50.0, 0.0, 100.0, 50.0),  # no tick known
    ],
)
def test_a_price_is_rounded_to_the_tick_on_the_side_of_the_mark(
    price: float, tick: float, target: float, expected: float
) -> None:
    assert round_toward(price, tick, target) == expected


def test_an_infinite_price_stays_as_it_is() -> None:
    assert round_toward(math.inf, 0.1, 1.0) == math.inf


@pytest.mark.parametrize(("tick", "digits"), [(0.1, 1), (1e-05, 5), (1.0, 0), (10.0, 0), (0.25, 2)])
def test_a_tick_says_how_many_digits_a_price_has(tick: float, digits: int) -> None:
    assert decimals_of(tick) == digits
