"""Writing alert changes: state, messages, history and silences, inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from liqwatch.model import AlertChange, HistoryEvent
from liqwatch.stores import alerts, history, silences
from liqwatch.stores.outbox_lines import message_line
from liqwatch.stores.outbox_rows import insert
from liqwatch.stores.superseding import supersede_by_new


def write(connection: sqlite3.Connection, changes: Sequence[AlertChange]) -> None:
    """Write changes in order. A message that is stored already is left as it is, and gets no second line."""
    alerts.save(connection, [change.record for change in changes if change.record is not None])
    lines: list[HistoryEvent] = []
    first_row_id: int | None = None
    newest_at: datetime | None = None
    for change in changes:
        lines += change.events
        _write_silence(connection, change)
        for notification in change.notifications:
            for channel, row_id in insert(connection, notification):
                lines.append(message_line(notification, channel))
                first_row_id = first_row_id or row_id
                newest_at = notification.happened_at
    if first_row_id is not None and newest_at is not None:
        supersede_by_new(connection, first_row_id, newest_at)
    if lines:
        history.append(connection, lines)


def _write_silence(connection: sqlite3.Connection, change: AlertChange) -> None:
    if change.silence is not None:
        silences.begin(connection, change.silence)
    if change.ended_silence is not None:
        silences.end(connection, change.ended_silence)
