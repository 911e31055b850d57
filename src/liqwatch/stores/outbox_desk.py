"""The outbox as people see and mend it. Every function runs inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from liqwatch.model import OutboxEntry
from liqwatch.stores import history
from liqwatch.stores.outbox_lines import end_line
from liqwatch.stores.outbox_rows import outbox_entry
from liqwatch.stores.times import to_text

DISCARDED = "discarded"

_LIST = """
SELECT row_id, channel, status, alert_id, alert_key, severity, reason, title, attempts,
       happened_at, next_attempt_at, settled_at, detail, receipt
FROM outbox WHERE :status IN ('', status) ORDER BY row_id DESC LIMIT :limit
"""

# A person wants it, however late: it no longer expires. That it may have arrived is not forgotten.
# What is under way is left to end: made due, it could be sent twice.
_RETRY = """
UPDATE outbox SET status = 'pending', attempts = 0, next_attempt_at = NULL, settled_at = NULL, expires_at = NULL
WHERE row_id = ? AND status <> 'sent' AND leased_until IS NULL
"""

_CAN_BE_RETRIED = "SELECT 1 FROM outbox WHERE row_id = ? AND status <> 'sent'"

_DISCARD = """
UPDATE outbox SET status = 'discarded', settled_at = :at, next_attempt_at = NULL, leased_until = NULL
WHERE row_id = :row_id AND status IN ('pending', 'dead')
RETURNING channel, alert_key, alert_id, account, severity
"""


def entries(connection: sqlite3.Connection, *, status: str, limit: int) -> Sequence[OutboxEntry]:
    """Rows, the newest first; of one status, where one is named."""
    return [outbox_entry(row) for row in connection.execute(_LIST, {"status": status, "limit": limit})]


def retry(connection: sqlite3.Connection, row_id: int) -> bool:
    """Make a row due now, as if it had never been tried; whether there is one that has not been sent."""
    connection.execute(_RETRY, (row_id,))
    return connection.execute(_CAN_BE_RETRIED, (row_id,)).fetchone() is not None


def discard(connection: sqlite3.Connection, row_id: int, at: datetime) -> bool:
    """Give a waiting or dead row up; whether there was one."""
    given_up = connection.execute(_DISCARD, {"row_id": row_id, "at": to_text(at)}).fetchall()
    history.append(connection, (end_line(row, DISCARDED, at, "discarded by hand") for row in given_up))
    return bool(given_up)
