"""One suite for every store: one message after another, the repeat of one that may have arrived, and the stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from liqwatch.model import AlertKey, Chart, Delivery, DeliveryReport, NotifyReason, Severity
from liqwatch.stores.memory import MemoryStore
from liqwatch.stores.sqlite import SqliteStore
from liqwatch.testing.outbox import MINUTE, NOW, change, lease_all, notification, settlement, titles

AnyStore: TypeAlias = MemoryStore | SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    store: AnyStore = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()
    yield store
    await store.close()


async def test_the_newer_message_carries_the_story_of_the_older(store: AnyStore) -> None:
    await store.commit([change(notification(1, Severity.WARNING))])
    await store.commit([change(notification(2, Severity.CRITICAL, reason=NotifyReason.WORSENED))])
    assert await titles(store) == ["title 2"]


@pytest.mark.parametrize(
    "reason", [reason for reason in NotifyReason if reason not in (NotifyReason.ANNOUNCED, NotifyReason.RESOLVED)]
)
@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.CRITICAL])
async def test_whatever_is_told_anew_of_an_alert_on_the_same_level_takes_the_place_of_the_older(
    store: AnyStore, reason: NotifyReason, severity: Severity
) -> None:
    await store.commit([change(notification(1, severity))])
    await store.commit([change(notification(2, severity, reason=reason))])
    assert await titles(store) == ["title 2"]


async def test_messages_of_one_alert_in_one_commit_end_in_the_newest(store: AnyStore) -> None:
    reasons = (NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.ESCALATED)
    await store.commit([change(notification(number, reason=reason)) for number, reason in enumerate(reasons, start=1)])
    assert await titles(store) == ["title 3"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (NotifyReason.FIRST, NotifyReason.ANNOUNCED),
        (NotifyReason.ANNOUNCED, NotifyReason.WORSENED),
        (NotifyReason.ANNOUNCED, NotifyReason.RESOLVED),
        (NotifyReason.ANNOUNCED, NotifyReason.ANNOUNCED),
    ],
)
async def test_an_announcement_takes_no_place_and_gives_none(
    store: AnyStore, first: NotifyReason, second: NotifyReason
) -> None:
    await store.commit([change(notification(1, reason=first)), change(notification(2, reason=second))])
    assert await titles(store) == ["title 1", "title 2"]


async def test_a_newer_message_leaves_other_alerts_and_channels_alone(store: AnyStore) -> None:
    other = AlertKey("main", "margin_ratio", "USDT")
    await store.commit([change(notification(1), "chat", "mail"), change(notification(1, key=other), key=other)])
    await store.commit([change(notification(2, reason=NotifyReason.WORSENED))])
    assert await titles(store) == ["title 1", "title 2"]
    assert await titles(store, "mail") == ["title 1"]


async def test_a_message_under_way_is_not_superseded_until_it_has_failed(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    (row,) = await lease_all(store)
    await store.commit([change(notification(2, Severity.CRITICAL, reason=NotifyReason.WORSENED))])
    assert (await store.outbox_status()).pending == 2
    await store.settle([settlement(row, Delivery.RETRY, next_attempt_at=NOW)])
    assert await titles(store) == ["title 2"]


async def test_an_escalation_never_waits_for_an_older_message_under_way(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    await lease_all(store)
    await store.commit([change(notification(2, Severity.EMERGENCY, reason=NotifyReason.WORSENED))])
    assert await titles(store) == ["title 2"]


async def test_a_milder_repeat_never_swallows_a_critical_message(store: AnyStore) -> None:
    await store.commit([change(notification(1, Severity.CRITICAL))])
    await store.commit([change(notification(2, Severity.WARNING, reason=NotifyReason.REPEATED))])
    assert await titles(store) == ["title 1", "title 2"]


async def test_resolved_swallows_a_mild_message_that_was_never_tried(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    await store.commit([change(notification(2, reason=NotifyReason.RESOLVED))])
    assert await titles(store) == ["title 2"]


async def test_resolved_waits_behind_a_critical_message(store: AnyStore) -> None:
    await store.commit([change(notification(1, Severity.CRITICAL))])
    await store.commit([change(notification(2, Severity.CRITICAL, reason=NotifyReason.RESOLVED))])
    (first,) = await lease_all(store)
    assert first.notification.title == "title 1"
    await store.settle([settlement(first, Delivery.SENT)])
    assert await titles(store) == ["title 2"]


async def test_resolved_waits_behind_a_message_that_may_have_arrived(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    (row,) = await lease_all(store)
    await store.settle([settlement(row, Delivery.RETRY, next_attempt_at=NOW + MINUTE)])
    await store.commit([change(notification(2, reason=NotifyReason.RESOLVED))])
    assert await titles(store) == []
    assert await titles(store, now=NOW + MINUTE) == ["title 1"]


async def test_an_attempt_without_an_answer_is_repeated_as_a_repeat(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    (row,) = await lease_all(store)
    assert not row.is_repeat
    later = NOW + timedelta(seconds=7)
    await store.settle([settlement(row, Delivery.AMBIGUOUS, next_attempt_at=later)])
    (again,) = await lease_all(store, now=later)
    assert (again.row_id, again.attempts, again.is_repeat) == (row.row_id, 2, True)
    assert again.notification == row.notification


async def test_that_a_message_may_have_arrived_is_not_forgotten_by_a_plain_refusal(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    for delivery in (Delivery.AMBIGUOUS, Delivery.RETRY):
        (row,) = await lease_all(store)
        await store.settle([settlement(row, delivery, next_attempt_at=NOW)])
    (row,) = await lease_all(store)
    assert (row.attempts, row.is_repeat) == (3, True)


async def test_an_unanswered_attempt_that_is_not_to_be_repeated_is_dead_and_falls_back(store: AnyStore) -> None:
    await store.commit([change(notification(1, Severity.CRITICAL))])
    (row,) = await lease_all(store)
    report = DeliveryReport(Delivery.AMBIGUOUS, "no answer in 10 s")
    await store.settle([settlement(row, report, fallback="mail")])
    (mail, chat) = await store.outbox()
    assert (chat.status, chat.detail, chat.settled_at) == ("dead", "no answer in 10 s", NOW)
    assert (mail.channel, mail.status) == ("mail", "pending")
    (fallback,) = await lease_all(store, "mail")
    assert not fallback.is_repeat


async def test_an_attempt_whose_end_was_never_written_down_may_have_arrived(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    await lease_all(store)
    (row,) = await lease_all(store, now=NOW + MINUTE)
    assert (row.attempts, row.is_repeat) == (2, True)


async def test_a_message_follows_the_last_one_sent_about_the_same_episode_on_its_channel(store: AnyStore) -> None:
    await store.commit([change(notification(1), "chat", "mail")])
    for channel, receipt in (("chat", "chat-1"), ("mail", "mail-1")):
        (row,) = await lease_all(store, channel)
        assert row.follows is None
        await store.settle([settlement(row, DeliveryReport(Delivery.SENT, receipt=receipt))])
    other = replace(notification(5, key=AlertKey("main", "margin_ratio", "USDT")), alert_id="other1")
    await store.commit([change(notification(2, reason=NotifyReason.WORSENED), "chat", "mail"), change(other)])
    assert {row.notification.title: row.follows for row in await lease_all(store)} == {
        "title 2": "chat-1",
        "title 5": None,
    }
    assert [row.follows for row in await lease_all(store, "mail")] == ["mail-1"]


async def test_the_newest_receipt_is_followed_and_a_sent_message_without_one_hides_none(store: AnyStore) -> None:
    for number, receipt in enumerate(("a", "b", ""), start=1):
        await store.commit([change(notification(number, reason=NotifyReason.REPEATED))])
        (row,) = await lease_all(store)
        report = DeliveryReport(Delivery.SENT, receipt=receipt)
        await store.settle([replace(settlement(row, report), settled_at=NOW + number * MINUTE)])
    await store.commit([change(notification(4, reason=NotifyReason.RESOLVED))])
    assert [row.follows for row in await lease_all(store)] == ["b"]


async def test_an_announcement_follows_its_alert_and_is_not_followed_and_nothing_follows_nobody(
    store: AnyStore,
) -> None:
    announced = notification(2, reason=NotifyReason.ANNOUNCED)
    nobody = replace(notification(3, reason=NotifyReason.ANNOUNCED), alert_id="")
    for message, receipt, followed in ((notification(1), "alert", None), (announced, "told", "alert")):
        await store.commit([change(message)])
        (row,) = await lease_all(store)
        assert row.follows == followed
        await store.settle([settlement(row, DeliveryReport(Delivery.SENT, receipt=receipt))])
    await store.commit([change(notification(4, reason=NotifyReason.RESOLVED)), change(nobody)])
    assert {row.notification.title: row.follows for row in await lease_all(store)} == {
        "title 4": "alert",
        "title 3": None,
    }


async def test_the_fallback_channel_gets_the_same_message_once(store: AnyStore) -> None:
    message = replace(notification(1, Severity.CRITICAL), chart=Chart(title="BTC", marks=((1.0, 2.0),)))
    await store.commit([change(message)])
    (row,) = await lease_all(store)
    for _ in range(2):
        await store.settle([settlement(row, Delivery.RETRY, next_attempt_at=NOW, fallback="mail")])
    (fallback,) = await lease_all(store, "mail")
    assert (fallback.notification, fallback.attempts) == (message, 1)


async def test_an_old_message_falling_back_never_swallows_a_newer_one(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    (row,) = await lease_all(store)
    await store.commit([change(notification(2, Severity.CRITICAL, reason=NotifyReason.WORSENED), "chat", "mail")])
    await store.settle([settlement(row, Delivery.DEAD, fallback="mail")])
    assert await titles(store, "mail") == ["title 2"]
