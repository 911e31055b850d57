"""Damaged files, full disks, newer schemas, second daemons and SIGKILL."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from liqwatch.errors import AlreadyRunning, StoreError
from liqwatch.model import AlertChange, AlertKey, AlertRecord
from liqwatch.stores.lock import StateLock
from liqwatch.stores.sqlite import SqliteStore

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long")

COMMITTER = """
import asyncio, sys
from pathlib import Path
from liqwatch.model import AlertChange, AlertKey, AlertRecord
from liqwatch.stores.sqlite import SqliteStore

async def commit_forever(store, lane):
    number = 0
    while True:
        await store.commit([AlertChange(AlertRecord(key=AlertKey("main", lane, str(number))))])
        print(lane, number, flush=True)
        number += 1

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    await store.open()
    async with asyncio.TaskGroup() as tasks:
        for lane in ("a", "b", "c"):
            tasks.create_task(commit_forever(store, lane))

asyncio.run(main())
"""

HOLDER = """
import sys
from pathlib import Path
from liqwatch.stores.lock import StateLock
StateLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


async def test_a_file_that_is_no_database_is_moved_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "liqwatch.sqlite3"
    path.write_bytes(b"not a database at all " * 500)
    (tmp_path / "liqwatch.sqlite3.corrupt-1").touch()
    store = SqliteStore(path)
    await store.open()
    assert store.history_reset
    assert await store.load() == []
    await store.close()
    assert (tmp_path / "liqwatch.sqlite3.corrupt-2").read_bytes().startswith(b"not a database")


async def test_a_database_with_damaged_pages_is_moved_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "liqwatch.sqlite3"
    store = SqliteStore(path)
    await store.open()
    await store.commit([AlertChange(AlertRecord(key=AlertKey("main", "rule", f"{n:0200}"))) for n in range(200)])
    await store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)

    reopened = SqliteStore(path)
    await reopened.open()
    assert reopened.history_reset
    await reopened.commit([AlertChange(AlertRecord(key=KEY))])
    await reopened.close()
    assert (tmp_path / "liqwatch.sqlite3.corrupt-1").exists()


async def test_a_newer_schema_is_refused_with_a_mend_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "liqwatch.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    store = SqliteStore(path)
    with pytest.raises(StoreError, match="schema 99") as refusal:
        await store.open()
    assert refusal.value.mend
    assert not (tmp_path / "liqwatch.sqlite3.corrupt-1").exists()


async def test_a_place_that_cannot_hold_a_file_is_refused(tmp_path: Path) -> None:
    blocker = tmp_path / "state"
    blocker.touch()
    with pytest.raises(StoreError, match="state file refused"):
        await SqliteStore(blocker / "liqwatch.sqlite3").open()


async def test_a_full_disk_fails_the_call_and_the_next_one_succeeds_when_there_is_room(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()
    await store.commit([AlertChange(AlertRecord(key=KEY))])
    pages = await store.run(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await store.run(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchone())

    with pytest.raises(StoreError, match="full") as refusal:
        await store.remember("brackets", "x" * 100_000, NOW)
    assert refusal.value.mend is not None
    assert "free some disk space" in refusal.value.mend
    assert isinstance(refusal.value.__cause__, sqlite3.OperationalError)
    assert await store.load() == [AlertRecord(key=KEY)]

    await store.run(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 1000}").fetchone())
    await store.remember("brackets", "x" * 100_000, NOW)
    assert await store.recall("brackets") == ("x" * 100_000, NOW)
    await store.close()


async def test_a_failed_operation_leaves_nothing_of_its_transaction_behind(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO note VALUES ('half', '', '')")
        raise ValueError

    with pytest.raises(StoreError, match="ValueError"):
        await store.run(half)
    assert await store.recall("half") is None
    await store.close()


def commit_until_killed(path: Path) -> set[tuple[str, ...]]:
    """Kill a committing process in the middle of its work; what it had reported as durable by then."""
    with subprocess.Popen([sys.executable, "-c", COMMITTER, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(300)]
        process.kill()
        # Lines written between the last one read and the kill count too; a torn line does not.
        lines += [line for line in process.stdout if line.endswith("\n")]
    return {tuple(line.split()) for line in lines}


async def test_everything_acknowledged_before_a_sigkill_is_there_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "liqwatch.sqlite3"
    acknowledged = commit_until_killed(path)
    store = SqliteStore(path)
    await store.open()
    assert not store.history_reset
    present = {(record.key.rule, record.key.subject) for record in await store.load()}
    assert acknowledged <= present
    await store.close()


def test_one_directory_serves_one_daemon(tmp_path: Path) -> None:
    first, second = StateLock(tmp_path), StateLock(tmp_path)
    first.acquire()
    with pytest.raises(AlreadyRunning, match="process"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_the_lock_of_a_killed_process_is_free_again(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning, match=str(process.pid)):
            StateLock(tmp_path).acquire()
        process.kill()
    lock = StateLock(tmp_path)
    lock.acquire()
    lock.release()


def test_a_directory_that_cannot_be_locked_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot lock"):
        StateLock(tmp_path / "file" / "state").acquire()
