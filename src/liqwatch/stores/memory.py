"""A store that forgets: the same SQL in memory, on the caller's thread, so that simulated time stays exact."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from liqwatch.errors import StoreError
from liqwatch.stores.base import Answer, SqlStore
from liqwatch.stores.schema import migrate
from liqwatch.stores.transaction import store_error, transaction


class MemoryStore(SqlStore):
    """For tests, the demo and `--dry-run`. Usable from construction on; `open` is there for symmetry."""

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        migrate(self._connection)

    async def open(self) -> None:
        """Nothing is left to do."""

    async def run(self, operation: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Run the operation at once, inside a transaction."""
        if self._connection is None:
            raise StoreError("the store is closed")
        try:
            with transaction(self._connection):
                return operation(self._connection)
        except sqlite3.Error as error:
            raise store_error(error, ":memory:") from error

    async def close(self) -> None:
        """Forget everything."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
