"""The life of an outbox row in SQL: pending, leased, then sent, dead, expired, superseded or discarded.

Every function runs inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from liqwatch.model import Delivery, HistoryEvent, OutboxRow, OutboxStatus, Settlement, Severity
from liqwatch.stores import history
from liqwatch.stores.outbox_lines import attempt_line, end_line, fallback_line, is_worth_a_line
from liqwatch.stores.outbox_rows import insert_fallback, outbox_row
from liqwatch.stores.superseding import supersede_by_new, supersede_if_old
from liqwatch.stores.times import to_optional_moment, to_optional_text, to_text

_TOO_OLD = "too old to be useful"

_EXPIRE = """
UPDATE outbox SET status = 'expired', settled_at = :now, leased_until = NULL, detail = :detail
WHERE channel = :channel AND status = 'pending' AND severity < :critical AND expires_at <= :now
  AND (leased_until IS NULL OR leased_until <= :now)
RETURNING channel, alert_key, alert_id, account, severity
"""

# "Resolved" waits for what came before it; everything else may overtake, an escalation above all.
# A lease that has run out is an attempt whose end nobody wrote down: it may have arrived.
# An announcement is nothing to answer or to edit: the thread is that of the alert's own messages.
_SELECT_DUE = """
SELECT row_id, channel, attempts, dedup_key, alert_key, alert_id, account, severity, reason,
       happened_at, expires_at, is_silent, can_be_answered, channels, title, body, chart,
       is_ambiguous OR leased_until IS NOT NULL AS is_repeat,
       (SELECT told.receipt FROM outbox AS told
        WHERE told.channel = outbox.channel AND told.alert_id = outbox.alert_id AND outbox.alert_id <> ''
          AND told.status = 'sent' AND told.receipt <> '' AND told.reason <> 'announced'
        ORDER BY told.settled_at DESC, told.row_id DESC LIMIT 1) AS follows
FROM outbox
WHERE channel = :channel AND status = 'pending'
  AND (next_attempt_at IS NULL OR next_attempt_at <= :now)
  AND (leased_until IS NULL OR leased_until <= :now)
  AND (:above IS NULL OR (severity > :above AND reason <> 'resolved'))
  AND (reason <> 'resolved' OR NOT EXISTS (
    SELECT 1 FROM outbox AS older
    WHERE older.channel = outbox.channel AND older.alert_key = outbox.alert_key AND older.reason <> 'announced'
      AND older.message_order < outbox.message_order AND older.status = 'pending'
  ))
ORDER BY severity DESC, message_order, row_id LIMIT :limit
"""

_LEASE = "UPDATE outbox SET leased_until = ?, attempts = attempts + 1, is_ambiguous = ? WHERE row_id = ?"
_PUT_BACK = (
    "UPDATE outbox SET leased_until = NULL, attempts = attempts - 1 WHERE row_id = ? AND leased_until IS NOT NULL"
)

_SELECT_SETTLED = """
SELECT row_id, status, channel, alert_key, alert_id, account, severity, reason, attempts, title, detail, message_order
FROM outbox WHERE row_id = ?
"""

# What cannot be told before a message that has been handed over has to go the same way.
_SELECT_ALL_CLEAR = """
SELECT row_id, channel, alert_key, alert_id, account, severity, reason, title FROM outbox
WHERE channel = :channel AND alert_key = :alert_key AND message_order > :message_order
  AND status = 'pending' AND reason = 'resolved'
"""

# Only an open row can end: a second settlement of the same attempt changes nothing. A picture that has been
# seen is not kept.
_SETTLE = """
UPDATE outbox SET status = :status, detail = :detail, settled_at = :settled_at,
                  next_attempt_at = :next_attempt_at, leased_until = NULL,
                  is_ambiguous = is_ambiguous OR :is_ambiguous,
                  receipt = CASE :receipt WHEN '' THEN receipt ELSE :receipt END,
                  chart = CASE :status WHEN 'sent' THEN NULL ELSE chart END
WHERE row_id = :row_id AND status = 'pending'
"""

_WAITING = "SELECT COUNT(*) AS pending, MIN(happened_at) AS oldest_at FROM outbox WHERE status = 'pending'"
_ENDED = "SELECT status, COUNT(*) FROM outbox WHERE status <> 'pending' GROUP BY status"

# The outcomes are named so that each is sought by its time.
_PRUNE = """
DELETE FROM outbox WHERE row_id IN (
    SELECT row_id FROM outbox
    WHERE status <> 'pending' AND status IN ('sent', 'dead', 'expired', 'superseded', 'discarded') AND settled_at < ?
    LIMIT ?
)
"""


def lease(
    connection: sqlite3.Connection,
    channel: str,
    *,
    now: datetime,
    until: datetime,
    limit: int,
    above: Severity | None = None,
) -> Sequence[OutboxRow]:
    """Take due rows, worst and then oldest first; `attempts` counts the attempt now beginning."""
    moment = {"channel": channel, "now": to_text(now)}
    expired = connection.execute(_EXPIRE, {**moment, "critical": Severity.CRITICAL, "detail": _TOO_OLD}).fetchall()
    history.append(connection, (end_line(row, Delivery.EXPIRED.value, now, _TOO_OLD) for row in expired))
    due = connection.execute(_SELECT_DUE, {**moment, "limit": limit, "above": above}).fetchall()
    hidden_until = to_text(until)
    connection.executemany(_LEASE, [(hidden_until, row["is_repeat"], row["row_id"]) for row in due])
    return [outbox_row(row) for row in due]


def settle(connection: sqlite3.Connection, settlements: Sequence[Settlement]) -> None:
    """Write how attempts ended; a row left open gives way to a newer message of the same alert."""
    lines = [line for settlement in settlements for line in _settle(connection, settlement)]
    history.append(connection, lines)


def put_back(connection: sqlite3.Connection, row_ids: Iterable[int]) -> None:
    """Make rows due again that were leased and not attempted."""
    connection.executemany(_PUT_BACK, [(row_id,) for row_id in row_ids])


def release_all(connection: sqlite3.Connection) -> None:
    """Make every undelivered row due again: the process that leased it is gone, and may have delivered it."""
    connection.execute("UPDATE outbox SET leased_until = NULL, is_ambiguous = 1 WHERE leased_until IS NOT NULL")


def status(connection: sqlite3.Connection) -> OutboxStatus:
    """Counts by outcome and the age of the oldest open row."""
    waiting = connection.execute(_WAITING).fetchone()
    ended = dict(connection.execute(_ENDED).fetchall())
    return OutboxStatus(
        pending=waiting["pending"],
        oldest_pending_at=to_optional_moment(waiting["oldest_at"]),
        dead=ended.get("dead", 0),
        sent=ended.get("sent", 0),
        expired=ended.get("expired", 0),
    )


def prune(connection: sqlite3.Connection, before: datetime) -> int:
    """Forget a slice of the rows that ended before that moment; returns how many, 0 when none is left."""
    return connection.execute(_PRUNE, (to_text(before), history.SLICE)).rowcount


def _settle(connection: sqlite3.Connection, settlement: Settlement) -> Iterator[HistoryEvent]:
    row = connection.execute(_SELECT_SETTLED, (settlement.row_id,)).fetchone()
    if row is None:
        return
    is_open = _stays_open(settlement)
    connection.execute(_SETTLE, _outcome(settlement, is_open=is_open))
    if is_worth_a_line(row, settlement.report):
        yield attempt_line(row, settlement.report, settlement.settled_at)
    if row["status"] != "pending":
        # It has ended otherwise meanwhile: discarded by hand, or settled before.
        return
    if is_open:
        supersede_if_old(connection, settlement.row_id, settlement.settled_at)
    if settlement.fallback_channel is not None:
        all_clear = connection.execute(_SELECT_ALL_CLEAR, dict(row)).fetchall()
        for each in (row, *all_clear):
            yield from _fall_back(connection, each, settlement.fallback_channel, settlement.settled_at)


def _fall_back(connection: sqlite3.Connection, row: sqlite3.Row, channel: str, at: datetime) -> Iterator[HistoryEvent]:
    fallback = insert_fallback(connection, row["row_id"], channel)
    if fallback is not None:
        yield fallback_line(row, channel, at)
        supersede_by_new(connection, fallback, at)
        supersede_if_old(connection, fallback, at)


def _outcome(settlement: Settlement, *, is_open: bool) -> dict[str, object]:
    is_ambiguous = settlement.report.delivery is Delivery.AMBIGUOUS
    ended = Delivery.DEAD if is_ambiguous else settlement.report.delivery
    return {
        "row_id": settlement.row_id,
        "status": "pending" if is_open else ended.value,
        "detail": settlement.report.detail,
        "settled_at": None if is_open else to_text(settlement.settled_at),
        "next_attempt_at": to_optional_text(settlement.next_attempt_at) if is_open else None,
        "is_ambiguous": is_ambiguous,
        "receipt": settlement.report.receipt,
    }


def _stays_open(settlement: Settlement) -> bool:
    """Whether the row is tried again: always after RETRY (at once, where no moment is named), never after SENT."""
    delivery = settlement.report.delivery
    is_named = settlement.next_attempt_at is not None
    return delivery is Delivery.RETRY or (delivery in (Delivery.DEAD, Delivery.AMBIGUOUS) and is_named)
