"""One websocket of a client: its subscriptions, its bounded queue, and the venue's control messages."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aiohttp import WSMsgType, web

from liqwatch.testing.venue.faults import VenueFaults
from liqwatch.testing.venue.marks import compact

QUEUE_FRAMES = 10_000
"""A client that lags so far behind is cut off, as venues do with slow readers."""


class Family(Enum):
    """What a path serves. UNROUTED is the retired entrance: it opens, acknowledges and stays silent."""

    MARKET = "market"
    PRIVATE = "private"
    UNROUTED = "unrouted"


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """State and traffic of one socket. `is_combined` wraps payloads as {"stream", "data"}."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport
    family: Family
    is_combined: bool
    streams: list[str]
    listen_key: str | None = None
    queue: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(QUEUE_FRAMES))

    def push(self, payload: str, stream: str) -> None:
        """Queue a payload (JSON text) of a stream."""
        self.push_text(f'{{"stream":"{stream}","data":{payload}}}' if self.is_combined else payload)

    def push_text(self, text: str) -> None:
        """Queue a frame as it is; a full queue ends the connection."""
        try:
            self.queue.put_nowait(text)
        except asyncio.QueueFull:
            self.cut()

    def cut(self) -> None:
        """End the connection without a closing handshake."""
        self.transport.abort()

    async def serve(self, faults: VenueFaults) -> None:
        """Read and write until the client or the venue ends it."""
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write(faults))
            try:
                with suppress(ConnectionError):
                    await self._read(faults)
            finally:
                writer.cancel()

    async def _write(self, faults: VenueFaults) -> None:
        while True:
            text = await self.queue.get()
            await faults.flowing()
            try:
                await self.socket.send_str(text)
            except ConnectionError:
                return

    async def _read(self, faults: VenueFaults) -> None:
        while True:
            message = await self.socket.receive()
            await faults.flowing()
            if message.type is WSMsgType.TEXT:
                self.push_text(compact(self.control(message.data)))
            elif message.type is WSMsgType.PING:
                await self.socket.pong(message.data)
            elif message.type is not WSMsgType.PONG:
                break
        if message.type is WSMsgType.CLOSE:
            await self.socket.close()

    def control(self, text: str) -> dict[str, Any]:
        """Act on one client message and return the answer. Unknown streams are acknowledged and stay silent."""
        try:
            request = json.loads(text)
            method, params, request_id = request["method"], request.get("params", []), request.get("id")
        except (ValueError, KeyError, TypeError, AttributeError):
            return {"error": {"code": 2, "msg": "Invalid request: not a known message"}}
        if method == "SUBSCRIBE":
            self.streams.extend(stream for stream in params if stream not in self.streams)
            return {"result": None, "id": request_id}
        if method == "UNSUBSCRIBE":
            self.streams = [stream for stream in self.streams if stream not in params]
            return {"result": None, "id": request_id}
        if method == "LIST_SUBSCRIPTIONS":
            return {"result": list(self.streams), "id": request_id}
        return {"error": {"code": 2, "msg": f"Invalid request: unknown variant `{method}`"}, "id": request_id}
