"""The Store and Cache ports over SQL; where and when the SQL runs is left to the two homes."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from liqwatch.model import AlertChange, AlertRecord, OutboxRow, OutboxStatus, Settlement
from liqwatch.stores import alerts, notes, outbox

Answer = TypeVar("Answer")


class SqlStore(ABC):
    """Every method is one operation; an operation is done entirely or not at all.

    All methods raise `StoreError` when the store is closed or the database refuses.
    """

    history_reset: bool = False
    """The former state could not be read, and this store began anew."""

    @abstractmethod
    async def run(self, operation: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Run the operation inside a transaction; returns when that is durable."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was accepted, then release the database."""

    async def load(self) -> Sequence[AlertRecord]:
        """Every alert record, as last committed, ordered by key."""
        return await self.run(alerts.load)

    async def commit(self, changes: Sequence[AlertChange]) -> None:
        """Write states and their messages together; returns when they are durable."""

        def write(connection: sqlite3.Connection) -> None:
            for change in changes:
                alerts.save(connection, change.record)
                if change.notification is not None:
                    outbox.enqueue(connection, change.notification, change.channels)

        await self.run(write)

    async def lease(self, channel: str, *, now: datetime, until: datetime, limit: int) -> Sequence[OutboxRow]:
        """Due rows of a channel, worst and then oldest first, hidden from others until `until`."""
        return await self.run(lambda connection: outbox.lease(connection, channel, now=now, until=until, limit=limit))

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Record how attempts ended."""

        def write(connection: sqlite3.Connection) -> None:
            for settlement in settlements:
                outbox.settle(connection, settlement)

        await self.run(write)

    async def outbox_status(self) -> OutboxStatus:
        """Counts and the age of the oldest undelivered message."""
        return await self.run(outbox.status)

    async def prune(self, before: datetime) -> int:
        """Forget messages that ended before that moment; returns how many."""
        return await self.run(lambda connection: outbox.prune(connection, before))

    async def remember(self, name: str, text: str, at: datetime) -> None:
        """Keep `text` under `name`, replacing what was there."""
        await self.run(lambda connection: notes.remember(connection, name, text, at))

    async def recall(self, name: str) -> tuple[str, datetime] | None:
        """What was last remembered under `name`, and when."""
        return await self.run(lambda connection: notes.recall(connection, name))
