"""What of a text no catalogue knows: a language in which every known letter is a sign that stands in no text."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from liqwatch.alerts.lifting import FIGURE, MOVING, lifted, translated
from liqwatch.alerts.phrasebook import PHRASES
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.voice import Translate, Voice

SIGN = "¤"


@dataclass(frozen=True, slots=True)
class Masked:
    """Hides every letter of every message that a catalogue holds; fields are filled in as they are."""

    catalogue: Translate

    def gettext(self, message: str, /) -> str:
        """The message without its letters, if it is one."""
        # Phrases are in every catalogue (test_languages), even where a language writes one as English does.
        if message not in PHRASES and self.catalogue.gettext(message) == message:
            return message
        return "".join(_hidden(part) for part in re.split(r"(\{\w+\})", message))

    def ngettext(self, one: str, many: str, count: int, /) -> str:
        """As `gettext`."""
        return self.gettext(one if count == 1 else many)


def untranslated(text: str, catalogue: Translate, foreign: Collection[str] = ()) -> str:
    """The letters that are left when all is said that the catalogue knows; "" where nothing stays English.

    The catalogue should be of a language that shares few letters with English. Names of coins and markets are left
    out, and so is what is `foreign`: the words of a venue, of a user, of a machine.
    """
    said = translated(text, Speaker(Voice(language="de"), Masked(catalogue)))
    names = {value.removesuffix(" long").removesuffix(" short") for value in lifted(text)[1]}
    for name in sorted({*foreign, *(name for name in names if not FIGURE.fullmatch(name))}, key=len, reverse=True):
        said = said.replace(name, "")
    figures = re.sub(r"\d+e[+-]?\d+", "", said)
    return "".join(re.findall(r"[^\W\d_]+", MOVING.sub("", figures).replace(SIGN, "")))


def _hidden(part: str) -> str:
    return part if part.startswith("{") else re.sub(r"[^\W\d]", SIGN, part)
