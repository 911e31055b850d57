"""Messages for channels that are no longer configured: given up there, and told by whoever has taken their place.

Every function runs inside the caller's transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime

from liqwatch.model import Delivery, HistoryEvent, OutboxRow
from liqwatch.stores import history
from liqwatch.stores.outbox_lines import end_line, fallback_line
from liqwatch.stores.outbox_rows import insert_fallback, outbox_row
from liqwatch.stores.superseding import supersede_by_new
from liqwatch.stores.times import to_text

Heirs = Callable[[OutboxRow], Sequence[str]]
"""The channels that tell a message in the place of one that is gone."""

_GONE = "the channel is no longer configured"

_SELECT = """
SELECT row_id, channel, attempts, dedup_key, alert_key, alert_id, account, severity, reason,
       happened_at, expires_at, is_silent, can_be_answered, channels, title, body, chart,
       is_ambiguous AS is_repeat, NULL AS follows
FROM outbox
WHERE status = 'pending' AND channel NOT IN (SELECT value FROM json_each(:channels))
ORDER BY message_order, row_id
"""

_GIVE_UP = """
UPDATE outbox SET status = 'dead', settled_at = :at, detail = :detail, next_attempt_at = NULL, leased_until = NULL
WHERE row_id = :row_id
"""


def inherit(connection: sqlite3.Connection, channels: Collection[str], heirs: Heirs, at: datetime) -> int:
    """Hand over what waits for any channel but these; returns how many messages that were."""
    orphans = connection.execute(_SELECT, {"channels": json.dumps(sorted(channels))}).fetchall()
    history.append(connection, [line for row in orphans for line in _hand_over(connection, row, heirs, at)])
    return len(orphans)


def _hand_over(connection: sqlite3.Connection, row: sqlite3.Row, heirs: Heirs, at: datetime) -> Iterator[HistoryEvent]:
    connection.execute(_GIVE_UP, {"row_id": row["row_id"], "at": to_text(at), "detail": _GONE})
    yield end_line(row, Delivery.DEAD.value, at, _GONE)
    for heir in heirs(outbox_row(row)):
        inherited = insert_fallback(connection, row["row_id"], heir)
        if inherited is not None:
            yield fallback_line(row, heir, at)
            supersede_by_new(connection, inherited, at)
