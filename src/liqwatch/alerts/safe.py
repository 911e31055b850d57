"""Texts from outside (symbols, account labels, what a venue says), fit to stand in a line of ours."""

from __future__ import annotations

import unicodedata

LONGEST = 200
BLANKS = frozenset({"Cc", "Zl", "Zp", "Zs"})
"""Control characters, line ends and every kind of blank become one space."""
DROPPED = frozenset({"Cf", "Cs", "Cn"})
"""Characters that change how others look (direction, joins), halves of characters, and no characters at all."""
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def safe(text: str, longest: int = LONGEST, *, cut: str = "…") -> str:
    """The text on one line, without characters that hide, reorder or command; too long, it ends in `cut`.

    A no-break space stays, since our own figures have them. Escaping for HTML or a terminal is the channel's part.
    """
    cleaned = "".join(_kept(character) for character in text)
    line = " ".join(part for part in cleaned.split(" ") if part)
    return line if len(line) <= longest else f"{line[: longest - len(cut)].rstrip()}{cut}"


def _kept(character: str) -> str:
    if character == NO_BREAK_SPACE:
        return character
    category = unicodedata.category(character)
    if category in DROPPED:
        return ""
    return " " if category in BLANKS else character
