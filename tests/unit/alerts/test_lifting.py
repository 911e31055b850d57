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
        ("between 9.12e-06 and 1.235e+04.", "between {a} and {b}.", ("9.12e-06", "1.235e+04")),
        ("Look at BTC/USDT:USDT long first", "Look at {a} first", ("BTC/USDT:USDT long",)),
        ("no price of kPEPE", "no price of {a}", ("kPEPE",)),
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


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", "Ursache: die Sicherheiten sanken um 1.200,00 USDT."),
        ("es", "Causa: el colateral bajó 1.200,00 USDT."),
        ("ru", "Причина: обеспечение уменьшилось на 1\N{NO-BREAK SPACE}200,00 USDT."),
        ("zh", "原因：抵押品减少 1,200.00 USDT。"),  # noqa: RUF001 - the colon of Chinese
        ("tr", "Neden: teminat 1.200,00 USDT azaldı."),  # noqa: RUF001 - a Turkish letter
    ],
)
def test_a_phrase_within_a_sentence_is_translated_too(language: str, expected: str) -> None:
    assert translated("Cause: collateral fell by 1,200.00 USDT.", speaker(language)) == expected


def test_a_list_of_known_phrases_is_translated_item_by_item() -> None:
    text = (
        "Stop at 58,000 (50% of it): its direction adds to the position instead of closing it; "
        "it is not reduce-only, so it may open a position the other way."
    )
    assert translated(text, speaker("de")) == (
        "Stop bei 58.000 (50\N{NO-BREAK SPACE}% davon): seine Richtung vergrößert die Position, statt sie zu "
        "schließen; er ist nicht Reduce-only, kann also eine Gegenposition eröffnen."
    )


def test_sentences_one_after_the_other_are_translated_one_by_one() -> None:
    text = "No stop waits at the venue. Orders that stop no loss: 2 limit, 1 take profit."
    assert translated(text, speaker("de")) == (
        "An der Börse wartet kein Stop. Orders, die keinen Verlust begrenzen: 2 Limit, 1 Take-Profit."
    )
    assert translated(text, speaker("zh")) == "交易所没有任何止损单。不能止损的订单：限价单 2 个，止盈单 1 个。"  # noqa: RUF001


def test_the_side_of_a_market_is_a_word_of_the_language() -> None:
    assert translated("BTC/USDT:USDT short: -12.00 USDT unrealised", speaker("ru")) == (
        "BTC/USDT:USDT шорт: нереализованный результат -12,00 USDT"
    )
    assert translated("BTC/USDT:USDT long: 60,000.00 USDT", speaker("es")) == "BTC/USDT:USDT largo: 60.000,00 USDT"


def test_what_a_user_has_written_is_never_translated() -> None:
    german = speaker("de")
    assert translated("leverage <= 5: now 3, holds", german) == "leverage <= 5: jetzt 3, trifft zu"
    assert translated("none · BTC/USDT:USDT long: gone", german) == "none · BTC/USDT:USDT Long: weg"


def test_a_phrase_that_is_not_known_stays_where_it_stands_in_a_known_sentence() -> None:
    assert translated("Cause: the moon is full.", speaker("de")) == "Ursache: the moon is full."


@pytest.mark.parametrize("piece", ["5; 5, ", "5: 5. ", "a · b: ", "x [y] (z) ", "5, "])
def test_a_text_of_very_many_parts_is_left_alone(piece: str) -> None:
    text = piece * 400 + "end"
    assert translated(text, speaker("de")) == text


@given(st.lists(st.sampled_from([". ", ": ", "; ", ", ", " · ", "5", "BTC", "now", "holds", " (", ")"]), max_size=60))
def test_no_heap_of_separators_breaks_a_translation(pieces: list[str]) -> None:
    assert isinstance(translated("".join(pieces), speaker("zh")), str)
