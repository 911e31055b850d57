"""Alert changes into the durable store, as fast as it takes them; beside bare SQLite with the same rows.

The peer writes what our store has just written into a file of the same schema and durability: one `executemany` a
table, all in one transaction. It has no queue and no thread, and it looks nothing up.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from _children import monotonic
from _portfolios import NOW

from liqwatch.engine.record import Recorder
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
)
from liqwatch.stores.database import open_database
from liqwatch.stores.sqlite import SqliteStore
from liqwatch.testing.telemetry import SilentTelemetry

TABLES = ("alert", "history", "outbox")
BODY = """M000/USDT:USDT long 10 contracts, mark price 7.3
Liquidation price 6.7340, 7.8 % away. Margin ratio 55.1 %.
Add 12.40 USDT, or close 4.2 contracts, to be 15 % away again.
An alert does not stop a liquidation."""


class NobodyToWake:
    """The recorder's way on, which is not measured here."""

    def wake(self, channels: Sequence[str]) -> None:
        """Nobody sends."""

    async def send_unsaved(self, notification: Notification) -> bool:  # noqa: ARG002 - the protocol's signature
        """Nobody sends."""
        return False


def transition(number: int, channels: tuple[str, ...]) -> AlertChange:
    """An alert that has just begun to burn, with its line of the history, and a message where channels are named."""
    key = AlertKey("main", "liquidation_distance", f"M{number:05d}/USDT:USDT long")
    record = AlertRecord(
        key=key, state=AlertState.FIRING, severity=Severity.CRITICAL, peak=Severity.CRITICAL, told=Severity.CRITICAL,
        episode=1, sequence=1, started_at=NOW, notified_at=NOW, alarmed_at=NOW,
        reading=0.078, room=0.078, worst_reading=0.078, worst_room=0.078, worst_at=NOW,
    )  # fmt: skip
    event = HistoryEvent(
        kind=EventKind.TRANSITION, at=NOW, alert_id=record.alert_id, alert_key=str(key), account=key.account,
        severity=record.severity, word=record.state.value, reading=record.reading, text="7.8% to liquidation",
    )  # fmt: skip
    message = Notification(
        dedup_key=record.dedup_key, alert_key=str(key), alert_id=record.alert_id, account=key.account,
        severity=Severity.CRITICAL, reason=NotifyReason.FIRST, title=f"CRITICAL · {key.subject} · 7.8% to liquidation",
        body=BODY, happened_at=NOW, channels=channels, expires_at=NOW + timedelta(hours=1), can_be_answered=True,
    )  # fmt: skip
    return AlertChange(record, (message,) if channels else (), (event,))


def seconds_each(path: Path, changes: Sequence[AlertChange], at_once: int) -> float:
    """How long one change takes to be durable, of many that come `at_once` at a time as fast as they are taken."""
    return asyncio.run(_record(path, changes, at_once)) / len(changes)


async def _record(path: Path, changes: Sequence[AlertChange], at_once: int) -> float:
    store = SqliteStore(path)
    await store.open()
    recorder = Recorder(store, NobodyToWake(), SilentTelemetry())
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(recorder.run())
        began = monotonic()
        for first in range(0, len(changes), at_once):
            await recorder.record(changes[first : first + at_once])
        await recorder.drain()
        elapsed = monotonic() - began
        writing.cancel()
    await store.close()
    return elapsed


def bare_seconds_each(path: Path, written: Path, count: int) -> float:
    """The same rows, out of the file that our store has written, by bare SQLite."""
    rows = {}
    with closing(sqlite3.connect(written)) as source:
        for table in TABLES:
            rows[table] = source.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  # constants of this file
    connection, _ = open_database(path)
    with closing(connection):
        began = monotonic()
        connection.execute("BEGIN IMMEDIATE")
        for table, lines in rows.items():
            if lines:
                places = ", ".join("?" * len(lines[0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({places})", lines)  # noqa: S608  # as above
        connection.execute("COMMIT")
        return (monotonic() - began) / count
