"""The beat that is missed outside: given only while the silence can be trusted."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from liqwatch.clock import ManualClock
from liqwatch.engine.heartbeat import Heartbeat
from liqwatch.testing.telemetry import SilentTelemetry


class NotedPulse:
    def __init__(self) -> None:
        self.heard: list[str] = []

    async def beat(self) -> None:
        self.heard.append("beat")

    async def fail(self, text: str) -> None:
        self.heard.append(text)

    async def close(self) -> None: ...


@pytest.fixture
def pulse() -> NotedPulse:
    return NotedPulse()


def heart(pulse: NotedPulse, troubles: list[str]) -> Heartbeat:
    clock = ManualClock(datetime(2026, 11, 20, tzinfo=UTC))
    return Heartbeat(
        pulse=pulse, troubles=lambda: troubles, every_seconds=60.0, clock=clock, telemetry=SilentTelemetry()
    )


async def test_while_all_is_well_it_beats(pulse: NotedPulse) -> None:
    heartbeat = heart(pulse, [])
    await heartbeat.beat()
    await heartbeat.beat()
    assert pulse.heard == ["beat", "beat"]


async def test_trouble_is_told_at_once_and_once_and_the_beat_is_withheld(pulse: NotedPulse) -> None:
    troubles: list[str] = []
    heartbeat = heart(pulse, troubles)
    await heartbeat.beat()
    troubles.append("mark prices of okx")
    await heartbeat.beat()
    await heartbeat.beat()
    troubles.append("the outbox")
    await heartbeat.beat()
    troubles.clear()
    await heartbeat.beat()
    assert pulse.heard == ["beat", "mark prices of okx", "mark prices of okx; the outbox", "beat"]


async def test_a_daemon_that_is_not_ready_yet_does_not_beat(pulse: NotedPulse) -> None:
    ready, heartbeat = asyncio.Event(), heart(pulse, [])
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(heartbeat.run(ready))
        await settled()
        assert pulse.heard == []
        ready.set()
        await settled()
        assert pulse.heard == ["beat"]
        running.cancel()


async def settled() -> None:
    """Let every task that can go on do so."""
    for _ in range(5):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.Event().wait()).cancel()
