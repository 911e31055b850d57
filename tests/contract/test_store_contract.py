"""One suite for every store: what the engine may rely on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from liqwatch.errors import StoreError
from liqwatch.model import (
    AlertChange,
    AlertKey,
    AlertRecord,
    AlertState,
    Delivery,
    DeliveryReport,
    Notification,
    NotifyReason,
    OutboxRow,
    OutboxStatus,
    Settlement,
    Severity,
)
from liqwatch.ports import Cache, Store
from liqwatch.stores.memory import MemoryStore
from liqwatch.stores.sqlite import SqliteStore

AnyStore: TypeAlias = MemoryStore | SqliteStore

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long")


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    store: AnyStore = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()
    yield store
    await store.close()


def notification(
    sequence: int,
    severity: Severity = Severity.WARNING,
    *,
    reason: NotifyReason = NotifyReason.FIRST,
    key: AlertKey = KEY,
    expires_at: datetime | None = None,
) -> Notification:
    return Notification(
        dedup_key=f"{key}|1|{sequence}",
        alert_key=str(key),
        alert_id="4f2a11",
        account=key.account,
        severity=severity,
        reason=reason,
        title=f"title {sequence}",
        body=f"körper <{sequence}> & 🚨",
        happened_at=NOW + sequence * timedelta(seconds=1),
        expires_at=expires_at,
    )


def change(message: Notification, *channels: str, key: AlertKey = KEY) -> AlertChange:
    return AlertChange(AlertRecord(key=key), message, channels or ("chat",))


async def lease_all(store: AnyStore, channel: str = "chat", *, now: datetime = NOW) -> Sequence[OutboxRow]:
    return await store.lease(channel, now=now, until=now + MINUTE, limit=100)


async def titles(store: AnyStore, channel: str = "chat", *, now: datetime = NOW) -> list[str]:
    return [row.notification.title for row in await lease_all(store, channel, now=now)]


def settlement(row: OutboxRow, delivery: Delivery, **more: object) -> Settlement:
    return replace(Settlement(row_id=row.row_id, report=DeliveryReport(delivery), settled_at=NOW), **more)  # type: ignore[arg-type]


async def test_a_store_is_a_store_and_a_cache(store: AnyStore) -> None:
    as_store: Store = store
    as_cache: Cache = store
    assert await as_store.load() == []
    assert await as_cache.recall("brackets") is None


async def test_every_field_of_a_record_comes_back(store: AnyStore) -> None:
    full = AlertRecord(
        key=KEY,
        state=AlertState.RECOVERING,
        severity=Severity.WARNING,
        told=Severity.WARNING,
        peak=Severity.EMERGENCY,
        episode=3,
        sequence=7,
        started_at=NOW,
        pending_since=NOW + MINUTE,
        clearing_since=NOW + 2 * MINUTE,
        notified_at=NOW.replace(microsecond=0),
    )
    bare = AlertRecord(key=AlertKey("", "data_staleness", "a|b"))
    await store.commit([AlertChange(full), AlertChange(bare)])
    assert await store.load() == [bare, full]


async def test_the_last_committed_record_wins(store: AnyStore) -> None:
    await store.commit([AlertChange(AlertRecord(key=KEY, episode=1))])
    await store.commit([AlertChange(AlertRecord(key=KEY, episode=2))])
    assert await store.load() == [AlertRecord(key=KEY, episode=2)]


async def test_every_field_of_a_notification_comes_back_for_each_channel(store: AnyStore) -> None:
    message = notification(1, expires_at=NOW + 5 * MINUTE)
    await store.commit([change(message, "chat", "mail")])
    for channel in ("chat", "mail"):
        (row,) = await lease_all(store, channel)
        assert row.notification == message
        assert (row.channel, row.attempts) == (channel, 1)


async def test_the_same_message_is_never_stored_twice_for_a_channel(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    await store.commit([change(notification(1), "chat", "mail")])
    assert len(await lease_all(store)) == 1
    assert len(await lease_all(store, "mail")) == 1


async def test_a_message_already_sent_is_not_stored_again(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    (row,) = await lease_all(store)
    await store.settle([settlement(row, Delivery.SENT)])
    await store.commit([change(notification(1))])
    assert await lease_all(store, now=NOW + 2 * MINUTE) == []


async def test_the_newer_message_carries_the_story_of_the_older(store: AnyStore) -> None:
    await store.commit([change(notification(1, Severity.WARNING))])
    await store.commit([change(notification(2, Severity.CRITICAL, reason=NotifyReason.WORSENED))])
    assert await titles(store) == ["title 2"]


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


async def test_rows_are_leased_worst_first_and_then_oldest_first(store: AnyStore) -> None:
    severities = (Severity.NOTICE, Severity.CRITICAL, Severity.WARNING, Severity.CRITICAL)
    keys = [AlertKey("main", "liquidation_distance", str(number)) for number in range(len(severities))]
    for number, (severity, key) in enumerate(zip(severities, keys, strict=True)):
        await store.commit([change(notification(number, severity, key=key), key=key)])
    first = await store.lease("chat", now=NOW, until=NOW + MINUTE, limit=3)
    assert [row.notification.title for row in first] == ["title 1", "title 3", "title 2"]
    assert await titles(store) == ["title 0"]


async def test_a_leased_row_is_hidden_until_its_lease_ends(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    await lease_all(store)
    assert await lease_all(store, now=NOW + MINUTE - timedelta(microseconds=1)) == []
    (row,) = await lease_all(store, now=NOW + MINUTE)
    assert row.attempts == 2


async def test_a_row_past_its_use_expires_instead_of_arriving_late(store: AnyStore) -> None:
    await store.commit([change(notification(1, expires_at=NOW))])
    assert await lease_all(store) == []
    status = await store.outbox_status()
    assert (status.pending, status.expired) == (0, 1)


async def test_a_critical_row_never_expires(store: AnyStore) -> None:
    await store.commit([change(notification(1, Severity.CRITICAL, expires_at=NOW))])
    assert len(await lease_all(store)) == 1


@pytest.mark.parametrize(
    ("delivery", "outcome"),
    [
        (Delivery.SENT, lambda status: status.sent),
        (Delivery.DEAD, lambda status: status.dead),
        (Delivery.EXPIRED, lambda status: status.expired),
    ],
)
async def test_an_ended_row_is_counted_and_never_leased_again(
    store: AnyStore, delivery: Delivery, outcome: Callable[[OutboxStatus], int]
) -> None:
    await store.commit([change(notification(1))])
    (row,) = await lease_all(store)
    await store.settle([settlement(row, delivery)])
    status = await store.outbox_status()
    assert (outcome(status), status.pending, status.oldest_pending_at) == (1, 0, None)
    assert await lease_all(store, now=NOW + 10 * MINUTE) == []


async def test_a_row_to_be_retried_is_due_at_its_time_and_counts_its_attempts(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    (row,) = await lease_all(store)
    later = NOW + timedelta(seconds=7)
    await store.settle([settlement(row, Delivery.RETRY, next_attempt_at=later)])
    assert await lease_all(store, now=later - timedelta(microseconds=1)) == []
    (again,) = await lease_all(store, now=later)
    assert (again.row_id, again.attempts) == (row.row_id, 2)


async def test_a_second_settlement_of_an_ended_row_changes_nothing(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    (row,) = await lease_all(store)
    await store.settle([settlement(row, Delivery.SENT)])
    await store.settle([settlement(row, Delivery.RETRY, next_attempt_at=NOW)])
    assert (await store.outbox_status()).sent == 1


async def test_a_settlement_of_an_unknown_row_is_harmless(store: AnyStore) -> None:
    await store.settle([Settlement(row_id=99, report=DeliveryReport(Delivery.SENT), settled_at=NOW)])
    assert await store.outbox_status() == OutboxStatus(pending=0, oldest_pending_at=None, dead=0, sent=0)


async def test_the_fallback_channel_gets_the_same_message_once(store: AnyStore) -> None:
    message = notification(1, Severity.CRITICAL)
    await store.commit([change(message)])
    (row,) = await lease_all(store)
    for _ in range(2):
        await store.settle([settlement(row, Delivery.RETRY, next_attempt_at=NOW, fallback_channel="mail")])
    (fallback,) = await lease_all(store, "mail")
    assert (fallback.notification, fallback.attempts) == (message, 1)


async def test_an_old_message_falling_back_never_swallows_a_newer_one(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    (row,) = await lease_all(store)
    await store.commit([change(notification(2, Severity.CRITICAL, reason=NotifyReason.WORSENED), "chat", "mail")])
    await store.settle([settlement(row, Delivery.DEAD, fallback_channel="mail")])
    assert await titles(store, "mail") == ["title 2"]


async def test_the_status_names_the_oldest_undelivered_message(store: AnyStore) -> None:
    other = AlertKey("main", "margin_ratio", "USDT")
    await store.commit([change(notification(5)), change(notification(3, key=other), key=other)])
    assert await store.outbox_status() == OutboxStatus(
        pending=2, oldest_pending_at=NOW + timedelta(seconds=3), dead=0, sent=0
    )


async def test_pruning_forgets_only_what_ended_before(store: AnyStore) -> None:
    keys = [AlertKey("main", "liquidation_distance", str(number)) for number in range(3)]
    await store.commit([change(notification(1, key=key), key=key) for key in keys])
    old, recent, _ = await lease_all(store)
    await store.settle([settlement(old, Delivery.SENT, settled_at=NOW - MINUTE), settlement(recent, Delivery.SENT)])
    assert await store.prune(NOW) == 1
    status = await store.outbox_status()
    assert (status.sent, status.pending) == (1, 1)


async def test_a_remembered_fact_is_replaced_and_recalled_with_its_time(store: AnyStore) -> None:
    await store.remember("brackets", "{}", NOW)
    await store.remember("brackets", '{"BTC": 1}', NOW + MINUTE)
    assert await store.recall("brackets") == ('{"BTC": 1}', NOW + MINUTE)


async def test_a_closed_store_says_so_and_closing_twice_is_harmless(store: AnyStore) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match=r"not open|closed"):
        await store.load()
