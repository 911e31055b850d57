"""Many alerts at once: few messages, the worst first, everything accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqwatch.model import Delivery, DeliveryReport, Severity
from liqwatch.testing.sinks import ScriptedChannel

if TYPE_CHECKING:
    from tests.unit.engine.delivery.conftest import OpenPost

RETRY = Delivery.RETRY
TOO_LONG = DeliveryReport(Delivery.DEAD, "Chat: HTTP 413")


async def test_up_to_three_messages_go_out_one_by_one_the_worst_first(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat")
    post = post_of(chat)
    await post.enqueue("a", "b", severity=Severity.WARNING)
    await post.enqueue("c", severity=Severity.EMERGENCY)
    for titles in (["c"], ["c", "a"], ["c", "a", "b"]):
        await post.deliver()
        assert chat.titles == titles
        post.clock.advance(1.0)


async def test_more_than_three_go_out_as_one_digest_and_none_is_sent_again(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat", RETRY)
    post = post_of(chat)
    await post.enqueue("a", "b", "c", severity=Severity.WARNING)
    await post.enqueue("d", severity=Severity.EMERGENCY)
    await post.deliver()
    await post.deliver(after_seconds=1.0)
    await post.deliver(after_seconds=60.0)
    assert len(chat.messages) == 2
    message = chat.messages[1]
    assert message.body.startswith("d\nbody of d")
    assert len(message.alert_ids) == 4
    assert message.answerable_id == message.alert_ids[0], "the worst one has the buttons"
    assert (message.follows, message.severity) == (None, Severity.EMERGENCY)
    assert (await post.store.outbox_status()).sent == 4


async def test_a_storm_of_300_is_told_in_at_most_five_messages_a_minute_and_all_are_accounted_for(
    post_of: OpenPost,
) -> None:
    chat = ScriptedChannel("chat")
    post = post_of(chat)
    moments = list[float]()
    for part in range(10):
        # They cross within one second; the worst comes somewhere in the middle.
        await post.enqueue(*(f"p{part * 30 + number}" for number in range(30)), severity=Severity.CRITICAL)
        if part == 0:
            await post.enqueue("worst", severity=Severity.EMERGENCY)
        known = len(chat.messages)
        await post.deliver()
        moments += [post.clock.monotonic()] * (len(chat.messages) - known)
        post.clock.advance(0.1)
    for _ in range(240):
        known = len(chat.messages)
        await post.deliver(after_seconds=0.25)
        moments += [post.clock.monotonic()] * (len(chat.messages) - known)
    assert moments[0] <= 1.0
    assert "worst\nbody of worst" in chat.messages[0].body
    assert sum(moment < moments[0] + 60.0 for moment in moments) <= 5
    assert all(len(message.title) + len(message.body) <= 4096 for message in chat.messages)
    told = {alert_id for message in chat.messages for alert_id in message.alert_ids}
    assert len(told) == 301
    status = await post.store.outbox_status()
    assert (status.sent, status.pending, status.dead) == (301, 0, 0)
    assert len(post.outcomes) == 301


async def test_F27_three_hundred_alerts_fit_into_one_message_with_the_worst_first(post_of: OpenPost) -> None:  # noqa: N802
    chat = ScriptedChannel("chat")
    post = post_of(chat)
    await post.enqueue(*(f"position {number} {'x' * 80}" for number in range(299)), severity=Severity.WARNING)
    await post.enqueue("worst", severity=Severity.EMERGENCY)
    await post.deliver()
    (message,) = chat.messages
    assert "300" in message.title
    assert message.body.startswith("worst\n")
    assert len(message.title) + len(message.body) <= 4096


async def test_F27_a_group_that_is_refused_for_its_length_is_halved_until_it_passes(post_of: OpenPost) -> None:  # noqa: N802
    chat, desk = ScriptedChannel("chat", TOO_LONG, TOO_LONG), ScriptedChannel("desk")
    post = post_of(chat, desk)
    await post.enqueue(*"abcdefgh")
    for _ in range(180):
        await post.deliver(after_seconds=1.0)
    assert [len(message.alert_ids) for message in chat.messages] == [8, 4, 2, 2, 2, 1, 1]
    assert desk.titles == [], "it is no failure of the channel"
    status = await post.store.outbox_status()
    assert (status.sent, status.dead) == (8, 0)


async def test_a_single_message_that_is_too_long_is_a_failure(post_of: OpenPost) -> None:
    chat, desk = ScriptedChannel("chat", TOO_LONG), ScriptedChannel("desk")
    post = post_of(chat, desk)
    await post.enqueue("a")
    await post.deliver()
    await post.deliver()
    assert desk.titles == ["a"]


async def test_an_emergency_passes_the_gaps_of_a_storm(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat")
    post = post_of(chat)
    await post.enqueue(*(f"w{number}" for number in range(10)), severity=Severity.WARNING)
    await post.deliver()
    await post.enqueue(*(f"x{number}" for number in range(10)), severity=Severity.WARNING)
    await post.deliver(after_seconds=1.0)
    await post.enqueue("slow", severity=Severity.WARNING)
    await post.deliver(after_seconds=1.0)
    assert len(chat.messages) == 2, "the gap after the second message is three seconds"
    await post.enqueue("worst", severity=Severity.EMERGENCY)
    await post.deliver()
    assert chat.titles[2:] == ["worst"]
