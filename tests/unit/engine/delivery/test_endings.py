"""Around the outbox: what cannot be read or written, the last pass, the self-test, whether it moves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from liqwatch.clock import ManualClock
from liqwatch.errors import StoreError
from liqwatch.model import Delivery, DeliveryReport, NotifyReason, Severity
from liqwatch.testing.sinks import ScriptedChannel

if TYPE_CHECKING:
    from tests.unit.engine.conftest import BreakableStore
    from tests.unit.engine.delivery.conftest import OpenPost

RETRY, DEAD, AMBIGUOUS, SENT = Delivery.RETRY, Delivery.DEAD, Delivery.AMBIGUOUS, Delivery.SENT


async def test_an_outbox_that_cannot_be_read_ends_nothing(post_of: OpenPost, store: BreakableStore) -> None:
    chat = ScriptedChannel("chat")
    post = post_of(chat)
    await post.enqueue("a")
    store.is_broken = True
    await post.deliver()
    assert chat.titles == []
    store.is_broken = False
    await post.deliver()
    assert chat.titles == ["a"]


async def test_an_outcome_that_could_not_be_written_is_written_before_anything_else_is_sent(
    post_of: OpenPost, store: BreakableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = ScriptedChannel("chat")
    post = post_of(chat)
    settle = store.settle

    async def refuse(settlements: object) -> None:
        raise StoreError("database or disk is full")

    monkeypatch.setattr(store, "settle", refuse)
    await post.enqueue("a")
    await post.deliver()
    await post.enqueue("b")
    await post.deliver(after_seconds=600.0)
    assert chat.titles == ["a"]
    monkeypatch.setattr(store, "settle", settle)
    await post.deliver()
    assert chat.titles == ["a", "b"]
    assert (await store.outbox_status()).sent == 2


async def test_a_channel_with_a_bug_of_its_own_harms_nobody_else(post_of: OpenPost) -> None:
    class Broken(ScriptedChannel):
        async def send(self, message: object) -> DeliveryReport:
            raise ZeroDivisionError("secret")

    desk = ScriptedChannel("desk")
    post = post_of(Broken("chat"), desk, addressed=("chat", "desk"))
    await post.enqueue("a")
    await post.deliver()
    assert desk.titles == ["a"]
    assert ("chat", RETRY, 1) in post.told
    assert [each.report.detail for each in post.outcomes if each.channel == "chat"] == ["failed with ZeroDivisionError"]


async def test_what_could_not_be_saved_is_tried_on_every_channel_and_one_is_enough(post_of: OpenPost) -> None:
    chat, mail = ScriptedChannel("chat", DEAD, DEAD), ScriptedChannel("mail", SENT, RETRY)
    post = post_of(chat, mail, addressed=("chat", "mail", "unknown"))
    (notification,) = post._change("a", Severity.CRITICAL, NotifyReason.FIRST, None).notifications
    assert await post.dispatcher.send_unsaved(notification)
    assert not await post.dispatcher.send_unsaved(notification), "no channel's pace allows it yet"
    post.clock.advance(1.0)
    assert not await post.dispatcher.send_unsaved(notification)
    assert (chat.titles, mail.titles) == (["a", "a"], ["a", "a"])
    assert chat.messages[0].message_id == mail.messages[1].message_id


async def test_at_the_end_everything_that_is_due_is_tried_whatever_the_pace(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat")
    post = post_of(chat)
    await post.enqueue("a", "b", "c")
    await post.dispatcher.flush()
    await post.enqueue(*"defghij")
    await post.dispatcher.flush()
    assert len(chat.messages) == 4
    assert await post.pending() == 0


async def test_at_the_end_a_pause_that_the_service_asks_for_still_holds(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat", DeliveryReport(RETRY, "429", 7.0))
    post = post_of(chat)
    await post.enqueue("a", "b")
    await post.dispatcher.flush()
    assert len(chat.messages) == 1


async def test_the_outbox_moves_while_attempts_are_made_and_is_stuck_when_it_cannot_be_read(
    post_of: OpenPost, store: BreakableStore, clock: ManualClock
) -> None:
    chat = ScriptedChannel("chat", *[RETRY] * 100)
    post = post_of(chat)
    dispatcher = post.dispatcher
    assert (dispatcher.stuck_seconds(), dispatcher.is_moving()) == (0.0, True)
    await post.enqueue("a")
    for _ in range(20):
        dispatcher.wake(["chat"])
        await post.deliver(after_seconds=29.0)
    assert dispatcher.is_moving(), "a channel that refuses is in trouble, the outbox is not"
    store.is_broken = True
    for _ in range(7):
        dispatcher.wake(["chat"])
        await post.deliver(after_seconds=30.0)
    assert dispatcher.stuck_seconds() >= 180.0
    assert not dispatcher.is_moving()
    store.is_broken = False
    await post.deliver(after_seconds=30.0)
    assert dispatcher.stuck_seconds() == 0.0


async def test_a_self_test_reaches_every_channel_silently_and_stands_in_no_outbox(post_of: OpenPost) -> None:
    chat, mail = ScriptedChannel("chat"), ScriptedChannel("mail")
    post = post_of(chat, mail)
    reports = await post.dispatcher.self_test()
    assert {name: report.delivery for name, report in reports.items()} == {"chat": SENT, "mail": SENT}
    assert all(message.is_silent and message.alert_ids == () for message in chat.messages + mail.messages)
    assert post.told == [("chat", SENT, 0), ("mail", SENT, 0)]
    assert (await post.store.outbox_status()).sent == 0
    await post.dispatcher.self_test(["mail"])
    assert (len(chat.messages), len(mail.messages)) == (1, 2)


@pytest.mark.parametrize(
    ("script", "told"),
    [((RETRY,), ("chat", SENT, 0)), ((RETRY, AMBIGUOUS), ("chat", AMBIGUOUS, 3)), ((DEAD, DEAD), ("chat", DEAD, 3))],
)
async def test_a_self_test_that_fails_is_tried_once_more_and_only_then_told(
    post_of: OpenPost, script: tuple[Delivery, ...], told: tuple[str, Delivery, int]
) -> None:
    chat = ScriptedChannel("chat", *script)
    post = post_of(chat)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        test = tasks.create_task(post.dispatcher.self_test())
        while len(chat.messages) < 1:  # noqa: ASYNC110  # until the first attempt is made
            await asyncio.sleep(0)  # noqa: TID251  # one turn of the loop
        assert post.told == []
        while not test.done():
            post.clock.advance(60.0)
            await asyncio.sleep(0)  # noqa: TID251  # one turn of the loop
    assert post.told == [told]
    assert chat.messages[0].message_id == chat.messages[1].message_id


async def test_news_at_the_moment_of_the_end_does_not_keep_a_channel_alive(post_of: OpenPost) -> None:
    """A cancellation that meets a wake-up must not be swallowed, or the daemon would never end."""
    dispatcher = post_of(ScriptedChannel("chat")).dispatcher
    for _ in range(20):
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(dispatcher.run())
            while not dispatcher._news["chat"]._waiters:  # noqa: ASYNC110  # until the worker waits for news
                await asyncio.sleep(0)  # noqa: TID251  # one turn of the loop
            dispatcher.wake(["chat"])
            running.cancel()
    assert not dispatcher._news["chat"]._waiters


async def test_what_waits_in_hand_at_the_end_is_due_for_the_next_daemon_and_no_repeat(post_of: OpenPost) -> None:
    chat, after = ScriptedChannel("chat"), ScriptedChannel("chat")
    post = post_of(chat)
    await post.enqueue("a", "b", "c")
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(post.dispatcher.run())
        while not chat.messages:  # noqa: ASYNC110  # until the first is told; the others wait a second
            await asyncio.sleep(0)  # noqa: TID251  # one turn of the loop
        running.cancel()
    await post_of(after).dispatcher.flush()
    assert (chat.titles, after.titles) == (["a"], ["b", "c"])
    assert not any("repeat" in message.body for message in after.messages)


async def test_when_no_channel_is_left_that_works_somebody_outside_has_to_know(post_of: OpenPost) -> None:
    chat, mail = ScriptedChannel("chat", *[RETRY] * 4), ScriptedChannel("mail", DEAD, DEAD)
    post = post_of(chat, mail, addressed=("chat", "mail"))
    troubles = list[tuple[str, ...]]()
    await post.enqueue("a")
    for _ in range(5):
        await post.deliver(after_seconds=30.0)
        troubles.append(tuple(post.dispatcher.troubles()))
    assert troubles == [(), (), ("every channel",), ("every channel",), ()]


async def test_a_self_test_that_fails_everywhere_is_known_outside(post_of: OpenPost, clock: ManualClock) -> None:
    post = post_of(ScriptedChannel("chat", DEAD, DEAD))
    assert post.dispatcher.troubles() == ()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        test = tasks.create_task(post.dispatcher.self_test())
        while not test.done():
            clock.advance(60.0)
            await asyncio.sleep(0)  # noqa: TID251  # one turn of the loop
    assert post.dispatcher.troubles() == ("every channel",)
