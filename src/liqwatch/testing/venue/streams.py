"""The websocket side: which path opens what, and who receives which frame."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from liqwatch.testing.venue.connection import Connection, Family
from liqwatch.testing.venue.events import Event
from liqwatch.testing.venue.faults import VenueFaults
from liqwatch.testing.venue.marks import MarkFrames, compact, is_slow

GARBAGE = '{"e":"markPriceUpdate","E":17905265'
MOST_FRAME_BYTES = 65_536
SLOW_EVERY_BEATS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What a websocket path asks for."""

    family: Family
    is_combined: bool = False
    streams: tuple[str, ...] = ()
    listen_key: str | None = None


def entrance(path: str, query: dict[str, str]) -> Entrance | None:
    """Read a path such as `/market/ws/btcusdt@markPrice@1s` or `/private/ws?listenKey=K`; None: no such path.

    Order-book paths (`/public/…`) and the retired `/ws` and `/stream` open and stay silent.
    """
    parts = path.strip("/").split("/")
    family = {"market": Family.MARKET, "private": Family.PRIVATE}.get(parts[0], Family.UNROUTED)
    if parts[0] in {"market", "private", "public"}:
        parts = parts[1:]
    if not parts or parts[0] not in {"ws", "stream"}:
        return None
    is_combined = parts[0] == "stream"
    named = [part for part in (query.get("streams", "").split("/") if is_combined else parts[1:]) if part]
    if family is Family.PRIVATE:
        listen_key = query.get("listenKey") or (named[0] if named else None)
        return Entrance(family=family, is_combined=is_combined, listen_key=listen_key)
    return Entrance(family=family, is_combined=is_combined, streams=tuple(named))


class StreamHall:
    """All open websockets."""

    def __init__(self, faults: VenueFaults) -> None:
        """`faults` is looked at on every frame."""
        self._faults = faults
        self._beat = 0
        self._connections: dict[Connection, None] = {}
        self.accepted = 0
        """How many websockets have ever been opened."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket from handshake to end."""
        wanted = entrance(request.path, dict(request.query))
        if wanted is None:
            return web.Response(status=404)
        if self._faults.refuse_websockets:
            return web.Response(status=503)
        socket = web.WebSocketResponse(autoping=False, autoclose=False, compress=False, max_msg_size=MOST_FRAME_BYTES)
        await socket.prepare(request)
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            return socket
        connection = Connection(
            socket=socket,
            transport=transport,
            family=wanted.family,
            is_combined=wanted.is_combined,
            streams=list(wanted.streams),
            listen_key=wanted.listen_key,
        )
        self._connections[connection] = None
        self.accepted += 1
        try:
            await connection.serve(self._faults)
        finally:
            del self._connections[connection]
        return socket

    def open_in(self, family: Family) -> list[Connection]:
        """Open websockets of one family, oldest first."""
        return [connection for connection in self._connections if connection.family is family]

    def publish(self, frames: MarkFrames, *, is_every_stream: bool) -> None:
        """Send one beat of marks; slow streams only join every third beat unless all are asked for."""
        has_slow = is_every_stream or self._beat % SLOW_EVERY_BEATS == 0
        self._beat += 1
        if self._faults.silence_marks or self._faults.deaf_streams:
            return
        is_garbled, self._faults.garbage_next = self._faults.garbage_next, False
        for connection in self.open_in(Family.MARKET):
            if is_garbled:
                connection.push_text(GARBAGE)
            for stream in connection.streams:
                if has_slow or not is_slow(stream):
                    for payload in frames.of(stream):
                        connection.push(payload, stream)

    def tell(self, listen_key: str | None, event: Event) -> None:
        """Send an account event to the streams opened with that key."""
        if listen_key is None or self._faults.silence_account_events:
            return
        payload = compact(event)
        for connection in self.open_in(Family.PRIVATE):
            if connection.listen_key == listen_key:
                connection.push(payload, listen_key)

    def cut_all(self) -> None:
        """End every websocket without a closing handshake."""
        for connection in list(self._connections):
            connection.cut()
