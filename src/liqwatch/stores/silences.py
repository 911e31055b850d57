"""Silences in SQL. Every function runs inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from liqwatch.model import Silence
from liqwatch.stores.times import to_text

# A silence that has been ended stays ended: a repeated write cannot wake it.
_BEGIN = """
INSERT INTO silence (silence_id, began_at, until, by, account, rule, subject, comment)
VALUES (:silence_id, :began_at, :until, :by, :account, :rule, :subject, :comment)
ON CONFLICT (silence_id) DO UPDATE SET
    began_at = excluded.began_at, until = excluded.until, by = excluded.by, account = excluded.account,
    rule = excluded.rule, subject = excluded.subject, comment = excluded.comment
"""

_STANDING = """
SELECT silence_id, began_at, until, by, account, rule, subject, comment
FROM silence WHERE NOT is_ended ORDER BY began_at, silence_id
"""


def begin(connection: sqlite3.Connection, silence: Silence) -> None:
    """Keep a silence, replacing what was known under its id."""
    values = {
        "silence_id": silence.silence_id,
        "began_at": to_text(silence.began_at),
        "until": to_text(silence.until),
        "by": silence.by,
        "account": silence.account,
        "rule": silence.rule,
        "subject": silence.subject,
        "comment": silence.comment,
    }
    connection.execute(_BEGIN, values)


def end(connection: sqlite3.Connection, silence_id: str) -> None:
    """Mark a silence as ended, for ever."""
    connection.execute("UPDATE silence SET is_ended = 1 WHERE silence_id = ?", (silence_id,))


def standing(connection: sqlite3.Connection) -> Sequence[Silence]:
    """Every silence that has not been ended, oldest first."""
    return [
        Silence(
            silence_id=row["silence_id"],
            began_at=datetime.fromisoformat(row["began_at"]),
            until=datetime.fromisoformat(row["until"]),
            by=row["by"],
            account=row["account"],
            rule=row["rule"],
            subject=row["subject"],
            comment=row["comment"],
        )
        for row in connection.execute(_STANDING)
    ]


def prune(connection: sqlite3.Connection, before: datetime) -> None:
    """Forget ended silences that began before that moment; what was said of them stands in the history."""
    connection.execute("DELETE FROM silence WHERE is_ended AND began_at < ?", (to_text(before),))
