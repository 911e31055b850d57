"""Notifications to outbox rows and back. Every function runs inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime

from liqwatch.model import Notification, NotifyReason, OutboxEntry, OutboxRow, Severity
from liqwatch.stores.charts import chart_of, chart_text
from liqwatch.stores.times import to_optional_moment, to_optional_text, to_text

_INSERT = """
INSERT OR IGNORE INTO outbox (
    message_order, channel, dedup_key, alert_key, alert_id, account, severity, reason,
    happened_at, expires_at, is_silent, can_be_answered, channels, title, body, chart
) VALUES (
    (SELECT COALESCE(MAX(row_id), 0) + 1 FROM outbox), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
)
"""

_INSERT_FALLBACK = """
INSERT OR IGNORE INTO outbox (
    message_order, channel, dedup_key, alert_key, alert_id, account, severity, reason,
    happened_at, expires_at, is_silent, can_be_answered, channels, title, body, chart
)
SELECT message_order, :channel, dedup_key, alert_key, alert_id, account, severity, reason,
       happened_at, expires_at, is_silent, can_be_answered, channels, title, body, chart
FROM outbox WHERE row_id = :row_id
"""


def insert(connection: sqlite3.Connection, notification: Notification) -> Iterator[tuple[str, int]]:
    """One row for each channel: (channel, row id) of those that are new; a message already stored stays as it is."""
    values = _values(notification)
    for channel in notification.channels:
        cursor = connection.execute(_INSERT, (channel, *values))
        if cursor.rowcount:
            yield channel, cursor.lastrowid or 0


def insert_fallback(connection: sqlite3.Connection, row_id: int, channel: str) -> int | None:
    """The same message for one more channel: its row id, or None where that channel has it already."""
    cursor = connection.execute(_INSERT_FALLBACK, {"row_id": row_id, "channel": channel})
    return cursor.lastrowid if cursor.rowcount else None


def outbox_row(row: sqlite3.Row) -> OutboxRow:
    """A row as the dispatcher gets it; its attempt is the one now beginning."""
    return OutboxRow(
        row_id=row["row_id"],
        channel=row["channel"],
        attempts=row["attempts"] + 1,
        notification=_notification(row),
        follows=row["follows"],
        is_repeat=bool(row["is_repeat"]),
    )


def outbox_entry(row: sqlite3.Row) -> OutboxEntry:
    """A row as people see it."""
    return OutboxEntry(
        row_id=row["row_id"],
        channel=row["channel"],
        status=row["status"],
        alert_id=row["alert_id"],
        alert_key=row["alert_key"],
        severity=Severity(row["severity"]),
        reason=row["reason"],
        title=row["title"],
        attempts=row["attempts"],
        happened_at=datetime.fromisoformat(row["happened_at"]),
        next_attempt_at=to_optional_moment(row["next_attempt_at"]),
        settled_at=to_optional_moment(row["settled_at"]),
        detail=row["detail"],
        receipt=row["receipt"],
    )


def _values(notification: Notification) -> tuple[object, ...]:
    return (
        notification.dedup_key,
        notification.alert_key,
        notification.alert_id,
        notification.account,
        notification.severity,
        notification.reason.value,
        to_text(notification.happened_at),
        to_optional_text(notification.expires_at),
        notification.is_silent,
        notification.can_be_answered,
        json.dumps(notification.channels),
        notification.title,
        notification.body,
        chart_text(notification.chart),
    )


def _notification(row: sqlite3.Row) -> Notification:
    return Notification(
        dedup_key=row["dedup_key"],
        alert_key=row["alert_key"],
        alert_id=row["alert_id"],
        account=row["account"],
        severity=Severity(row["severity"]),
        reason=NotifyReason(row["reason"]),
        title=row["title"],
        body=row["body"],
        happened_at=datetime.fromisoformat(row["happened_at"]),
        channels=tuple(json.loads(row["channels"])),
        expires_at=to_optional_moment(row["expires_at"]),
        is_silent=bool(row["is_silent"]),
        can_be_answered=bool(row["can_be_answered"]),
        chart=chart_of(row["chart"]),
    )
