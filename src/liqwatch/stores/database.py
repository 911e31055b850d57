"""Opening the state file: private, checked, migrated, and begun anew when it is damaged."""

from __future__ import annotations

import itertools
import os
import sqlite3
from pathlib import Path

from liqwatch.stores import outbox
from liqwatch.stores.schema import migrate

BUSY_TIMEOUT_SECONDS = 5.0
_COMPANIONS = ("", "-wal", "-shm")


def open_database(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """A connection to a sound database of the present schema, with every lease cleared.

    Returns also where a damaged file was moved to, or None.

    Raises:
        StoreError: a newer liqwatch wrote the file.
        sqlite3.Error, OSError: the place cannot be used.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _connect(path), None
    except sqlite3.OperationalError:
        # Busy, full, read-only: the file may be sound, so it stays.
        raise
    except sqlite3.DatabaseError:
        moved_to = _move_aside(path)
        return _connect(path), moved_to


def _connect(path: Path) -> sqlite3.Connection:
    # SQLite gives its companion files the mode of the main file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    migrate(connection)
    outbox.release_all(connection)


def _move_aside(path: Path) -> Path:
    target = next(
        candidate
        for number in itertools.count(1)
        if not (candidate := path.with_name(f"{path.name}.corrupt-{number}")).exists()
    )
    for companion in _COMPANIONS:
        source = path.with_name(path.name + companion)
        if source.exists():
            source.rename(target.with_name(target.name + companion))
    return target
