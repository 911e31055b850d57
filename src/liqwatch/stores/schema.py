"""The tables, and how an older file becomes a present one. A released migration is never edited: add the next."""

from __future__ import annotations

import sqlite3

from liqwatch.errors import StoreError

# `message_order` is the row id a message first got on any channel. A fallback row inherits it, so that an
# old message arriving late on a second channel is still known to be old there.
_FIRST = """
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
"""

# For an alert that burns already, escalation counts from its last message.
_ANSWERS = """
ALTER TABLE alert ADD COLUMN ended_at TEXT;
ALTER TABLE alert ADD COLUMN reading REAL;
ALTER TABLE alert ADD COLUMN room REAL;
ALTER TABLE alert ADD COLUMN worst_reading REAL;
ALTER TABLE alert ADD COLUMN worst_room REAL;
ALTER TABLE alert ADD COLUMN worst_at TEXT;
ALTER TABLE alert ADD COLUMN alarmed_at TEXT;
ALTER TABLE alert ADD COLUMN escalated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN flaps INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN answered_at TEXT;
ALTER TABLE alert ADD COLUMN answered_by TEXT NOT NULL DEFAULT '';
ALTER TABLE alert ADD COLUMN answered_room REAL;
ALTER TABLE alert ADD COLUMN snoozed_until TEXT;
UPDATE alert SET alarmed_at = notified_at WHERE told IS NOT NULL;
"""

# A table is rebuilt to change a CHECK. Long texts stand last, so that a look at the short fields does not read them.
# Row ids go on where they were: none is given twice.
_RECEIPTS = """
CREATE TABLE outbox_rebuilt (
    row_id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_order INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'sent', 'dead', 'expired', 'superseded', 'discarded')),
    channel TEXT NOT NULL,
    dedup_key TEXT NOT NULL,
    alert_key TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    account TEXT NOT NULL,
    severity INTEGER NOT NULL,
    reason TEXT NOT NULL,
    happened_at TEXT NOT NULL,
    expires_at TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT,
    leased_until TEXT,
    settled_at TEXT,
    is_ambiguous INTEGER NOT NULL DEFAULT 0,
    is_silent INTEGER NOT NULL DEFAULT 0,
    can_be_answered INTEGER NOT NULL DEFAULT 0,
    receipt TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    channels TEXT NOT NULL DEFAULT '[]',
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    chart TEXT,
    UNIQUE (dedup_key, channel)
);
INSERT INTO outbox_rebuilt (
    row_id, message_order, status, channel, dedup_key, alert_key, alert_id, account, severity, reason,
    happened_at, expires_at, attempts, next_attempt_at, leased_until, settled_at, detail, channels, title, body
)
SELECT row_id, message_order, status, channel, dedup_key, alert_key, alert_id, account, severity, reason,
       happened_at, expires_at, attempts, next_attempt_at, leased_until, settled_at, detail, json_array(channel),
       title, body
FROM outbox;
DELETE FROM sqlite_sequence WHERE name = 'outbox_rebuilt';
INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox_rebuilt', seq FROM sqlite_sequence WHERE name = 'outbox';
DROP TABLE outbox;
ALTER TABLE outbox_rebuilt RENAME TO outbox;
CREATE INDEX outbox_due ON outbox (channel, severity DESC, message_order) WHERE status = 'pending';
CREATE INDEX outbox_waiting ON outbox (channel, alert_key, message_order) WHERE status = 'pending';
CREATE INDEX outbox_story ON outbox (channel, alert_key, message_order);
CREATE INDEX outbox_receipt ON outbox (channel, alert_id, settled_at) WHERE status = 'sent' AND receipt <> '';
CREATE INDEX outbox_ended ON outbox (status, settled_at) WHERE status <> 'pending';
"""

_HISTORY = """
CREATE TABLE history (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    alert_key TEXT NOT NULL,
    account TEXT NOT NULL,
    severity INTEGER,
    word TEXT NOT NULL,
    channel TEXT NOT NULL,
    who TEXT NOT NULL,
    reading REAL,
    text TEXT NOT NULL
);
CREATE INDEX history_of_alert ON history (alert_id) WHERE alert_id <> '';
CREATE INDEX history_at ON history (at);
CREATE TRIGGER history_is_only_added_to BEFORE UPDATE ON history
BEGIN SELECT RAISE(ABORT, 'a line of the history is never changed'); END;

CREATE TABLE silence (
    silence_id TEXT PRIMARY KEY,
    began_at TEXT NOT NULL,
    until TEXT NOT NULL,
    by TEXT NOT NULL,
    account TEXT NOT NULL,
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    comment TEXT NOT NULL,
    is_ended INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""

MIGRATIONS = (_FIRST, _ANSWERS, _RECEIPTS, _HISTORY)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to the present schema, one transaction for each step.

    Raises:
        StoreError: a newer liqwatch wrote the file.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise StoreError(
            f"the state file has schema {version}, this liqwatch knows up to {len(MIGRATIONS)}",
            mend="install the liqwatch that wrote it, or move the file away to start without history",
        )
    for step, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {step}; COMMIT;")
