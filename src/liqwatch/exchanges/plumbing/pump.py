"""A producer that runs beside an async iteration and is stopped with it; what lies between is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Taken_co = TypeVar("Taken_co", covariant=True)


class BoxClosed(Exception):
    """Nothing more will come."""


class Box(Protocol[Taken_co]):
    """Where a producer leaves things for one consumer."""

    async def take(self) -> Taken_co:
        """Wait for the next thing; raises what the producer failed with, or `BoxClosed`."""
        ...

    def fail(self, error: Exception) -> None:
        """The producer has ended with this error."""
        ...


class BoundedBox(Generic[Item]):
    """First in, first out, nothing lost; `put` says no when it is full."""

    def __init__(self, limit: int) -> None:
        """Holds at most `limit` items."""
        self._queue: asyncio.Queue[Item | Exception] = asyncio.Queue(limit + 1)
        self._limit = limit

    def put(self, item: Item) -> bool:
        """Leave an item; False when there is no room, and the item is not taken."""
        if self._queue.qsize() >= self._limit:
            return False
        self._queue.put_nowait(item)
        return True

    def keep_only(self, is_wanted: Callable[[Item], bool]) -> None:
        """Throw away what waits, but for what is wanted."""
        waiting = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
        for item in waiting:
            if isinstance(item, Exception) or is_wanted(item):
                self._queue.put_nowait(item)

    def clear(self) -> None:
        """Throw away what waits."""
        while not self._queue.empty():
            self._queue.get_nowait()

    def fail(self, error: Exception) -> None:
        """What waits is dropped: after this error it could only mislead."""
        self.clear()
        self._queue.put_nowait(error)

    async def take(self) -> Item:
        """Wait for the next item."""
        item = await self._queue.get()
        if isinstance(item, BoxClosed):
            self._queue.put_nowait(item)
        if isinstance(item, Exception):
            raise item
        return item


async def take_over(previous: asyncio.Task[object] | None) -> None:
    """End an earlier producer: an abandoned iteration may not have been closed yet."""
    if previous is not None and previous is not asyncio.current_task() and not previous.done():
        previous.cancel()
        await asyncio.wait([previous])


async def pumped(produce: Callable[[], Coroutine[None, None, None]], box: Box[Item]) -> AsyncGenerator[Item, None]:
    """Everything that `produce` leaves in `box`, until the iteration or the box is closed.

    The producer's failure is raised to the consumer at its next step, never as a bare cancellation.
    """

    async def guarded() -> None:
        try:
            await produce()
        except Exception as error:  # noqa: BLE001  whatever it is, the consumer must get to know
            box.fail(error)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(guarded())
        try:
            while True:
                yield await box.take()
        except (GeneratorExit, BoxClosed):
            return
        finally:
            task.cancel()
