"""The one thread that owns the connection. All requests waiting at a moment share one transaction and one fsync.

A lone request costs one fsync; a burst of a thousand costs a handful. A request that fails for a reason of its own
(a text that cannot be written, a bug) fails alone: the others of its group are done without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from liqwatch.errors import StoreError
from liqwatch.stores.base import Answer
from liqwatch.stores.places import Places
from liqwatch.stores.transaction import store_error, transaction

WAITING_LIMIT = 4096
"""Requests under way; whoever comes later waits in the event loop."""


@dataclass(slots=True)
class _Request:
    operation: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]
    answer: Any = None


class Writer:
    """Runs operations, in order of arrival, on its own thread."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], path: str) -> None:
        """`connect` is called on the thread; `path` names the file in errors."""
        self.transactions = 0
        self._connect = connect
        self._path = path
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._places = Places(WAITING_LIMIT)
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Start the thread; returns when it has its connection, or raises what kept it from that."""
        loop = asyncio.get_running_loop()
        started: asyncio.Future[None] = loop.create_future()
        # A daemon thread, so that a process dying without `close` can die: what is committed is safe.
        self._thread = threading.Thread(target=self._serve, args=(loop, started), name="store-writer", daemon=True)
        self._thread.start()
        try:
            await started
        except (StoreError, sqlite3.Error, OSError):
            self._thread = None
            raise

    async def run(self, operation: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Run the operation in the next transaction; returns its answer when that is durable."""
        await self._places.take()
        try:
            if self._thread is None:
                raise StoreError("the store is not open", path=self._path)
            future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            self._requests.put(_Request(operation, future))
            return await future
        finally:
            self._places.give_back()

    async def stop(self) -> None:
        """Finish what was accepted, close the connection, end the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._requests.put(None)
            await asyncio.to_thread(thread.join)

    def _serve(self, loop: asyncio.AbstractEventLoop, started: asyncio.Future[None]) -> None:
        try:
            connection = self._connect()
        except (StoreError, sqlite3.Error, OSError) as error:
            _post(loop, _settle, started, error)
            return
        _post(loop, _settle, started, None)
        with contextlib.closing(connection):
            is_open = True
            while is_open:
                group, is_open = self._next_group()
                if group:
                    self._serve_group(connection, group, loop)

    def _serve_group(
        self, connection: sqlite3.Connection, group: list[_Request], loop: asyncio.AbstractEventLoop
    ) -> None:
        failure = self._execute(connection, group)
        if failure is None or len(group) == 1 or _is_trouble_of_all(failure):
            _post(loop, self._answer, group, failure)
            return
        for request in group:
            _post(loop, self._answer, [request], self._execute(connection, [request]))

    def _next_group(self) -> tuple[list[_Request], bool]:
        """Wait for a request and take everything behind it; False when the end was among it."""
        group: list[_Request] = []
        request = self._requests.get()
        while request is not None:
            group.append(request)
            try:
                request = self._requests.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _execute(self, connection: sqlite3.Connection, group: list[_Request]) -> Exception | None:
        try:
            with transaction(connection):
                for request in group:
                    request.answer = request.operation(connection)
        except Exception as error:  # noqa: BLE001 - handed to every caller of the group; the thread must live on
            return error
        self.transactions += 1
        return None

    def _answer(self, group: list[_Request], error: Exception | None) -> None:
        for request in group:
            if request.future.done():
                continue
            if error is None:
                request.future.set_result(request.answer)
            else:
                request.future.set_exception(self._own_error(error))

    def _own_error(self, error: Exception) -> Exception:
        """A new exception for each caller: one shared object would collect all their tracebacks."""
        if isinstance(error, sqlite3.Error):
            own = store_error(error, self._path)
        else:
            own = StoreError(f"the operation failed: {type(error).__name__}", path=self._path)
        own.__cause__ = error
        return own


def _is_trouble_of_all(failure: Exception) -> bool:
    """Whether the file or the disk refuses (full, locked, damaged), and so would refuse each request alone as well."""
    is_about_content = isinstance(failure, sqlite3.DataError | sqlite3.IntegrityError | sqlite3.ProgrammingError)
    return isinstance(failure, sqlite3.Error) and not is_about_content


def _settle(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *arguments: object) -> None:
    # A closed loop has nobody left who waits for the answer; the work itself is committed.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(callback, *arguments)
