"""One transaction, and what its failure means for a person."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from liqwatch.errors import StoreError
from liqwatch.redaction import redact

_MENDS = {
    "SQLITE_FULL": "free some disk space; liqwatch goes on by itself",
    "SQLITE_READONLY": "make the state directory writable for the user liqwatch runs as",
    "SQLITE_CANTOPEN": "make the state directory writable for the user liqwatch runs as",
    "SQLITE_CORRUPT": "restart liqwatch: it moves the damaged file aside and begins anew",
    "SQLITE_NOTADB": "restart liqwatch: it moves the damaged file aside and begins anew",
    "SQLITE_BUSY": "close the other program that has the state file open",
}


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit at the end, or roll back and let the error through."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # Some failures (disk full) have already rolled back by themselves.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def store_error(error: sqlite3.Error | OSError, path: str) -> StoreError:
    """The foreign error in our terms; raise it `from` the original."""
    # Extended names refine the plain ones: SQLITE_READONLY_DIRECTORY, SQLITE_IOERR_WRITE.
    name = getattr(error, "sqlite_errorname", "")
    mend = next((text for plain, text in _MENDS.items() if name.startswith(plain)), None)
    return StoreError(f"the state file refused: {redact(str(error))}", path=path, mend=mend)
