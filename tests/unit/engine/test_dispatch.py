"""From the outbox to people: pauses, stand-ins, digests, late notes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock
from liqwatch.engine.dispatch import Dispatcher, pause_seconds
from liqwatch.model import (
    AlertChange,
    AlertKey,
    AlertRecord,
    Delivery,
    Notification,
    NotifyReason,
    Severity,
)
from liqwatch.testing.telemetry import SilentTelemetry

if TYPE_CHECKING:
    from tests.unit.engine.conftest import BreakableStore, OpenChannel, ScriptedNotifier

RETRY, DEAD = Delivery.RETRY, Delivery.DEAD


class Post:
    """A dispatcher over a store, driven pass by pass."""

    def __init__(
        self,
        store: BreakableStore,
        clock: ManualClock,
        telemetry: SilentTelemetry,
        *notifiers: ScriptedNotifier,
        addressed: tuple[str, ...] = ("chat",),
    ) -> None:
        names = tuple(notifier.name for notifier in notifiers)
        self.store, self.clock = store, clock
        self.routing = Routing((Route(min_severity=Severity.NOTICE, channels=addressed),), names)
        self.dispatcher = Dispatcher(
            store=store,
            notifiers={notifier.name: notifier for notifier in notifiers},
            routing=self.routing,
            clock=clock,
            telemetry=telemetry,
        )

    async def enqueue(self, *names: str, severity: Severity = Severity.CRITICAL) -> None:
        changes = [self._change(name, severity) for name in names]
        await self.store.commit(changes)

    async def deliver(self, *, after_seconds: float = 0.0) -> None:
        self.clock.advance(after_seconds)
        await self.dispatcher.flush()

    def _change(self, name: str, severity: Severity) -> AlertChange:
        record = AlertRecord(key=AlertKey("main", "rule", name), episode=1, sequence=1)
        notification = Notification(
            dedup_key=record.dedup_key,
            alert_key=str(record.key),
            alert_id=record.alert_id,
            account="main",
            severity=severity,
            reason=NotifyReason.FIRST,
            title=name,
            body=f"body of {name}",
            happened_at=self.clock.now(),
        )
        return AlertChange(record, notification, self.routing.channels_for(severity, "main"))


async def test_a_message_is_sent_once_to_every_channel_that_is_addressed(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, channel: OpenChannel
) -> None:
    chat, mail, desk = channel("chat"), channel("mail"), channel("desk")
    post = Post(store, clock, telemetry, chat, mail, desk, addressed=("chat", "mail"))
    await post.enqueue("a")
    await post.deliver()
    await post.deliver(after_seconds=3_600.0)
    assert (chat.titles, mail.titles, desk.titles) == (["a"], ["a"], [])
    assert (await store.outbox_status()).pending == 0


async def test_a_channel_that_refuses_is_tried_again_after_growing_pauses(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, channel: OpenChannel
) -> None:
    chat = channel("chat", RETRY, RETRY, RETRY)
    post = Post(store, clock, telemetry, chat)
    await post.enqueue("a")
    await post.deliver()
    for pause, attempts in ((1.0, 2), (2.0, 3), (4.0, 4)):
        await post.deliver(after_seconds=pause - 0.1)
        assert len(chat.attempts) == attempts - 1
        await post.deliver(after_seconds=0.1)
        assert len(chat.attempts) == attempts
    assert (await store.outbox_status()).sent == 1


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 1.0), (2, 2.0), (5, 16.0), (6, 30.0), (60, 30.0)])
def test_pauses_double_up_to_half_a_minute(attempts: int, seconds: float) -> None:
    assert pause_seconds(attempts) == seconds


async def test_a_dead_channel_hands_over_at_once(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, channel: OpenChannel
) -> None:
    chat, desk = channel("chat", DEAD), channel("desk")
    post = Post(store, clock, telemetry, chat, desk)
    await post.enqueue("a")
    await post.deliver()
    await post.deliver()
    assert (chat.titles, desk.titles) == (["a"], ["a"])
    status = await store.outbox_status()
    assert (status.sent, status.dead, status.pending) == (1, 1, 0)


async def test_after_the_third_refusal_the_next_channel_stands_in_once(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, channel: OpenChannel
) -> None:
    chat, desk = channel("chat", *[RETRY] * 6), channel("desk")
    post = Post(store, clock, telemetry, chat, desk)
    await post.enqueue("a")
    for attempts in range(1, 7):
        await post.deliver(after_seconds=30.0)
        await post.deliver()
        assert len(chat.attempts) == attempts
        assert len(desk.attempts) == (1 if attempts >= 3 else 0)
    await post.deliver(after_seconds=30.0)
    assert len(chat.attempts) == 7, "the channel itself is never given up while it may recover"
    assert (await store.outbox_status()).pending == 0


async def test_when_the_stand_in_is_dead_too_the_third_channel_hears_of_it(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, channel: OpenChannel
) -> None:
    chat, desk, mail = channel("chat", DEAD), channel("desk", DEAD), channel("mail")
    post = Post(store, clock, telemetry, chat, desk, mail)
    await post.enqueue("a")
    for _ in range(4):
        await post.deliver()
    assert (chat.titles, desk.titles, mail.titles) == (["a"], ["a"], ["a"])


async def test_up_to_three_messages_go_out_one_by_one_the_worst_first(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, channel: OpenChannel
) -> None:
    chat = channel("chat")
    post = Post(store, clock, telemetry, chat)
    await post.enqueue("a", "b", severity=Severity.WARNING)
    await post.enqueue("c", severity=Severity.EMERGENCY)
    await post.deliver()
    assert chat.titles == ["c", "a", "b"]


async def test_more_than_three_go_out_as_one_digest_and_none_is_sent_again(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, channel: OpenChannel
) -> None:
    chat = channel("chat", RETRY)
    post = Post(store, clock, telemetry, chat)
    await post.enqueue("a", "b", "c", severity=Severity.WARNING)
    await post.enqueue("d", severity=Severity.EMERGENCY)
    await post.deliver()
    await post.deliver(after_seconds=1.0)
    await post.deliver(after_seconds=60.0)
    assert chat.titles == ["4 messages · d"] * 2
    assert all(f"{name} · alert " in chat.attempts[1][1] for name in "abcd")
    assert (await store.outbox_status()).sent == 4


async def test_what_comes_late_says_so_before_everything_else(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, channel: OpenChannel
) -> None:
    chat = channel("chat")
    post = Post(store, clock, telemetry, chat)
    await post.enqueue("a")
    await post.deliver(after_seconds=600.0)
    assert chat.attempts == [
        ("a", "Late: this happened at 12:00:00 UTC and could only be sent at 12:10:00 UTC.\nbody of a")
    ]


async def test_an_outbox_that_cannot_be_read_ends_nothing(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, channel: OpenChannel
) -> None:
    chat = channel("chat")
    post = Post(store, clock, telemetry, chat)
    await post.enqueue("a")
    store.is_broken = True
    await post.deliver()
    assert chat.titles == []
    store.is_broken = False
    await post.deliver()
    assert chat.titles == ["a"]


async def test_what_could_not_be_saved_is_tried_on_every_channel_and_one_is_enough(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, channel: OpenChannel
) -> None:
    chat, mail = channel("chat", DEAD, DEAD), channel("mail", Delivery.SENT, RETRY)
    dispatcher = Post(store, clock, telemetry, chat, mail).dispatcher
    await Post(store, clock, telemetry, chat).enqueue("a")
    (row,) = await store.lease("chat", now=clock.now(), until=clock.now() + timedelta(hours=1), limit=1)
    assert await dispatcher.send_unsaved(row.notification, ("chat", "mail", "unknown"))
    assert not await dispatcher.send_unsaved(row.notification, ("chat", "mail"))
    assert (chat.titles, mail.titles) == (["a", "a"], ["a", "a"])


async def test_news_at_the_moment_of_the_end_does_not_keep_a_channel_alive(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, channel: OpenChannel
) -> None:
    """A cancellation that meets a wake-up must not be swallowed, or the daemon would never end."""
    chat = channel("chat")
    dispatcher = Dispatcher(
        store=store, notifiers={"chat": chat}, routing=Routing((), ("chat",)), clock=clock, telemetry=telemetry
    )
    for _ in range(20):
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(dispatcher.run())
            while not dispatcher._news["chat"]._waiters:  # noqa: ASYNC110  # until the worker waits for news
                await asyncio.sleep(0)  # noqa: TID251  # one turn of the loop
            dispatcher.wake(["chat"])
            running.cancel()
    assert not dispatcher._news["chat"]._waiters
