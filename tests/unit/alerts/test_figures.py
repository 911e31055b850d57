"""Numbers as people read them, in every language."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from babel.numbers import format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.alerts.figures import (
    duration_text,
    liquidation_text,
    money_text,
    multiple_text,
    price_text,
    ratio_text,
    time_text,
)
from liqwatch.alerts.numerals import NUMERALS, Numerals
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.voice import LANGUAGES, Voice
from liqwatch.languages import load
from liqwatch.model import UNREACHABLE, Reading, Unknown

SEPARATORS = {
    "en": (",", "."),
    "de": (".", ","),
    "es": (".", ","),
    "ru": ("\N{NO-BREAK SPACE}", ","),
    "zh": (",", "."),
    "tr": (".", ","),
}
languages = st.sampled_from(LANGUAGES)
amounts = st.floats(-1e12, 1e12, allow_nan=False)


def speaker(language: str) -> Speaker:
    return Speaker(Voice(language=language), load(language))


def read_back(text: str, language: str) -> float:
    """As a person reads a figure: group separators skipped, the decimal sign a point."""
    group, point = SEPARATORS[language]
    return float(text.replace("%", "").strip("\N{NO-BREAK SPACE}").replace(group, "").replace(point, "."))


@pytest.mark.parametrize(
    ("price", "tick", "expected"),
    [
        (54_216.9, 0.1, "54,216.9"),
        (0.00001234, 1e-8, "0.00001234"),
        (1_234.0, 1.0, "1,234"),
        (1_234.56789012, 0.0, "1,234.5679"),  # no tick known: eight digits
        (0.000000123456789, 0.0, "0.00000012345679"),  # and never an exponent
        (123_456_789_012.0, 0.0, "123,456,789,012"),
        (1_200.0, 0.0, "1,200"),
        (0.0, 0.0, "0"),
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


@pytest.mark.parametrize(
    ("language", "number", "percent"),
    [
        ("en", "1,234.5", "8.0%"),
        ("de", "1.234,5", "8,0\N{NO-BREAK SPACE}%"),
        ("es", "1.234,5", "8,0\N{NO-BREAK SPACE}%"),
        ("ru", "1\N{NO-BREAK SPACE}234,5", "8,0\N{NO-BREAK SPACE}%"),
        ("zh", "1,234.5", "8.0%"),
        ("tr", "1.234,5", "%8,0"),
    ],
)
def test_each_language_has_its_own_separators_and_percent_sign(language: str, number: str, percent: str) -> None:
    assert NUMERALS[language].number(1_234.5, 1) == number
    assert NUMERALS[language].percent(0.08) == percent


@given(languages, amounts, st.integers(1, 8))
def test_a_number_is_written_as_the_cldr_writes_it(language: str, amount: float, places: int) -> None:
    rounded = round(amount, places) or 0.0
    pattern = f"#,##0.{'0' * places}"
    assert NUMERALS[language].number(rounded, places) == format_decimal(f"{rounded:.{places}f}", pattern, language)


@given(languages, st.integers(-9_999, 9_999))
def test_a_percentage_is_written_as_the_cldr_writes_it(language: str, per_mille: int) -> None:
    whole = per_mille * 10
    assert NUMERALS[language].percent(whole / 1_000, 0) == format_percent(f"{whole / 1_000:.2f}", locale=language)


@given(languages, amounts, st.integers(0, 8))
def test_a_number_read_back_by_the_rules_of_its_language_is_the_same(language: str, amount: float, places: int) -> None:
    text = NUMERALS[language].number(amount, places)
    assert read_back(text, language) == float(f"{amount:.{places}f}")


@given(languages, st.floats(-1e6, 1e6, allow_nan=False), st.integers(0, 4))
def test_a_percentage_read_back_by_the_rules_of_its_language_is_the_same(
    language: str, fraction: float, places: int
) -> None:
    text = NUMERALS[language].percent(fraction, places)
    assert read_back(text, language) == float(f"{fraction:.{places}%}".removesuffix("%"))


@given(languages, st.floats(1e-12, 1e12), st.sampled_from([0.0, 1e-8, 0.001, 0.1, 1.0]))
def test_a_price_read_back_is_the_price_to_its_digits(language: str, price: float, tick: float) -> None:
    read = read_back(price_text(price, tick, speaker(language)), language)
    assert read == pytest.approx(price, rel=1e-7, abs=tick / 2 if tick else 0.0)


@given(languages, amounts)
def test_no_figure_can_be_broken_at_the_end_of_a_line(language: str, amount: float) -> None:
    assert " " not in NUMERALS[language].number(amount, 2)
    assert " " not in NUMERALS[language].percent(amount)


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert Numerals().percent(-0.0001) == "0.0%"


@pytest.mark.parametrize(("times", "expected"), [(10.0, "10x"), (2.5, "2.5x"), (125.0, "125x"), (0.25, "0.2x")])
def test_leverage_is_said_in_times(times: float, expected: str) -> None:
    assert multiple_text(times) == expected


@pytest.mark.parametrize(
    ("seconds", "english", "russian"),
    [
        (-5, "0 s", "0 с"),  # noqa: RUF001 - a Cyrillic letter
        (47, "47 s", "47 с"),  # noqa: RUF001 - a Cyrillic letter
        (119.6, "2 min", "2 мин"),
        (300, "5 min", "5 мин"),
        (3_600, "1 h", "1 ч"),
        (3_659, "1 h", "1 ч"),
        (7_860, "2 h 11 min", "2 ч 11 мин"),
        (93_600, "1 d 2 h", "1 д 2 ч"),
        (86_400, "1 d", "1 д"),
        (608_000, "7 d", "7 д"),
    ],
)
def test_a_duration_is_told_in_two_units_and_never_with_none_of_one(seconds: float, english: str, russian: str) -> None:
    assert duration_text(timedelta(seconds=seconds)) == english
    assert duration_text(timedelta(seconds=seconds), speaker("ru")) == russian


def test_a_time_names_its_zone_and_its_date_unless_it_is_today() -> None:
    moment = datetime(2026, 11, 20, 3, 14, 15, tzinfo=UTC)
    assert time_text(moment) == "2026-11-20 03:14:15 UTC"
    assert time_text(moment, moment + timedelta(hours=1)) == "03:14:15 UTC"
    assert time_text(moment, moment + timedelta(days=1)) == "2026-11-20 03:14:15 UTC"
