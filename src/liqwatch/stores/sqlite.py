"""The default store: one SQLite file, durable (WAL, synchronous FULL), written by one thread with group commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import structlog

from liqwatch.stores.base import Answer, SqlStore
from liqwatch.stores.database import open_database
from liqwatch.stores.transaction import store_error
from liqwatch.stores.writer import Writer

_log = structlog.get_logger(__name__)


class SqliteStore(SqlStore):
    """Alert state, outbox and cache in the file at `path`. Hold the directory's `StateLock` while it is open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = Writer(self._connect, str(path))

    @property
    def transactions(self) -> int:
        """How many transactions have been committed since `open`."""
        return self._writer.transactions

    async def open(self) -> None:
        """Create or check the file, bring it to the present schema, make undelivered rows due.

        A damaged file is moved to `<name>.corrupt-<n>`, and `history_reset` is True.

        Raises:
            StoreError: the place cannot be used, or a newer liqwatch wrote the file.
        """
        try:
            await self._writer.start()
        except (sqlite3.Error, OSError) as error:
            raise store_error(error, str(self._path)) from error

    async def run(self, operation: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Run the operation in the writer's next transaction; returns when that is durable."""
        return await self._writer.run(operation)

    async def close(self) -> None:
        """Finish what was accepted, then release the file."""
        await self._writer.stop()

    def _connect(self) -> sqlite3.Connection:
        connection, moved_to = open_database(self._path)
        if moved_to is not None:
            self.history_reset = True
            _log.error("store_damaged", path=str(self._path), moved_to=str(moved_to))
        return connection
