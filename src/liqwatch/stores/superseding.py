"""The newest message per alert wins: an older one that still waits on the same channel gives way to it.

The newer message carries the story. But "resolved" may swallow only what nobody can have seen and nobody
needed to see, and nothing milder may swallow a critical one: the milder may expire, the critical may not.
An announcement is a story of its own. A message under way is left alone until its attempt has ended.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from liqwatch.model import Severity
from liqwatch.stores.times import to_text

_IS_OVERTAKEN = """
    older.channel = newer.channel AND older.alert_key = newer.alert_key AND older.message_order < newer.message_order
    AND older.status = 'pending' AND older.leased_until IS NULL AND older.reason <> 'announced'
    AND newer.status IN ('pending', 'sent') AND newer.reason <> 'announced'
    AND CASE newer.reason
        WHEN 'resolved' THEN older.attempts = 0 AND older.severity < :critical
        ELSE older.severity < :critical OR newer.severity >= older.severity END
"""

# A cross join is done from left to right: from the few rows that are new, never from everything that waits.
_BY_NEW_ROWS = f"""
UPDATE outbox SET status = 'superseded', settled_at = :at
WHERE row_id IN (
    SELECT older.row_id FROM outbox AS newer CROSS JOIN outbox AS older
    WHERE newer.row_id >= :row_id AND {_IS_OVERTAKEN}
)
"""  # noqa: S608  # constants of this file

_ITSELF = f"""
UPDATE outbox SET status = 'superseded', settled_at = :at
WHERE row_id IN (
    SELECT older.row_id FROM outbox AS older CROSS JOIN outbox AS newer
    WHERE older.row_id = :row_id AND {_IS_OVERTAKEN}
)
"""  # noqa: S608  # constants of this file


def supersede_by_new(connection: sqlite3.Connection, first_row_id: int, at: datetime) -> None:
    """Let the rows from this one on take the place of older ones."""
    connection.execute(_BY_NEW_ROWS, _values_of(first_row_id, at))


def supersede_if_old(connection: sqlite3.Connection, row_id: int, at: datetime) -> None:
    """Let this row, which is open again, give way to a newer one."""
    connection.execute(_ITSELF, _values_of(row_id, at))


def _values_of(row_id: int, at: datetime) -> dict[str, object]:
    return {"row_id": row_id, "at": to_text(at), "critical": Severity.CRITICAL}
