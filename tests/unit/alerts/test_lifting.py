"""Finished sentences in other languages: what moves is lifted out, the rest is looked up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.alerts.lifting import lifted, translated
from liqwatch.alerts.speaker import ENGLISH_SPEAKER, Speaker
from liqwatch.alerts.voice import LANGUAGES, Voice
from liqwatch.languages import load
from liqwatch.model import UNREACHABLE, Reading, Unknown
from liqwatch.rules import known_rules, load_rule

READINGS: tuple[Reading, ...] = (
    -1.0, -0.05, 0.0, 0.004, 0.3, 0.85, 0.92, 1.0, 1.4, 3.0, 12.0, 47.0, 1_234.5, UNREACHABLE,
    Unknown("no mark price yet"),
)  # fmt: skip
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def speaker(language: str) -> Speaker:
    return Speaker(Voice(language=language), load(language))


@pytest.mark.parametrize(
    ("sentence", "template", "values"),
    [
        ("6.2% to liquidation", "{a} to liquidation", ("6.2%",)),
        ("Add about 1,234.50 USDT of margin.", "Add about {a} {b} of margin.", ("1,234.50", "USDT")),
        ("no mark price yet for 1000PEPE/USDT:USDT", "no mark price yet for {a}", ("1000PEPE/USDT:USDT",)),
        ("effective leverage 12.5x", "effective leverage {a}x", ("12.5",)),
        ("a move of -3.1% in 5 min.", "a move of {a} in {b} min.", ("-3.1%", "5")),
        ("the venue tells no ADL rank", "the venue tells no ADL rank", ()),
        ("at 58,000.", "at {a}.", ("58,000",)),
    ],
)
def test_figures_and_names_are_lifted_out_of_a_sentence(sentence: str, template: str, values: tuple[str, ...]) -> None:
    assert lifted(sentence) == (template, values)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", "6,2\N{NO-BREAK SPACE}% bis zur Liquidation"),
        ("es", "6,2\N{NO-BREAK SPACE}% hasta la liquidación"),
        ("ru", "6,2\N{NO-BREAK SPACE}% до ликвидации"),
        ("zh", "距强平 6.2%"),
        ("tr", "likidasyona %6,2"),
    ],
)
def test_a_sentence_gets_its_figures_back_as_the_language_writes_them(language: str, expected: str) -> None:
    assert translated("6.2% to liquidation", speaker(language)) == expected


def test_both_sides_of_a_colon_are_translated_and_what_is_not_known_stays() -> None:
    german = speaker("de")
    assert translated("cannot be read: HTTP 503 from the host", german) == "nicht lesbar: HTTP 503 from the host"
    assert translated("margin ratio unknown: no mark price yet for BTC/USDT:USDT", german) == (
        "Margenquote unbekannt: noch kein Mark-Preis für BTC/USDT:USDT"
    )
    assert translated("partly liquidated by the venue: 12,000 contracts became 3", german) == (
        "von der Börse teilweise liquidiert: aus 12.000 Kontrakten wurden 3"
    )
    assert translated("something new: 5", german) == "something new: 5"


@pytest.mark.parametrize("kind", known_rules())
@pytest.mark.parametrize("language", TRANSLATED)
def test_every_headline_of_every_rule_is_translated(kind: str, language: str) -> None:
    rule, voice = load_rule(kind), speaker(language)
    english = {rule.headline(reading) for reading in READINGS}
    assert {sentence for sentence in english if translated(sentence, voice) == sentence} == set()


@given(st.text(max_size=80), st.sampled_from(LANGUAGES))
def test_no_text_from_outside_breaks_a_translation(text: str, language: str) -> None:
    assert isinstance(translated(text, speaker(language)), str)


@given(st.text(max_size=80))
def test_english_stays_as_it_was_written(text: str) -> None:
    assert translated(text, ENGLISH_SPEAKER) == text


def test_braces_in_a_text_from_outside_are_no_fields() -> None:
    assert translated("{a} to liquidation", speaker("de")) == "{a} to liquidation"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "It pays 0.0100% per 8 h, next at 16:00 UTC: 8.70 USDT a day.",
            "Sie zahlt 0,0100\N{NO-BREAK SPACE}% je 8 Std., wieder um 16:00 UTC: 8,70 USDT am Tag.",
        ),
        (
            "Last seen: mark 58,000.0, liquidation 54,216.9",
            "Zuletzt: Mark-Preis 58.000,0, Liquidation 54.216,9",
        ),
        (
            "Maintenance rate 0.40% → 0.50%: your liquidation price 54,216.9 → 54,271.4.",
            "Erhaltungssatz 0,40\N{NO-BREAK SPACE}% → 0,50\N{NO-BREAK SPACE}%: Liquidationspreis 54.216,9 → 54.271,4.",
        ),
    ],
)
def test_details_are_translated_with_their_figures(sentence: str, expected: str) -> None:
    assert translated(sentence, speaker("de")) == expected
