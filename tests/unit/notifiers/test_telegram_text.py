from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.notifiers._telegram.text import MOST_PARTS, PART_LENGTH, length, note, plain, shorten, split, unescape


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\rc", "a\nbc"),
        ("\x1b[2J\u202eevil\u2066", "[2Jevil"),
        ("\ud800\ue000", ""),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_signs_that_steer_or_hide_are_taken_out(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_short_message_is_one_part_with_a_bold_title() -> None:
    assert split("A <b>", "c & d") == ("<b>A &lt;b&gt;</b>\nc &amp; d",)


@pytest.mark.parametrize(
    ("title", "body", "parts"),
    [("", "", ("(no text)",)), ("  ", "\n \n", ("(no text)",)), ("A", "", ("<b>A</b>\n",)), ("", "b", ("b",))],
)
def test_telegram_is_never_handed_an_empty_text(title: str, body: str, parts: tuple[str, ...]) -> None:
    assert split(title, body) == parts


def test_an_endless_message_ends_with_what_was_left_out() -> None:
    parts = split("", "x" * PART_LENGTH * (MOST_PARTS + 3))
    assert len(parts) == MOST_PARTS + 1
    assert parts[-1] == "… and 3 more parts of this length, left out"


@given(st.text(alphabet="a<&>\n👩é", max_size=12_000))
def test_parts_are_short_enough_and_lose_nothing(body: str) -> None:
    parts = split("title", body)
    assert all(length(part) <= PART_LENGTH for part in parts)
    shown = "".join(unescape(part) for part in parts).removeprefix("title")
    assert shown.replace("\n", "") == body.replace("\n", "")


@given(st.text(max_size=400), st.integers(min_value=-5, max_value=300))
def test_a_note_takes_no_more_room_than_there_is(text: str, room: int) -> None:
    noted = note(text, room)
    assert length(noted) <= max(0, room)
    assert html.escape(html.unescape(noted), quote=False) == noted, "no escape is cut through"


@given(st.text(max_size=300), st.integers(min_value=1, max_value=300))
def test_a_shortened_text_is_short_and_says_that_it_was_cut(text: str, longest: int) -> None:
    short = shorten(text, longest)
    assert length(short) <= longest
    assert short == text or short.endswith("…")


def test_length_counts_as_telegram_does() -> None:
    assert length("a👩é") == len("a👩é".encode("utf-16-le")) // 2 == 4
