"""All open websockets of a simulated venue: bounded queues out, the wire's answers in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from liqwatch.testing.venue.book import VenuePosition
from liqwatch.testing.venue.wire_protocol import AccountChange, Frame, NoSuchPath, Peer, Scene, VenueWire

QUEUE_FRAMES = 10_000
"""A client that lags so far behind is cut off, as venues do with slow readers."""
MOST_FRAME_BYTES = 1_000_000


@dataclass(slots=True, kw_only=True, eq=False)
class Line:
    """One socket, its peer and its queue."""

    peer: Peer
    socket: web.WebSocketResponse
    transport: asyncio.Transport
    queue: asyncio.Queue[Frame] = field(default_factory=lambda: asyncio.Queue(QUEUE_FRAMES))

    def push(self, frames: Iterable[Frame]) -> None:
        """Queue frames; a full queue ends the connection."""
        for frame in frames:
            try:
                self.queue.put_nowait(frame)
            except asyncio.QueueFull:
                self.transport.abort()
                return


class PeerHall:
    """Accepts, reads, writes and cuts."""

    def __init__(self, wire: VenueWire, scene: Scene) -> None:
        """`scene.faults` is looked at on every frame."""
        self._wire = wire
        self._scene = scene
        self._lines: dict[Line, None] = {}
        self.accepted = 0

    def peers(self) -> list[Peer]:
        """Open ones, oldest first."""
        return [line.peer for line in self._lines]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket from handshake to end."""
        if self._scene.faults.refuse_websockets:
            return web.Response(status=503)
        peer = Peer(path=request.path, query=dict(request.query))
        try:
            greeting = list(self._wire.opened(peer, self._scene))
        except NoSuchPath:
            return web.Response(status=404)
        socket = web.WebSocketResponse(autoping=False, autoclose=False, compress=False, max_msg_size=MOST_FRAME_BYTES)
        await socket.prepare(request)
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            return socket
        line = Line(peer=peer, socket=socket, transport=transport)
        self._lines[line] = None
        self.accepted += 1
        line.push(greeting)
        try:
            await self._serve(line)
        finally:
            del self._lines[line]
        return socket

    async def _serve(self, line: Line) -> None:
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write(line))
            try:
                with suppress(ConnectionError):
                    await self._read(line)
            finally:
                writer.cancel()

    async def _write(self, line: Line) -> None:
        while True:
            frame = await line.queue.get()
            await self._scene.faults.flowing()
            try:
                if isinstance(frame, bytes):
                    await line.socket.send_bytes(frame)
                else:
                    await line.socket.send_str(frame)
            except ConnectionError:
                return

    async def _read(self, line: Line) -> None:
        while True:
            message = await line.socket.receive()
            await self._scene.faults.flowing()
            if message.type is WSMsgType.TEXT:
                line.push(self._wire.heard(line.peer, message.data, self._scene))
            elif message.type is WSMsgType.PING:
                await line.socket.pong(message.data)
            elif message.type is not WSMsgType.PONG:
                break
        if message.type is WSMsgType.CLOSE:
            await line.socket.close()

    def publish(self) -> None:
        """Send the mark frames of this beat."""
        for line, frames in self.beat():
            line.push(frames)

    def beat(self) -> list[tuple[Line, list[Frame]]]:
        """The mark frames of this beat, ready to be sent."""
        return [(line, list(self._wire.marks(line.peer, self._scene))) for line in self._lines]

    def broadcast(self, frame: Frame) -> None:
        """One frame to everybody."""
        self._to_all(lambda _: [frame])

    def tell(self, change: AccountChange) -> None:
        """Frames to the account's own streams."""
        for line in list(self._lines):
            if line.peer.account is change.account:
                line.push(self._wire.changed(line.peer, change, self._scene))

    def liquidated(self, position: VenuePosition, price: float) -> None:
        """Frames to public liquidation streams."""
        self._to_all(lambda peer: self._wire.liquidated(peer, position, price, self._scene))

    def cut_all(self) -> None:
        """End every websocket without a closing handshake."""
        for line in list(self._lines):
            line.transport.abort()

    def _to_all(self, frames_of: Callable[[Peer], Iterable[Frame]]) -> None:
        for line in list(self._lines):
            line.push(frames_of(line.peer))
