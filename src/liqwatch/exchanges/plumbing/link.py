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
WAITING_REPLIES = 100

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
        self._replies: asyncio.Queue[str] = asyncio.Queue(WAITING_REPLIES)
        self._clock = clock
        self._data_at = self._alive_at = clock.monotonic()

    async def run(self, on_frame: Callable[[bytes], bool], companions: Sequence[Companion] = ()) -> None:
        """Read until the end. `on_frame` says of each frame whether it proves that data flows."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(companion(self)) for companion in companions]
                tasks.append(group.create_task(self._answer()))
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

    def note_life(self) -> None:
        """The venue has answered something, be it only a pong."""
        self._alive_at = self._clock.monotonic()

    def reply(self, message: str) -> None:
        """Send soon, without waiting: an answer that the venue asked for."""
        try:
            self._replies.put_nowait(message)
        except asyncio.QueueFull:
            self.end("overflow")

    async def _answer(self) -> None:
        while True:
            await self.send(await self._replies.get())

    async def watch_silence(self, life_limit_seconds: float, data_limit_seconds: float) -> None:
        """End the link when the venue does not answer, or brings no data, for so long.

        A pong or an acknowledgement is life but no data: venues acknowledge what they will never send.
        """
        while True:
            now = self._clock.monotonic()
            if (
                now - self._data_at >= data_limit_seconds
                or now - max(self._alive_at, self._data_at) >= life_limit_seconds
            ):
                self.end("silence")
                return
            await self._clock.sleep(min(life_limit_seconds, data_limit_seconds) / LOOKS_PER_SILENCE_LIMIT)

    async def keep_asking(self, message: str, every_seconds: float) -> None:
        """Ping for ever: by `message`, or by a ping frame where it is empty, whose pong is a sign of life."""
        while True:
            await self._clock.sleep(every_seconds)
            if message:
                await self.send(message)
                continue
            try:
                await (await self.socket.ping())
            except ConnectionClosed:
                return
            self.note_life()

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
