"""The history in SQL: lines are only ever added, and forgotten when they are old.

Every function runs inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from liqwatch.model import EventKind, HistoryEvent, Severity
from liqwatch.stores.times import to_optional_text, to_text

_APPEND = """
INSERT INTO history (kind, at, alert_id, alert_key, account, severity, word, channel, who, reading, text)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_PAGE = """
SELECT event_id, kind, at, alert_id, alert_key, account, severity, word, channel, who, reading, text
FROM history WHERE at >= :since AND (at, event_id) < (:before_at, :before_id)
ORDER BY at DESC, event_id DESC LIMIT :limit
"""

_PAGE_OF_ALERT = """
SELECT event_id, kind, at, alert_id, alert_key, account, severity, word, channel, who, reading, text
FROM history WHERE alert_id = :alert_id AND alert_id <> '' AND at >= :since AND event_id < :before_id
ORDER BY event_id DESC LIMIT :limit
"""

_PRUNE = """
DELETE FROM history WHERE event_id IN (SELECT event_id FROM history WHERE at < ? ORDER BY at LIMIT ?)
"""

SLICE = 1000
"""Rows forgotten in one transaction: a few milliseconds."""
PAGE = 2000
"""Lines read in one transaction, for the same reason: no alert waits behind whoever reads a long history."""

_AFTER_ALL_TIME = "9999"
_AFTER_ALL_LINES = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Line:
    """A line and its number: lines are numbered as they are written."""

    event_id: int
    event: HistoryEvent


def append(connection: sqlite3.Connection, events: Iterable[HistoryEvent]) -> None:
    """Add lines, in this order."""
    connection.executemany(_APPEND, map(_values, events))


def page(
    connection: sqlite3.Connection, *, since: datetime | None, alert_id: str, limit: int, before: Line | None
) -> Sequence[Line]:
    """The next `limit` lines, the newest first, that stand before that one (None: from the end on).

    `since` None: back to the beginning.
    """
    values = {
        "since": to_optional_text(since) or "",
        "alert_id": alert_id,
        "limit": limit,
        "before_at": to_text(before.event.at) if before else _AFTER_ALL_TIME,
        "before_id": before.event_id if before else _AFTER_ALL_LINES,
    }
    query = _PAGE_OF_ALERT if alert_id else _PAGE
    return [Line(row["event_id"], _event(row)) for row in connection.execute(query, values)]


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
