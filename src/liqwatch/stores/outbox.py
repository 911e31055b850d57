"""The life of an outbox row in SQL: pending, leased, then sent, dead, expired or superseded.

Every function runs inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from liqwatch.model import Delivery, Notification, NotifyReason, OutboxRow, OutboxStatus, Settlement, Severity
from liqwatch.stores.times import to_optional_moment, to_optional_text, to_text

_INSERT = """
INSERT OR IGNORE INTO outbox (
    message_order, channel, dedup_key, alert_key, alert_id, account,
    severity, reason, title, body, happened_at, expires_at
) VALUES (
    (SELECT COALESCE(MAX(row_id), 0) + 1 FROM outbox), :channel, :dedup_key, :alert_key, :alert_id, :account,
    :severity, :reason, :title, :body, :happened_at, :expires_at
)
"""

_INSERT_FALLBACK = """
INSERT OR IGNORE INTO outbox (
    message_order, channel, dedup_key, alert_key, alert_id, account,
    severity, reason, title, body, happened_at, expires_at
)
SELECT message_order, :channel, dedup_key, alert_key, alert_id, account,
       severity, reason, title, body, happened_at, expires_at
FROM outbox WHERE row_id = :row_id
"""

# The newer message carries the story. But "resolved" may swallow only what nobody can have seen and nobody
# needed to see, and nothing milder may swallow a critical one: the milder may expire, the critical may not.
_SUPERSEDE = """
UPDATE outbox SET status = 'superseded', settled_at = :at
WHERE channel = :channel AND alert_key = :alert_key AND status = 'pending' AND leased_until IS NULL
  AND EXISTS (
    SELECT 1 FROM outbox AS newer
    WHERE newer.channel = outbox.channel AND newer.alert_key = outbox.alert_key
      AND newer.message_order > outbox.message_order AND newer.status IN ('pending', 'sent')
      AND CASE newer.reason
          WHEN 'resolved' THEN outbox.attempts = 0 AND outbox.severity < :critical
          ELSE outbox.severity < :critical OR newer.severity >= outbox.severity END
  )
"""

_EXPIRE = """
UPDATE outbox SET status = 'expired', settled_at = :now, leased_until = NULL, detail = 'too old to be useful'
WHERE channel = :channel AND status = 'pending' AND severity < :critical AND expires_at <= :now
  AND (leased_until IS NULL OR leased_until <= :now)
"""

# "Resolved" waits for what came before it; everything else may overtake, an escalation above all.
_SELECT_DUE = """
SELECT row_id, channel, attempts, dedup_key, alert_key, alert_id, account,
       severity, reason, title, body, happened_at, expires_at
FROM outbox
WHERE channel = :channel AND status = 'pending'
  AND (next_attempt_at IS NULL OR next_attempt_at <= :now)
  AND (leased_until IS NULL OR leased_until <= :now)
  AND (reason <> 'resolved' OR NOT EXISTS (
    SELECT 1 FROM outbox AS older
    WHERE older.channel = outbox.channel AND older.alert_key = outbox.alert_key
      AND older.message_order < outbox.message_order AND older.status = 'pending'
  ))
ORDER BY severity DESC, row_id LIMIT :limit
"""

_LEASE = "UPDATE outbox SET leased_until = ?, attempts = attempts + 1 WHERE row_id = ?"

# Only an open row can end: a second settlement of the same attempt changes nothing.
_SETTLE = """
UPDATE outbox SET status = :status, detail = :detail, settled_at = :settled_at,
                  next_attempt_at = :next_attempt_at, leased_until = NULL
WHERE row_id = :row_id AND status = 'pending'
"""

_STATUS = """
SELECT TOTAL(status = 'pending') AS pending, TOTAL(status = 'dead') AS dead,
       TOTAL(status = 'sent') AS sent, TOTAL(status = 'expired') AS expired,
       MIN(CASE status WHEN 'pending' THEN happened_at END) AS oldest_pending_at
FROM outbox
"""


def enqueue(connection: sqlite3.Connection, notification: Notification, channels: Sequence[str]) -> None:
    """One row for each channel; a message already stored for a channel is left as it is."""
    for channel in channels:
        values = {
            "channel": channel,
            "dedup_key": notification.dedup_key,
            "alert_key": notification.alert_key,
            "alert_id": notification.alert_id,
            "account": notification.account,
            "severity": notification.severity,
            "reason": notification.reason.value,
            "title": notification.title,
            "body": notification.body,
            "happened_at": to_text(notification.happened_at),
            "expires_at": to_optional_text(notification.expires_at),
        }
        if connection.execute(_INSERT, values).rowcount:
            _supersede(connection, channel, notification.alert_key, notification.happened_at)


def lease(
    connection: sqlite3.Connection, channel: str, *, now: datetime, until: datetime, limit: int
) -> Sequence[OutboxRow]:
    """Take due rows, worst and then oldest first; `attempts` counts the attempt now beginning."""
    moment = {"channel": channel, "now": to_text(now)}
    connection.execute(_EXPIRE, {**moment, "critical": Severity.CRITICAL})
    due = connection.execute(_SELECT_DUE, {**moment, "limit": limit}).fetchall()
    connection.executemany(_LEASE, [(to_text(until), row["row_id"]) for row in due])
    return [_outbox_row(row) for row in due]


def settle(connection: sqlite3.Connection, settlement: Settlement) -> None:
    """Write how an attempt ended; a row left open gives way to a newer message of the same alert."""
    row = connection.execute("SELECT channel, alert_key FROM outbox WHERE row_id = ?", (settlement.row_id,)).fetchone()
    if row is None:
        return
    is_open = _stays_open(settlement)
    connection.execute(
        _SETTLE,
        {
            "row_id": settlement.row_id,
            "status": "pending" if is_open else settlement.report.delivery.value,
            "detail": settlement.report.detail,
            "settled_at": None if is_open else to_text(settlement.settled_at),
            "next_attempt_at": to_optional_text(settlement.next_attempt_at) if is_open else None,
        },
    )
    if is_open:
        _supersede(connection, row["channel"], row["alert_key"], settlement.settled_at)
    if settlement.fallback_channel is not None:
        fallback = {"channel": settlement.fallback_channel, "row_id": settlement.row_id}
        connection.execute(_INSERT_FALLBACK, fallback)
        _supersede(connection, settlement.fallback_channel, row["alert_key"], settlement.settled_at)


def release_all(connection: sqlite3.Connection) -> None:
    """Make every undelivered row due again: the process that leased it is gone."""
    connection.execute("UPDATE outbox SET leased_until = NULL WHERE leased_until IS NOT NULL")


def status(connection: sqlite3.Connection) -> OutboxStatus:
    """Counts by outcome and the age of the oldest open row."""
    row = connection.execute(_STATUS).fetchone()
    return OutboxStatus(
        pending=int(row["pending"]),
        oldest_pending_at=to_optional_moment(row["oldest_pending_at"]),
        dead=int(row["dead"]),
        sent=int(row["sent"]),
        expired=int(row["expired"]),
    )


def prune(connection: sqlite3.Connection, before: datetime) -> int:
    """Forget rows that ended before that moment; returns how many."""
    return connection.execute(
        "DELETE FROM outbox WHERE status <> 'pending' AND settled_at < ?", (to_text(before),)
    ).rowcount


def _stays_open(settlement: Settlement) -> bool:
    delivery = settlement.report.delivery
    return delivery is Delivery.RETRY or (delivery is Delivery.DEAD and settlement.next_attempt_at is not None)


def _supersede(connection: sqlite3.Connection, channel: str, alert_key: str, at: datetime) -> None:
    values = {"channel": channel, "alert_key": alert_key, "at": to_text(at), "critical": Severity.CRITICAL}
    connection.execute(_SUPERSEDE, values)


def _outbox_row(row: sqlite3.Row) -> OutboxRow:
    return OutboxRow(
        row_id=row["row_id"],
        channel=row["channel"],
        attempts=row["attempts"] + 1,
        notification=Notification(
            dedup_key=row["dedup_key"],
            alert_key=row["alert_key"],
            alert_id=row["alert_id"],
            account=row["account"],
            severity=Severity(row["severity"]),
            reason=NotifyReason(row["reason"]),
            title=row["title"],
            body=row["body"],
            happened_at=datetime.fromisoformat(row["happened_at"]),
            expires_at=to_optional_moment(row["expires_at"]),
        ),
    )
