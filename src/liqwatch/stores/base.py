"""The Store, Archive and Cache ports over SQL; where and when the SQL runs is left to the two homes."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import TypeVar

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
from liqwatch.stores import alerts, history, notes, orphans, outbox, outbox_desk, recording, silences

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
        """Write states, messages, history and silences together; returns when they are durable."""
        await self.run(lambda connection: recording.write(connection, changes))

    async def lease(
        self, channel: str, *, now: datetime, until: datetime, limit: int, above: Severity | None = None
    ) -> Sequence[OutboxRow]:
        """Due rows of a channel, worst and then oldest first, hidden from others until `until`.

        With `above` only what is worse than that, and no all-clear.
        """
        return await self.run(
            lambda connection: outbox.lease(connection, channel, now=now, until=until, limit=limit, above=above)
        )

    async def put_back(self, row_ids: Collection[int]) -> None:
        """Rows that were leased and not attempted are due again, as if nobody had taken them."""
        await self.run(lambda connection: outbox.put_back(connection, row_ids))

    async def release(self) -> None:
        """End every lease: whoever held it is gone, and may have delivered."""
        await self.run(outbox.release_all)

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Record how attempts ended, each in a line of the history too."""
        await self.run(lambda connection: outbox.settle(connection, settlements))

    async def outbox_status(self) -> OutboxStatus:
        """Counts and the age of the oldest undelivered message."""
        return await self.run(outbox.status)

    async def events(
        self, *, since: datetime | None = None, alert_id: str = "", limit: int = 1000
    ) -> Sequence[HistoryEvent]:
        """The newest lines of the history, oldest first; of one alert, where one is named. Read page by page."""
        lines: list[history.Line] = []
        while (room := min(history.PAGE, limit - len(lines))) > 0:
            before = lines[-1] if lines else None
            page = await self.run(partial(history.page, since=since, alert_id=alert_id, limit=room, before=before))
            lines += page
            if len(page) < room:
                break
        return [line.event for line in sorted(lines, key=attrgetter("event_id"))]

    async def silences(self) -> Sequence[Silence]:
        """The silences that have begun and not been ended, expired ones included, oldest first."""
        return await self.run(silences.standing)

    async def outbox(self, *, status: str = "", limit: int = 1000) -> Sequence[OutboxEntry]:
        """Messages by channel, the newest first; with one status only, where one is named."""
        return await self.run(lambda connection: outbox_desk.entries(connection, status=status, limit=limit))

    async def retry(self, row_id: int) -> bool:
        """Make a message due that has not been sent; whether there is such a row. One under way is left to end."""
        return await self.run(lambda connection: outbox_desk.retry(connection, row_id))

    async def discard(self, row_id: int, at: datetime) -> bool:
        """Give a waiting or dead message up; whether there was one."""
        return await self.run(lambda connection: outbox_desk.discard(connection, row_id, at))

    async def inherit(self, channels: Collection[str], heirs: orphans.Heirs, at: datetime) -> int:
        """Hand what waits for any other channel than these to its heirs; returns how many messages that were."""
        return await self.run(lambda connection: orphans.inherit(connection, channels, heirs, at))

    async def prune(self, before: datetime) -> int:
        """Forget messages that ended, lines and ended silences of before that moment; returns how many messages.

        Done in slices, each an operation of its own: no alert waits behind a big spring clean.
        """
        await self.run(lambda connection: silences.prune(connection, before))
        await self._prune(history.prune, before)
        return await self._prune(outbox.prune, before)

    async def _prune(self, prune_slice: Callable[[sqlite3.Connection, datetime], int], before: datetime) -> int:
        forgotten = 0
        while count := await self.run(lambda connection: prune_slice(connection, before)):
            forgotten += count
        return forgotten

    async def remember(self, name: str, text: str, at: datetime) -> None:
        """Keep `text` under `name`, replacing what was there."""
        await self.run(lambda connection: notes.remember(connection, name, text, at))

    async def recall(self, name: str) -> tuple[str, datetime] | None:
        """What was last remembered under `name`, and when."""
        return await self.run(lambda connection: notes.recall(connection, name))

    async def forget(self, prefix: str, before: datetime) -> None:
        """Drop what was remembered under names that begin with `prefix`, earlier than that."""
        await self.run(lambda connection: notes.forget(connection, prefix, before))
