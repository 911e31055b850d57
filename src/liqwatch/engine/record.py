"""Saved before sent: the queue between decisions and the store, and the way out when the store fails.

Changes are committed in the order they were decided; after the commit the channels are woken. When
the disk refuses, messages go out unsaved (fail open) and the states are kept to be written later. What nobody has
taken yet is tried again and again meanwhile, as the outbox would do it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from liqwatch.engine.delivery.envelope import weight
from liqwatch.errors import StoreError
from liqwatch.model import AlertChange, Notification
from liqwatch.ports import Store, Telemetry

log = structlog.get_logger(__name__)

QUEUE_LIMIT = 1_000
UNSAVED_LIMIT = 10_000
TOLD_AT_ONCE = 1_000
RETRY_SECONDS = 1.0


class Sender(Protocol):
    """What the recorder needs of the dispatcher."""

    def wake(self, channels: Sequence[str]) -> None:
        """There is something new in the outbox for these channels."""
        ...

    async def send_unsaved(self, notification: Notification) -> bool:
        """Try once, without the outbox; whether any channel took it. What comes at the same time is told together."""
        ...


class Recorder:
    """One task that writes everything."""

    def __init__(self, store: Store, sender: Sender, telemetry: Telemetry) -> None:
        """Nothing runs until `run`."""
        self._store = store
        self._sender = sender
        self._telemetry = telemetry
        self._queue: asyncio.Queue[Sequence[AlertChange]] = asyncio.Queue(QUEUE_LIMIT)
        self._unsaved: list[AlertChange] = []
        self.is_failing = False

    async def record(self, changes: Sequence[AlertChange]) -> None:
        """Accept changes; waits only while the queue is full."""
        if changes:
            await self._queue.put(changes)

    async def run(self) -> None:
        """Commit what arrives, for ever."""
        while True:
            fresh, count = await self._first(), 1
            if fresh is None:
                await self._write([])
                continue
            while not self._queue.empty():
                fresh.extend(self._queue.get_nowait())
                count += 1
            await self._write(fresh)
            for _ in range(count):
                self._queue.task_done()

    async def _first(self) -> list[AlertChange] | None:
        """The next changes; None when nothing came for a while and older ones still wait to be written."""
        if not self._unsaved:
            return [*await self._queue.get()]
        try:
            async with asyncio.timeout(RETRY_SECONDS):
                return [*await self._queue.get()]
        except TimeoutError:
            return None

    async def drain(self) -> None:
        """Return when everything accepted so far has been written (or tried)."""
        await self._queue.join()

    async def _write(self, fresh: Sequence[AlertChange]) -> None:
        changes = [*self._unsaved, *fresh]
        try:
            await self._store.commit(changes)
        except StoreError as error:
            await self._fail_open(error, fresh)
            return
        if self.is_failing:
            log.warning("store_recovered", rewritten=len(self._unsaved))
        self.is_failing = False
        self._unsaved = []
        self._sender.wake(sorted({channel for change in changes for channel in change.channels}))

    async def _fail_open(self, error: StoreError, fresh: Sequence[AlertChange]) -> None:
        if not self.is_failing:
            log.error("store_failing", error=str(error))
        self.is_failing = True
        self._telemetry.count("store_failures_total")
        self._unsaved = [*self._unsaved, *fresh][-UNSAVED_LIMIT:]
        await self._tell_unsaved()

    async def _tell_unsaved(self) -> None:
        """Everything that nobody has taken yet, the worst first, so that a crowd is told together behind it."""
        untold = [each for change in self._unsaved for each in change.notifications]
        untold.sort(key=weight, reverse=True)
        async with asyncio.TaskGroup() as tasks:
            attempts = [(each, tasks.create_task(self._sender.send_unsaved(each))) for each in untold[:TOLD_AT_ONCE]]
        told = {id(each) for each, attempt in attempts if attempt.result()}
        if told:
            self._unsaved = [_without(change, told) for change in self._unsaved]


def _without(change: AlertChange, told: Collection[int]) -> AlertChange:
    """The change without the messages that somebody has taken."""
    if not any(id(each) in told for each in change.notifications):
        return change
    return replace(change, notifications=tuple(each for each in change.notifications if id(each) not in told))
