"""Fakes at the ports: a channel that answers as scripted, a store that can be broken, counters nobody reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import pytest

from liqwatch.clock import ManualClock
from liqwatch.errors import StoreError
from liqwatch.model import AlertChange, Delivery, DeliveryReport, OutboxRow, Severity
from liqwatch.stores.memory import MemoryStore
from liqwatch.testing.telemetry import SilentTelemetry

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class ScriptedNotifier:
    """Answers each attempt with the next word of its script, and then takes everything."""

    def __init__(self, name: str, *script: Delivery) -> None:
        self.name = name
        self.script = list(script)
        self.attempts: list[tuple[str, str]] = []

    @property
    def titles(self) -> list[str]:
        """The titles of every attempt, accepted or not."""
        return [title for title, _ in self.attempts]

    async def prepare(self) -> str | None:
        return None

    async def send(self, *, title: str, body: str, severity: Severity) -> DeliveryReport:
        self.attempts.append((title, body))
        return DeliveryReport(self.script.pop(0) if self.script else Delivery.SENT, "as scripted")

    async def close(self) -> None: ...


class BreakableStore(MemoryStore):
    """A store whose disk can be full."""

    is_broken = False

    async def commit(self, changes: Sequence[AlertChange]) -> None:
        if self.is_broken:
            raise StoreError("database or disk is full")
        await super().commit(changes)

    async def lease(
        self, channel: str, *, now: datetime, until: datetime, limit: int, above: Severity | None = None
    ) -> Sequence[OutboxRow]:
        if self.is_broken:
            raise StoreError("database or disk is full")
        return await super().lease(channel, now=now, until=until, limit=limit, above=above)


OpenChannel: TypeAlias = Callable[..., ScriptedNotifier]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def telemetry() -> SilentTelemetry:
    return SilentTelemetry()


@pytest.fixture
def channel() -> OpenChannel:
    """Opens channels by name and script."""
    return ScriptedNotifier


@pytest.fixture
async def store() -> AsyncIterator[BreakableStore]:
    store = BreakableStore()
    yield store
    await store.close()
