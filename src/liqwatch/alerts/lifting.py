"""Finished English sentences in other languages: what moves is lifted out, what remains is looked up.

`6.2% to liquidation` becomes `{a} to liquidation`; its translation gets the figure back, written as the language
writes it. `Cause: collateral fell by 9.00 USDT.` is `Cause: {cause}.` with another known phrase inside. So a rule goes
on writing plain sentences, and a sentence the catalogue lacks stays as it was written.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from liqwatch.alerts.phrasebook import PHRASES
from liqwatch.alerts.speaker import Speaker, phrase

OUR_OWN = frozenset({"ADL", "MMR", "REST", "UTC", "SMS"})
"""Capitals that are words of the sentence; all other capitals are names of coins and markets."""
MOVING = re.compile(
    r"(?P<name>[\w.-]+/[\w:.-]*\w(?: (?:long|short)\b)?|\b\d*[a-z]{0,2}[A-Z][A-Z0-9]+\b)"
    r"|(?P<figure>(?<![\w.])[+-]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?%?)"
)
FIGURE = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?%?")
FIELD = re.compile(r"\{\w+\}")
SIDES: Mapping[str, str] = {"long": phrase("long"), "short": phrase("short")}
VERBATIM = frozenset({"account", "code", "comparison", "name", "venue"})
"""Fields that hold what somebody has chosen: never translated."""
JOINTS = (
    (". ", phrase("{sentence} {next}")),
    (": ", phrase("{head}: {rest}")),
    ("; ", phrase("{item}; {rest}")),
    (", ", phrase("{item}, {rest}")),
)
"""Where a text is taken apart that is not known as a whole. The first part must be known, of a list both."""
LISTS = frozenset({"; ", ", "})
MOST_PARTS = 60
"""A text of more parts is no sentence of ours: it is not looked into any further."""


def lifted(sentence: str) -> tuple[str, tuple[str, ...]]:
    """The template of a sentence (fields `{a}`, `{b}`, …) and what was lifted out of it, in order."""
    values: list[str] = []

    def lift(match: re.Match[str]) -> str:
        if match[0] in OUR_OWN or len(values) == len(string.ascii_lowercase):
            return match[0]
        values.append(match[0])
        return f"{{{string.ascii_lowercase[len(values) - 1]}}}"

    return MOVING.sub(lift, sentence), tuple(values)


def translated(sentence: str, speaker: Speaker) -> str:
    """The sentence in this language as far as it is known: as a whole, or part by part; or else unchanged."""
    if speaker.is_english or "{" in sentence:
        return sentence
    return _Interpreter(speaker).said(sentence) or sentence


@dataclass(frozen=True, slots=True)
class Pattern:
    """A phrase with fields, as it is recognised in a finished text: what stands around its fields, and their names."""

    message: str
    literals: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def has_words(self) -> bool:
        """Whether it says anything beside what its fields hold."""
        return any(character.isalpha() for character in "".join(self.literals))

    def match(self, text: str) -> dict[str, str] | None:
        """What each field holds; None where the text is another. Each field ends where what follows it first stands."""
        first, *between, last = self.literals
        end = len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last):
            return None
        start, found = len(first), {}
        for name, literal in zip(self.fields, [*between, None], strict=True):
            stop = end if literal is None else text.find(literal, start, end)
            value = text[start:stop] if stop > start else ""
            if not value or (len(name) == 1 and " " in value):
                return None
            found[name] = value
            start = stop + len(literal or "")
        return found


@cache
def patterns() -> tuple[Pattern, ...]:
    """Every phrase that has fields, the one with most words of its own first."""
    made = (_pattern(message) for message in dict.fromkeys(PHRASES) if "{" in message)
    return tuple(sorted(made, key=lambda each: -sum(map(len, each.literals))))


@lru_cache(maxsize=256)
def _patterns_from(character: str) -> tuple[Pattern, ...]:
    """Those that a text which begins so may be: most begin with a letter of their own."""
    return tuple(each for each in patterns() if each.literals[0][:1] in {"", character})


def _pattern(message: str) -> Pattern:
    literals, fields = [], []
    for literal, name, _, _ in string.Formatter().parse(message):
        literals.append(literal)
        fields += [name] if name is not None else []
    return Pattern(message, (*literals, "") if len(literals) == len(fields) else tuple(literals), tuple(fields))


class _Interpreter:
    """Says one text and its parts; each part is tried once, and no more than `MOST_PARTS` of them."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._tried: dict[str, str | None] = {}

    def said(self, text: str) -> str | None:
        """The text in the language; None where nothing of it is known."""
        if text not in self._tried and len(self._tried) < MOST_PARTS:
            # What holds itself, however that came about, is not known.
            self._tried[text] = None
            self._tried[text] = self._whole(text) or self._filled(text) or self._moved(text) or self._joined(text)
        return self._tried.get(text)

    def _whole(self, text: str) -> str | None:
        template, values = lifted(text)
        if not self._speaker.knows(template):
            return None
        shown = (self._shown(value) for value in values)
        return self._speaker.say(template, **dict(zip(string.ascii_lowercase, shown, strict=False)))

    def _filled(self, text: str) -> str | None:
        for pattern in _patterns_from(text[:1]):
            held = pattern.match(text)
            if held is not None and (pattern.has_words or self._knows_any_of(held)):
                return self._speaker.say(pattern.message, **{name: self._part(name, held[name]) for name in held})
        return None

    def _knows_any_of(self, held: Mapping[str, str]) -> bool:
        return any(self.said(text) is not None for name, text in held.items() if name not in VERBATIM)

    def _part(self, name: str, text: str) -> str:
        if len(name) == 1:
            return self._shown(text)
        return text if name in VERBATIM else self._item(text) or text

    def _item(self, text: str) -> str | None:
        return self.said(text) or self._figures(text)

    def _moved(self, text: str) -> str | None:
        """A market and figures, without a word."""
        return self._figures(text) if "/" in text else None

    def _figures(self, text: str) -> str | None:
        template, values = lifted(text)
        if not values or any(character.isalpha() for character in FIELD.sub("", template)):
            return None
        return MOVING.sub(lambda match: self._shown(match[0]), text)

    def _joined(self, text: str) -> str | None:
        for separator, message in JOINTS:
            head, found, rest = text.partition(separator)
            if not found:
                continue
            head += "." if separator == ". " else ""
            is_list = separator in LISTS
            known = self._item(head) if is_list else self.said(head)
            following = self._item(rest) if known else None
            if known and (following or not is_list):
                parts = dict(zip(_pattern(message).fields, (known, following or rest), strict=True))
                return self._speaker.say(message, **parts)
        return None

    def _shown(self, value: str) -> str:
        """A lifted figure in this language's own writing; a side in its word; names as they are."""
        if not FIGURE.fullmatch(value):
            name, blank, side = value.rpartition(" ")
            return f"{name} {self._speaker.say(SIDES[side])}" if blank and side in SIDES else value
        numerals = self._speaker.numerals
        if not value.endswith("%"):
            return numerals.localised(value)
        digits = value.lstrip("+-")
        sign = value[: len(value) - len(digits)]
        return f"{sign}{numerals.before_percent}{numerals.localised(digits[:-1])}{numerals.after_percent}"
