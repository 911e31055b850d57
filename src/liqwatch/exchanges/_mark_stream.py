"""Mark prices for ever over one websocket at a time: redialled when it breaks or falls silent, renewed in time.

What the venue calls things stands in its `MarkDialect`. A new connection must bring data before the old one is
dropped, and always asks for the whole wanted set.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import structlog

from liqwatch.clock import Clock
from liqwatch.errors import ExchangeUnreachable
from liqwatch.exchanges._dial import Backoff, open_socket
from liqwatch.exchanges._link import Link
from liqwatch.exchanges._mark_box import MarkBox
from liqwatch.exchanges._pump import BoxClosed, pumped, take_over
from liqwatch.model import MarkBatch, MarkRow
from liqwatch.ports import Telemetry

HOUR_SECONDS = 3600.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MarkFrame:
    """What one frame says. `is_data` proves that prices flow; `rejected` names what could not be used."""

    rows: Sequence[MarkRow] = ()
    is_data: bool = False
    rejected: Sequence[str] = ()


class MarkDialect(Protocol):
    """How one venue speaks on its mark price stream."""

    venue: str

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:
        """The streams to hold for these markets, empty for none; `singly` asks for one each where that can be."""
        ...

    def url(self, first_stream: str) -> str:
        """Where to dial for a connection that begins with one stream."""
        ...

    def request(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> str:
        """The message that asks for streams, or gives them up."""
        ...

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame; rows only of `wanted` (native to unified symbol), unchecked. Never raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTuning:
    """Times and limits of a stream; tests shorten them."""

    silence_limit_seconds: float = 10.0
    renew_after_seconds: float = 23 * HOUR_SECONDS
    renew_jitter_seconds: float = 0.5 * HOUR_SECONDS
    backoff_base_seconds: float = 1.0
    backoff_cap_seconds: float = 30.0
    streams_per_message: int = 200
    message_pause_seconds: float = 0.125


class MarkStream:
    """The one live stream of a venue. `watch` may be called at any time; `batches` is iterated by one consumer."""

    def __init__(self, dialect: MarkDialect, clock: Clock, telemetry: Telemetry, tuning: StreamTuning) -> None:
        """Nothing is dialled before `batches` is iterated and something is wanted."""
        self._dialect = dialect
        self._clock = clock
        self._telemetry = telemetry
        self._tuning = tuning
        self._backoff = Backoff(tuning.backoff_base_seconds, tuning.backoff_cap_seconds)
        self._random = random.SystemRandom()
        self._wanted: dict[str, str] = {}
        self._is_wanted = asyncio.Event()
        self._singly = False
        self._links: set[Link] = set()
        self._latest_ms: dict[str, int] = {}
        self._told: set[str] = set()
        self._down_since: float | None = None
        self._requests = 0
        self._box = MarkBox(dialect.venue, telemetry)
        self._task: asyncio.Task[object] | None = None

    def watch(self, wanted: Mapping[str, str]) -> None:
        """Replace the wanted markets: native symbol to unified symbol."""
        self._wanted = dict(wanted)
        if self._wanted:
            self._is_wanted.set()
        else:
            self._is_wanted.clear()
        for link in self._links:
            link.changed.set()

    def batches(self) -> AsyncIterator[MarkBatch]:
        """One batch a frame, fewer when the consumer is slow; an empty one still says that data flows."""
        return pumped(self._run, self._box)

    async def close(self) -> None:
        """End the iteration and the connection."""
        self._box.fail(BoxClosed())
        await take_over(self._task)

    def reject(self, reason: str) -> None:
        """Count something unusable; tell of it the first time."""
        self._telemetry.count("frames_rejected_total", venue=self._dialect.venue, reason=reason)
        if reason not in self._told:
            self._told.add(reason)
            log.warning("mark_frame_rejected", venue=self._dialect.venue, reason=reason)

    async def _run(self) -> None:
        previous, self._task = self._task, asyncio.current_task()
        await take_over(previous)
        link: Link | None = None
        async with asyncio.TaskGroup() as group:
            while True:
                link = await self._succeed(link, group)
                await link.turning.wait()
                if link.reason is not None:
                    await self._lost(link.reason)

    async def _succeed(self, old: Link | None, group: asyncio.TaskGroup) -> Link:
        """Dial until a connection brings data; only then let the old one go."""
        while True:
            link = await self._open(group)
            await link.settled.wait()
            if link.has_data:
                break
            await self._lost(link.reason or "closed", was_spare=old is not None and old.reason is None)
        self._recovered()
        if old is not None:
            await old.close()
        return link

    async def _open(self, group: asyncio.TaskGroup) -> Link:
        while True:
            await self._is_wanted.wait()
            first = self._streams()[0]
            try:
                socket = await open_socket(self._dialect.url(first), self._clock)
            except ExchangeUnreachable as error:
                await self._lost("unreachable", why=error.message)
                continue
            link = Link(socket, self._clock)
            link.streams.add(first)
            group.create_task(self._live(link))
            return link

    def _streams(self) -> Sequence[str]:
        return self._dialect.streams(self._wanted, singly=self._singly)

    async def _live(self, link: Link) -> None:
        self._links.add(link)
        try:
            await link.run(self._receive, (self._keep_subscribed, self._renew_in_time, self._watch_silence))
        finally:
            self._links.discard(link)

    async def _keep_subscribed(self, link: Link) -> None:
        """Make the link's streams what is wanted now: first ask for the missing, then give up the rest."""
        while True:
            link.changed.clear()
            wanted = dict.fromkeys(self._streams())
            if not wanted:
                link.end("idle")
                return
            await self._request(link, [stream for stream in wanted if stream not in link.streams], subscribe=True)
            await self._request(link, [stream for stream in link.streams if stream not in wanted], subscribe=False)
            await link.changed.wait()

    async def _request(self, link: Link, streams: list[str], *, subscribe: bool) -> None:
        remaining = iter(streams)
        while batch := list(islice(remaining, self._tuning.streams_per_message)):
            self._requests += 1
            if not await link.send(self._dialect.request(batch, self._requests, subscribe=subscribe)):
                return
            (link.streams.update if subscribe else link.streams.difference_update)(batch)
            await self._clock.sleep(self._tuning.message_pause_seconds)

    async def _renew_in_time(self, link: Link) -> None:
        jitter = self._random.uniform(-1.0, 1.0) * self._tuning.renew_jitter_seconds
        await self._clock.sleep(self._tuning.renew_after_seconds + jitter)
        log.info("mark_stream_renewing", venue=self._dialect.venue)
        link.turning.set()

    async def _watch_silence(self, link: Link) -> None:
        await link.watch_silence(self._tuning.silence_limit_seconds)

    def _receive(self, raw: bytes) -> bool:
        received = self._clock.monotonic()
        frame = self._dialect.read(raw, self._wanted)
        for reason in frame.rejected:
            self.reject(reason)
        if frame.is_data:
            self._box.put([row for row in frame.rows if self._is_news(row)], received)
        return frame.is_data

    def _is_news(self, row: MarkRow) -> bool:
        symbol, price, exchange_ms = row
        if not 0.0 < price < math.inf:
            self.reject("bad_price")
            return False
        if exchange_ms < self._latest_ms.get(symbol, 0):
            self._telemetry.count("frames_rejected_total", venue=self._dialect.venue, reason="out_of_order")
            return False
        self._latest_ms[symbol] = exchange_ms
        return True

    async def _lost(self, reason: str, *, why: str = "", was_spare: bool = False) -> None:
        """Count the loss, tell of an outage once, and pause before the next dial."""
        if reason == "idle":
            return
        self._telemetry.count("stream_restarts_total", venue=self._dialect.venue, reason=reason)
        if reason == "silence":
            # An all-market stream has been seen dead while single ones flowed: try the other kind.
            self._singly = not self._singly
        if not was_spare and self._down_since is None:
            self._down_since = self._clock.monotonic()
            self._latest_ms.clear()
            log.warning("mark_stream_down", venue=self._dialect.venue, reason=reason, why=why)
        await self._clock.sleep(self._backoff.next_seconds())

    def _recovered(self) -> None:
        self._backoff.reset()
        if self._down_since is not None:
            seconds = round(self._clock.monotonic() - self._down_since, 3)
            self._down_since = None
            log.warning("mark_stream_up", venue=self._dialect.venue, outage_seconds=seconds)
