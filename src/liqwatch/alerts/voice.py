"""In whose words a person is told: language, style, privacy; and where the words of a language come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

DEFAULT_LANGUAGE = "en"
LANGUAGES = (DEFAULT_LANGUAGE, "de", "es", "ru", "zh", "tr")


class Style(Enum):
    """PLAIN: every figure, line by line. COMPACT: a few short lines, for SMS, phone calls and watches."""

    PLAIN = "plain"
    COMPACT = "compact"


class Privacy(Enum):
    """FULL: prices and money. PERCENT: shares only, for screens that others can read."""

    FULL = "full"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How one channel wants to be spoken to. `charts`: pictures are welcome."""

    language: str = DEFAULT_LANGUAGE
    style: Style = Style.PLAIN
    privacy: Privacy = Privacy.FULL
    charts: bool = True

    @property
    def takes_chart(self) -> bool:
        """Whether a picture may go along: it shows prices, and a compact message has no room for it."""
        return self.charts and self.style is Style.PLAIN and self.privacy is Privacy.FULL


class Translate(Protocol):
    """A catalogue, as the standard library's `gettext` translations are: what it lacks comes back unchanged."""

    def gettext(self, message: str, /) -> str:
        """The message in this language."""
        ...

    def ngettext(self, one: str, many: str, count: int, /) -> str:
        """The form of the message that goes with a count."""
        ...


class English:
    """The language the messages are written in: nothing to translate."""

    def gettext(self, message: str, /) -> str:
        """The message itself."""
        return message

    def ngettext(self, one: str, many: str, count: int, /) -> str:
        """Singular for exactly one."""
        return one if count == 1 else many


ENGLISH = English()
