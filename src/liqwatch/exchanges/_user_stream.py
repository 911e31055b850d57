"""A private stream that hangs on a listen key: opened, kept alive, renewed, and reopened for ever.

After every opening comes an `Arrival` without event: what was pushed before it is lost, so ask REST.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog

from liqwatch.clock import Clock
from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, ExchangeUnreachable
from liqwatch.exchanges._dial import Backoff, open_socket
from liqwatch.exchanges._link import Link
from liqwatch.exchanges._pump import BoundedBox, BoxClosed, pumped, take_over
from liqwatch.ports import Telemetry
from liqwatch.redaction import remember_secret

HOUR_SECONDS = 3600.0
WAITING_EVENTS = 1000
REFUSED_KEY_PAUSE_SECONDS = 60.0
PROVEN_AFTER_SECONDS = 60.0
"""A handshake proves nothing (a wrong key completes it too); a connection that lasted so long does."""

Event = TypeVar("Event")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Heard(Generic[Event]):
    """What one frame says: an event, a reason why it cannot be used, or neither. `is_end`: the key is spent."""

    event: Event | None = None
    rejected: str | None = None
    is_end: bool = False


@dataclass(frozen=True, slots=True)
class Arrival(Generic[Event]):
    """An event and its place in the order of arrival; no event: the stream has just opened."""

    number: int
    event: Event | None = None


class UserDialect(Protocol[Event]):
    """How one venue speaks on its private stream."""

    venue: str

    async def open_key(self) -> str:
        """A listen key that is good now."""
        ...

    async def keep_key(self) -> None:
        """Prolong it."""
        ...

    def url(self, listen_key: str) -> str:
        """Where to dial."""
        ...

    def read(self, frame: bytes) -> Heard[Event]:
        """Decode a frame. Never raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTuning:
    """Times of a private stream; tests shorten them."""

    keep_every_seconds: float = 0.5 * HOUR_SECONDS
    keep_again_seconds: float = 60.0
    renew_after_seconds: float = 23 * HOUR_SECONDS
    backoff_base_seconds: float = 1.0
    backoff_cap_seconds: float = 30.0


def forced_pause_seconds(error: ExchangeError | CredentialsError) -> float:
    """What an error demands before the next attempt, beyond the usual back-off: insisting makes it worse."""
    if isinstance(error, ExchangeBlocked):
        return error.retry_after_seconds
    return REFUSED_KEY_PAUSE_SECONDS if isinstance(error, CredentialsError) else 0.0


class UserStream(Generic[Event]):
    """The private stream of one account. `pushes` counts what has arrived, read or not yet read."""

    def __init__(self, dialect: UserDialect[Event], clock: Clock, telemetry: Telemetry, tuning: UserTuning) -> None:
        """Nothing is asked or dialled before `arrivals` is iterated."""
        self.pushes = 0
        self.is_closed = False
        self._dialect = dialect
        self._clock = clock
        self._telemetry = telemetry
        self._tuning = tuning
        self._backoff = Backoff(tuning.backoff_base_seconds, tuning.backoff_cap_seconds)
        self._box: BoundedBox[Arrival[Event]] = BoundedBox(WAITING_EVENTS)
        self._told: set[str] = set()
        self._down_since: float | None = None
        self._task: asyncio.Task[object] | None = None
        self._link: Link | None = None

    def arrivals(self) -> AsyncIterator[Arrival[Event]]:
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
                reason, why = await self._connection(), ""
            except (ExchangeError, CredentialsError) as error:
                reason, why = "refused", error.message
                await self._clock.sleep(forced_pause_seconds(error))
            self._telemetry.count("stream_restarts_total", venue=self._dialect.venue, reason=f"user_{reason}")
            if self._clock.monotonic() - started > PROVEN_AFTER_SECONDS:
                self._backoff.reset()
            if reason != "renewal":
                self._note_down(reason, why)
                await self._clock.sleep(self._backoff.next_seconds())

    async def _connection(self) -> str:
        """One connection from listen key to end; returns why it ended."""
        listen_key = await self._dialect.open_key()
        remember_secret(listen_key)
        link = Link(await open_socket(self._dialect.url(listen_key), self._clock), self._clock)
        self._link = link
        self._note_up()
        self._box.clear()
        self._box.put(Arrival(self.pushes))
        await link.run(self._receive, (self._keep_key, self._renew_in_time))
        return link.reason or "closed"

    async def _keep_key(self, link: Link) -> None:
        pause = self._tuning.keep_every_seconds
        while True:
            await self._clock.sleep(pause)
            try:
                await self._dialect.keep_key()
            except (ExchangeUnreachable, ExchangeBlocked) as error:
                pause = self._tuning.keep_again_seconds
                log.warning("listen_key_not_prolonged", venue=self._dialect.venue, why=error.message)
            except (ExchangeError, CredentialsError):
                link.end("listen_key_lost")
                return
            else:
                pause = self._tuning.keep_every_seconds

    async def _renew_in_time(self, link: Link) -> None:
        await self._clock.sleep(self._tuning.renew_after_seconds)
        link.end("renewal")

    def _receive(self, raw: bytes) -> bool:
        heard = self._dialect.read(raw)
        if heard.rejected is not None:
            self.reject(heard.rejected)
        if heard.is_end and self._link is not None:
            self._link.end("listen_key_expired")
        if heard.event is not None:
            self.pushes += 1
            if not self._box.put(Arrival(self.pushes, heard.event)) and self._link is not None:
                self._link.end("overflow")
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
