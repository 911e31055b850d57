"""Saved before sent; when the disk refuses, told all the same, and written later: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from liqwatch.clock import ManualClock, SystemClock
from liqwatch.engine.record import RETRY_SECONDS, Recorder
from liqwatch.model import AlertChange, AlertKey, AlertRecord, AlertState, Notification, NotifyReason, Severity
from liqwatch.testing.telemetry import SilentTelemetry

if TYPE_CHECKING:
    from tests.unit.engine.conftest import BreakableStore


@dataclass
class Sender:
    """A dispatcher that remembers what it was asked for."""

    takes: bool = True
    refused: set[str] = field(default_factory=set)
    woken: list[str] = field(default_factory=list)
    unsaved: list[str] = field(default_factory=list)

    def wake(self, channels: Sequence[str]) -> None:
        self.woken.extend(channels)

    async def send_unsaved(self, notification: Notification) -> bool:
        self.unsaved.append(notification.title)
        return self.takes and notification.title not in self.refused


def change(
    name: str, clock: ManualClock, *, is_told: bool = True, severity: Severity = Severity.CRITICAL
) -> AlertChange:
    record = AlertRecord(key=AlertKey("main", "rule", name), state=AlertState.FIRING, episode=1, sequence=1)
    notification = Notification(
        dedup_key=record.dedup_key,
        alert_key=str(record.key),
        alert_id=record.alert_id,
        account="main",
        severity=severity,
        reason=NotifyReason.FIRST,
        title=name,
        body="",
        happened_at=clock.now(),
        channels=("chat",),
    )
    return AlertChange(record, (notification,) if is_told else ())


@asynccontextmanager
async def running(recorder: Recorder) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(recorder.run())
        yield
        writer.cancel()


async def until(condition: Callable[[], bool], clock: ManualClock) -> None:
    """Let the recorder's pauses end until something has become true."""
    async with asyncio.timeout(5.0):
        while not condition():
            clock.advance(RETRY_SECONDS)
            await SystemClock().sleep(0)


async def outbox(store: BreakableStore, clock: ManualClock) -> list[str]:
    rows = await store.lease("chat", now=clock.now(), until=clock.now(), limit=100)
    return [row.notification.title for row in rows]


async def test_changes_are_written_and_their_channels_woken(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry
) -> None:
    sender = Sender()
    recorder = Recorder(store, sender, telemetry)
    async with running(recorder):
        await recorder.record([change("a", clock), change("b", clock, is_told=False)])
        await recorder.record([])
        await recorder.drain()
    assert await outbox(store, clock) == ["a"]
    assert [record.key.subject for record in await store.load()] == ["a", "b"]
    assert (sender.woken, sender.unsaved) == (["chat"], [])


async def test_what_the_disk_refuses_is_told_at_once_and_its_state_is_written_later(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry
) -> None:
    sender = Sender()
    recorder = Recorder(store, sender, telemetry)
    async with running(recorder):
        store.is_broken = True
        await recorder.record([change("a", clock)])
        await recorder.drain()
        assert (sender.unsaved, recorder.is_failing) == (["a"], True)
        store.is_broken = False
        await until(lambda: not recorder.is_failing, clock)
    assert [record.key.subject for record in await store.load()] == ["a"]
    assert await outbox(store, clock) == [], "it has been told already"


async def test_what_could_be_neither_saved_nor_told_is_kept_and_goes_out_later(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry
) -> None:
    sender = Sender(takes=False)
    recorder = Recorder(store, sender, telemetry)
    async with running(recorder):
        store.is_broken = True
        for name in "abc":
            await recorder.record([change(name, clock)])
            await until(lambda: sender.unsaved[-1:] == [name], clock)  # noqa: B023  # awaited within the turn
        store.is_broken = False
        await until(lambda: not recorder.is_failing, clock)
    assert sorted(await outbox(store, clock)) == ["a", "b", "c"]
    assert sender.woken == ["chat"]


async def test_what_nobody_has_taken_is_tried_again_while_the_store_fails_and_then_is_not_written(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry
) -> None:
    sender = Sender(takes=False)
    recorder = Recorder(store, sender, telemetry)
    store.is_broken = True
    async with running(recorder):
        await recorder.record([change("a", clock)])
        await recorder.drain()
        await recorder.record([change("b", clock, severity=Severity.EMERGENCY)])
        await recorder.drain()
        assert sender.unsaved == ["a", "b", "a"], "the worst first"
        sender.takes = True
        await recorder.record([change("c", clock, is_told=False)])
        await recorder.drain()
        assert sender.unsaved[3:] == ["b", "a"]
        store.is_broken = False
        await until(lambda: not recorder.is_failing, clock)
    assert await outbox(store, clock) == []
    assert [record.key.subject for record in await store.load()] == ["a", "b", "c"]


async def test_of_one_message_in_two_voices_only_what_was_not_taken_is_written(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry
) -> None:
    sender = Sender(refused={"b"})
    recorder = Recorder(store, sender, telemetry)
    first, second = change("a", clock), change("b", clock)
    spoken = replace(first, notifications=(*first.notifications, *second.notifications))
    store.is_broken = True
    async with running(recorder):
        await recorder.record([spoken])
        await recorder.drain()
        store.is_broken = False
        await until(lambda: not recorder.is_failing, clock)
    assert await outbox(store, clock) == ["b"]


async def test_what_comes_after_a_failure_is_written_behind_what_waited(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry
) -> None:
    sender = Sender(takes=False)
    recorder = Recorder(store, sender, telemetry)
    store.is_broken = True
    await recorder.record([change("old", clock)])
    async with running(recorder):
        await recorder.drain()
        store.is_broken = False
        await recorder.record([change("new", clock)])
        await until(lambda: not recorder.is_failing, clock)
        await recorder.drain()
    assert await outbox(store, clock) == ["old", "new"]
