"""An answer given in one place is shown in all others. Nobody who answers waits for that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from liqwatch.errors import LiqwatchError
from liqwatch.ports import Conversation

log = structlog.get_logger(__name__)

QUEUE_LIMIT = 100
REFRESH_SECONDS = 15.0


class Echo:
    """A bounded queue of answers, and the task that shows them under the messages of every conversation."""

    def __init__(self, conversations: Iterable[Conversation]) -> None:
        self._conversations = tuple(conversations)
        self._waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(QUEUE_LIMIT)

    def say(self, alert_id: str, text: str) -> None:
        """Show this soon. When too much waits, the oldest goes: a newer answer shows the present state."""
        if self._conversations:
            if self._waiting.full():
                self._waiting.get_nowait()
            self._waiting.put_nowait((alert_id, text))

    async def run(self) -> None:
        """Show what is said, for ever."""
        while True:
            alert_id, text = await self._waiting.get()
            async with asyncio.TaskGroup() as tasks:
                for conversation in self._conversations:
                    tasks.create_task(_refresh(conversation, alert_id, text), name=f"refresh:{conversation.name}")


async def _refresh(conversation: Conversation, alert_id: str, text: str) -> None:
    try:
        async with asyncio.timeout(REFRESH_SECONDS):
            await conversation.refresh(alert_id, text)
    except (LiqwatchError, TimeoutError) as error:
        log.warning("answer_not_shown", channel=conversation.name, alert=alert_id, error=str(error))
