"""The configured chat: what is said to it, at its pace, and where it has moved to.

A group that becomes a supergroup gets a new address. Telegram names it in its refusal; it is followed once for each
call, remembered, and told in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from liqwatch.clock import Clock
from liqwatch.notifiers._telegram.address import ChatAddress
from liqwatch.notifiers._telegram.api import BotApi, Fate, Reply, integer, mapping
from liqwatch.notifiers._telegram.notebook import Notebook
from liqwatch.notifiers._telegram.outcome import TOO_MANY
from liqwatch.notifiers._telegram.pace import GROUP_LIMIT, Pace
from liqwatch.notifiers._telegram.text import unescape

_log = structlog.get_logger(__name__)

FORMAT: Mapping[str, Any] = {"parse_mode": "HTML"}
NO_PREVIEW: Mapping[str, Any] = {"link_preview_options": {"is_disabled": True}}
_FOR_EVER = timedelta(days=36_500)
_TEXTS = ("text", "caption")


class ChatLine:
    """One chat of one bot. `chat` is where it is now; `number` Telegram's number of it, once that is known."""

    def __init__(self, *, name: str, api: BotApi, address: ChatAddress, notebook: Notebook, clock: Clock) -> None:
        """Nothing is called yet."""
        self.name = name
        self.api = api
        self.chat = address.chat
        self.number = address.chat if isinstance(address.chat, int) else None
        self._address = address
        self._notebook = notebook
        self._clock = clock
        self._pace = Pace(is_group=not isinstance(address.chat, int) or address.chat < 0)
        self._is_found = False

    async def find(self) -> None:
        """Where the chat moved to in an earlier life."""
        if self._is_found:
            return
        self._is_found = True
        page = await self._notebook.read(self._page_name, younger_than=_FOR_EVER)
        # A configuration that names another chat since is not overruled.
        if page and page.get("from") == self._address.chat and isinstance(page.get("to"), int):
            self.chat = self.number = page["to"]

    @property
    def has_moved(self) -> bool:
        """Whether messages of the configured chat have other numbers where it is now."""
        return self.chat != self._address.chat

    def is_ours(self, chat: Mapping[str, Any]) -> bool:
        """Whether an update's chat is the configured one."""
        if isinstance(self.chat, int):
            return chat.get("id") == self.chat
        return f"@{chat.get('username', '')}".lower() == self.chat.lower()

    async def send(
        self,
        method: str,
        parameters: Mapping[str, Any],
        *,
        deadline: float,
        picture: bytes | None = None,
        is_urgent: bool = False,
        most_in_a_minute: int = GROUP_LIMIT,
    ) -> Reply:
        """Say something new, in the chat or in the one that `parameters` name; urgent words try a full group, too."""
        is_here = parameters.get("chat_id", self.chat) == self.chat
        refusal = self._banned() or (
            await self._wait(deadline, most_in_a_minute, is_urgent=is_urgent) if is_here else None
        )
        if refusal:
            return refusal
        address = {"chat_id": self.chat, **self._topic, "disable_notification": self._address.is_silent}
        if "chat_id" in parameters:
            address.pop("message_thread_id", None)
        if is_here:
            self._pace.took(self._clock.monotonic())
        reply = await self._insist(method, {**address, **parameters}, deadline=deadline, picture=picture)
        if reply.is_taken and "chat_id" not in parameters:
            self.number = integer(mapping(mapping(reply.result).get("chat")).get("id")) or self.number
        return reply

    async def edit(self, method: str, parameters: Mapping[str, Any], *, deadline: float) -> Reply:
        """Change something said."""
        return self._banned() or await self._insist(method, {"chat_id": self.chat, **parameters}, deadline=deadline)

    async def move(self, new_chat: int) -> None:
        """The chat has a new address."""
        _log.warning("telegram_chat_moved", channel=self.name, new_chat=new_chat, mend="write it in the channel's url")
        self.chat = self.number = new_chat
        await self._notebook.write(self._page_name, {"from": self._address.chat, "to": new_chat})

    @property
    def _page_name(self) -> str:
        return f"telegram_chat:{self.name}"

    @property
    def _topic(self) -> dict[str, Any]:
        return {} if self._address.topic is None else {"message_thread_id": self._address.topic}

    def _banned(self) -> Reply | None:
        """The refusal that Telegram would only repeat, and for longer."""
        seconds = self._pace.ban_seconds(self._clock.monotonic())
        return _too_many(seconds) if seconds else None

    async def _wait(self, deadline: float, limit: int, *, is_urgent: bool) -> Reply | None:
        """Keep the pace; our own refusal, where there is no time for that."""
        now = self._clock.monotonic()
        full = 0.0 if is_urgent else self._pace.full_seconds(now, limit)
        pause = self._pace.pause_seconds(now)
        if full or pause >= deadline - asyncio.get_running_loop().time():
            return replace(_too_many(full or pause), is_own=True)
        if pause:
            await self._clock.sleep(pause)
        return None

    async def _insist(
        self, method: str, parameters: Mapping[str, Any], *, deadline: float, picture: bytes | None = None
    ) -> Reply:
        """Call; where Telegram says what is in the way, mend each such thing once and call again."""
        mended: set[str] = set()
        while True:
            reply = await self.api.call(method, parameters, deadline=deadline, picture=picture)
            if reply.code == TOO_MANY:
                self._pace.banned(self._clock.monotonic(), reply.retry_after_seconds or 1.0)
            obstacle = _obstacle(reply, parameters)
            if obstacle is None or obstacle in mended:
                return reply
            mended.add(obstacle)
            parameters = await self._mended(obstacle, parameters, reply)

    async def _mended(self, obstacle: str, parameters: Mapping[str, Any], reply: Reply) -> Mapping[str, Any]:
        if obstacle == "moved" and reply.migrate_to_chat_id is not None:
            if parameters["chat_id"] == self.chat:
                await self.move(reply.migrate_to_chat_id)
            # Messages have other numbers there: what this one replies to would be another.
            kept = {key: value for key, value in parameters.items() if key != "reply_parameters"}
            return {**kept, "chat_id": reply.migrate_to_chat_id}
        _log.warning("telegram_refusal_mended", channel=self.name, obstacle=obstacle, detail=reply.description)
        if obstacle == "topic":
            return {key: value for key, value in parameters.items() if key != "message_thread_id"}
        without = {key: value for key, value in parameters.items() if key != "parse_mode"}
        return {key: unescape(value) if key in _TEXTS else value for key, value in without.items()}


def _obstacle(reply: Reply, parameters: Mapping[str, Any]) -> str | None:
    if reply.fate is not Fate.REFUSED:
        return None
    text = reply.description.lower()
    if reply.migrate_to_chat_id is not None:
        return "moved"
    if "can't parse entities" in text and "parse_mode" in parameters:
        return "format"
    if "message thread not found" in text and "message_thread_id" in parameters:
        return "topic"
    return None


def _too_many(seconds: float) -> Reply:
    return Reply(
        fate=Fate.REFUSED, code=TOO_MANY, description="too many messages in this chat", retry_after_seconds=seconds
    )
