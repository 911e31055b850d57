"""Alert records in SQL. Every function runs inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from liqwatch.model import AlertKey, AlertRecord, AlertState, Severity
from liqwatch.stores.times import to_optional_moment, to_optional_text

_SELECT = """
SELECT account, rule, subject, state, severity, peak, told, episode, sequence,
       started_at, pending_since, clearing_since, notified_at
FROM alert ORDER BY account, rule, subject
"""

_UPSERT = """
INSERT OR REPLACE INTO alert (
    account, rule, subject, state, severity, peak, told, episode, sequence,
    started_at, pending_since, clearing_since, notified_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def load(connection: sqlite3.Connection) -> Sequence[AlertRecord]:
    """Every record, ordered by key."""
    return [_record(row) for row in connection.execute(_SELECT)]


def save(connection: sqlite3.Connection, record: AlertRecord) -> None:
    """Write one record, replacing what was known under its key."""
    connection.execute(
        _UPSERT,
        (
            record.key.account,
            record.key.rule,
            record.key.subject,
            record.state.value,
            record.severity,
            record.peak,
            record.told,
            record.episode,
            record.sequence,
            to_optional_text(record.started_at),
            to_optional_text(record.pending_since),
            to_optional_text(record.clearing_since),
            to_optional_text(record.notified_at),
        ),
    )


def _record(row: sqlite3.Row) -> AlertRecord:
    return AlertRecord(
        key=AlertKey(row["account"], row["rule"], row["subject"]),
        state=AlertState(row["state"]),
        severity=_severity(row["severity"]),
        peak=_severity(row["peak"]),
        told=_severity(row["told"]),
        episode=row["episode"],
        sequence=row["sequence"],
        started_at=to_optional_moment(row["started_at"]),
        pending_since=to_optional_moment(row["pending_since"]),
        clearing_since=to_optional_moment(row["clearing_since"]),
        notified_at=to_optional_moment(row["notified_at"]),
    )


def _severity(number: int | None) -> Severity | None:
    return None if number is None else Severity(number)
