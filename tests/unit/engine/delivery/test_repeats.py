"""An attempt whose answer was lost: repeated once, in the same company, with the same id."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from liqwatch.clock import ManualClock
from liqwatch.model import Delivery, DeliveryReport, Severity
from liqwatch.testing.sinks import ScriptedChannel

if TYPE_CHECKING:
    from tests.unit.engine.delivery.conftest import OpenPost

AMBIGUOUS = Delivery.AMBIGUOUS
REPEAT = "Perhaps a repeat: the answer to an earlier attempt was lost."


async def test_F30_a_lost_answer_is_followed_by_exactly_one_repeat_with_the_same_id(post_of: OpenPost) -> None:  # noqa: N802
    chat, desk = ScriptedChannel("chat", *[AMBIGUOUS] * 9), ScriptedChannel("desk")
    post = post_of(chat, desk)
    await post.enqueue("a")
    await post.deliver()
    assert desk.titles == []
    for _ in range(5):
        await post.deliver(after_seconds=1.0)
    await post.deliver(after_seconds=3_600.0)
    first, second = chat.messages
    assert first.message_id == second.message_id
    assert first.alert_ids == second.alert_ids
    assert second.body == f"{REPEAT}\n{first.body}"
    assert desk.titles == ["a"]
    assert await post.pending() == 0


async def test_F30_a_repeat_that_is_answered_ends_the_doubt(post_of: OpenPost) -> None:  # noqa: N802
    chat, desk = ScriptedChannel("chat", AMBIGUOUS), ScriptedChannel("desk")
    post = post_of(chat, desk)
    await post.enqueue("a")
    await post.deliver()
    await post.deliver(after_seconds=1.0)
    await post.deliver(after_seconds=60.0)
    assert (len(chat.messages), desk.titles) == (2, [])
    assert (await post.store.outbox_status()).sent == 1


async def test_F30_a_repeated_group_goes_out_in_the_same_company_though_more_has_come(post_of: OpenPost) -> None:  # noqa: N802
    chat = ScriptedChannel("chat", AMBIGUOUS)
    post = post_of(chat)
    await post.enqueue(*"abcde")
    await post.deliver()
    await post.enqueue(*"fghij")
    for _ in range(60):
        await post.deliver(after_seconds=1.0)
    first, *others = chat.messages
    (repeat,) = [message for message in others if REPEAT in message.body]
    assert repeat.message_id == first.message_id
    assert set(repeat.alert_ids) == set(first.alert_ids)
    assert sorted(len(message.alert_ids) for message in others) == [5, 5]
    assert await post.pending() == 0


async def test_F30_after_a_crash_the_rows_under_way_have_their_id_again(  # noqa: N802
    post_of: OpenPost, clock: ManualClock
) -> None:
    class Crashing(ScriptedChannel):
        async def send(self, message: object) -> DeliveryReport:
            self.messages.append(message)  # type: ignore[arg-type]
            raise asyncio.CancelledError

    before, after = Crashing("chat"), ScriptedChannel("chat")
    post = post_of(before)
    await post.enqueue(*"abcde")
    with pytest.raises(asyncio.CancelledError):
        await post.dispatcher._queues["chat"].turn()
    # The lease runs out, as it ends at a start.
    clock.advance(600.0)
    again = post_of(after)
    await again.deliver()
    assert [message.message_id for message in after.messages] == [before.messages[0].message_id]
    assert REPEAT in after.messages[0].body


async def test_where_nobody_else_can_tell_it_a_critical_message_in_doubt_is_never_given_up(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat", *[AMBIGUOUS] * 4)
    post = post_of(chat)
    await post.enqueue("grave")
    await post.enqueue("mild", severity=Severity.WARNING)
    moments = list[float]()
    for _ in range(700):
        known = chat.titles.count("grave")
        await post.deliver(after_seconds=1.0)
        moments += [post.clock.monotonic()] * (chat.titles.count("grave") - known)
    first, second, third, *others = moments
    assert (second - first, third - second) == (1.0, 300.0), "the repeat at once, what follows it rarely"
    assert len(others) == 0, "it has been answered"
    assert len({message.message_id for message in chat.messages if message.title == "grave"}) == 1
    assert (await post.store.outbox_status()).pending == 0
