"""Telegram's HTML as its servers read it: a few tags, entities, and a refusal for every other `<`."""

from __future__ import annotations

import html
import re

TAGS = frozenset({
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "span", "tg-spoiler", "tg-emoji",
    "blockquote",
})  # fmt: skip
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:\s[^<>]*)?)>")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")


class BadEntities(ValueError):
    """What Telegram would say to this HTML."""


def shown_text(text: str) -> str:
    """What people read of it.

    Raises:
        BadEntities: a tag that Telegram does not know, or one that is not closed.
    """
    shown: list[str] = []
    still_open: list[str] = []
    position = 0
    while (start := text.find("<", position)) >= 0:
        shown.append(text[position:start])
        tag = _TAG.match(text, start)
        offset = len(text[:start].encode())
        if tag is None:
            raise BadEntities(f'can\'t parse entities: Unsupported start tag "" at byte offset {offset}')
        _enter(tag, still_open, offset)
        position = tag.end()
    if still_open:
        raise BadEntities(f"can't parse entities: Can't find end tag corresponding to start tag \"{still_open[-1]}\"")
    shown.append(text[position:])
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), "".join(shown)).strip()


def _enter(tag: re.Match[str], still_open: list[str], offset: int) -> None:
    name = tag[2].lower()
    if tag[1]:
        if not still_open or still_open.pop() != name:
            raise BadEntities(f"can't parse entities: Unexpected end tag at byte offset {offset}")
    elif name in TAGS:
        still_open.append(name)
    else:
        raise BadEntities(f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {offset}')
