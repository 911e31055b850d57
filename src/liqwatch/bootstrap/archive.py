"""What the last daemon has written down, for commands that only read: looked at in a private copy.

The state directory stays as it is: no lock is taken (a daemon that starts meanwhile must get it), nothing is migrated,
no lease is given up. Nothing may be written while the copy is made; it is made anew until that was so.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from liqwatch.clock import Clock
from liqwatch.engine.desk.control import Lookup, WrittenDown
from liqwatch.errors import StoreError
from liqwatch.model import HistoryEvent
from liqwatch.stores.sqlite import SqliteStore

DATABASE_NAME = "liqwatch.sqlite3"
COMPANIONS = ("", "-wal")
COPIES = 20
PAUSE_SECONDS = 0.05
EVERY_LINE = 2**31

Marks = tuple[tuple[int, int] | None, ...]


async def ask_archive(
    state_directory: Path, command: str, arguments: Mapping[str, str], clock: Clock
) -> dict[str, Any]:
    """The answer of a reading command (`alerts`, `alert`, `history`, `outbox`), given without a daemon.

    Raises:
        StoreError: there is no state, or it cannot be read.
        RequestRefused: it does not know what is asked for.
    """
    async with _opened(state_directory, clock) as store:
        return await Lookup(store, WrittenDown(store.load, store), clock).commands()[command](**arguments)


async def whole_history(state_directory: Path, since: datetime | None, clock: Clock) -> Sequence[HistoryEvent]:
    """Every line of the history from that moment on, oldest first; raises `StoreError` as above."""
    async with _opened(state_directory, clock) as store:
        return await store.events(since=since, limit=EVERY_LINE)


@asynccontextmanager
async def _opened(state_directory: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    source = state_directory / DATABASE_NAME
    with tempfile.TemporaryDirectory(prefix="liqwatch-") as folder:
        copy = Path(folder) / DATABASE_NAME
        await _copied(source, copy, clock)
        store = SqliteStore(copy)
        await store.open()
        try:
            if store.history_reset:
                mend = "the next start of `liqwatch run` moves it aside and begins anew"
                raise StoreError("the state file is damaged", path=str(source), mend=mend)
            yield store
        finally:
            await store.close()


async def _copied(source: Path, target: Path, clock: Clock) -> None:
    for _ in range(COPIES):
        try:
            if await asyncio.to_thread(_copy, source, target):
                return
        except FileNotFoundError as error:
            mend = "has `liqwatch run` been started with this config, as this user?"
            raise StoreError("nothing has been written down yet", path=str(source), mend=mend) from error
        except OSError as error:
            raise StoreError(f"cannot be read: {error.strerror}", path=str(source)) from error
        await clock.sleep(PAUSE_SECONDS)
    raise StoreError("the state is being written all the time", path=str(source), mend="try again in a moment")


def _copy(source: Path, target: Path) -> bool:
    """Copy the file and its log; whether neither has changed meanwhile."""
    before = _marks(source)
    for suffix in COMPANIONS:
        origin, copy = source.with_name(source.name + suffix), target.with_name(target.name + suffix)
        copy.unlink(missing_ok=True)
        if suffix == "" or origin.exists():
            shutil.copyfile(origin, copy)
    return _marks(source) == before


def _marks(source: Path) -> Marks:
    """When each file was last written, and how long it is; None where it is not there."""
    marks: list[tuple[int, int] | None] = []
    for suffix in COMPANIONS:
        try:
            found = source.with_name(source.name + suffix).stat()
        except FileNotFoundError:
            marks.append(None)
        else:
            marks.append((found.st_mtime_ns, found.st_size))
    return tuple(marks)
