"""An account's stream: opened, logged in, kept alive, renewed, and reopened for ever.

After every opening comes an `Arrival` without event: what was pushed before it is lost, so ask REST.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import structlog

from liqwatch.clock import Clock
from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, ExchangeUnreachable
from liqwatch.exchanges.plumbing.changes import AccountEvent, Forced, Noticed
from liqwatch.exchanges.plumbing.dial import Backoff, open_socket
from liqwatch.exchanges.plumbing.dialects import AccountDialect, Opening
from liqwatch.exchanges.plumbing.link import Link
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.pump import BoundedBox, BoxClosed, pumped, take_over
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.ports import Telemetry
from liqwatch.redaction import remember_secret

HOUR_SECONDS = 3600.0
WAITING_EVENTS = 1000
REFUSED_KEY_PAUSE_SECONDS = 60.0
PROVEN_AFTER_SECONDS = 60.0
"""A handshake proves nothing (a wrong key completes it too); a connection that lasted so long does."""
LOGIN_REFUSED = "login_refused"
SHORTEST_SECRET = 16

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event and its place in the order of arrival; no event: the stream has just opened."""

    number: int
    event: AccountEvent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateTuning:
    """Times of a private stream; tests shorten them.

    `life_limit_seconds`: no frame and no pong for so long ends the connection. `ready_within_seconds`: a stream that
    says when it is ready, and does not, is dialled anew.
    """

    life_limit_seconds: float = 20.0
    ready_within_seconds: float = 15.0
    keep_again_seconds: float = 60.0
    renew_after_seconds: float = 23 * HOUR_SECONDS
    backoff_base_seconds: float = 1.0
    backoff_cap_seconds: float = 30.0
    message_pause_seconds: float = 0.1


def forced_pause_seconds(error: ExchangeError | CredentialsError) -> float:
    """What an error demands before the next attempt, beyond the usual back-off: insisting makes it worse."""
    if isinstance(error, ExchangeBlocked):
        return error.retry_after_seconds
    return REFUSED_KEY_PAUSE_SECONDS if isinstance(error, CredentialsError) else 0.0


def secrets_in(url: str) -> list[str]:
    """The listen key or token in a stream's address: a query value, or the last and long part of the path."""
    parts = urlsplit(url)
    found = [value for _, value in parse_qsl(parts.query)] + [parts.path.rpartition("/")[2]]
    return [text for text in found if len(text) >= SHORTEST_SECRET]


class PrivateStream:
    """The stream of one account. `pushes` counts what has arrived, read or not yet read."""

    def __init__(
        self, dialect: AccountDialect, calls: SignedCalls, clock: Clock, telemetry: Telemetry, tuning: PrivateTuning
    ) -> None:
        """Nothing is asked or dialled before `arrivals` is iterated."""
        self.pushes = 0
        self.is_closed = False
        self.listing = Listing()
        self._dialect = dialect
        self._calls = calls
        self._clock = clock
        self._telemetry = telemetry
        self._tuning = tuning
        self._backoff = Backoff(tuning.backoff_base_seconds, tuning.backoff_cap_seconds)
        self._box: BoundedBox[Arrival] = BoundedBox(WAITING_EVENTS)
        self._told: set[str] = set()
        self._down_since: float | None = None
        self._is_ready = False
        self._task: asyncio.Task[object] | None = None

    def arrivals(self) -> AsyncIterator[Arrival]:
        """Events in order, none lost between two openings."""
        return pumped(self._run, self._box)

    async def close(self) -> None:
        """End the iteration and the connection."""
        self.is_closed = True
        self._box.fail(BoxClosed())
        await take_over(self._task)

    def reject(self, reason: str) -> None:
        """Count something unusable; tell of it the first time."""
        self._telemetry.count("frames_rejected_total", venue=self._dialect.venue, reason=reason)
        if reason not in self._told:
            self._told.add(reason)
            log.warning("user_frame_rejected", venue=self._dialect.venue, reason=reason)

    async def _run(self) -> None:
        previous, self._task = self._task, asyncio.current_task()
        await take_over(previous)
        while True:
            started = self._clock.monotonic()
            try:
                opening = await self._dialect.opening(self._calls)
                if opening is None:
                    self._box.put(Arrival(self.pushes))
                    await asyncio.Event().wait()
                    continue
                reason, why = await self._connection(opening), ""
            except (ExchangeError, CredentialsError) as error:
                reason, why = "refused", error.message
                await self._clock.sleep(forced_pause_seconds(error))
            self._telemetry.count("stream_restarts_total", venue=self._dialect.venue, reason=f"user_{reason}")
            if self._clock.monotonic() - started > PROVEN_AFTER_SECONDS:
                self._backoff.reset()
            if reason != "renewal":
                self._note_down(reason, why)
                await self._clock.sleep(self._pause_seconds(reason))

    def _pause_seconds(self, reason: str) -> float:
        pause = self._backoff.next_seconds()
        return max(pause, REFUSED_KEY_PAUSE_SECONDS) if reason == LOGIN_REFUSED else pause

    async def _connection(self, opening: Opening) -> str:
        """One connection from dialling to end; returns why it ended."""
        for secret in secrets_in(opening.url):
            remember_secret(secret)
        link = Link(await open_socket(opening.url, self._clock, opening.headers), self._clock)
        self._is_ready = False
        # Changes of rows can be asked for again, what the venue closed or warned of cannot.
        self._box.keep_only(lambda arrival: isinstance(arrival.event, Forced | Noticed))
        if not self._dialect.says_ready:
            self._ready()

        async def greet(link: Link) -> None:
            for message in opening.messages:
                await link.send(message)
                await self._clock.sleep(self._tuning.message_pause_seconds)

        companions = (greet, self._keep, self._renew_in_time, self._ping, self._watch_life, self._await_ready)
        await link.run(lambda raw: self._receive(link, raw), companions)
        return link.reason or "closed"

    def _ready(self) -> None:
        """Granted: whatever changed before is in the REST answer that is asked for now."""
        self._is_ready = True
        self._note_up()
        self._box.put(Arrival(self.pushes))

    async def _await_ready(self, link: Link) -> None:
        await self._clock.sleep(self._tuning.ready_within_seconds)
        if not self._is_ready:
            link.end("not_granted")

    async def _keep(self, link: Link) -> None:
        every = self._dialect.keep_every_seconds
        if every is None:
            return
        pause = every
        while True:
            await self._clock.sleep(pause)
            try:
                await self._dialect.keep(self._calls)
            except (ExchangeUnreachable, ExchangeBlocked) as error:
                pause = self._tuning.keep_again_seconds
                log.warning("listen_key_not_prolonged", venue=self._dialect.venue, why=error.message)
            except (ExchangeError, CredentialsError):
                link.end("listen_key_lost")
                return
            else:
                pause = every

    async def _renew_in_time(self, link: Link) -> None:
        await self._clock.sleep(self._tuning.renew_after_seconds)
        link.end("renewal")

    async def _ping(self, link: Link) -> None:
        ping, often = self._dialect.ping, self._tuning.life_limit_seconds / 2.5
        if ping is None:
            await link.keep_asking("", often)
        else:
            await link.keep_asking(ping.message, min(ping.every_seconds, often))

    async def _watch_life(self, link: Link) -> None:
        await link.watch_silence(self._tuning.life_limit_seconds, float("inf"))

    def _receive(self, link: Link, raw: bytes) -> bool:
        heard = self._dialect.hear(raw, self.listing)
        if heard.rejected is not None:
            self.reject(heard.rejected)
        for reply in heard.replies:
            link.reply(reply)
        if heard.is_ready and not self._is_ready:
            self._ready()
        if heard.end is not None:
            link.end(heard.end)
        for event in heard.events:
            self.pushes += 1
            if not self._box.put(Arrival(self.pushes, event)):
                link.end("overflow")
        return True

    def _note_down(self, reason: str, why: str) -> None:
        if self._down_since is None:
            self._down_since = self._clock.monotonic()
            log.warning("user_stream_down", venue=self._dialect.venue, reason=reason, why=why)

    def _note_up(self) -> None:
        if self._down_since is not None:
            seconds = round(self._clock.monotonic() - self._down_since, 3)
            self._down_since = None
            log.warning("user_stream_up", venue=self._dialect.venue, outage_seconds=seconds)
