"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from liqwatch.alerts.figures import liquidation_text, money_text, price_text, ratio_text
from liqwatch.model import UNREACHABLE, Reading, Unknown


@pytest.mark.parametrize(
    ("price", "tick", "expected"),
    [
        (54_216.9, 0.1, "54,216.9"),
        (0.00001234, 1e-8, "0.00001234"),
        (1_234.0, 1.0, "1,234"),
        (1_234.56789012, 0.0, "1,234.5679"),  # no tick known: eight digits
    ],
)
def test_a_price_has_the_digits_of_its_tick(price: float, tick: float, expected: str) -> None:
    assert price_text(price, tick) == expected


@pytest.mark.parametrize(
    ("price", "mark_price", "expected"),
    [
        (54_216.867, 58_000.0, "54,216.9"),  # toward the mark, from below
        (61_783.133, 58_000.0, "61,783.1"),  # and from above
        (54_216.867, None, "54,216.8"),
        (UNREACHABLE, 58_000.0, "none (cannot be reached)"),
        (Unknown("no leverage tiers"), 58_000.0, "unknown (no leverage tiers)"),
    ],
)
def test_a_liquidation_price_is_a_figure_or_says_why_not(
    price: Reading, mark_price: float | None, expected: str
) -> None:
    assert liquidation_text(price, 0.1, mark_price) == expected


@pytest.mark.parametrize(
    ("money", "is_signed", "expected"),
    [
        (1_234.5, False, "1,234.50 X"),
        (1_234.5, True, "+1,234.50 X"),
        (-0.004321, True, "-0.00432 X"),  # enough digits to show something
        (0.0, True, "0.00 X"),
        (1e-12, False, "0.00 X"),
    ],
)
def test_money_has_two_places_or_as_many_as_show_something(money: float, is_signed: bool, expected: str) -> None:
    assert money_text(money, "X", is_signed=is_signed) == expected


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (0.8064, "80.6%"),
        (1.5, "150.0%"),
        (math.inf, "over 100% (no equity left)"),
        (UNREACHABLE, "none"),
        (Unknown("no mark price yet"), "unknown"),
    ],
)
def test_a_ratio_is_shown_in_percent(ratio: Reading, expected: str) -> None:
    assert ratio_text(ratio) == expected
