"""A thread for blocking sends, so that a hanging peer holds up neither another channel nor the end of the process."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Answer = TypeVar("Answer")

ABANDONED_LIMIT = 3
"""Threads of one channel that may hang at once; beyond that nothing new is started."""


class ChannelStuck(Exception):
    """Too many earlier sends of this channel have not come back."""


class ChannelWorker:
    """Runs one job at a time, each on a daemon thread. A job past its limit is left behind.

    A thread is cheap beside a send (0.1 ms), and one that ends with its job leaves nothing to close.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn = asyncio.Lock()
        self._abandoned: list[threading.Thread] = []

    async def run(self, job: Callable[[], Answer], timeout_seconds: float) -> Answer:
        """The job's answer, or its exception.

        Raises:
            TimeoutError: the job is still running after `timeout_seconds`.
            ChannelStuck: too many jobs that timed out are still running; this one was not started.
        """
        async with self._turn:
            self._abandoned = [thread for thread in self._abandoned if thread.is_alive()]
            if len(self._abandoned) >= ABANDONED_LIMIT:
                raise ChannelStuck
            loop = asyncio.get_running_loop()
            future: asyncio.Future[Answer] = loop.create_future()
            thread = threading.Thread(
                target=_perform, args=(job, loop, future), name=f"channel:{self._name}", daemon=True
            )
            thread.start()
            try:
                async with asyncio.timeout(timeout_seconds):
                    return await future
            finally:
                if future.cancelled():
                    self._abandoned.append(thread)


def _perform(job: Callable[[], Any], loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any]) -> None:
    try:
        answer, error = job(), None
    except Exception as caught:  # noqa: BLE001 - it belongs to the caller, who waits on the other thread
        answer, error = None, caught
    # Whoever left a job behind may have closed the loop by the time the job ends.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(_resolve, future, answer, error)


def _resolve(future: asyncio.Future[Any], answer: object, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)
