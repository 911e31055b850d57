"""Facts worth keeping over a restart, by name. Every function runs inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from liqwatch.stores.times import to_text

_FORGET = """
DELETE FROM note WHERE substr(name, 1, length(:prefix)) = :prefix AND remembered_at < :before
"""


def remember(connection: sqlite3.Connection, name: str, text: str, at: datetime) -> None:
    """Keep the text, replacing what was there."""
    connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?, ?)", (name, text, to_text(at)))


def recall(connection: sqlite3.Connection, name: str) -> tuple[str, datetime] | None:
    """The text and when it was written, or None."""
    row = connection.execute("SELECT text, remembered_at FROM note WHERE name = ?", (name,)).fetchone()
    return None if row is None else (row["text"], datetime.fromisoformat(row["remembered_at"]))


def forget(connection: sqlite3.Connection, prefix: str, before: datetime) -> None:
    """Drop what was remembered before that moment under names that begin with `prefix`."""
    connection.execute(_FORGET, {"prefix": prefix, "before": to_text(before)})
