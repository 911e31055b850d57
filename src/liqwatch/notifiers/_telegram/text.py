"""Text for Telegram: HTML that we escape ourselves, in parts that are never refused for their length.

Telegram takes 4096 characters of a message and 1024 of a caption, counted in UTF-16 units after it has read the HTML.
We count before, escapes included, so that a part is on the safe side whatever is in it.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator

PART_LENGTH = 3500
CAPTION_LENGTH = 1024
LONGEST_TITLE = 1000
MOST_PARTS = 12
ANSWER_LENGTH = 200
"""What fits into the little window over a pressed button."""
_KEPT = {"\n", "\t", "\u200d"}
_UNWANTED = {"Cc", "Cf", "Cs", "Co", "Cn"}


def plain(text: str) -> str:
    """The text without control and direction characters, which could forge or hide what people see."""
    text = text.replace("\r\n", "\n")
    return "".join(sign for sign in text if sign in _KEPT or unicodedata.category(sign) not in _UNWANTED)


def escape(text: str) -> str:
    """The text as HTML that shows exactly it."""
    return html.escape(plain(text), quote=False)


def unescape(part: str) -> str:
    """What a part made here shows, without its marks: for the attempt that sends it unformatted."""
    return html.unescape(part.replace("<b>", "").replace("</b>", ""))


def bold(text: str) -> str:
    """The text escaped and bold; nothing, of nothing."""
    escaped = escape(text).strip()
    return f"<b>{escaped}</b>" if escaped else ""


def length(text: str) -> int:
    """UTF-16 units."""
    return len(text) + sum(sign > "\uffff" for sign in text)


def split(title: str, body: str) -> tuple[str, ...]:
    """The message as HTML in parts of at most `PART_LENGTH`; the title leads the first, so the worst is seen first."""
    head = bold(shorten(plain(title).strip(), LONGEST_TITLE))
    parts: list[str] = []
    part = head
    for line in _short_lines(plain(body)):
        joined = f"{part}\n{line}" if part else line
        if length(joined) <= PART_LENGTH:
            part = joined
        else:
            parts.append(part)
            part = line
    parts = [each for each in (*parts, part) if each.strip()]
    if len(parts) > MOST_PARTS:
        left_out = len(parts) - MOST_PARTS
        parts = [
            *parts[:MOST_PARTS],
            f"… and {left_out} more parts of this length, left out",
        ]
    return tuple(parts) or ("(no text)",)


def shorten(text: str, longest: int) -> str:
    """The text, cut to that many characters with a mark of the cut."""
    return text if length(text) <= longest else f"{_cut(text, longest - 1)}…"


def note(text: str, room: int) -> str:
    """The text escaped, cut so that its HTML takes no more than `room`; nothing where there is none."""
    text = plain(text).strip()
    if length(html.escape(text, quote=False)) <= room:
        return html.escape(text, quote=False)
    pieces = list(_pieces(text, room - 1)) if room > 1 else []
    return f"{pieces[0]}…" if pieces else ""


def _short_lines(body: str) -> Iterator[str]:
    """Escaped lines, none longer than a part."""
    for line in body.split("\n"):
        yield from _pieces(line, PART_LENGTH) if line else ("",)


def _pieces(line: str, longest: int) -> Iterator[str]:
    """A line escaped, in pieces; an escape is never cut through."""
    piece: list[str] = []
    units = 0
    for sign in line:
        escaped = html.escape(sign, quote=False)
        cost = length(escaped)
        if units + cost > longest:
            yield "".join(piece)
            piece, units = [], 0
        piece.append(escaped)
        units += cost
    yield "".join(piece)


def _cut(text: str, longest: int) -> str:
    units = 0
    for index, sign in enumerate(text):
        units += length(sign)
        if units > longest:
            return text[:index]
    return text
