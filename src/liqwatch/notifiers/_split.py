"""Long messages in parts: most services cut or refuse what is longer than a few thousand characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

PART_LENGTH = 3500
"""Characters in one part; Telegram takes 4096 of them, counted after escaping."""


def split_message(title: str, body: str, length: int = PART_LENGTH) -> Sequence[tuple[str, str]]:
    """Title and body of each part, cut at line ends where there are any; several are numbered: "1/3 · title"."""
    # Services refuse an empty body.
    parts = list(_parts(body or title or " ", length))
    if len(parts) == 1:
        return [(title, parts[0])]
    return [(f"{number}/{len(parts)} · {title}", part) for number, part in enumerate(parts, start=1)]


def _parts(text: str, length: int) -> Iterator[str]:
    rest = text
    while rest:
        part, rest = _cut(rest, length)
        yield part


def _cut(text: str, length: int) -> tuple[str, str]:
    if len(text) <= length:
        return text, ""
    end = text.rfind("\n", 1, length + 1)
    if end == -1:
        return text[:length], text[length:]
    return text[:end], text[end + 1 :]
