"""One suite for every store: what the engine may rely on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from liqwatch.errors import StoreError
from liqwatch.model import (
    AlertChange,
    AlertKey,
    AlertRecord,
    AlertState,
    Chart,
    Delivery,
    DeliveryReport,
    NotifyReason,
    OutboxStatus,
    Settlement,
    Severity,
)
from liqwatch.ports import Cache, Store
from liqwatch.stores.memory import MemoryStore
from liqwatch.stores.sqlite import SqliteStore
from liqwatch.testing.outbox import KEY, MINUTE, NOW, change, lease_all, notification, settlement, titles

AnyStore: TypeAlias = MemoryStore | SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    store: AnyStore = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()
    yield store
    await store.close()


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
        ended_at=NOW + 3 * MINUTE,
        reading=0.031,
        room=0.01,
        worst_reading=0.009,
        worst_at=NOW + 4 * MINUTE,
        alarmed_at=NOW + 5 * MINUTE,
        escalated=2,
        flaps=4,
        answered_at=NOW + 6 * MINUTE,
        answered_by="Zoë on telegram",
        answered_room=0.02,
        snoozed_until=NOW + 60 * MINUTE,
    )
    bare = AlertRecord(key=AlertKey("", "data_staleness", "a|b"))
    await store.commit([AlertChange(full), AlertChange(bare)])
    assert await store.load() == [bare, full]


async def test_the_last_committed_record_wins(store: AnyStore) -> None:
    await store.commit([AlertChange(AlertRecord(key=KEY, episode=1))])
    await store.commit([AlertChange(AlertRecord(key=KEY, episode=2))])
    assert await store.load() == [AlertRecord(key=KEY, episode=2)]


async def test_a_message_that_is_no_alert_leaves_no_record(store: AnyStore) -> None:
    await store.commit([AlertChange(None, (notification(1, reason=NotifyReason.ANNOUNCED),))])
    assert await store.load() == []
    assert await titles(store) == ["title 1"]


async def test_every_field_of_a_notification_comes_back_for_each_channel(store: AnyStore) -> None:
    message = replace(
        notification(1, expires_at=NOW + 5 * MINUTE),
        channels=("chat", "mail"),
        is_silent=True,
        can_be_answered=True,
        chart=Chart(
            title='BTC "long"',
            marks=((1.0, 65_000.5), (2.5, 64_000.0)),
            liquidation_price=60_000.25,
            levels=((Severity.WARNING, 62_000.0), (Severity.CRITICAL, 61_000.0)),
        ),
    )
    await store.commit([change(message)])
    for channel in ("chat", "mail"):
        (row,) = await lease_all(store, channel)
        assert row.notification == message
        assert (row.channel, row.attempts) == (channel, 1)


async def test_each_channel_gets_the_wording_meant_for_it(store: AnyStore) -> None:
    plain = replace(notification(1), channels=("chat", "mail"))
    german = replace(plain, title="Titel 1", channels=("telefon",))
    await store.commit([AlertChange(AlertRecord(key=KEY), (plain, german))])
    assert await titles(store) == await titles(store, "mail") == ["title 1"]
    assert await titles(store, "telefon") == ["Titel 1"]


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


async def test_rows_are_leased_worst_first_and_then_oldest_first(store: AnyStore) -> None:
    severities = (Severity.NOTICE, Severity.CRITICAL, Severity.WARNING, Severity.CRITICAL)
    keys = [AlertKey("main", "liquidation_distance", str(number)) for number in range(len(severities))]
    for number, (severity, key) in enumerate(zip(severities, keys, strict=True)):
        await store.commit([change(notification(number, severity, key=key), key=key)])
    first = await store.lease("chat", now=NOW, until=NOW + MINUTE, limit=3)
    assert [row.notification.title for row in first] == ["title 1", "title 3", "title 2"]
    assert await titles(store) == ["title 0"]


async def test_a_storm_can_be_leased_in_one_go(store: AnyStore) -> None:
    keys = [AlertKey("main", "liquidation_distance", f"{number:03}") for number in range(300)]
    levels = list(Severity)
    await store.commit(
        [change(notification(n, levels[n % len(levels)], key=key), key=key) for n, key in enumerate(keys)]
    )
    rows = await store.lease("chat", now=NOW, until=NOW + MINUTE, limit=1000)
    order = [(-row.notification.severity, row.notification.alert_key) for row in rows]
    assert len(rows) == len(keys)
    assert order == sorted(order)


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
    await store.settle(
        [replace(settlement(old, Delivery.SENT), settled_at=NOW - MINUTE), settlement(recent, Delivery.SENT)]
    )
    assert await store.prune(NOW) == 1
    status = await store.outbox_status()
    assert (status.sent, status.pending) == (1, 1)


async def test_a_remembered_fact_is_replaced_and_recalled_with_its_time(store: AnyStore) -> None:
    await store.remember("brackets", "{}", NOW)
    await store.remember("brackets", '{"BTC": 1}', NOW + MINUTE)
    assert await store.recall("brackets") == ('{"BTC": 1}', NOW + MINUTE)


async def test_facts_are_forgotten_by_the_beginning_of_their_name_and_their_age(store: AnyStore) -> None:
    for name, at in (("button:1", NOW - MINUTE), ("button:2", NOW), ("buttons", NOW - MINUTE), ("b%", NOW - MINUTE)):
        await store.remember(name, "text", at)
    await store.forget("button:", NOW)
    await store.forget("b%_", NOW + MINUTE)
    names = ("button:1", "button:2", "buttons", "b%")
    assert [name for name in names if await store.recall(name)] == ["button:2", "buttons", "b%"]
    await store.forget("", NOW)
    assert [name for name in names if await store.recall(name)] == ["button:2"]


async def test_a_closed_store_says_so_and_closing_twice_is_harmless(store: AnyStore) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match=r"not open|closed"):
        await store.load()
