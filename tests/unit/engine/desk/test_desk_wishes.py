"""Arguments as people type them in a chat."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.engine.desk.reply import LONGEST_TEXT, fitted, listed
from liqwatch.engine.desk.wishes import minutes_of, pattern_of, share_of


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("60", 60), ("90m", 90), ("5 min", 5), ("2h", 120), ("1D", 1440), ("", None), ("1.5h", None), ("-5", None)],
)
def test_durations_are_minutes_unless_they_say_otherwise(text: str, minutes: int | None) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize(
    ("text", "share"), [("20", 0.2), ("20%", 0.2), ("-12.5", 0.125), ("12,5 %", 0.125), ("x", None), ("1e3", None)]
)
def test_a_stress_is_in_percent_and_has_no_sign(text: str, share: float | None) -> None:
    assert share_of(text) == share


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", ""),
        ("btc", "BTC*"),
        ("btc/", "BTC/*"),
        ("BTC/USDT:USDT long", "BTC/USDT:USDT long*"),
        ("*USDT", "*USDT"),
        ("cross USDT", "cross USDT*"),
    ],
)
def test_a_plain_word_means_whatever_begins_with_it(text: str, pattern: str) -> None:
    assert pattern_of(text) == pattern


def test_the_pattern_of_a_coin_means_its_positions() -> None:
    assert fnmatchcase("BTC/USDT:USDT long", pattern_of("btc"))
    assert not fnmatchcase("ETH/BTC:BTC long", pattern_of("btc"))


@given(st.lists(st.text(st.characters(exclude_categories=("Cc", "Zl", "Zp")), max_size=300), max_size=60))
def test_a_text_never_exceeds_its_limit_and_loses_no_line_uncounted(lines: list[str]) -> None:
    text, wanted = fitted(lines), [line for line in lines if line]
    assert len(text) <= LONGEST_TEXT
    shown = text.split("\n") if text else []
    if shown != wanted:
        *kept, rest = shown
        assert kept == wanted[: len(kept)]
        assert str(len(wanted) - len(kept)) in rest


def test_long_lists_of_names_are_counted() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(number) for number in range(12)]).endswith("9 and 2 more")
