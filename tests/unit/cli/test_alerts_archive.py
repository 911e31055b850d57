"""What the last daemon has written down is read from a copy: the state directory stays as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from liqwatch.bootstrap.archive import DATABASE_NAME, ask_archive, whole_history
from liqwatch.clock import ManualClock
from liqwatch.errors import RequestRefused, StoreError
from liqwatch.model import AlertChange, AlertKey, AlertRecord, AlertState, EventKind, HistoryEvent, Severity
from liqwatch.stores.lock import StateLock
from liqwatch.stores.sqlite import SqliteStore

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RECORD = AlertRecord(
    key=AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long"),
    state=AlertState.FIRING,
    severity=Severity.WARNING,
    told=Severity.WARNING,
    episode=1,
)


def event(hours_ago: int) -> HistoryEvent:
    return HistoryEvent(
        kind=EventKind.ANSWER, at=NOW - timedelta(hours=hours_ago), alert_id=RECORD.alert_id, word="ack", who="anna"
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_a_running_daemons_state_is_read_beside_it_and_left_as_it_is(tmp_path: Path) -> None:
    lock, store = StateLock(tmp_path), SqliteStore(tmp_path / DATABASE_NAME)
    lock.acquire()
    await store.open()
    try:
        await store.commit([AlertChange(RECORD, events=(event(2), event(1)))])
        before = contents(tmp_path)
        report = await ask_archive(tmp_path, "alerts", {}, ManualClock(NOW))
        assert [alert["id"] for alert in report["alerts"]] == [RECORD.alert_id]
        assert len(await whole_history(tmp_path, None, ManualClock(NOW))) == 2
        assert len(await whole_history(tmp_path, NOW - timedelta(minutes=90), ManualClock(NOW))) == 1
        assert contents(tmp_path) == before
        # The daemon goes on as if nobody had looked.
        await store.commit([AlertChange(None, events=(event(0),))])
    finally:
        await store.close()
        lock.release()
    assert len(await whole_history(tmp_path, None, ManualClock(NOW))) == 3


async def test_what_is_asked_for_and_not_known_is_refused_as_the_daemon_would(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / DATABASE_NAME)
    await store.open()
    await store.close()
    with pytest.raises(RequestRefused, match="no alert 'nobody'"):
        await ask_archive(tmp_path, "alert", {"id": "nobody"}, ManualClock(NOW))


async def test_a_place_that_is_no_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).mkdir()
    with pytest.raises(StoreError, match="cannot be read: Is a directory"):
        await ask_archive(tmp_path, "alerts", {}, ManualClock(NOW))
