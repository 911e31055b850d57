"""All mark prices of one venue: as many connections as its families and limits ask for, into one box."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping

import structlog

from liqwatch.clock import Clock
from liqwatch.exchanges.plumbing.dialects import MarkDialect
from liqwatch.exchanges.plumbing.mark_box import MarkBox
from liqwatch.exchanges.plumbing.mark_ledger import MarkLedger
from liqwatch.exchanges.plumbing.mark_stream import MarkStream, Shared, StreamTuning
from liqwatch.exchanges.plumbing.pump import BoxClosed, pumped, take_over
from liqwatch.model import MarkBatch
from liqwatch.ports import Telemetry

log = structlog.get_logger(__name__)


class MarkRouter:
    """Sorts wanted markets to connections; a market keeps its connection. `batches` is iterated by one consumer."""

    def __init__(self, dialect: MarkDialect, clock: Clock, telemetry: Telemetry, tuning: StreamTuning) -> None:
        """Nothing is dialled before `batches` is iterated and something is wanted."""
        self._dialect = dialect
        self._telemetry = telemetry
        self._told: set[str] = set()
        self._box = MarkBox(dialect.venue, telemetry)
        self.ledger = MarkLedger(dialect.venue, telemetry, self.reject)
        self._shared = Shared(
            dialect=dialect,
            clock=clock,
            telemetry=telemetry,
            tuning=tuning,
            box=self._box,
            ledger=self.ledger,
            reject=self.reject,
        )
        self._streams: dict[str, list[MarkStream]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._task: asyncio.Task[object] | None = None

    @property
    def streams(self) -> list[MarkStream]:
        """Every connection, wanted or idle."""
        return [stream for streams in self._streams.values() for stream in streams]

    @property
    def box(self) -> MarkBox:
        """Where batches wait for the consumer; REST answers may be left here too."""
        return self._box

    def watch(self, wanted: Mapping[str, str]) -> None:
        """Replace the wanted markets: native symbol to unified symbol."""
        routes: dict[str, dict[str, str]] = {route: {} for route in self._streams}
        for native, symbol in wanted.items():
            routes.setdefault(self._dialect.route(native), {})[native] = symbol
        for route, markets in routes.items():
            self._share_out(route, markets)

    def _share_out(self, route: str, markets: Mapping[str, str]) -> None:
        streams, room = self._streams.setdefault(route, []), self._shared.tuning.streams_per_connection
        shares = [{native: markets[native] for native in stream.wanted if native in markets} for stream in streams]
        placed = {native for share in shares for native in share}
        for native in markets:
            if native not in placed:
                share = next((each for each in shares if len(each) < room), None)
                if share is None:
                    share = {}
                    shares.append(share)
                share[native] = markets[native]
        while len(streams) < len(shares):
            streams.append(self._new_stream())
        for stream, share in zip(streams, shares, strict=True):
            stream.watch(share)

    def _new_stream(self) -> MarkStream:
        stream = MarkStream(self._shared)
        if self._group is not None:
            self._group.create_task(stream.run())
        return stream

    def redial(self) -> None:
        """Every connection is suspected to be deaf."""
        for stream in self.streams:
            stream.redial()

    def batches(self, beside: Callable[[], Coroutine[None, None, None]] | None = None) -> AsyncIterator[MarkBatch]:
        """One batch a frame, fewer when the consumer is slow; an empty one still says that data flows.

        `beside` runs as long as the iteration does.
        """
        return pumped(lambda: self._run(beside), self._box)

    async def close(self) -> None:
        """End the iteration and the connections."""
        self._box.fail(BoxClosed())
        await take_over(self._task)

    def reject(self, reason: str) -> None:
        """Count something unusable; tell of it the first time."""
        self._telemetry.count("frames_rejected_total", venue=self._dialect.venue, reason=reason)
        if reason not in self._told:
            self._told.add(reason)
            log.warning("mark_frame_rejected", venue=self._dialect.venue, reason=reason)

    async def _run(self, beside: Callable[[], Coroutine[None, None, None]] | None) -> None:
        previous, self._task = self._task, asyncio.current_task()
        await take_over(previous)
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                if beside is not None:
                    group.create_task(beside())
                for stream in self.streams:
                    group.create_task(stream.run())
                await asyncio.Event().wait()
        finally:
            self._group = None
