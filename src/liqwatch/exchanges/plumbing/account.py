"""The private side of one account: whole by REST, kept current by its stream. Knows no venue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

import structlog

from liqwatch.errors import CredentialsError, ExchangeError, PayloadError
from liqwatch.exchanges.plumbing.changes import Change, Forced, Noticed, Nudge
from liqwatch.exchanges.plumbing.dial import Backoff
from liqwatch.exchanges.plumbing.dialects import AccountDialect
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.merge import has_moved, with_doubted
from liqwatch.exchanges.plumbing.private_stream import Arrival, PrivateStream, PrivateTuning, forced_pause_seconds
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.model import AccountSnapshot, LeverageTier, RestingOrder, VenueNotice
from liqwatch.ports import AccountOptions, KeyReport, Market, VenueOptions

FORCED_SETTLES_WITHIN = timedelta(seconds=5)
"""The account update behind a closing order has come by then."""
FORCED_REMEMBERED = timedelta(minutes=10)
"""How long the venue's own closing order explains why a position is gone."""
READS_PER_SNAPSHOT = 3

log = structlog.get_logger(__name__)


class VenueAccount:
    """One account, read only."""

    def __init__(
        self,
        options: VenueOptions,
        account: AccountOptions,
        market: Market,
        calls: SignedCalls,
        dialect: AccountDialect,
        tuning: PrivateTuning,
    ) -> None:
        """`market` says what is listed; `calls` and `dialect` are this account's own. No I/O yet."""
        self.account = account.account
        self._venue = options.venue
        self._clock = options.clock
        self._telemetry = options.telemetry
        self._market = market
        self._calls = calls
        self._dialect = dialect
        self._stream = PrivateStream(dialect, calls, options.clock, options.telemetry, tuning)
        self._reading = asyncio.Lock()
        self._last: AccountSnapshot | None = None
        self._doubted: frozenset[str] = frozenset()
        self._covered = 0
        self._forced: dict[str, tuple[str, datetime]] = {}
        self._told: set[str] = set()

    async def snapshot(self) -> AccountSnapshot:
        """The whole account, asked over REST; asked again when it moved meanwhile.

        Raises:
            CredentialsError: the key is refused.
            PayloadError: an answer is not what the venue documents; nothing of it is used.
            ExchangeError: the venue could not be asked.
        """
        async with self._reading:
            for _ in range(READS_PER_SNAPSHOT):
                pushes = self._stream.pushes
                snapshot = await self._read()
                if self._stream.pushes == pushes:
                    break
            # Whatever arrived before the answer was asked for is in it; merging it late would turn time back.
            self._covered = pushes
            self._last, self._doubted = with_doubted(snapshot, self._last, self._doubted)
            self._forget_survivors(snapshot)
            return replace(snapshot, forced=self._lately_forced())

    async def _read(self) -> AccountSnapshot:
        listing = await self._learn()
        snapshot = await self._dialect.read_account(self.account, self._calls, listing, self._clock.now())
        for position in snapshot.positions:
            if position.symbol not in listing.by_symbol:
                self._tell_unlisted(position.symbol)
        return snapshot

    async def _learn(self) -> Listing:
        by_symbol = await self._market.instruments()
        if by_symbol is not self._stream.listing.by_symbol:
            by_native = {instrument.native_symbol: instrument for instrument in by_symbol.values()}
            self._stream.listing = Listing(by_symbol, by_native)
        return self._stream.listing

    def _tell_unlisted(self, name: str) -> None:
        self._telemetry.count("frames_rejected_total", venue=self._venue, reason="unlisted_market")
        if name not in self._told:
            self._told.add(name)
            log.warning("position_in_unlisted_market", account=self.account, native_symbol=name)

    async def changes(self) -> AsyncGenerator[AccountSnapshot, None]:
        """A snapshot at every opening of the stream, then one after every push. Reconnects by itself, for ever."""
        arrivals = cast("AsyncGenerator[Arrival, None]", self._stream.arrivals())
        async with aclosing(arrivals):
            async for arrival in arrivals:
                async for snapshot in self._consequences(arrival):
                    yield snapshot

    async def _consequences(self, arrival: Arrival) -> AsyncIterator[AccountSnapshot]:
        event = arrival.event
        if isinstance(event, Forced):
            self._note_forced(event)
            if self._last is not None:
                # Told at once: the change that follows may be in a REST answer already, and then brings no news.
                yield replace(self._last, forced=self._lately_forced())
        elif isinstance(event, Noticed):
            self._note_notice(event.notice)
            if self._last is not None:
                # Told before REST is asked: it may be banned or down, and the warning cannot be asked for again.
                yield replace(self._last, notices=(event.notice,), forced=self._lately_forced())
                yield await self._snapshot_for_sure()
            else:
                yield replace(await self._snapshot_for_sure(), notices=(event.notice,))
        elif event is None or (isinstance(event, Nudge) and arrival.number > self._covered):
            yield await self._snapshot_for_sure()
        elif not isinstance(event, Nudge) and arrival.number > self._covered:
            before, merged = self._last, self._merged(event)
            if merged is not None:
                yield merged
            if merged is None or (merged.is_multi_asset and has_moved(before, merged)):
                # One asset's wallet does not tell what the pool of all assets is worth.
                yield await self._snapshot_for_sure()

    def _merged(self, change: Change) -> AccountSnapshot | None:
        if self._last is None:
            return None
        try:
            merged = change.laid_over(self._last, self._stream.listing)
        except PayloadError as error:
            self._stream.reject("bad_event")
            log.warning("account_update_refused", account=self.account, why=error.message)
            return None
        if merged is None:
            return None
        self._last = merged
        return replace(merged, forced=self._lately_forced())

    def _note_forced(self, event: Forced) -> None:
        """Remember what the venue closes by itself: the account update that follows does not say why."""
        self._forced[event.subject] = event.word, self._clock.now()
        log.warning("position_closed_by_venue", account=self.account, subject=event.subject, how=event.word)

    def _note_notice(self, notice: VenueNotice) -> None:
        """The venue warns."""
        self._telemetry.count("account_events_total", venue=self._venue, event=notice.kind.value.replace(" ", "_"))
        log.warning("venue_notice", account=self.account, venue=self._venue, kind=notice.kind.value)

    def _forget_survivors(self, snapshot: AccountSnapshot) -> None:
        """A position that is there again, or still, has had its closing order told: the next one is news."""
        now = self._clock.now()
        for position in snapshot.positions:
            _, at = self._forced.get(position.subject, ("", now))
            if now - at > FORCED_SETTLES_WITHIN:
                del self._forced[position.subject]

    def _lately_forced(self) -> dict[str, str]:
        now = self._clock.now()
        return {subject: word for subject, (word, at) in self._forced.items() if now - at < FORCED_REMEMBERED}

    async def _snapshot_for_sure(self) -> AccountSnapshot:
        """Ask until there is an answer, ever more slowly; the trouble is told once."""
        backoff = Backoff()
        while True:
            try:
                return await self.snapshot()
            except (ExchangeError, CredentialsError) as error:
                if self._stream.is_closed:
                    raise
                if backoff.is_fresh:
                    log.warning("account_not_read", account=self.account, why=error.message)
                if self._last is not None and forced_pause_seconds(error) > 0:
                    # Later pushes must not wait for the end of a ban; the reconciliation asks again by itself.
                    return replace(self._last, forced=self._lately_forced())
                await self._clock.sleep(forced_pause_seconds(error) + backoff.next_seconds())

    async def leverage_tiers(self, symbols: Collection[str]) -> Mapping[str, tuple[LeverageTier, ...]]:
        """The leverage tiers of at least these markets: what a key is told over what everybody is told."""
        listing = await self._learn()
        natives = [listing.by_symbol[symbol].native_symbol for symbol in symbols if symbol in listing.by_symbol]
        public = await self._market.public_tiers(symbols)
        return {**public, **await self._dialect.leverage_tiers(self._calls, listing, natives)}

    async def resting_orders(self) -> Sequence[RestingOrder]:
        """Every order that waits.

        Raises:
            CredentialsError: the key may not read orders.
            ExchangeError: the venue could not be asked, or answered something else.
        """
        return await self._dialect.resting_orders(self._calls, await self._learn())

    async def probe(self) -> KeyReport:
        """Clock skew, and what the key may do where the venue says so.

        Raises:
            CredentialsError: the key is refused altogether.
            ExchangeError: the venue could not be asked.
        """
        skew_ms = await self._calls.measure_skew_ms()
        return replace(await self._dialect.rights(self._calls), clock_skew_ms=skew_ms)

    async def close(self) -> None:
        """End the stream, give back the HTTP session."""
        await self._stream.close()
        await self._calls.close()
