"""One voice with its words and its numerals: what every text is built with."""

from __future__ import annotations

from dataclasses import dataclass

from liqwatch.alerts.numerals import ENGLISH_NUMERALS, NUMERALS, Numerals
from liqwatch.alerts.voice import DEFAULT_LANGUAGE, ENGLISH, Privacy, Style, Translate, Voice


def phrase(message: str) -> str:
    """Marks a message that stands in a table and is said later, so that the catalogues know it."""
    return message


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says messages in the voice of a channel. Messages are templates with named fields."""

    voice: Voice
    translate: Translate

    @property
    def numerals(self) -> Numerals:
        """Separators and percent signs."""
        return NUMERALS.get(self.voice.language, ENGLISH_NUMERALS)

    @property
    def is_english(self) -> bool:
        """Whether the originals are what is wanted."""
        return self.voice.language == DEFAULT_LANGUAGE

    @property
    def is_private(self) -> bool:
        """Whether only shares may be told: no prices, sizes, money."""
        return self.voice.privacy is Privacy.PERCENT

    @property
    def is_compact(self) -> bool:
        """Whether there is room for a few short lines only."""
        return self.voice.style is Style.COMPACT

    def say(self, message: str, /, **fields: str) -> str:
        """The message in this language, its fields filled in. A field is text and is never read as a template."""
        return _filled(self.translate.gettext(message), message, fields)

    def say_count(self, one: str, many: str, count: int, /, **fields: str) -> str:
        """The form that goes with the count, which fills the field `count`."""
        original = one if count == 1 else many
        fields = {"count": self.numerals.number(count, 0), **fields}
        return _filled(self.translate.ngettext(one, many, count), original, fields)

    def knows(self, message: str) -> bool:
        """Whether the catalogue has this message."""
        # A catalogue's own header hides behind the empty message.
        return bool(message) and self.translate.gettext(message) != message

    def percent(self, fraction: float, places: int = 1) -> str:
        """A fraction in percent, as this language writes it."""
        return self.numerals.percent(fraction, places)


def _filled(translated: str, original: str, fields: dict[str, str]) -> str:
    try:
        return translated.format(**fields)
    except (LookupError, ValueError):
        # A slip in a catalogue must not cost the alert.
        return original.format(**fields)


ENGLISH_SPEAKER = Speaker(Voice(), ENGLISH)
