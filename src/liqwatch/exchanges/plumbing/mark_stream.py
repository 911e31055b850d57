"""One live connection's worth of mark prices: redialled when it breaks or falls silent, renewed in time.

What the venue calls things stands in its `MarkDialect`. A new connection must bring data before the old one is
dropped, and always asks for the whole wanted set.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import structlog

from liqwatch.clock import Clock
from liqwatch.errors import ExchangeUnreachable
from liqwatch.exchanges.plumbing.dial import Backoff, open_socket
from liqwatch.exchanges.plumbing.dialects import MarkDialect
from liqwatch.exchanges.plumbing.link import Link
from liqwatch.exchanges.plumbing.mark_box import MarkBox
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.exchanges.plumbing.mark_ledger import MarkLedger
from liqwatch.ports import Telemetry

HOUR_SECONDS = 3600.0
PINGS_PER_LIMIT = 2.5
"""So many pings fit into the silence limit, so that one lost pong is not yet a silence."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTuning:
    """Times and limits of a venue's public streams; tests shorten them.

    `silence_limit_seconds`: no answer of any kind for so long ends a connection. `data_limit_seconds`: no price for
    so long does, pongs or not (None: the same limit); venues that push only what changes need a longer one.
    """

    silence_limit_seconds: float = 10.0
    data_limit_seconds: float | None = None
    renew_after_seconds: float = 23 * HOUR_SECONDS
    renew_jitter_seconds: float = 0.5 * HOUR_SECONDS
    backoff_base_seconds: float = 1.0
    backoff_cap_seconds: float = 30.0
    streams_per_message: int = 200
    streams_per_connection: int = 1000
    message_pause_seconds: float = 0.125

    @property
    def data_seconds(self) -> float:
        """The longest time without a price."""
        return self.silence_limit_seconds if self.data_limit_seconds is None else self.data_limit_seconds

    @property
    def tolerates_quiet(self) -> bool:
        """Whether a connection may live without prices for a while."""
        return self.data_seconds > self.silence_limit_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all connections of one venue share."""

    dialect: MarkDialect
    clock: Clock
    telemetry: Telemetry
    tuning: StreamTuning
    box: MarkBox
    ledger: MarkLedger
    reject: Callable[[str], None]


class MarkStream:
    """One connection at a time, for ever. `watch` may be called at any time."""

    def __init__(self, shared: Shared) -> None:
        """Nothing is dialled before `run`, and before something is wanted."""
        self._dialect = shared.dialect
        self._clock = shared.clock
        self._telemetry = shared.telemetry
        self._tuning = shared.tuning
        self._box = shared.box
        self._ledger = shared.ledger
        self._reject = shared.reject
        self._backoff = Backoff(self._tuning.backoff_base_seconds, self._tuning.backoff_cap_seconds)
        self._random = random.SystemRandom()
        self._wanted: dict[str, str] = {}
        self._is_wanted = asyncio.Event()
        self._singly = False
        self._links: set[Link] = set()
        self._down_since: float | None = None
        self._requests = 0

    @property
    def wanted(self) -> Mapping[str, str]:
        """Native symbol to unified symbol of what this connection is for."""
        return self._wanted

    def watch(self, wanted: Mapping[str, str]) -> None:
        """Replace the wanted markets: native symbol to unified symbol."""
        self._wanted = dict(wanted)
        if self._wanted:
            self._is_wanted.set()
        else:
            self._is_wanted.clear()
        for link in self._links:
            link.changed.set()

    def redial(self) -> None:
        """The connection is deaf: prices move elsewhere, and it does not say so."""
        for link in self._links:
            link.end("silence")

    async def run(self) -> None:
        """Keep a connection for ever."""
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
            if link.reason is None:
                break
            await self._lost(link.reason, was_spare=old is not None and old.reason is None)
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
            link.streams.update(self._dialect.streams_in_url(first))
            group.create_task(self._live(link))
            return link

    def _streams(self) -> Sequence[str]:
        return self._dialect.streams(self._wanted, singly=self._singly)

    async def _live(self, link: Link) -> None:
        self._links.add(link)
        companions = [self._keep_subscribed, self._renew_in_time, self._watch_silence, self._ping]
        if self._tuning.tolerates_quiet:
            companions.append(self._settle_quietly)
        try:
            await link.run(lambda raw: self._receive(link, raw), companions)
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
            for message in self._dialect.requests(batch, self._requests, subscribe=subscribe):
                if not await link.send(message):
                    return
                await self._clock.sleep(self._tuning.message_pause_seconds)
            (link.streams.update if subscribe else link.streams.difference_update)(batch)

    async def _renew_in_time(self, link: Link) -> None:
        jitter = self._random.uniform(-1.0, 1.0) * self._tuning.renew_jitter_seconds
        await self._clock.sleep(self._tuning.renew_after_seconds + jitter)
        self._succession(link, "age")

    def _succession(self, link: Link, why: str) -> None:
        """A successor is dialled while this link goes on."""
        log.info("mark_stream_renewing", venue=self._dialect.venue, why=why)
        link.turning.set()

    async def _watch_silence(self, link: Link) -> None:
        await link.watch_silence(self._tuning.silence_limit_seconds, self._tuning.data_seconds)

    async def _settle_quietly(self, link: Link) -> None:
        """In a quiet market a connection that answers is good enough; REST stands in for prices that do not come."""
        await self._clock.sleep(self._tuning.silence_limit_seconds)
        link.settled.set()

    async def _ping(self, link: Link) -> None:
        ping, often = self._dialect.ping, self._tuning.silence_limit_seconds / PINGS_PER_LIMIT
        if ping is None:
            await link.keep_asking("", often)
        else:
            await link.keep_asking(ping.message, min(ping.every_seconds, often))

    def _receive(self, link: Link, raw: bytes) -> bool:
        frame = self.take_frame(raw)
        for reason in frame.rejected:
            self._reject(reason)
        for reply in frame.replies:
            link.reply(reply)
        if frame.is_alive:
            link.note_life()
        if frame.end is not None:
            self._succession(link, frame.end)
        return frame.is_data

    def take_frame(self, raw: bytes) -> MarkFrame:
        """Decode one frame and leave its news in the box: the hot path, from bytes to the consumer."""
        received = self._clock.monotonic()
        frame = self._dialect.read(raw, self._wanted)
        if frame.is_data or frame.liquidations:
            self._box.put(self._ledger.news(frame.rows, received), received, frame.liquidations)
        return frame

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
            self._ledger.forget()
            log.warning("mark_stream_down", venue=self._dialect.venue, reason=reason, why=why)
        await self._clock.sleep(self._backoff.next_seconds())

    def _recovered(self) -> None:
        self._backoff.reset()
        if self._down_since is not None:
            seconds = round(self._clock.monotonic() - self._down_since, 3)
            self._down_since = None
            log.warning("mark_stream_up", venue=self._dialect.venue, outage_seconds=seconds)
