"""A chat for tests: options of a channel on a `TelegramServer`, a desk that takes notes, a cache in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from liqwatch.clock import Clock, ManualClock
from liqwatch.model import Message, Severity
from liqwatch.ports import Answer, Cache, ChannelOptions, Conversation
from liqwatch.testing.telegram_server import TelegramServer

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
CHAT = 4711
GROUP = -1004711
ANNA: dict[str, Any] = {"id": CHAT, "is_bot": False, "first_name": "Anna", "username": "anna"}
STRANGER: dict[str, Any] = {"id": 666, "is_bot": False, "first_name": "Mallory"}


class SkippingClock(ManualClock):
    """Pauses take no time: the clock jumps to their end. Otherwise it moves when told."""

    def __init__(self, start: datetime = START) -> None:
        super().__init__(start)
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Note the pause and skip it."""
        self.pauses.append(seconds)
        self.advance(seconds)


class MemoryCache:
    """A cache that outlives a notifier, not the test."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, datetime]] = {}

    async def remember(self, name: str, text: str, at: datetime) -> None:
        """Keep, replacing."""
        self.pages[name] = (text, at)

    async def recall(self, name: str) -> tuple[str, datetime] | None:
        """What was kept."""
        return self.pages.get(name)

    async def forget(self, prefix: str, before: datetime) -> None:
        """Drop older pages whose names begin so."""
        for name, (_, at) in list(self.pages.items()):
            if name.startswith(prefix) and at < before:
                del self.pages[name]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to the desk: an alert's id or a command, what about it, and who asked."""

    about: str
    what: str
    who: str
    minutes: int = 0
    arguments: tuple[str, ...] = ()


class RecordingDesk:
    """Answers everything with `says` and keeps what it was asked and told."""

    def __init__(self, says: str = "acknowledged by Anna at 03:00") -> None:
        self.says = says
        self.asked: list[Asked] = []
        self.troubles: list[str] = []

    async def answer(self, alert_id: str, answer: Answer, *, who: str, minutes: int = 0) -> str:
        """Note a pressed button."""
        self.asked.append(Asked(alert_id, answer.value, who, minutes))
        return self.says

    async def command(self, name: str, arguments: Sequence[str], *, who: str) -> str:
        """Note a command."""
        self.asked.append(Asked(name, "command", who, arguments=tuple(arguments)))
        return self.says

    async def channel_trouble(self, channel: str, text: str) -> None:
        """Note a trouble, or its end."""
        self.troubles.append(f"{channel}: {text}" if text else "")


def chat_options(  # noqa: PLR0913  one keyword for each option a test may turn
    server: TelegramServer,
    *,
    chat: int | str = CHAT,
    query: str = "",
    allowed_users: frozenset[int] = frozenset({CHAT}),
    cache: Cache | None = None,
    clock: Clock | None = None,
    timeout_seconds: float = 10.0,
    api_url: str = "",
) -> ChannelOptions:
    """The channel `chat` on that server."""
    return ChannelOptions(
        name="chat",
        url=f"tgram://{server.token}/{chat}{query}",
        api_url=api_url or server.url,
        allowed_users=allowed_users,
        cache=cache,
        clock=clock or SkippingClock(),
        timeout_seconds=timeout_seconds,
    )


@asynccontextmanager
async def conversing(conversation: Conversation, desk: RecordingDesk) -> AsyncIterator[None]:
    """Hear people as long as the block lasts."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(conversation.converse(desk), name="conversation")
        try:
            yield
        finally:
            task.cancel()


def alert(number: int = 1, **changes: Any) -> Message:  # noqa: ANN401  any field of a message
    """A critical alert that can be answered."""
    fields: dict[str, Any] = {
        "message_id": f"a1b2c{number}.1",
        "title": f"CRITICAL BTC #{number}",
        "body": "3.1 % to liquidation at 58 200",
        "severity": Severity.CRITICAL,
        "alert_ids": (f"a1b2c{number}",),
        "answerable_id": f"a1b2c{number}",
    }
    return Message(**{**fields, **changes})
