"""People talking to us: who is obeyed, what is asked of the desk, and how the answer is shown.

Obeyed are the listed users, in the configured chat and in their own private chat with the bot. Nobody else learns
more than that they may not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from liqwatch.clock import Clock
from liqwatch.errors import LiqwatchError
from liqwatch.notifiers._telegram.board import Board
from liqwatch.notifiers._telegram.buttons import Action, Buttons, left_after
from liqwatch.notifiers._telegram.line import FORMAT, NO_PREVIEW, ChatLine
from liqwatch.notifiers._telegram.pace import REPLIES_LIMIT
from liqwatch.notifiers._telegram.text import ANSWER_LENGTH, plain, shorten, split
from liqwatch.notifiers._telegram.update import COMMANDS, Command, PressedButton
from liqwatch.ports import Answer, Desk
from liqwatch.redaction import redact

_log = structlog.get_logger(__name__)

DESK_SECONDS = 30.0
STALE_SECONDS = 600.0
NO_LONGER_VALID = "This button is no longer valid. /alerts shows what is open."
TOO_LONG = "That is too long for a command. /help shows how they are written."
STALE = "That was written {minutes:.0f} minutes ago, while nobody listened. Please say it again."
BUSY = "That took too long and was given up. Please try again."


class ChatListener:
    """Hears what belongs to one channel."""

    def __init__(
        self, *, line: ChatLine, board: Board, buttons: Buttons, clock: Clock, allowed_users: frozenset[int]
    ) -> None:
        """`bot_name` is learnt when the conversation begins."""
        self.bot_name = ""
        self._line = line
        self._board = board
        self._buttons = buttons
        self._clock = clock
        self._allowed_users = allowed_users

    async def hear(self, heard: PressedButton | Command, desk: Desk) -> bool:
        """Do what is asked; False where it is not for us or from nobody we know."""
        if heard.person.user_id not in self._allowed_users:
            return False
        if isinstance(heard, PressedButton):
            if not self._line.is_ours(heard.chat):
                return False
            await self._pressed(heard, desk)
            return True
        is_private = heard.chat.get("type") == "private" and heard.chat.get("id") == heard.person.user_id
        if not is_private and not self._line.is_ours(heard.chat):
            return False
        if self._is_meant(heard, is_private=is_private):
            await self._commanded(heard, desk)
        return True

    async def moved(self, old: int, new: int) -> None:
        """A group became a supergroup."""
        if self._line.number == old:
            await self._line.move(new)

    def _is_meant(self, command: Command, *, is_private: bool) -> bool:
        """In a group, other bots may listen to the same words."""
        if command.bot:
            return not self.bot_name or command.bot == self.bot_name.lower()
        return is_private or command.name in COMMANDS

    async def _pressed(self, pressed: PressedButton, desk: Desk) -> None:
        chat = int(pressed.chat.get("id", 0))
        press = await self._buttons.claim(pressed.key, chat, pressed.message_id)
        if press is None:
            await self._answer_query(pressed.query_id, NO_LONGER_VALID)
            return
        action = press.action
        if action.answer is not Answer.DETAILS:
            # Spent before it is obeyed: a press that is delivered twice must not count twice.
            await self._buttons.spend([pressed.key])
        answer = desk.answer(press.alert_id, action.answer, who=pressed.person.name, minutes=action.minutes)
        text = await _asked(answer)
        if action.answer is Answer.DETAILS:
            await self._answer_query(pressed.query_id, "")
            await self._say(text, {"reply_parameters": _reply_to(pressed.message_id)})
            return
        await self._answer_query(pressed.query_id, text)
        await self._show_answer(chat, pressed.message_id, press.alert_id, action, text)

    async def _show_answer(self, chat: int, message_id: int, alert_id: str, action: Action, text: str) -> None:
        # Looked up only now: the desk may have changed it meanwhile.
        shown = await self._board.find(chat, message_id)
        if shown is None:
            await self._say(text, {"reply_parameters": _reply_to(message_id)})
            return
        new = replace(shown, keys=left_after(action, shown.keys), notes={**shown.notes, alert_id: text})
        await self._board.change(new, shown)

    async def _commanded(self, command: Command, desk: Desk) -> None:
        age_seconds = self._clock.now().timestamp() - command.at
        if command.is_too_long:
            text = TOO_LONG
        elif age_seconds > STALE_SECONDS:
            text = STALE.format(minutes=age_seconds / 60)
        else:
            # Telegram's clients say /start by themselves when a chat begins.
            name = "help" if command.name == "start" else command.name
            text = await _asked(desk.command(name, command.arguments, who=command.person.name))
        place: dict[str, Any] = {"chat_id": command.chat["id"], "reply_parameters": _reply_to(command.message_id)}
        if command.topic is not None:
            place["message_thread_id"] = command.topic
        await self._say(text, place)

    async def _say(self, text: str, place: Mapping[str, Any]) -> None:
        for part in split("", redact(text)):
            deadline = asyncio.get_running_loop().time() + DESK_SECONDS
            content = {**FORMAT, **NO_PREVIEW, "text": part, **place}
            reply = await self._line.send("sendMessage", content, deadline=deadline, most_in_a_minute=REPLIES_LIMIT)
            if not reply.is_taken:
                _log.warning("telegram_answer_failed", channel=self._line.name, detail=reply.description)
                return

    async def _answer_query(self, query_id: str, text: str) -> None:
        await answer_query(self._line, query_id, text)


async def answer_query(line: ChatLine, query_id: str, text: str) -> None:
    """End the waiting of a pressed button, with a short text or without one."""
    parameters = {"callback_query_id": query_id}
    if text:
        parameters["text"] = shorten(plain(redact(text)), ANSWER_LENGTH)
    deadline = asyncio.get_running_loop().time() + DESK_SECONDS
    reply = await line.api.call("answerCallbackQuery", parameters, deadline=deadline)
    if not reply.is_taken:
        _log.info("telegram_press_unanswered", channel=line.name, detail=reply.description)


async def _asked(answer: Awaitable[str]) -> str:
    """The desk's word; its troubles are words, too."""
    try:
        async with asyncio.timeout(DESK_SECONDS):
            return await answer
    except TimeoutError:
        return BUSY
    except LiqwatchError as error:
        return redact(error.message)


def _reply_to(message_id: int) -> dict[str, Any]:
    return {"message_id": message_id, "allow_sending_without_reply": True}
