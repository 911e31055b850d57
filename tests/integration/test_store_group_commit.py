"""The writer thread: bursts share transactions, and a file outlives its process."""

from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from liqwatch.model import AlertChange, AlertKey, AlertRecord, Notification, NotifyReason, Severity
from liqwatch.stores.sqlite import SqliteStore
from liqwatch.stores.writer import WAITING_LIMIT

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def change(number: int) -> AlertChange:
    key = AlertKey("main", "liquidation_distance", f"{number:04}")
    message = Notification(
        dedup_key=f"{key}|1|1",
        alert_key=str(key),
        alert_id="4f2a11",
        account="main",
        severity=Severity.CRITICAL,
        reason=NotifyReason.FIRST,
        title=f"title {number}",
        body="body",
        happened_at=NOW,
        channels=("chat",),
    )
    return AlertChange(AlertRecord(key=key, episode=number), (message,))


async def test_a_thousand_concurrent_commits_all_land_in_few_transactions(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()
    async with asyncio.TaskGroup() as tasks:
        for number in range(1000):
            tasks.create_task(store.commit([change(number)]))
    assert store.transactions < 100
    assert [record.episode for record in await store.load()] == list(range(1000))
    assert (await store.outbox_status()).pending == 1000
    await store.close()


async def test_more_commits_than_there_are_places_all_land(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()
    crowd = WAITING_LIMIT + 500
    async with asyncio.TaskGroup() as tasks:
        for number in range(crowd):
            key = AlertKey("main", "liquidation_distance", str(number))
            tasks.create_task(store.commit([AlertChange(AlertRecord(key=key))]))
    assert len(await store.load()) == crowd
    await store.close()


async def test_closing_finishes_what_was_accepted(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()
    async with asyncio.TaskGroup() as tasks:
        for number in range(100):
            tasks.create_task(store.commit([change(number)]))
        # A task made later runs later: the hundred commits are accepted by then.
        tasks.create_task(store.close())
    reopened = SqliteStore(tmp_path / "liqwatch.sqlite3")
    await reopened.open()
    assert len(await reopened.load()) == 100
    await reopened.close()


async def test_a_reopened_file_keeps_everything_and_makes_undelivered_rows_due_at_once(tmp_path: Path) -> None:
    path = tmp_path / "liqwatch.sqlite3"
    store = SqliteStore(path)
    await store.open()
    await store.commit([change(1)])
    await store.remember("brackets", "{}", NOW)
    (leased,) = await store.lease("chat", now=NOW, until=NOW + timedelta(days=1), limit=1)
    await store.close()

    reopened = SqliteStore(path)
    await reopened.open()
    assert not reopened.history_reset
    assert await reopened.load() == [change(1).record]
    assert await reopened.recall("brackets") == ("{}", NOW)
    (row,) = await reopened.lease("chat", now=NOW, until=NOW + timedelta(minutes=1), limit=1)
    assert (row.row_id, row.notification, row.attempts) == (leased.row_id, leased.notification, 2)
    # Nobody knows how far the former process came with it.
    assert row.is_repeat
    await reopened.close()


async def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state" / "liqwatch.sqlite3")
    await store.open()
    await store.commit([change(1)])
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "state").iterdir()}
    assert modes == {0o600}
    await store.close()


async def test_a_caller_that_gives_up_disturbs_nobody(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()
    async with asyncio.TaskGroup() as tasks:
        impatient = tasks.create_task(store.commit([change(1)]))
        tasks.create_task(store.commit([change(2)]))
        tasks.create_task(store.outbox_status())
        asyncio.get_running_loop().call_soon(impatient.cancel)
    assert change(2).record in await store.load()
    await store.close()
