"""What waits for its turn: overtaken by what is worse, never taken for a repeat, never held up by a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqwatch.model import Delivery, DeliveryReport, Severity
from liqwatch.testing.sinks import ScriptedChannel

if TYPE_CHECKING:
    from tests.unit.engine.delivery.conftest import OpenPost

RETRY, DEAD, SENT, AMBIGUOUS = Delivery.RETRY, Delivery.DEAD, Delivery.SENT, Delivery.AMBIGUOUS
REFUSED = DeliveryReport(DEAD, "Chat: HTTP 400")
TOO_LONG = DeliveryReport(DEAD, "Chat: HTTP 413")
REPEAT = "Perhaps a repeat"


async def test_an_emergency_passes_however_many_wait(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat")
    post = post_of(chat)
    for part in range(4):
        await post.enqueue(*(f"p{part}-{number}" for number in range(30)))
        for _ in range(11):
            await post.deliver(after_seconds=1.0)
    known = len(chat.messages)
    await post.enqueue(*(f"q{number}" for number in range(30)))
    for _ in range(40):
        await post.deliver(after_seconds=0.1)
    assert len(chat.messages) == known, "the last place of the minute is kept"
    await post.enqueue("worst", severity=Severity.EMERGENCY)
    post.dispatcher.wake(["chat"])
    await post.deliver(after_seconds=1.0)
    assert len(chat.messages) == known + 1
    assert "body of worst" in chat.messages[-1].body


async def test_what_waits_longer_than_a_lease_is_no_repeat(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat")
    post = post_of(chat, max_per_minute=1)
    await post.enqueue(*"abc")
    for _ in range(200):
        await post.deliver(after_seconds=1.0)
    assert chat.titles == ["a", "b", "c"]
    assert not any(REPEAT in message.body for message in chat.messages)
    assert {outcome.row.attempts for outcome in post.outcomes} == {1}


async def test_a_channel_that_refuses_everything_hands_a_storm_over_within_a_minute(post_of: OpenPost) -> None:
    chat, desk = ScriptedChannel("chat", *[REFUSED] * 1_000), ScriptedChannel("desk")
    post = post_of(chat, desk)
    await post.enqueue(*(f"p{number}" for number in range(300)))
    for _ in range(60):
        await post.deliver(after_seconds=1.0)
    assert (await post.store.outbox_status()).dead == 300
    for _ in range(60):
        await post.deliver(after_seconds=1.0)
    assert len({alert_id for message in desk.messages for alert_id in message.alert_ids}) == 300


async def test_the_halves_of_a_repeat_have_ids_of_their_own(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat", AMBIGUOUS, TOO_LONG)
    post = post_of(chat)
    await post.enqueue(*"abcdefgh")
    for _ in range(120):
        await post.deliver(after_seconds=1.0)
    whole, again, *halves = chat.messages
    assert whole.message_id == again.message_id
    assert len({message.message_id for message in halves}) == len(halves)
    assert {alert_id for message in halves for alert_id in message.alert_ids} == set(whole.alert_ids)
    assert all(REPEAT in message.body for message in halves)


async def test_waiting_for_its_own_turn_is_no_failure_of_a_channel(post_of: OpenPost) -> None:
    own = DeliveryReport(RETRY, "too many messages in this chat", 40.0, is_own_pause=True)
    chat, desk = ScriptedChannel("chat", *[own] * 4), ScriptedChannel("desk")
    post = post_of(chat, desk)
    await post.enqueue("a", severity=Severity.WARNING)
    for _ in range(200):
        await post.deliver(after_seconds=1.0)
    assert max(failures for _, _, failures in post.told) == 0
    assert (chat.titles, desk.titles) == (["a"] * 5, [])
