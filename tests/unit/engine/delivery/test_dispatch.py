"""From the outbox to people: pauses, stand-ins, threads, late notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqwatch.alerts.routing import Route, Routing
from liqwatch.model import (
    AlertChange,
    AlertRecord,
    Chart,
    Delivery,
    DeliveryReport,
    Notification,
    NotifyReason,
    Severity,
)
from liqwatch.redaction import remember_secret
from liqwatch.testing.sinks import ScriptedChannel

if TYPE_CHECKING:
    from tests.unit.engine.delivery.conftest import OpenPost

RETRY, DEAD, SENT = Delivery.RETRY, Delivery.DEAD, Delivery.SENT
CHART = Chart(title="BTC", marks=((0.0, 1.0),))


async def test_a_message_is_sent_once_to_every_channel_that_is_addressed(post_of: OpenPost) -> None:
    chat, mail, desk = ScriptedChannel("chat"), ScriptedChannel("mail"), ScriptedChannel("desk")
    post = post_of(chat, mail, desk, addressed=("chat", "mail"))
    await post.enqueue("a")
    await post.deliver()
    await post.deliver(after_seconds=3_600.0)
    assert (chat.titles, mail.titles, desk.titles) == (["a"], ["a"], [])
    assert await post.pending() == 0


async def test_an_alert_told_alone_can_be_answered_and_shows_its_chart(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat")
    post = post_of(chat)
    await post.enqueue("a")
    await post.deliver()
    (message,) = chat.messages
    assert message.answerable_id == message.alert_ids[0]
    assert (message.severity, message.chart, message.is_over, message.is_silent) == (
        Severity.CRITICAL,
        CHART,
        False,
        False,
    )


async def test_the_next_message_of_an_alert_follows_the_receipt_of_the_last(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat", DeliveryReport(SENT, receipt="r-1"))
    post = post_of(chat)
    await post.enqueue("a")
    await post.deliver()
    change = post._change("a", Severity.CRITICAL, NotifyReason.RESOLVED, None)
    assert change.record is not None
    record = AlertRecord(key=change.record.key, episode=1, sequence=2)
    (notification,) = change.notifications
    again = Notification(
        dedup_key=record.dedup_key,
        alert_key=notification.alert_key,
        alert_id=notification.alert_id,
        account="main",
        severity=Severity.CRITICAL,
        reason=NotifyReason.RESOLVED,
        title="over",
        body="over",
        happened_at=post.clock.now(),
        channels=("chat",),
    )
    await post.store.commit([AlertChange(record, (again,))])
    await post.deliver(after_seconds=1.0)
    assert [message.follows for message in chat.messages] == [None, "r-1"]
    assert (chat.messages[1].is_over, chat.messages[1].severity) == (True, Severity.NOTICE)


async def test_a_channel_that_refuses_is_tried_again_after_growing_pauses(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat", RETRY, RETRY, RETRY)
    post = post_of(chat)
    await post.enqueue("a")
    await post.deliver()
    for pause, attempts in ((1.0, 2), (2.0, 3), (4.0, 4)):
        await post.deliver(after_seconds=pause - 0.1)
        assert len(chat.messages) == attempts - 1
        await post.deliver(after_seconds=0.1)
        assert len(chat.messages) == attempts
    assert (await post.store.outbox_status()).sent == 1
    assert {message.message_id for message in chat.messages} == {chat.messages[0].message_id}
    assert [message.body for message in chat.messages] == ["body of a"] * 4


async def test_a_pause_that_the_service_asks_for_holds_for_the_whole_channel(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat", DeliveryReport(RETRY, "429", 7.0))
    post = post_of(chat)
    await post.enqueue("a")
    await post.deliver()
    await post.enqueue("b", severity=Severity.EMERGENCY)
    await post.deliver(after_seconds=6.9)
    assert chat.titles == ["a"]
    await post.deliver(after_seconds=0.1)
    assert chat.titles == ["a", "b"]
    await post.deliver(after_seconds=1.0)
    assert chat.titles == ["a", "b", "a"]


async def test_during_a_long_pause_a_stand_in_tells_what_comes(post_of: OpenPost) -> None:
    chat, desk = ScriptedChannel("chat", DeliveryReport(RETRY, "429", 600.0)), ScriptedChannel("desk")
    post = post_of(chat, desk)
    await post.enqueue("a")
    await post.deliver()
    await post.enqueue("b")
    await post.deliver(after_seconds=1.0)
    await post.deliver(after_seconds=1.0)
    assert (chat.titles, sorted(desk.titles)) == (["a"], ["a", "b"])
    await post.deliver(after_seconds=600.0)
    await post.deliver(after_seconds=1.0)
    assert sorted(chat.titles) == ["a", "a", "b"]


async def test_F35b_a_dead_channel_hands_over_at_once_and_is_told(post_of: OpenPost) -> None:  # noqa: N802
    blocked = DeliveryReport(DEAD, "Telegram: Forbidden: bot was blocked by the user")
    chat, desk = ScriptedChannel("chat", blocked), ScriptedChannel("desk")
    post = post_of(chat, desk)
    await post.enqueue("a")
    await post.deliver()
    await post.deliver(after_seconds=3_600.0)
    assert (chat.titles, desk.titles) == (["a"], ["a"])
    assert post.told == [("chat", DEAD, 1), ("desk", SENT, 0)]
    status = await post.store.outbox_status()
    assert (status.sent, status.dead, status.pending) == (1, 1, 0)


async def test_F35d_after_the_third_refusal_the_next_channel_stands_in_once(post_of: OpenPost) -> None:  # noqa: N802
    chat, desk = ScriptedChannel("chat", *[RETRY] * 6), ScriptedChannel("desk")
    post = post_of(chat, desk)
    await post.enqueue("a")
    for attempts in range(1, 7):
        await post.deliver(after_seconds=30.0)
        assert len(chat.messages) == attempts
        assert len(desk.messages) == (1 if attempts >= 3 else 0)
    await post.deliver(after_seconds=30.0)
    assert len(chat.messages) == 7, "the channel itself is never given up while it may recover"
    assert await post.pending() == 0


async def test_F35d_what_meets_a_channel_in_trouble_does_not_go_through_all_of_it(post_of: OpenPost) -> None:  # noqa: N802
    chat, desk = ScriptedChannel("chat", *[RETRY] * 9), ScriptedChannel("desk")
    post = post_of(chat, desk)
    await post.enqueue("a")
    for _ in range(3):
        await post.deliver(after_seconds=30.0)
    await post.enqueue("b")
    await post.deliver(after_seconds=1.0)
    assert chat.titles.count("b") == 1
    assert desk.titles == ["a", "b"]


async def test_the_channel_named_as_fallback_stands_in_before_the_next_in_order(post_of: OpenPost) -> None:
    chat, desk, mail = ScriptedChannel("chat", DEAD), ScriptedChannel("desk"), ScriptedChannel("mail")
    post = post_of(chat, desk, mail)
    routes = (Route(min_severity=Severity.NOTICE, channels=("chat",)),)
    post.dispatcher._routing = Routing(routes, ("chat", "desk", "mail"), fallbacks={"chat": "mail"})
    await post.enqueue("a")
    await post.deliver()
    await post.deliver(after_seconds=1.0)
    assert (desk.titles, mail.titles) == ([], ["a"])


async def test_when_the_stand_in_is_dead_too_the_third_channel_hears_of_it(post_of: OpenPost) -> None:
    chat, desk, mail = ScriptedChannel("chat", DEAD), ScriptedChannel("desk", DEAD), ScriptedChannel("mail")
    post = post_of(chat, desk, mail)
    await post.enqueue("a")
    for _ in range(4):
        await post.deliver(after_seconds=1.0)
    assert (chat.titles, desk.titles, mail.titles) == (["a"], ["a"], ["a"])


async def test_what_comes_late_says_so_before_everything_else(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat")
    post = post_of(chat)
    await post.enqueue("a")
    await post.deliver(after_seconds=600.0)
    (message,) = chat.messages
    late, _, body = message.body.partition("\n")
    assert late.startswith("Late: this happened at 12:00")
    assert "12:10" in late
    assert body == "body of a"


async def test_a_warning_may_expire_and_a_critical_one_never_does(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat")
    post = post_of(chat)
    await post.enqueue("mild", severity=Severity.WARNING, expires_after=60.0)
    await post.enqueue("grave", severity=Severity.CRITICAL, expires_after=60.0)
    await post.deliver(after_seconds=3_600.0)
    assert chat.titles == ["grave"]
    assert (await post.store.outbox_status()).expired == 1


async def test_what_a_service_says_is_shown_without_secrets_and_without_signs_that_command(post_of: OpenPost) -> None:
    remember_secret("canary-5f2b")
    said = DeliveryReport(RETRY, "\x1b[2Jno canary-5f2b\nRESOLVED \u202eall\x9b is well" + "!" * 500)
    chat = ScriptedChannel("chat", said)
    post = post_of(chat)
    await post.enqueue("a")
    await post.deliver()
    (entry,) = await post.store.outbox()
    assert entry.detail.startswith("[2Jno *** RESOLVED all is well!!!")
    assert len(entry.detail) <= 300
    assert [line.text for line in await post.store.events() if line.word == "retry"] == [f"attempt 1: {entry.detail}"]
