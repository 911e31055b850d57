"""Texts from outside cannot hide, reorder or command anything (fault T9)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.alerts.safe import safe

OUTSIDE = st.text(st.characters(), max_size=300)


@given(OUTSIDE, st.integers(1, 100))
def test_what_is_left_is_one_line_of_visible_characters(text: str, longest: int) -> None:
    cleaned = safe(text, longest)
    assert len(cleaned) <= longest
    assert len(cleaned.splitlines()) <= 1
    for character in cleaned:
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(OUTSIDE)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert safe(safe(text)) == safe(text)


@pytest.mark.parametrize(
    ("hostile", "expected"),
    [
        ("BTC\u202eTDSU", "BTCTDSU"),  # right-to-left override
        ("a\x1b[31mred\x07", "a [31mred"),  # terminal commands
        ("line\nCRITICAL\r\nforged", "line CRITICAL forged"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("half \ud800 a character", "half a character"),
        ("\u2067isolate\u2069", "isolate"),
        ("1000PEPE/USDT:USDT long", "1000PEPE/USDT:USDT long"),
        ("币安人生/USDT:USDT", "币安人生/USDT:USDT"),
    ],
)
def test_hostile_characters_are_taken_out(hostile: str, expected: str) -> None:
    assert safe(hostile) == expected


def test_what_is_too_long_is_cut_visibly() -> None:
    assert safe("abcdefgh", 5) == "abcd…"
