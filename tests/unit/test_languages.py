"""Catalogues: whole, in step with the source, and loaded by name."""

from __future__ import annotations

import importlib.util
import string
from pathlib import Path
from types import ModuleType

import pytest

from liqwatch.alerts.lifting import translated
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.voice import LANGUAGES, Voice
from liqwatch.alerts.wording.late import REPEAT_NOTE
from liqwatch.errors import UnknownPart
from liqwatch.languages import known_languages, load

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "compile_catalogues.py"
TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compile_catalogues", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_there_is_a_catalogue_for_every_language_that_a_voice_may_have() -> None:
    assert set(known_languages()) == set(LANGUAGES)


def test_an_unknown_language_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UnknownPart, match="'xx'") as refusal:
        load("xx")
    assert "de" in str(refusal.value.mend)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_nothing_else(script: ModuleType, language: str) -> None:
    assert list(script.problems(script.FOLDER / f"{language}.po", script.messages_in())) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_compiled_catalogue_says_what_its_source_says(script: ModuleType, language: str) -> None:
    assert not script.is_stale(script.FOLDER / f"{language}.po")


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_same_fields_as_its_message(script: ModuleType, language: str) -> None:
    words = load(language)
    for message in script.messages_in():
        if isinstance(message, str):
            assert fields(words.gettext(message)) == fields(message), message
            continue
        for count in range(30):
            one, many = message
            assert fields(words.ngettext(one, many, count)) == fields(many), message


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_is_left_in_english(script: ModuleType, language: str) -> None:
    same_on_purpose = {"{count} {severity}", " ({inside})", "PnL {money}", "stop loss", "long", "short"}
    same_on_purpose |= {"{seconds} s", "{hours} h {minutes} min", "{minutes} min", "{days} d {hours} h"}
    same_on_purpose |= {"{a} s", "{days} d", "{hours} h", "{account} · {subject}: {changes}"}
    same_on_purpose |= {"{sentence} {next}", "{head}: {rest}", "{item}; {rest}", "{item}, {rest}"}
    words = load(language)
    single = {message for message in script.messages_in() if isinstance(message, str)}
    assert {message for message in single if words.gettext(message) == message} <= same_on_purpose


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "Отправлено 1 сообщение."),
        (2, "Отправлено 2 сообщения."),
        (4, "Отправлено 4 сообщения."),
        (5, "Отправлено 5 сообщений."),
        (11, "Отправлено 11 сообщений."),
        (12, "Отправлено 12 сообщений."),
        (21, "Отправлено 21 сообщение."),
        (22, "Отправлено 22 сообщения."),
        (111, "Отправлено 111 сообщений."),
        (1_001, "Отправлено 1\N{NO-BREAK SPACE}001 сообщение."),
    ],
)
def test_russian_has_the_right_plural_form(count: int, expected: str) -> None:
    russian = Speaker(Voice(language="ru"), load("ru"))
    assert russian.say_count("{count} message was sent.", "{count} messages were sent.", count) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", "Liquidationspreis: 1"),
        ("es", "Precio de liquidación: 1"),
        ("ru", "Цена ликвидации: 1"),
        ("zh", "强平价格：1"),  # noqa: RUF001 - the colon of Chinese
        ("tr", "Likidasyon fiyatı: 1"),  # noqa: RUF001 - a Turkish letter
    ],
)
def test_traders_words_are_used(language: str, expected: str) -> None:
    assert Speaker(Voice(language=language), load(language)).say("Liquidation price: {price}", price="1") == expected


def test_a_slip_in_a_catalogue_does_not_cost_the_alert() -> None:
    class Slipped:
        def gettext(self, message: str, /) -> str:
            return "{prise} {"

        def ngettext(self, one: str, many: str, count: int, /) -> str:
            return "{prise}"

    speaker = Speaker(Voice(language="de"), Slipped())
    assert speaker.say("Mark {price}", price="1") == "Mark 1"
    assert speaker.say_count("{count} message", "{count} messages", 2) == "2 messages"


def test_a_new_message_and_a_stale_catalogue_are_told(script: ModuleType, tmp_path: Path) -> None:
    catalogue = tmp_path / "de.po"
    catalogue.write_text((script.FOLDER / "de.po").read_text())
    assert script.is_stale(catalogue)
    script.update(catalogue, {"long": "a.py", "a new message {price}": "b.py"})
    assert not script.is_stale(catalogue)
    assert list(script.problems(catalogue, {"long": "a.py", "a new message {price}": "b.py"})) == [
        "de.po: does not translate 'a new message {price}'"
    ]
    text = catalogue.read_text().replace('msgid "a new message {price}"\nmsgstr ""', 'msgid "x"\nmsgstr "{y}"')
    catalogue.write_text(text)
    told = set(script.problems(catalogue, {"long": "a.py", "x": "b.py", "missing": "c.py"}))
    assert told == {"de.po: other fields in '{y}'", "de.po: misses 'missing'"}
    assert script.is_stale(catalogue)


def test_writing_a_catalogue_twice_changes_nothing(script: ModuleType, tmp_path: Path) -> None:
    catalogue = tmp_path / "ru.po"
    catalogue.write_text((script.FOLDER / "ru.po").read_text())
    script.update(catalogue, script.messages_in())
    assert catalogue.read_text() == (script.FOLDER / "ru.po").read_text()


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize(
    "trouble",
    [
        "another program polls this bot: buttons and commands may get lost; alerts still go out",
        "a webhook is set for this bot: buttons and commands are not heard; alerts still go out",
        "Telegram refuses the bot token: buttons and commands are not heard",
    ],
)
def test_that_a_chat_is_not_heard_is_said_wholly_in_its_language(language: str, trouble: str) -> None:
    speaker = Speaker(Voice(language=language), load(language))
    said = translated(f"cannot be answered: {trouble}", speaker)
    assert said.startswith(speaker.say("cannot be answered"))
    assert said.endswith(speaker.say(trouble))
    assert trouble not in said


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_repeat_says_so_in_its_language(language: str) -> None:
    assert load(language).gettext(REPEAT_NOTE) != REPEAT_NOTE
