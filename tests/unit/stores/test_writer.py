"""One transaction for all who wait; who brings it down falls alone."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from liqwatch.errors import StoreError
from liqwatch.stores.sqlite import SqliteStore

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "liqwatch.sqlite3")
    await store.open()
    yield store
    await store.close()


async def test_a_text_that_cannot_be_written_does_not_take_the_others_with_it(store: SqliteStore) -> None:
    gate = threading.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(store.run(lambda _connection: gate.wait(10)))
        before = tasks.create_task(store.remember("before", "text", NOW))
        bad = tasks.create_task(_refused(store, "half a character: \ud800"))
        after = tasks.create_task(store.remember("after", "text", NOW))
        while store._writer._requests.qsize() < 3:  # noqa: ASYNC110  # until all of them wait
            await asyncio.sleep(0)  # noqa: TID251  # one turn of the loop
        gate.set()
    assert "UnicodeEncodeError" in bad.result()
    assert (before.exception(), after.exception()) == (None, None)
    assert [await store.recall(name) for name in ("before", "after")] == [("text", NOW)] * 2


async def test_what_fails_alone_leaves_nothing_behind_and_is_done_once(store: SqliteStore) -> None:
    gate, seen = threading.Event(), list[str]()

    def half(connection: sqlite3.Connection) -> None:
        seen.append("half")
        connection.execute("INSERT INTO note VALUES ('half', '', '')")
        raise ZeroDivisionError

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(store.run(lambda _connection: gate.wait(10)))
        failing = tasks.create_task(_run_refused(store, half))
        tasks.create_task(store.remember("good", "text", NOW))
        while store._writer._requests.qsize() < 2:  # noqa: ASYNC110  # until both wait
            await asyncio.sleep(0)  # noqa: TID251  # one turn of the loop
        gate.set()
    assert "ZeroDivisionError" in failing.result()
    assert await store.recall("half") is None
    assert await store.recall("good") == ("text", NOW)
    assert seen == ["half", "half"], "once with the others, once alone"


async def _refused(store: SqliteStore, text: str) -> str:
    with pytest.raises(StoreError) as refusal:
        await store.remember("bad", text, NOW)
    return str(refusal.value)


async def _run_refused(store: SqliteStore, operation: object) -> str:
    with pytest.raises(StoreError) as refusal:
        await store.run(operation)  # type: ignore[arg-type]  # any operation
    return str(refusal.value)
