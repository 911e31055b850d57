"""Asking Telegram for what people did, for ever, one asker for each bot.

Telegram allows one poll of a bot at a time. Channels of this process that share a bot share the poll: one asks, all
hear. A second program that polls the same bot takes updates away from us (409); that is told through other channels,
and sending goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import structlog

from liqwatch.clock import Clock
from liqwatch.notifiers._telegram.api import Fate, Reply, integer
from liqwatch.notifiers._telegram.chat import ChatListener, answer_query
from liqwatch.notifiers._telegram.line import ChatLine
from liqwatch.notifiers._telegram.notebook import Notebook
from liqwatch.notifiers._telegram.update import PressedButton, new_address, read_update
from liqwatch.ports import Desk

_log = structlog.get_logger(__name__)

POLL_SECONDS = 25
ANSWER_SECONDS = 10
UPDATES_AT_ONCE = 20
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
REFUSED_PAUSE_SECONDS = 60.0
PEACE_SECONDS = 60.0
"""So long without a conflict ends it: two pollers take turns in being refused."""
OFFSET_LIFE = timedelta(days=6)
"""After a week without updates Telegram numbers them anew."""
STRANGERS_ANSWERED = 10
STRANGERS_SECONDS = 60.0
CONFLICT, UNAUTHORIZED, NOT_FOUND = 409, 401, 404
NOT_YOURS = "You may not answer here."


@dataclass(frozen=True, slots=True)
class Hearer:
    """Who hears what is asked for on behalf of all."""

    listener: ChatListener
    desk: Desk


class Ear:
    """One bot's place to hear, shared by its channels."""

    _of: ClassVar[WeakValueDictionary[str, Ear]] = WeakValueDictionary()

    def __init__(self) -> None:
        """Nobody listens yet."""
        self.turn = asyncio.Lock()
        self.hearers: list[Hearer] = []

    @classmethod
    def of_bot(cls, bot: str) -> Ear:
        """The one of this bot, for as long as a channel holds it."""
        ear = cls._of.get(bot)
        if ear is None:
            ear = cls._of[bot] = cls()
        return ear

    @contextmanager
    def listening(self, hearer: Hearer) -> Iterator[None]:
        """Hear as long as the block lasts."""
        self.hearers.append(hearer)
        try:
            yield
        finally:
            self.hearers.remove(hearer)


class Poll:
    """The asker."""

    def __init__(self, *, line: ChatLine, ear: Ear, notebook: Notebook, clock: Clock, bot_id: str) -> None:
        """`line` is where strangers are refused; its channel is the one whose troubles are told."""
        self._line = line
        self._ear = ear
        self._notebook = notebook
        self._clock = clock
        self._offset_page = f"telegram_offset:{bot_id}"
        # An earlier life may have told of a trouble that is over.
        self._trouble: str | None = None
        self._conflict_at = float("-inf")
        self._is_out = False
        self._strangers_since = float("-inf")
        self._strangers = 0

    async def run(self, desk: Desk) -> None:
        """For ever; every turn either waits for Telegram or pauses."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = self._clock.monotonic()
            reply = await self._ask()
            if reply.is_taken:
                pause = FIRST_PAUSE_SECONDS
                await self._well(desk)
                took_none = not await self._take(reply.result)
                if took_none and self._clock.monotonic() - began < FIRST_PAUSE_SECONDS:
                    await self._clock.sleep(FIRST_PAUSE_SECONDS)
                continue
            await self._unwell(desk, reply)
            await self._clock.sleep(_pause_seconds(reply, pause))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _ask(self) -> Reply:
        page = await self._notebook.read(self._offset_page, younger_than=OFFSET_LIFE)
        parameters: dict[str, Any] = {
            "timeout": POLL_SECONDS,
            "limit": UPDATES_AT_ONCE,
            "allowed_updates": ["message", "callback_query"],
        }
        if page and isinstance(page.get("offset"), int):
            parameters["offset"] = page["offset"]
        deadline = asyncio.get_running_loop().time() + POLL_SECONDS + ANSWER_SECONDS
        return await self._line.api.call("getUpdates", parameters, deadline=deadline)

    async def _take(self, result: object) -> int:
        """Hear every update once; how many there were."""
        updates = [each for each in result if isinstance(each, dict)] if isinstance(result, list) else []
        numbers = [number for each in updates if (number := integer(each.get("update_id"))) is not None]
        if numbers:
            # Before they are heard: a command that ends us must not be waiting for the next life.
            await self._notebook.write(self._offset_page, {"offset": max(numbers) + 1})
        for update in updates:
            await self._hear(update)
        return len(numbers)

    async def _hear(self, update: Mapping[str, Any]) -> None:
        moved = new_address(update)
        if moved:
            for hearer in tuple(self._ear.hearers):
                await hearer.listener.moved(*moved)
            return
        heard = read_update(update)
        if heard is None:
            return
        for hearer in tuple(self._ear.hearers):
            if await hearer.listener.hear(heard, hearer.desk):
                return
        await self._refuse(heard.person.user_id, heard.query_id if isinstance(heard, PressedButton) else "")

    async def _refuse(self, user_id: int, query_id: str) -> None:
        """A stranger: a short word for a press, nothing for a command, and not for ever."""
        now = self._clock.monotonic()
        if now - self._strangers_since >= STRANGERS_SECONDS:
            if self._strangers > 1:
                _log.warning("telegram_strangers_refused", channel=self._line.name, count=self._strangers)
            self._strangers_since, self._strangers = now, 0
        self._strangers += 1
        if self._strangers == 1:
            _log.warning("telegram_stranger_refused", channel=self._line.name, user_id=user_id)
        if query_id and self._strangers <= STRANGERS_ANSWERED:
            await answer_query(self._line, query_id, NOT_YOURS)

    async def _well(self, desk: Desk) -> None:
        if self._is_out:
            self._is_out = False
            _log.info("telegram_hears_again", channel=self._line.name)
        if self._clock.monotonic() - self._conflict_at >= PEACE_SECONDS:
            await self._tell(desk, "")

    async def _unwell(self, desk: Desk, reply: Reply) -> None:
        if not self._is_out:
            self._is_out = True
            _log.warning("telegram_hears_nothing", channel=self._line.name, detail=reply.description)
        if reply.fate is not Fate.REFUSED:
            return
        if reply.code == CONFLICT:
            self._conflict_at = self._clock.monotonic()
            await self._tell(desk, _conflict_text(reply.description))
        elif reply.code in (UNAUTHORIZED, NOT_FOUND):
            await self._tell(desk, "Telegram refuses the bot token: buttons and commands are not heard")

    async def _tell(self, desk: Desk, text: str) -> None:
        if text != self._trouble:
            self._trouble = text
            await desk.channel_trouble(self._line.name, text)


def _conflict_text(description: str) -> str:
    if "webhook" in description.lower():
        return "a webhook is set for this bot: buttons and commands are not heard; alerts still go out"
    return "another program polls this bot: buttons and commands may get lost; alerts still go out"


def _pause_seconds(reply: Reply, pause: float) -> float:
    if reply.code in (UNAUTHORIZED, NOT_FOUND):
        return REFUSED_PAUSE_SECONDS
    return max(pause, min(reply.retry_after_seconds or 0.0, REFUSED_PAUSE_SECONDS))
