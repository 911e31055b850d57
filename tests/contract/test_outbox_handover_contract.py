"""One suite for every store: what is put back, left behind by a channel that is gone, or handed over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from liqwatch.model import AlertKey, Delivery, DeliveryReport, EventKind, NotifyReason, OutboxRow, Severity
from liqwatch.stores.memory import MemoryStore
from liqwatch.stores.sqlite import SqliteStore
from liqwatch.testing.outbox import MINUTE, NOW, change, deliver, lease_all, notification, settlement, titles

AnyStore: TypeAlias = MemoryStore | SqliteStore
OTHER = AlertKey("main", "margin_ratio", "USDT")
REFUSED = DeliveryReport(Delivery.RETRY, "no connection")


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    store: AnyStore = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()
    yield store
    await store.close()


async def test_what_is_put_back_is_due_at_once_as_if_nobody_had_taken_it(store: AnyStore) -> None:
    await store.commit([change(notification(1)), change(notification(2, key=OTHER), key=OTHER)])
    rows = await lease_all(store)
    await store.put_back([rows[0].row_id, 99])
    (again,) = await lease_all(store)
    assert (again.row_id, again.attempts, again.is_repeat) == (rows[0].row_id, 1, False)


async def test_what_has_ended_meanwhile_is_not_put_back(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    row = await deliver(store, Delivery.SENT)
    await store.put_back([row.row_id])
    assert [(entry.status, entry.attempts) for entry in await store.outbox()] == [("sent", 1)]


async def test_a_lease_that_is_released_may_have_been_delivered(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    await lease_all(store)
    await store.release()
    (row,) = await lease_all(store)
    assert (row.attempts, row.is_repeat) == (2, True)


async def test_only_what_is_worse_can_be_leased_and_no_all_clear(store: AnyStore) -> None:
    keys = [AlertKey("main", "liquidation_distance", str(number)) for number in range(4)]
    levels = (Severity.WARNING, Severity.CRITICAL, Severity.EMERGENCY, Severity.EMERGENCY)
    reasons = (NotifyReason.FIRST, NotifyReason.FIRST, NotifyReason.FIRST, NotifyReason.RESOLVED)
    for number, (key, level, reason) in enumerate(zip(keys, levels, reasons, strict=True)):
        await store.commit([change(notification(number, level, key=key, reason=reason), key=key)])
    rows = await store.lease("chat", now=NOW, until=NOW + MINUTE, limit=10, above=Severity.CRITICAL)
    assert [row.notification.title for row in rows] == ["title 2"]
    assert await titles(store) == ["title 3", "title 1", "title 0"]


async def test_messages_of_a_channel_that_is_gone_are_told_by_its_heirs_and_listed(store: AnyStore) -> None:
    await store.commit(
        [
            change(notification(1, Severity.CRITICAL), "old", "mail"),
            change(notification(2, key=OTHER), "old", key=OTHER),
        ]
    )
    asked: list[OutboxRow] = []

    def heirs(row: OutboxRow) -> Sequence[str]:
        asked.append(row)
        return ("new", "mail") if row.notification.severity is Severity.CRITICAL else ()

    assert await store.inherit(["new", "mail"], heirs, NOW + MINUTE) == 2
    assert [row.channel for row in asked] == ["old", "old"]
    assert await titles(store, "new") == await titles(store, "mail") == ["title 1"]
    given_up = [(entry.channel, entry.detail, entry.settled_at) for entry in await store.outbox(status="dead")]
    assert given_up == [("old", "the channel is no longer configured", NOW + MINUTE)] * 2
    assert [line.text for line in await store.events() if line.channel == "new"] == ["in place of old: title 1"]
    assert await store.inherit(["new", "mail"], heirs, NOW) == 0


async def test_a_message_given_up_by_hand_while_under_way_is_not_handed_over(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    (row,) = await lease_all(store)
    await store.discard(row.row_id, NOW)
    await store.settle([settlement(row, Delivery.DEAD, fallback="mail")])
    assert [(entry.channel, entry.status) for entry in await store.outbox()] == [("chat", "discarded")]


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.CRITICAL])
async def test_a_stand_in_hears_the_all_clear_that_waits_behind_what_was_handed_over(
    store: AnyStore, severity: Severity
) -> None:
    await store.commit([change(notification(1, severity))])
    row = await deliver(store, REFUSED, next_attempt_at=NOW, fallback="mail")
    assert await titles(store, "mail") == ["title 1"]
    await store.settle([settlement((await lease_all(store, "mail", now=NOW + MINUTE))[0], Delivery.SENT)])
    await store.commit([change(notification(2, severity, reason=NotifyReason.RESOLVED))])
    for _ in range(2):
        await deliver(store, REFUSED, next_attempt_at=NOW, fallback="mail")
    assert await titles(store) == ["title 1"]
    assert await titles(store, "mail") == ["title 2"]
    assert row.notification.severity is severity


async def test_the_same_refusal_over_and_over_does_not_fill_the_history(store: AnyStore) -> None:
    await store.commit([change(notification(1, Severity.CRITICAL))])
    for _ in range(300):
        await deliver(store, REFUSED, next_attempt_at=NOW)
    await deliver(store, replace(REFUSED, detail="no answer"), next_attempt_at=NOW)
    await deliver(store, Delivery.SENT)
    lines = [line.text for line in await store.events() if line.kind is EventKind.ATTEMPT]
    assert lines[:10] == [f"attempt {number}: no connection" for number in range(1, 11)]
    assert lines[10:] == [
        "attempt 100: no connection",
        "attempt 200: no connection",
        "attempt 300: no connection",
        "attempt 301: no answer",
        "attempt 302",
    ]


async def test_what_waits_for_a_channel_that_stays_is_left_alone(store: AnyStore) -> None:
    await store.commit([change(notification(1))])
    row = await deliver(store, REFUSED, next_attempt_at=NOW + timedelta(seconds=7))
    assert await store.inherit(["chat"], lambda _: ("mail",), NOW) == 0
    (again,) = await lease_all(store, now=NOW + MINUTE)
    assert again.row_id == row.row_id
