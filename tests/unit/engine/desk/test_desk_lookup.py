"""Questions about alerts, history and outbox, answered from what is written down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from liqwatch.clock import ManualClock
from liqwatch.engine.desk.control import MOST_LINES, Lookup, WrittenDown
from liqwatch.errors import RequestRefused
from liqwatch.model import (
    AlertChange,
    AlertKey,
    AlertRecord,
    AlertState,
    EventKind,
    HistoryEvent,
    Notification,
    NotifyReason,
    Severity,
    Silence,
)
from liqwatch.stores.memory import MemoryStore

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long")
BURNING = AlertRecord(
    key=KEY,
    state=AlertState.FIRING,
    severity=Severity.WARNING,
    told=Severity.WARNING,
    episode=1,
    sequence=1,
    started_at=NOW - timedelta(minutes=5),
    reading=0.14,
    worst_reading=float("inf"),
)
SILENCE = Silence(
    silence_id="s123456", began_at=NOW - timedelta(minutes=1), until=NOW + timedelta(hours=1), by="anna", subject="BTC*"
)


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    store = MemoryStore()
    yield store
    await store.close()


@pytest.fixture
def lookup(store: MemoryStore) -> Lookup:
    return Lookup(store, WrittenDown(store.load, store), ManualClock(NOW))


def line(minutes_ago: int, alert_id: str = BURNING.alert_id) -> HistoryEvent:
    return HistoryEvent(
        kind=EventKind.ANSWER,
        at=NOW - timedelta(minutes=minutes_ago),
        alert_id=alert_id,
        word="ack",
        who="anna",
        reading=0.14,
    )


def message() -> Notification:
    return Notification(
        dedup_key=BURNING.dedup_key,
        alert_key=str(KEY),
        alert_id=BURNING.alert_id,
        account="main",
        severity=Severity.WARNING,
        reason=NotifyReason.FIRST,
        title="a title",
        body="a body",
        happened_at=NOW,
        channels=("chat",),
    )


async def test_what_burns_is_listed_the_worst_first_with_the_silences_in_force(
    store: MemoryStore, lookup: Lookup
) -> None:
    worse = replace(BURNING, key=replace(KEY, subject="ETH/USDT:USDT long"), severity=Severity.CRITICAL, told=None)
    over = replace(BURNING, key=replace(KEY, subject="over"), state=AlertState.OK)
    expired = replace(SILENCE, silence_id="s000000", until=NOW)
    await store.commit([AlertChange(record) for record in (BURNING, worse, over)])
    await store.commit([AlertChange(None, silence=silence) for silence in (SILENCE, expired)])
    report = await lookup.alerts()
    first, second = report["alerts"]
    assert (first["subject"], first["told"], first["silenced_by"]) == ("ETH/USDT:USDT long", None, [])
    assert (second["id"], second["silenced_by"]) == (BURNING.alert_id, ["s123456"])
    assert second["started_at"] == "2026-11-20T11:55:00+00:00"
    assert second["worst_reading"] is None
    assert [each["id"] for each in report["silences"]] == ["s123456"]


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        (BURNING, None),
        (replace(BURNING, answered_at=NOW, answered_by="anna"), "ack"),
        (replace(BURNING, answered_at=NOW, answered_by="anna", snoozed_until=NOW), "snooze"),
    ],
)
async def test_an_alert_names_its_answer(
    store: MemoryStore, lookup: Lookup, record: AlertRecord, answer: str | None
) -> None:
    await store.commit([AlertChange(record, events=(line(1), line(2, "another")))])
    report = await lookup.alert(f"#{record.alert_id.upper()}")
    assert report["alert"]["answer"] == answer
    assert [event["alert_id"] for event in report["events"]] == [record.alert_id]


async def test_an_alert_of_an_earlier_episode_has_its_lines_only(store: MemoryStore, lookup: Lookup) -> None:
    await store.commit([AlertChange(replace(BURNING, episode=2), events=(line(60),))])
    report = await lookup.alert(BURNING.alert_id)
    assert report["alert"] is None
    assert len(report["events"]) == 1


async def test_an_alert_nobody_knows_is_refused(store: MemoryStore, lookup: Lookup) -> None:
    for alert_id in ("nobody", "", "  "):
        with pytest.raises(RequestRefused) as caught:
            await lookup.alert(alert_id)
        assert caught.value.mend == "no alert burns"
    await store.commit([AlertChange(BURNING)])
    with pytest.raises(RequestRefused) as caught:
        await lookup.alert("nobody")
    assert caught.value.mend == f"burning: {BURNING.alert_id}"


async def test_the_history_is_cut_by_time_alert_and_number(store: MemoryStore, lookup: Lookup) -> None:
    await store.commit([AlertChange(None, events=(line(30), line(20), line(10, "another")))])
    since = (NOW - timedelta(minutes=25)).isoformat()
    assert len((await lookup.history("", "", ""))["events"]) == 3
    assert len((await lookup.history(since, "", ""))["events"]) == 2
    assert len((await lookup.history(since, BURNING.alert_id, ""))["events"]) == 1
    (newest,) = (await lookup.history("", "", "1"))["events"]
    assert newest["alert_id"] == "another"
    assert (newest["at"], newest["kind"], newest["who"]) == ("2026-11-20T11:50:00+00:00", "answer", "anna")


@pytest.mark.parametrize(
    ("since", "limit"),
    [("yesterday", ""), ("2026-11-20T12:00:00", ""), ("", "0"), ("", "x"), ("", str(MOST_LINES + 1))],
)
async def test_what_cannot_be_read_is_refused(lookup: Lookup, since: str, limit: str) -> None:
    with pytest.raises(RequestRefused):
        await lookup.history(since, "", limit)


async def test_messages_are_listed_by_status(store: MemoryStore, lookup: Lookup) -> None:
    await store.commit([AlertChange(BURNING, (message(),))])
    (listed,) = (await lookup.outbox(""))["messages"]
    assert (listed["channel"], listed["status"], listed["title"]) == ("chat", "pending", "a title")
    assert (await lookup.outbox("dead"))["messages"] == []
    with pytest.raises(RequestRefused, match="no status 'lost'"):
        await lookup.outbox("lost")
