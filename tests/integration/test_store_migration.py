"""A file written by an older liqwatch opens, and keeps its alerts and messages."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from liqwatch.errors import StoreError
from liqwatch.model import (
    AlertChange,
    AlertKey,
    AlertRecord,
    AlertState,
    Notification,
    NotifyReason,
    OutboxRow,
    OutboxStatus,
    Severity,
)
from liqwatch.stores.schema import MIGRATIONS
from liqwatch.stores.sqlite import SqliteStore

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BURNING = AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long")
QUIET = AlertKey("main", "margin_ratio", "USDT")

FIRST_SCHEMA = """
CREATE TABLE alert (
    account TEXT NOT NULL,
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    severity INTEGER,
    peak INTEGER,
    told INTEGER,
    episode INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    started_at TEXT,
    pending_since TEXT,
    clearing_since TEXT,
    notified_at TEXT,
    PRIMARY KEY (account, rule, subject)
) WITHOUT ROWID;

CREATE TABLE outbox (
    row_id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_order INTEGER NOT NULL,
    channel TEXT NOT NULL,
    dedup_key TEXT NOT NULL,
    alert_key TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    account TEXT NOT NULL,
    severity INTEGER NOT NULL,
    reason TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    happened_at TEXT NOT NULL,
    expires_at TEXT,
    status TEXT NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'sent', 'dead', 'expired', 'superseded')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT,
    leased_until TEXT,
    detail TEXT NOT NULL DEFAULT '',
    settled_at TEXT,
    UNIQUE (dedup_key, channel)
);
CREATE INDEX outbox_due ON outbox (channel, severity DESC, row_id) WHERE status = 'pending';
CREATE INDEX outbox_story ON outbox (channel, alert_key, message_order);

CREATE TABLE note (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    remembered_at TEXT NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""

ALERTS = """
INSERT INTO alert VALUES
    ('main', 'liquidation_distance', 'BTC/USDT:USDT long', 'firing', 3, 3, 3, 2, 5, :now, NULL, NULL, :now),
    ('main', 'margin_ratio', 'USDT', 'ok', NULL, NULL, NULL, 1, 1, NULL, NULL, NULL, :now)
"""

# Row 9 has been sent and pruned: its number is taken for ever.
MESSAGES = """
INSERT INTO outbox (
    row_id, message_order, channel, dedup_key, alert_key, alert_id, account, severity, reason, title, body,
    happened_at, expires_at, status, attempts, next_attempt_at, leased_until, detail, settled_at
) VALUES
    (3, 3, 'chat', 'k|2|4', :alert_key, '4f2a11', 'main', 2, 'first', 'BTC near', 'body', :now, NULL,
     'sent', 1, NULL, NULL, '', :now),
    (5, 5, 'chat', 'k|2|5', :alert_key, '4f2a11', 'main', 3, 'worsened', 'BTC "nearer"', 'körper', :now, :later,
     'pending', 2, :now, :later, '429', NULL),
    (7, 5, 'mail', 'k|2|5', :alert_key, '4f2a11', 'main', 3, 'worsened', 'BTC "nearer"', 'körper', :now, :later,
     'dead', 4, NULL, NULL, 'refused', :now),
    (9, 9, 'mail', 'k|2|6', :alert_key, '4f2a11', 'main', 3, 'repeated', 'gone', 'gone', :now, NULL,
     'sent', 1, NULL, NULL, '', :now)
"""


def text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "liqwatch.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(FIRST_SCHEMA)
    values = {"now": text(NOW), "later": text(NOW + MINUTE), "alert_key": str(BURNING)}
    connection.execute(ALERTS, values)
    connection.execute(MESSAGES, values)
    connection.execute("DELETE FROM outbox WHERE row_id = 9")
    connection.execute("INSERT INTO note VALUES ('brackets', '{}', ?)", (text(NOW),))
    connection.commit()
    connection.close()
    return path


async def test_a_file_of_the_first_schema_keeps_its_alerts(old_file: Path) -> None:
    store = SqliteStore(old_file)
    await store.open()
    burning = AlertRecord(
        key=BURNING,
        state=AlertState.FIRING,
        severity=Severity.CRITICAL,
        peak=Severity.CRITICAL,
        told=Severity.CRITICAL,
        episode=2,
        sequence=5,
        started_at=NOW,
        notified_at=NOW,
        alarmed_at=NOW,
    )
    assert not store.history_reset
    assert await store.load() == [burning, AlertRecord(key=QUIET, episode=1, sequence=1, notified_at=NOW)]
    assert await store.recall("brackets") == ("{}", NOW)
    assert await store.events() == []
    await store.close()


async def test_a_file_of_the_first_schema_keeps_its_messages_and_delivers_what_waits(old_file: Path) -> None:
    store = SqliteStore(old_file)
    await store.open()
    assert await store.outbox_status() == OutboxStatus(pending=1, oldest_pending_at=NOW, dead=1, sent=1)
    assert [(entry.row_id, entry.status, entry.attempts, entry.detail) for entry in await store.outbox()] == [
        (7, "dead", 4, "refused"),
        (5, "pending", 2, "429"),
        (3, "sent", 1, ""),
    ]
    waiting = Notification(
        dedup_key="k|2|5",
        alert_key=str(BURNING),
        alert_id="4f2a11",
        account="main",
        severity=Severity.CRITICAL,
        reason=NotifyReason.WORSENED,
        title='BTC "nearer"',
        body="körper",
        happened_at=NOW,
        channels=("chat",),
        expires_at=NOW + MINUTE,
    )
    (row,) = await store.lease("chat", now=NOW, until=NOW + MINUTE, limit=1)
    assert row == OutboxRow(row_id=5, channel="chat", attempts=3, notification=waiting, is_repeat=True)
    await store.commit([AlertChange(None, (waiting,))])
    assert len(await store.outbox()) == 3
    await store.close()


async def test_the_numbers_of_pruned_messages_are_not_given_again(old_file: Path) -> None:
    store = SqliteStore(old_file)
    await store.open()
    fresh = Notification(
        dedup_key="fresh",
        alert_key=str(QUIET),
        alert_id="77aa00",
        account="main",
        severity=Severity.WARNING,
        reason=NotifyReason.FIRST,
        title="title",
        body="body",
        happened_at=NOW,
        channels=("chat",),
    )
    await store.commit([AlertChange(None, (fresh,))])
    (newest, *_) = await store.outbox()
    assert newest.row_id == 10
    assert await store.discard(newest.row_id, NOW)
    await store.close()


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
async def test_a_file_left_at_any_older_schema_reaches_the_present_one(old_file: Path, version: int) -> None:
    connection = sqlite3.connect(old_file)
    for step in range(1, version):
        connection.executescript(f"BEGIN; {MIGRATIONS[step]} PRAGMA user_version = {step + 1}; COMMIT;")
    connection.close()
    for _ in range(2):
        store = SqliteStore(old_file)
        await store.open()
        assert [record.key for record in await store.load()] == [BURNING, QUIET]
        assert [entry.row_id for entry in await store.outbox()] == [7, 5, 3]
        await store.close()


async def test_an_older_file_grows_into_exactly_what_a_new_one_is(old_file: Path, tmp_path: Path) -> None:
    schemas = []
    for path in (old_file, tmp_path / "new.sqlite3"):
        store = SqliteStore(path)
        await store.open()
        query = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
        schemas.append(await store.run(lambda connection: [tuple(row) for row in connection.execute(query)]))  # noqa: B023
        await store.close()
    assert schemas[0] == schemas[1]


async def test_a_migration_that_fails_leaves_the_older_file_as_it_was(old_file: Path) -> None:
    connection = sqlite3.connect(old_file)
    connection.execute("CREATE TABLE silence (owner TEXT)")
    connection.commit()
    connection.close()
    for _ in range(2):
        with pytest.raises(StoreError, match="silence already exists"):
            await SqliteStore(old_file).open()
    connection = sqlite3.connect(old_file)
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'history'").fetchone()
    connection.close()
    assert tables == 0
