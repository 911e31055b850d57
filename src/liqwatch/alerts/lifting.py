"""Finished English sentences in other languages: figures and names are lifted out, what remains is looked up.

`6.2% to liquidation` becomes `{a} to liquidation`; its translation gets the figure back, written as the language
writes it. So a rule goes on writing plain sentences, and a sentence the catalogue lacks stays as it was written.
"""

from __future__ import annotations

import re
import string

from liqwatch.alerts.speaker import Speaker

OUR_OWN = frozenset({"ADL", "UTC", "SMS"})
"""Capitals that are words of the sentence; all other capitals are names of coins and markets."""
MOVING = re.compile(
    r"(?P<name>[\w.-]+/[\w:.-]*\w|\b[A-Z][A-Z0-9]+\b)"
    r"|(?P<figure>(?<![\w.])[+-]?\d+(?:,\d{3})*(?:\.\d+)?%?)"
)


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
    """The sentence in this language: as a whole, or what stands before and after its colons, or else unchanged."""
    if speaker.is_english or "{" in sentence:
        return sentence
    whole = _looked_up(sentence, speaker)
    if whole is not None:
        return whole
    head, colon, rest = sentence.partition(": ")
    known_head = _looked_up(head, speaker) if colon else None
    return sentence if known_head is None else f"{known_head}: {translated(rest, speaker)}"


def _looked_up(sentence: str, speaker: Speaker) -> str | None:
    template, values = lifted(sentence)
    if not speaker.knows(template):
        return None
    shown = (_shown(value, speaker) for value in values)
    return speaker.say(template, **dict(zip(string.ascii_lowercase, shown, strict=False)))


def _shown(value: str, speaker: Speaker) -> str:
    """A lifted figure in this language's own writing; names as they are."""
    if not value.lstrip("+-")[:1].isdigit() or "/" in value:
        return value
    if not value.endswith("%"):
        return speaker.numerals.localised(value)
    digits = value.lstrip("+-")
    sign = value[: len(value) - len(digits)]
    numerals = speaker.numerals
    return f"{sign}{numerals.before_percent}{numerals.localised(digits[:-1])}{numerals.after_percent}"
