"""The disk refuses: people are told all the same, in few messages, for as long as it takes, and by whoever can."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from liqwatch.clock import SystemClock
from liqwatch.engine.record import Recorder
from liqwatch.model import Delivery, DeliveryReport, Message, NotifyReason, Severity
from liqwatch.testing.sinks import ScriptedChannel
from liqwatch.testing.telemetry import SilentTelemetry

if TYPE_CHECKING:
    from tests.unit.engine.conftest import BreakableStore
    from tests.unit.engine.delivery.conftest import OpenPost, Post

RETRY, DEAD, SENT = Delivery.RETRY, Delivery.DEAD, Delivery.SENT


class Hanging(ScriptedChannel):
    """Says nothing until it is released."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.released = asyncio.Event()

    async def send(self, message: Message) -> DeliveryReport:
        self.messages.append(message)
        await self.released.wait()
        return DeliveryReport(RETRY, "no answer")


async def told(post: Post, *names: str, severity: Severity = Severity.CRITICAL) -> list[bool]:
    """All of them at the same time, each alone."""
    async with asyncio.TaskGroup() as tasks:
        attempts = [
            tasks.create_task(post.dispatcher.send_unsaved(each))
            for name in names
            for each in post._change(name, severity, NotifyReason.FIRST, None).notifications
        ]
    return [attempt.result() for attempt in attempts]


async def test_a_storm_is_told_in_few_messages_the_first_at_once(post_of: OpenPost, store: BreakableStore) -> None:
    chat = ScriptedChannel("chat")
    post, telemetry = post_of(chat), SilentTelemetry()
    recorder = Recorder(store, post.dispatcher, telemetry)
    store.is_broken = True
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(recorder.run())
        changes = [post._change(f"p{number}", Severity.CRITICAL, NotifyReason.FIRST, None) for number in range(300)]
        await recorder.record(changes)
        await recorder.drain()
        assert len(chat.messages) == 1
        for _ in range(59):
            post.clock.advance(1.0)
            await recorder.record([post._change("quiet", Severity.NOTICE, NotifyReason.FIRST, None)])
            await recorder.drain()
        running.cancel()
    assert len(chat.messages) <= 5
    assert len({alert_id for message in chat.messages for alert_id in message.alert_ids}) >= 300


async def test_where_all_who_are_meant_refuse_everybody_else_is_told_what_is_critical(post_of: OpenPost) -> None:
    chat, desk = ScriptedChannel("chat", DEAD, DEAD), ScriptedChannel("desk")
    post = post_of(chat, desk)
    assert await told(post, "mild", severity=Severity.WARNING) == [False]
    post.clock.advance(1.0)
    assert await told(post, "grave") == [True]
    assert (chat.titles, desk.titles) == (["mild", "grave"], ["grave"])


async def test_a_channel_that_has_to_wait_for_its_turn_is_not_passed_over(post_of: OpenPost) -> None:
    chat, desk = ScriptedChannel("chat"), ScriptedChannel("desk")
    post = post_of(chat, desk)
    assert await told(post, "a") == [True]
    assert await told(post, "b") == [False]
    post.clock.advance(1.0)
    assert await told(post, "b") == [True]
    assert (chat.titles, desk.titles) == (["a", "b"], [])


async def test_a_refusal_is_followed_by_growing_pauses(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat", *[RETRY] * 3)
    post = post_of(chat)
    moments = list[float]()
    for _ in range(12):
        known = len(chat.messages)
        await told(post, "a", severity=Severity.WARNING)
        moments += [post.clock.monotonic()] * (len(chat.messages) - known)
        post.clock.advance(1.0)
    first, *others = moments
    assert [moment - first for moment in others[:3]] == [1.0, 3.0, 7.0]


async def test_a_hanging_channel_costs_a_crowd_one_attempt(post_of: OpenPost) -> None:
    chat, mail = Hanging("chat"), ScriptedChannel("mail")
    post = post_of(chat, mail, addressed=("chat", "mail"))
    async with asyncio.TaskGroup() as tasks:
        crowd = tasks.create_task(told(post, *(f"p{number}" for number in range(100))))
        await until(lambda: bool(mail.messages and chat.messages))
        chat.released.set()
    assert crowd.result()[0]
    assert len(chat.messages) <= 2


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5.0):
        while not condition():
            await SystemClock().sleep(0)
