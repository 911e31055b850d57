"""Long messages in parts: most services cut or refuse what is longer than a few thousand characters."""

from __future__ import annotations

from collections.abc import Iterator

PART_LENGTH = 3500
"""Characters in one part; Telegram takes 4096 of them, counted after escaping."""


def split_message(title: str, body: str) -> Iterator[tuple[str, str]]:
    """Title and body of each part, cut at line ends where there are any; the first part carries the title."""
    # Services refuse an empty body.
    rest = body or title
    while True:
        part, rest = _cut(rest)
        yield title, part
        title = ""
        if not rest:
            return


def _cut(text: str) -> tuple[str, str]:
    if len(text) <= PART_LENGTH:
        return text, ""
    end = text.rfind("\n", 1, PART_LENGTH + 1)
    if end == -1:
        return text[:PART_LENGTH], text[PART_LENGTH:]
    return text[:end], text[end + 1 :]
