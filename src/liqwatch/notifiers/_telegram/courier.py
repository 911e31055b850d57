"""One alert to the chat: its text in parts, its picture, its buttons, and the end of the message before it.

The text is what counts. A retry goes on where the last attempt stopped, so that nobody reads the first part twice;
a picture that fails is left out, not tried again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import structlog

from liqwatch.model import DeliveryReport, Message, Severity
from liqwatch.notifiers._picture import picture_of
from liqwatch.notifiers._telegram.api import Fate, Reply, integer, mapping
from liqwatch.notifiers._telegram.board import Board, Shown
from liqwatch.notifiers._telegram.buttons import Buttons, markup
from liqwatch.notifiers._telegram.line import FORMAT, NO_PREVIEW, ChatLine
from liqwatch.notifiers._telegram.outcome import TOO_MANY, is_final, judge
from liqwatch.notifiers._telegram.text import CAPTION_LENGTH, length, split

_log = structlog.get_logger(__name__)

DRAFTS = 64
ROOM_FOR_ANSWERS = 200
"""Left free in a caption, so that an acknowledgement can be shown in it."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """A message under way: what has arrived of it."""

    parts: tuple[str, ...]
    sent: list[int] = field(default_factory=list)
    has_tried_picture: bool = False
    keys: dict[str, str] = field(default_factory=dict)


class Courier:
    """Sends messages to one chat."""

    def __init__(
        self, *, line: ChatLine, board: Board, buttons: Buttons, timeout_seconds: float, can_hear: bool
    ) -> None:
        """Buttons are put up only where presses are heard."""
        self._line = line
        self._board = board
        self._buttons = buttons
        self._timeout_seconds = timeout_seconds
        self._can_hear = can_hear
        self._drafts: OrderedDict[str, Draft] = OrderedDict()

    async def send(self, message: Message) -> DeliveryReport:
        """One attempt, within the channel's time limit in all."""
        deadline = asyncio.get_running_loop().time() + self._timeout_seconds
        await self._line.find()
        draft = self._draft(message)
        reply = Reply(fate=Fate.TAKEN) if draft.sent else await self._send_head(message, draft, deadline)
        if reply.is_taken:
            reply = await self._send_rest(message, draft, deadline)
        if not reply.is_taken:
            return judge(reply)
        self._drafts.pop(message.message_id, None)
        if message.follows and message.follows.isdigit():
            head = message.title if message.is_over else ""
            await self._board.end(int(message.follows), message.alert_ids, head, deadline=deadline)
        await self._send_picture_after(message, draft, deadline)
        return judge(reply, str(draft.sent[0]) if draft.sent[0] else "")

    def _draft(self, message: Message) -> Draft:
        draft = self._drafts.setdefault(message.message_id, Draft(parts=split(message.title, message.body)))
        if not draft.sent:
            # Nothing has arrived yet, so a newer wording (that it is late) may still take its place.
            draft.parts = split(message.title, message.body)
        while len(self._drafts) > DRAFTS:
            self._drafts.popitem(last=False)
        return draft

    async def _send_head(self, message: Message, draft: Draft, deadline: float) -> Reply:
        """The part that carries the worst, the buttons and, where it fits, the picture."""
        parameters = self._manner(message)
        if message.answerable_id and self._can_hear:
            draft.keys = draft.keys or self._buttons.issue(message.answerable_id)
            parameters["reply_markup"] = markup(draft.keys)
        is_photo, reply = True, await self._send_captioned(message, draft, parameters, deadline)
        if reply is None:
            is_photo, reply = False, await self._say(message, draft.parts[0], parameters, deadline)
        if reply.is_taken:
            await self._put_up(message, draft, reply, is_photo=is_photo)
        elif reply.fate is Fate.UNANSWERED and message.answerable_id:
            await self._buttons.keep(draft.keys, message.answerable_id)
        return reply

    async def _send_captioned(
        self, message: Message, draft: Draft, parameters: dict[str, Any], deadline: float
    ) -> Reply | None:
        """The whole message as a picture's caption; None where the text has to go alone."""
        if len(draft.parts) > 1 or length(draft.parts[0]) > CAPTION_LENGTH - ROOM_FOR_ANSWERS:
            return None
        # Half of the time belongs to the text, whatever becomes of the picture.
        half = (asyncio.get_running_loop().time() + deadline) / 2
        picture = await self._picture(message, draft, half)
        if picture is None:
            return None
        caption = {**parameters, **FORMAT, "caption": draft.parts[0]}
        reply = await self._line.send(
            "sendPhoto", caption, deadline=half, picture=picture, is_urgent=_is_urgent(message)
        )
        if reply.is_taken or reply.code == TOO_MANY or is_final(reply):
            draft.has_tried_picture = reply.code != TOO_MANY
            return reply
        draft.has_tried_picture = reply.fate is not Fate.UNREACHED
        _log.warning("telegram_picture_failed", channel=self._line.name, detail=reply.description)
        return None

    async def _send_rest(self, message: Message, draft: Draft, deadline: float) -> Reply:
        reply = Reply(fate=Fate.TAKEN)
        while len(draft.sent) < len(draft.parts):
            quiet = {"disable_notification": True}
            reply = await self._say(message, draft.parts[len(draft.sent)], quiet, deadline)
            if not reply.is_taken:
                return reply
            draft.sent.append(_message_id(reply))
        return reply

    async def _send_picture_after(self, message: Message, draft: Draft, deadline: float) -> None:
        picture = await self._picture(message, draft, deadline)
        if picture is None:
            return
        parameters = {"disable_notification": True, **_reply_to(draft.sent[0])}
        reply = await self._line.send("sendPhoto", parameters, deadline=deadline, picture=picture)
        if not reply.is_taken:
            _log.warning("telegram_picture_failed", channel=self._line.name, detail=reply.description)

    async def _say(self, message: Message, text: str, parameters: dict[str, Any], deadline: float) -> Reply:
        content = {**parameters, **FORMAT, **NO_PREVIEW, "text": text}
        return await self._line.send("sendMessage", content, deadline=deadline, is_urgent=_is_urgent(message))

    async def _put_up(self, message: Message, draft: Draft, reply: Reply, *, is_photo: bool) -> None:
        message_id = _message_id(reply)
        draft.sent.append(message_id)
        chat = integer(mapping(mapping(reply.result).get("chat")).get("id"))
        if not message_id or chat is None:
            return
        if message.answerable_id:
            await self._buttons.keep(draft.keys, message.answerable_id, chat, message_id)
        shown = Shown(
            chat=chat,
            message_id=message_id,
            text=draft.parts[0],
            alert_ids=tuple(dict.fromkeys(each for each in (message.answerable_id, *message.alert_ids) if each)),
            is_photo=is_photo,
            keys=draft.keys,
        )
        await self._board.put_up(shown)
        await self._board.point(shown)

    def _manner(self, message: Message) -> dict[str, Any]:
        manner: dict[str, Any] = {"disable_notification": True} if message.is_silent else {}
        if message.follows and message.follows.isdigit() and not self._line.has_moved:
            manner |= _reply_to(int(message.follows))
        return manner

    async def _picture(self, message: Message, draft: Draft, deadline: float) -> bytes | None:
        if message.chart is None or draft.has_tried_picture:
            return None
        draft.has_tried_picture = True
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.to_thread(picture_of, message)
        except TimeoutError:
            _log.warning("telegram_picture_failed", channel=self._line.name, detail="not drawn in time")
            return None


def _is_urgent(message: Message) -> bool:
    return message.severity >= Severity.CRITICAL and not message.is_silent


def _message_id(reply: Reply) -> int:
    return integer(mapping(reply.result).get("message_id")) or 0


def _reply_to(message_id: int) -> dict[str, Any]:
    return {"reply_parameters": {"message_id": message_id, "allow_sending_without_reply": True}}
