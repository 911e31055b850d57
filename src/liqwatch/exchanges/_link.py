"""One open websocket with the tasks that belong to it. It ends once, with a reason, and takes them with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TypeAlias

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from liqwatch.clock import Clock

LOOKS_PER_SILENCE_LIMIT = 4
NORMAL_CLOSE_CODE = 1000

Companion: TypeAlias = Callable[["Link"], Coroutine[None, None, None]]


class Link:
    """A connection from its first frame to its end.

    `reason` is None while it lives. `settled` is set when data flows or the link has ended; `turning` when it
    has ended or wants a successor. `changed` tells its companions that the wanted streams are others now.
    """

    def __init__(self, socket: ClientConnection, clock: Clock) -> None:
        """`socket` is open; `run` reads it."""
        self.socket = socket
        self.streams: set[str] = set()
        self.reason: str | None = None
        self.has_data = False
        self.settled = asyncio.Event()
        self.turning = asyncio.Event()
        self.changed = asyncio.Event()
        self._clock = clock
        self._data_at = clock.monotonic()

    async def run(self, on_frame: Callable[[bytes], bool], companions: Sequence[Companion] = ()) -> None:
        """Read until the end. `on_frame` says of each frame whether it proves that data flows."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(companion(self)) for companion in companions]
                await self._read(on_frame)
                for task in tasks:
                    task.cancel()
        finally:
            self.end("stopped")
            await self.socket.close()

    async def _read(self, on_frame: Callable[[bytes], bool]) -> None:
        try:
            while True:
                if on_frame(await self.socket.recv(decode=False)):
                    self._data_at = self._clock.monotonic()
                    if not self.has_data:
                        self.has_data = True
                        self.settled.set()
        except ConnectionClosed:
            self.end("closed")

    async def send(self, message: str) -> bool:
        """Send one message; False when the connection is gone."""
        try:
            await self.socket.send(message)
        except ConnectionClosed:
            return False
        return True

    async def watch_silence(self, limit_seconds: float) -> None:
        """End the link when it brings no data for so long. Pings and acknowledgements are no data."""
        while self._clock.monotonic() - self._data_at < limit_seconds:
            await self._clock.sleep(limit_seconds / LOOKS_PER_SILENCE_LIMIT)
        self.end("silence")

    def end(self, reason: str) -> None:
        """Cut the connection without waiting for a peer that may be gone. The first reason stands."""
        if self.reason is None:
            self.reason = reason
            self.socket.transport.abort()
        self.settled.set()
        self.turning.set()

    async def close(self) -> None:
        """Say goodbye: for a link that has been replaced."""
        if self.reason is None:
            self.reason = "replaced"
        await self.socket.close(NORMAL_CLOSE_CODE)
