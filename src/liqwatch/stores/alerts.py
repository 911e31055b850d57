"""Alert records in SQL. Every function runs inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from liqwatch.model import AlertKey, AlertRecord, AlertState, Severity
from liqwatch.stores.times import to_optional_moment, to_optional_text

_SELECT = """
SELECT account, rule, subject, state, severity, peak, told, episode, sequence,
       started_at, pending_since, clearing_since, notified_at, ended_at,
       reading, room, worst_reading, worst_room, worst_at, alarmed_at, escalated, flaps,
       answered_at, answered_by, answered_room, snoozed_until
FROM alert ORDER BY account, rule, subject
"""

_UPSERT = """
INSERT OR REPLACE INTO alert (
    account, rule, subject, state, severity, peak, told, episode, sequence,
    started_at, pending_since, clearing_since, notified_at, ended_at,
    reading, room, worst_reading, worst_room, worst_at, alarmed_at, escalated, flaps,
    answered_at, answered_by, answered_room, snoozed_until
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def load(connection: sqlite3.Connection) -> Sequence[AlertRecord]:
    """Every record, ordered by key."""
    return [_record(row) for row in connection.execute(_SELECT)]


def save(connection: sqlite3.Connection, records: Iterable[AlertRecord]) -> None:
    """Write records in order, each replacing what was known under its key."""
    connection.executemany(_UPSERT, map(_values, records))


def _values(record: AlertRecord) -> tuple[object, ...]:
    return (
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
        to_optional_text(record.ended_at),
        record.reading,
        record.room,
        record.worst_reading,
        record.worst_room,
        to_optional_text(record.worst_at),
        to_optional_text(record.alarmed_at),
        record.escalated,
        record.flaps,
        to_optional_text(record.answered_at),
        record.answered_by,
        record.answered_room,
        to_optional_text(record.snoozed_until),
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
        ended_at=to_optional_moment(row["ended_at"]),
        reading=row["reading"],
        room=row["room"],
        worst_reading=row["worst_reading"],
        worst_room=row["worst_room"],
        worst_at=to_optional_moment(row["worst_at"]),
        alarmed_at=to_optional_moment(row["alarmed_at"]),
        escalated=row["escalated"],
        flaps=row["flaps"],
        answered_at=to_optional_moment(row["answered_at"]),
        answered_by=row["answered_by"],
        answered_room=row["answered_room"],
        snoozed_until=to_optional_moment(row["snoozed_until"]),
    )


def _severity(number: int | None) -> Severity | None:
    return None if number is None else Severity(number)
