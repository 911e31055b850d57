"""The history in SQL: lines are only ever added, and forgotten when they are old.

Every function runs inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter

from liqwatch.model import EventKind, HistoryEvent, Severity
from liqwatch.stores.times import to_optional_text, to_text

_APPEND = """
INSERT INTO history (kind, at, alert_id, alert_key, account, severity, word, channel, who, reading, text)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_NEWEST = """
SELECT event_id, kind, at, alert_id, alert_key, account, severity, word, channel, who, reading, text
FROM history WHERE at >= :since ORDER BY at DESC, event_id DESC LIMIT :limit
"""

_NEWEST_OF_ALERT = """
SELECT event_id, kind, at, alert_id, alert_key, account, severity, word, channel, who, reading, text
FROM history WHERE alert_id = :alert_id AND alert_id <> '' AND at >= :since
ORDER BY event_id DESC LIMIT :limit
"""

_PRUNE = """
DELETE FROM history WHERE event_id IN (SELECT event_id FROM history WHERE at < ? ORDER BY at LIMIT ?)
"""

SLICE = 1000
"""Rows forgotten in one transaction: a few milliseconds."""


def append(connection: sqlite3.Connection, events: Iterable[HistoryEvent]) -> None:
    """Add lines, in this order."""
    connection.executemany(_APPEND, map(_values, events))


def newest(
    connection: sqlite3.Connection, *, since: datetime | None, alert_id: str, limit: int
) -> Sequence[HistoryEvent]:
    """The last `limit` lines from `since` on (None: from the beginning), in the order in which they were written."""
    query = _NEWEST_OF_ALERT if alert_id else _NEWEST
    values = {"since": to_optional_text(since) or "", "alert_id": alert_id, "limit": limit}
    rows = connection.execute(query, values).fetchall()
    return [_event(row) for row in sorted(rows, key=itemgetter("event_id"))]


def prune(connection: sqlite3.Connection, before: datetime) -> int:
    """Forget a slice of the lines of before that moment; returns how many, 0 when none is left."""
    return connection.execute(_PRUNE, (to_text(before), SLICE)).rowcount


def _values(event: HistoryEvent) -> tuple[object, ...]:
    return (
        event.kind.value,
        to_text(event.at),
        event.alert_id,
        event.alert_key,
        event.account,
        event.severity,
        event.word,
        event.channel,
        event.who,
        event.reading,
        event.text,
    )


def _event(row: sqlite3.Row) -> HistoryEvent:
    return HistoryEvent(
        kind=EventKind(row["kind"]),
        at=datetime.fromisoformat(row["at"]),
        alert_id=row["alert_id"],
        alert_key=row["alert_key"],
        account=row["account"],
        severity=None if row["severity"] is None else Severity(row["severity"]),
        word=row["word"],
        channel=row["channel"],
        who=row["who"],
        reading=row["reading"],
        text=row["text"],
    )
