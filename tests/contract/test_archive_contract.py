"""One suite for every store: what has happened, what people see of the outbox, and what survives a new life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
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
    EventKind,
    HistoryEvent,
    Notification,
    NotifyReason,
    Severity,
    Silence,
)
from liqwatch.ports import Archive
from liqwatch.stores import history
from liqwatch.stores.history import SLICE
from liqwatch.stores.memory import MemoryStore
from liqwatch.stores.sqlite import SqliteStore
from liqwatch.testing.outbox import MINUTE, NOW, SECOND, deliver, lease_all, settlement

AnyStore: TypeAlias = MemoryStore | SqliteStore

DAY = timedelta(days=1)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    store: AnyStore = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()
    yield store
    await store.close()


def record(subject: str = "BTC", sequence: int = 1) -> AlertRecord:
    key = AlertKey("main", "liquidation_distance", subject)
    return AlertRecord(key=key, state=AlertState.FIRING, episode=1, sequence=sequence)


def message(
    about: AlertRecord,
    *channels: str,
    severity: Severity = Severity.WARNING,
    reason: NotifyReason = NotifyReason.FIRST,
    expires_at: datetime | None = None,
) -> Notification:
    return Notification(
        dedup_key=about.dedup_key,
        alert_key=str(about.key),
        alert_id=about.alert_id,
        account=about.key.account,
        severity=severity,
        reason=reason,
        title=f"{about.key.subject} {about.sequence}",
        body="body",
        happened_at=NOW + about.sequence * SECOND,
        channels=channels or ("chat",),
        expires_at=expires_at,
    )


def transition(about: AlertRecord, word: str = "firing", at: datetime = NOW) -> HistoryEvent:
    return HistoryEvent(
        kind=EventKind.TRANSITION, at=at, alert_id=about.alert_id, alert_key=str(about.key), account="main", word=word
    )


def told(about: AlertRecord, *channels: str) -> AlertChange:
    return AlertChange(about, (message(about, *channels),), (transition(about),))


def silence(number: int = 1) -> Silence:
    return Silence(
        silence_id=f"s{number}",
        began_at=NOW + number * SECOND,
        until=NOW + 60 * MINUTE,
        by="Zoë",
        account="main",
        rule="leverage",
        subject="BTC/*",
        comment="I'm hedged",
    )


async def statuses(store: AnyStore) -> list[str]:
    return [entry.status for entry in await store.outbox()]


async def test_a_store_is_an_archive(store: AnyStore) -> None:
    archive: Archive = store
    assert [*await archive.events(), *await archive.silences(), *await archive.outbox()] == []
    assert not await archive.retry(1)
    assert not await archive.discard(1, NOW)


async def test_every_field_of_a_line_comes_back(store: AnyStore) -> None:
    full = HistoryEvent(
        kind=EventKind.ANSWER,
        at=NOW,
        alert_id="4f2a11",
        alert_key="main|leverage|BTC",
        account="main",
        severity=Severity.CRITICAL,
        word="snooze",
        channel="chat",
        who="Zoë",
        reading=0.031,
        text="for 1 h",
    )
    bare = HistoryEvent(kind=EventKind.SILENCE, at=NOW + SECOND)
    await store.commit([AlertChange(None, events=(full, bare))])
    assert await store.events() == [full, bare]


async def test_each_message_leaves_one_line_for_each_channel_after_the_transition_that_caused_it(
    store: AnyStore,
) -> None:
    btc, eth = record("BTC"), record("ETH")
    await store.commit([told(btc, "chat", "mail"), told(eth)])
    assert [(line.alert_key, line.kind, line.word, line.channel) for line in await store.events()] == [
        (str(btc.key), EventKind.TRANSITION, "firing", ""),
        (str(btc.key), EventKind.MESSAGE, "first", "chat"),
        (str(btc.key), EventKind.MESSAGE, "first", "mail"),
        (str(eth.key), EventKind.TRANSITION, "firing", ""),
        (str(eth.key), EventKind.MESSAGE, "first", "chat"),
    ]
    line = (await store.events())[1]
    assert (line.alert_id, line.account, line.severity) == (btc.alert_id, "main", Severity.WARNING)
    assert (line.text, line.at, line.who) == ("BTC 1", NOW + SECOND, "")


async def test_a_message_written_twice_is_stored_once_and_told_once_in_the_history(store: AnyStore) -> None:
    change = AlertChange(record(), (message(record(), "chat"),))
    await store.commit([change, change])
    await store.commit([AlertChange(record(), (message(record(), "chat", "mail"),))])
    assert [line.channel for line in await store.events()] == ["chat", "mail"]
    assert [entry.channel for entry in await store.outbox()] == ["mail", "chat"]


async def test_every_attempt_leaves_its_outcome_its_number_its_receipt_and_its_detail(store: AnyStore) -> None:
    await store.commit([told(record())])
    await deliver(store, DeliveryReport(Delivery.RETRY, "429"), next_attempt_at=NOW)
    await deliver(store, DeliveryReport(Delivery.AMBIGUOUS, "no answer"), next_attempt_at=NOW)
    await deliver(store, DeliveryReport(Delivery.SENT, receipt="881"))
    attempts = [line for line in await store.events() if line.kind is EventKind.ATTEMPT]
    assert [(line.word, line.text) for line in attempts] == [
        ("retry", "attempt 1: 429"),
        ("ambiguous", "attempt 2: no answer"),
        ("sent", "attempt 3, receipt 881"),
    ]
    first = attempts[0]
    assert (first.channel, first.alert_id, first.alert_key) == ("chat", record().alert_id, str(record().key))
    assert (first.account, first.severity, first.at) == ("main", Severity.WARNING, NOW)


async def test_the_history_tells_of_the_channel_that_stands_in(store: AnyStore) -> None:
    await store.commit([told(record())])
    await deliver(store, DeliveryReport(Delivery.DEAD, "blocked"), fallback="mail")
    assert [(line.kind, line.channel, line.word, line.text) for line in (await store.events())[2:]] == [
        (EventKind.ATTEMPT, "chat", "dead", "attempt 1: blocked"),
        (EventKind.MESSAGE, "mail", "first", "in place of chat: BTC 1"),
    ]


async def test_a_message_that_expires_untried_leaves_a_line(store: AnyStore) -> None:
    await store.commit([AlertChange(record(), (message(record(), expires_at=NOW),))])
    assert await lease_all(store, now=NOW + MINUTE) == []
    line = (await store.events())[-1]
    assert (line.kind, line.word, line.channel, line.at) == (EventKind.ATTEMPT, "expired", "chat", NOW + MINUTE)
    assert (await store.outbox())[0].detail == line.text == "too old to be useful"


async def test_the_history_is_asked_by_alert_by_time_and_by_number(store: AnyStore) -> None:
    btc, eth = record("BTC"), record("ETH")
    lines = [transition((btc, eth)[n % 2], word=str(n), at=NOW + n * SECOND) for n in range(6)]
    await store.commit([AlertChange(None, events=tuple(lines))])
    assert await store.events(limit=2) == lines[4:]
    assert await store.events(since=NOW + 3 * SECOND) == lines[3:]
    assert await store.events(since=NOW + 3 * SECOND, limit=1) == lines[5:]
    assert await store.events(alert_id=eth.alert_id) == lines[1::2]
    assert await store.events(alert_id=eth.alert_id, since=NOW + 3 * SECOND, limit=1) == lines[5:]
    assert await store.events(alert_id="unknown") == []


async def test_a_line_of_the_history_cannot_be_changed(store: AnyStore) -> None:
    await store.commit([AlertChange(None, events=(transition(record()),))])
    with pytest.raises(StoreError, match="never changed"):
        await store.run(lambda connection: connection.execute("UPDATE history SET word = 'other'"))
    assert [line.word for line in await store.events()] == ["firing"]


async def test_a_silence_stands_until_it_is_ended_expired_or_not(store: AnyStore) -> None:
    await store.commit([AlertChange(None, silence=silence(2)), AlertChange(None, silence=silence(1))])
    assert await store.silences() == [silence(1), silence(2)]
    await store.commit([AlertChange(None, ended_silence="s1"), AlertChange(None, ended_silence="unknown")])
    assert await store.silences() == [silence(2)]


async def test_a_silence_is_changed_under_its_id_and_never_wakes_up_again(store: AnyStore) -> None:
    longer = replace(silence(), until=NOW + DAY)
    await store.commit([AlertChange(None, silence=silence()), AlertChange(None, silence=longer)])
    assert await store.silences() == [longer]
    await store.commit([AlertChange(None, ended_silence="s1"), AlertChange(None, silence=silence())])
    assert await store.silences() == []


async def test_the_outbox_is_listed_newest_first_with_what_became_of_each_message(store: AnyStore) -> None:
    await store.commit([told(record("BTC"), "chat"), told(record("ETH"), "chat")])
    later = NOW + 7 * SECOND
    await deliver(store, DeliveryReport(Delivery.SENT, "accepted", receipt="881"))
    (row,) = await lease_all(store, now=NOW + 2 * MINUTE)
    await store.settle([settlement(row, DeliveryReport(Delivery.RETRY, "429"), next_attempt_at=later)])
    eth, btc = await store.outbox()
    assert (eth.title, eth.status, eth.attempts, eth.next_attempt_at) == ("ETH 1", "pending", 2, later)
    assert (eth.detail, eth.receipt, eth.settled_at) == ("429", "", None)
    assert (btc.status, btc.settled_at, btc.detail, btc.receipt) == ("sent", NOW, "accepted", "881")
    assert (btc.channel, btc.severity, btc.reason, btc.attempts) == ("chat", Severity.WARNING, "first", 1)
    assert (btc.alert_id, btc.alert_key) == (record("BTC").alert_id, str(record("BTC").key))
    assert (btc.happened_at, btc.next_attempt_at) == (NOW + SECOND, None)
    assert await store.outbox(status="sent") == [btc]
    assert await store.outbox(limit=1) == [eth]


@pytest.mark.parametrize("ended", [Delivery.DEAD, Delivery.EXPIRED, "superseded", "discarded"])
async def test_whatever_has_not_been_sent_can_be_made_due_again_and_starts_anew(
    store: AnyStore, ended: Delivery | str
) -> None:
    await store.commit([AlertChange(record(), (message(record(), expires_at=NOW + MINUTE),))])
    row_id = (await store.outbox())[0].row_id
    if isinstance(ended, Delivery):
        await deliver(store, DeliveryReport(ended))
    elif ended == "superseded":
        newer = record(sequence=2)
        await store.commit([AlertChange(newer, (message(newer, reason=NotifyReason.WORSENED),))])
        await deliver(store, DeliveryReport(Delivery.SENT))
    else:
        await store.discard(row_id, NOW)
    assert (await store.outbox())[-1].status == (ended.value if isinstance(ended, Delivery) else ended)

    assert await store.retry(row_id)
    (row,) = await lease_all(store, now=NOW + DAY)
    assert (row.row_id, row.attempts, row.notification.title) == (row_id, 1, "BTC 1")
    assert (await store.outbox())[-1].settled_at is None


async def test_a_waiting_message_is_made_due_at_once(store: AnyStore) -> None:
    await store.commit([told(record())])
    row = await deliver(store, DeliveryReport(Delivery.RETRY), next_attempt_at=NOW + DAY)
    assert await lease_all(store) == []
    assert await store.retry(row.row_id)
    (again,) = await lease_all(store)
    assert (again.row_id, again.attempts) == (row.row_id, 1)


async def test_a_sent_message_is_not_sent_again(store: AnyStore) -> None:
    await store.commit([told(record())])
    row = await deliver(store, DeliveryReport(Delivery.SENT))
    assert not await store.retry(row.row_id)
    assert await lease_all(store, now=NOW + DAY) == []


async def test_a_message_under_way_is_left_to_end(store: AnyStore) -> None:
    await store.commit([told(record())])
    (row,) = await lease_all(store)
    assert await store.retry(row.row_id)
    assert await lease_all(store) == []
    (again,) = await lease_all(store, now=NOW + MINUTE)
    assert again.attempts == 2


async def test_made_due_again_a_message_still_may_have_arrived(store: AnyStore) -> None:
    await store.commit([told(record())])
    row = await deliver(store, DeliveryReport(Delivery.AMBIGUOUS))
    assert await statuses(store) == ["dead"]
    await store.retry(row.row_id)
    (again,) = await lease_all(store)
    assert again.is_repeat


async def test_a_waiting_or_dead_message_can_be_given_up_and_nothing_else(store: AnyStore) -> None:
    for subject in ("waiting", "under way", "dead", "sent"):
        await store.commit([told(record(subject))])
    rows = {row.notification.title.split()[0]: row for row in await lease_all(store)}
    for word, delivery in (("waiting", Delivery.RETRY), ("dead", Delivery.DEAD), ("sent", Delivery.SENT)):
        await store.settle([settlement(rows[word], delivery)])
    given_up = {word: await store.discard(row.row_id, NOW + MINUTE) for word, row in rows.items()}
    assert given_up == {"waiting": True, "under": True, "dead": True, "sent": False}
    assert not await store.discard(rows["dead"].row_id, NOW + MINUTE)
    assert await statuses(store) == ["sent", "discarded", "discarded", "discarded"]
    assert {entry.settled_at for entry in await store.outbox(status="discarded")} == {NOW + MINUTE}
    assert (await store.outbox_status()).pending == 0
    line = (await store.events())[-1]
    assert (line.word, line.channel, line.at) == ("discarded", "chat", NOW + MINUTE)


async def test_what_ends_after_it_was_given_up_stays_given_up_but_the_attempt_is_told(store: AnyStore) -> None:
    await store.commit([told(record())])
    (row,) = await lease_all(store)
    await store.discard(row.row_id, NOW)
    await store.settle([settlement(row, Delivery.RETRY, next_attempt_at=NOW)])
    assert await statuses(store) == ["discarded"]
    assert [line.word for line in await store.events()][-2:] == ["discarded", "retry"]


async def test_pruning_forgets_old_lines_and_ended_silences_and_keeps_what_waits(store: AnyStore) -> None:
    old, recent = silence(1), replace(silence(2), began_at=NOW + DAY)
    await store.commit([AlertChange(None, silence=each) for each in (old, recent, silence(3))])
    await store.commit([AlertChange(None, ended_silence=each.silence_id) for each in (old, recent)])
    lines = (transition(record(), at=NOW), transition(record(), "ok", at=NOW + DAY))
    await store.commit([AlertChange(record(), (message(record()),), lines)])
    assert await store.prune(NOW + DAY) == 0
    assert await store.events() == [lines[1]]
    assert await statuses(store) == ["pending"]
    assert await store.silences() == [silence(3)]
    left = await store.run(lambda connection: connection.execute("SELECT silence_id FROM silence").fetchall())
    assert sorted(row["silence_id"] for row in left) == ["s2", "s3"]


async def test_pruning_takes_as_many_slices_as_it_needs(store: AnyStore) -> None:
    many = 2 * SLICE + 1
    lines = [transition(record(), at=NOW - SECOND)] * many
    await store.commit([AlertChange(None, (message(record(str(n))),)) for n in range(many)])
    await store.settle([settlement(row, Delivery.SENT) for _ in range(3) for row in await lease_all(store)])
    await store.commit([AlertChange(None, events=tuple(lines))])
    assert await store.prune(NOW + MINUTE) == many
    assert await store.events() == []
    assert await store.outbox() == []


async def test_silences_and_their_end_survive_a_new_life(tmp_path: Path) -> None:
    path = tmp_path / "liqwatch.sqlite3"
    first = SqliteStore(path)
    await first.open()
    await first.commit([AlertChange(None, silence=silence(1)), AlertChange(None, silence=silence(2))])
    await first.commit([AlertChange(None, ended_silence="s1")])
    await first.close()
    second = SqliteStore(path)
    await second.open()
    assert await second.silences() == [silence(2)]
    await second.close()


@pytest.mark.parametrize("limit", [1, 3, 6, 7, 10, 50])
@pytest.mark.parametrize("alert_id", ["", record("BTC").alert_id])
async def test_a_long_history_is_read_page_by_page_and_nothing_is_left_out_or_twice(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch, limit: int, alert_id: str
) -> None:
    monkeypatch.setattr(history, "PAGE", 3)
    # Several at the same moment, and one that was written late.
    moments = [NOW, NOW, NOW, NOW + SECOND, NOW + SECOND, NOW, NOW + MINUTE, NOW + MINUTE, NOW + MINUTE, NOW + DAY]
    about = record("BTC")
    lines = [transition(about, word=str(number), at=moment) for number, moment in enumerate(moments)]
    for line in lines:
        await store.commit([AlertChange(None, events=(line,))])
    newest = lines[-limit:] if alert_id else sorted(sorted(lines, key=lambda line: line.at)[-limit:], key=_number)
    assert await store.events(alert_id=alert_id, limit=limit) == newest


def _number(line: HistoryEvent) -> int:
    return int(line.word)
