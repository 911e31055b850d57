"""What is kept: alert state and the outbox, the history, facts worth remembering."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from liqwatch.model import (
    AlertChange,
    AlertRecord,
    HistoryEvent,
    OutboxEntry,
    OutboxRow,
    OutboxStatus,
    Settlement,
    Severity,
    Silence,
)


class Store(Protocol):
    """Alert state and the outbox: one place, one transaction."""

    async def load(self) -> Sequence[AlertRecord]:
        """Every alert record, as last committed."""
        ...

    async def commit(self, changes: Sequence[AlertChange]) -> None:
        """Write states and their messages together; returns when they are durable."""
        ...

    async def lease(
        self, channel: str, *, now: datetime, until: datetime, limit: int, above: Severity | None = None
    ) -> Sequence[OutboxRow]:
        """Due rows of a channel, worst and then oldest first, hidden from others until `until`.

        With `above` only what is worse than that, and no all-clear.
        """
        ...

    async def put_back(self, row_ids: Collection[int]) -> None:
        """Rows that were leased and not attempted are due again, as if nobody had taken them."""
        ...

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Record how attempts ended."""
        ...

    async def outbox_status(self) -> OutboxStatus:
        """Counts and the age of the oldest undelivered message."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then release the file."""
        ...


class Archive(Protocol):
    """What has happened, and the outbox as people see it."""

    async def events(
        self, *, since: datetime | None = None, alert_id: str = "", limit: int = 1000
    ) -> Sequence[HistoryEvent]:
        """The newest lines of the history, oldest first; of one alert, where one is named."""
        ...

    async def silences(self) -> Sequence[Silence]:
        """The silences that have begun and not been ended, expired ones included."""
        ...

    async def outbox(self, *, status: str = "", limit: int = 1000) -> Sequence[OutboxEntry]:
        """Messages by channel, the newest first; with one status only, where one is named."""
        ...

    async def retry(self, row_id: int) -> bool:
        """Make a message due again, whatever became of it; whether there is such a row."""
        ...

    async def discard(self, row_id: int, at: datetime) -> bool:
        """Give a waiting or dead message up; whether there was one."""
        ...


class Cache(Protocol):
    """Facts worth keeping over a restart (leverage brackets, a chat's new address). Losing them is harmless."""

    async def remember(self, name: str, text: str, at: datetime) -> None:
        """Keep `text` under `name`, replacing what was there."""
        ...

    async def recall(self, name: str) -> tuple[str, datetime] | None:
        """What was last remembered under `name`, and when."""
        ...

    async def forget(self, prefix: str, before: datetime) -> None:
        """Drop what was remembered under names that begin with `prefix`, earlier than that."""
        ...
