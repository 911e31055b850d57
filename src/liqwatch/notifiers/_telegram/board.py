"""What stands in the chat, so that it can be changed in place: an old message must not look like the present."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

import structlog

from liqwatch.notifiers._telegram.api import Fate
from liqwatch.notifiers._telegram.buttons import LIFE as BUTTON_LIFE
from liqwatch.notifiers._telegram.buttons import PREFIX as BUTTON_PREFIX
from liqwatch.notifiers._telegram.buttons import Buttons, markup
from liqwatch.notifiers._telegram.line import FORMAT, NO_PREVIEW, ChatLine
from liqwatch.notifiers._telegram.notebook import Notebook
from liqwatch.notifiers._telegram.text import bold, length, note, shorten

_log = structlog.get_logger(__name__)

LIFE = timedelta(days=7)
MESSAGE_PREFIX = "telegram_message:"
ALERT_PREFIX = "telegram_alert:"
LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
LONGEST_HEAD = 150
_LIVES = {BUTTON_PREFIX: BUTTON_LIFE, MESSAGE_PREFIX: LIFE, ALERT_PREFIX: LIFE}
_SAME_AS_BEFORE = "message is not modified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One message of ours. Buttons are those of the first alert. `head` is how it ended.

    `notes` are what has become of its alerts since, by alert: the answers people gave, the end of one of several.
    """

    chat: int
    message_id: int
    text: str
    alert_ids: tuple[str, ...] = ()
    is_photo: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    head: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    def html(self) -> str:
        """Head, text and notes, never longer than Telegram takes."""
        room = (LONGEST_CAPTION if self.is_photo else LONGEST_TEXT) - length(self.text)
        head = bold(shorten(self.head, LONGEST_HEAD)) if self.head else ""
        if length(head) + 2 > room:
            head = ""
        notes = note("\n".join(self.notes.values()), room - length(head) - 4)
        return "\n\n".join(piece for piece in (head, self.text, notes) if piece)


class Board:
    """The messages of one chat that may still change."""

    def __init__(self, *, line: ChatLine, buttons: Buttons, notebook: Notebook, timeout_seconds: float) -> None:
        """`timeout_seconds` limits a change that nobody waits for."""
        self._line = line
        self._buttons = buttons
        self._notebook = notebook
        self._timeout_seconds = timeout_seconds

    async def put_up(self, shown: Shown) -> None:
        """A message has been sent or changed."""
        await self._notebook.write(_page_name(shown.chat, shown.message_id), asdict(shown))
        await self._notebook.sweep(_LIVES)

    async def point(self, shown: Shown) -> None:
        """From now on this message is the last about its alerts."""
        page = {"chat": shown.chat, "message_id": shown.message_id}
        for alert_id in shown.alert_ids[1:]:
            self._notebook.jot(f"{ALERT_PREFIX}{self._line.name}:{alert_id}", page)
        for alert_id in shown.alert_ids[:1]:
            await self._notebook.write(f"{ALERT_PREFIX}{self._line.name}:{alert_id}", page)

    async def find(self, chat: int, message_id: int) -> Shown | None:
        """A message of ours, as it stands."""
        page = await self._notebook.read(_page_name(chat, message_id), younger_than=LIFE)
        try:
            return Shown(**{**page, "alert_ids": tuple(page["alert_ids"])}) if page else None
        except (KeyError, TypeError):
            # Written by a version that kept other things.
            return None

    async def note(self, alert_id: str, text: str) -> None:
        """Show an answer under the last message about an alert."""
        page = await self._notebook.read(f"{ALERT_PREFIX}{self._line.name}:{alert_id}", younger_than=LIFE)
        shown = await self.find(page["chat"], page["message_id"]) if page else None
        if shown and shown.notes.get(alert_id) != text:
            await self.change(replace(shown, notes={**shown.notes, alert_id: text}), shown)

    async def end(self, message_id: int, alert_ids: Collection[str], head: str, *, deadline: float) -> None:
        """A newer message about these alerts stands below: their buttons go, and `head` tells how they ended."""
        shown = await self.find(self._line.number, message_id) if self._line.number is not None else None
        if shown is not None:
            await self.change(_ended(shown, alert_ids, head), shown, deadline=deadline)
        elif not self._line.has_moved:
            await self._remove_buttons(message_id, deadline)

    async def change(self, new: Shown, old: Shown, *, deadline: float | None = None) -> None:
        """Edit in place, and spend the buttons that go. A refusal is told in the log only."""
        deadline = deadline or asyncio.get_running_loop().time() + self._timeout_seconds
        await self.put_up(new)
        await self._buttons.spend(key for name, key in old.keys.items() if name not in new.keys)
        if new.html() == old.html() and new.keys == old.keys:
            return
        await self._call(*_edit(new, has_same_text=new.html() == old.html()), deadline=deadline)

    async def _remove_buttons(self, message_id: int, deadline: float) -> None:
        parameters = {"message_id": message_id, "reply_markup": markup({})}
        await self._call("editMessageReplyMarkup", parameters, deadline=deadline)

    async def _call(self, method: str, parameters: Mapping[str, Any], *, deadline: float) -> None:
        reply = await self._line.edit(method, parameters, deadline=deadline)
        if reply.fate is not Fate.TAKEN and _SAME_AS_BEFORE not in reply.description.lower():
            _log.info("telegram_not_edited", channel=self._line.name, detail=reply.description)


def _ended(shown: Shown, alert_ids: Collection[str], head: str) -> Shown:
    """A message whose alerts, or some of them, are told anew. One that tells of others as well goes on for those."""
    if set(shown.alert_ids) <= set(alert_ids):
        return replace(shown, keys={}, head=head or shown.head)
    keys = {} if shown.alert_ids[0] in alert_ids else shown.keys
    told = [alert_id for alert_id in shown.alert_ids if alert_id in alert_ids]
    return replace(shown, keys=keys, notes={**shown.notes, **dict.fromkeys(told[:1] if head else (), head)})


def _edit(new: Shown, *, has_same_text: bool) -> tuple[str, dict[str, Any]]:
    parameters = {"chat_id": new.chat, "message_id": new.message_id, "reply_markup": markup(new.keys)}
    if has_same_text:
        return "editMessageReplyMarkup", parameters
    if new.is_photo:
        return "editMessageCaption", {**parameters, **FORMAT, "caption": new.html()}
    return "editMessageText", {**parameters, **FORMAT, **NO_PREVIEW, "text": new.html()}


def _page_name(chat: int, message_id: int) -> str:
    return f"{MESSAGE_PREFIX}{chat}:{message_id}"
