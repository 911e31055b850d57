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

MIGRATIONS = (_FIRST,)


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
