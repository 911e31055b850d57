"""The public side of one venue: what is listed, mark prices as they come and as they are asked for. Knows no venue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import structlog

from liqwatch.errors import ExchangeBlocked, ExchangeError
from liqwatch.exchanges.plumbing.anchor import MarkAnchor
from liqwatch.exchanges.plumbing.budget import Budget, request_budget
from liqwatch.exchanges.plumbing.dialects import MarkDialect, MarketDialect
from liqwatch.exchanges.plumbing.hosts import Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_router import MarkRouter
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.exchanges.plumbing.public_rest import PublicRest
from liqwatch.model import FundingRate, Instrument, LeverageTier, MarkBatch, MarkCandle, MarkRow
from liqwatch.ports import VenueOptions

LISTING_LASTS_SECONDS = 3600.0
LISTING_AGAIN_SECONDS = 60.0
"""After a failure the old list stands in for so long."""
PUBLIC_CALL_WEIGHT = 5.0

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class VenueMarket:
    """One for all accounts on the venue."""

    def __init__(  # the parts of a venue, joined once in `venue.adapter_of`
        self,
        options: VenueOptions,
        hosts: Hosts,
        dialect: MarketDialect,
        marks: MarkDialect,
        tuning: StreamTuning,
        budget: Budget,
    ) -> None:
        """Nothing is opened before something is asked."""
        self.venue = options.venue
        self._clock = options.clock
        self._telemetry = options.telemetry
        self._rest = PublicRest(hosts.rest, options.clock)
        self._budget = request_budget(options.clock, hosts.rest, budget)
        self._dialect = dialect
        self._router = MarkRouter(marks, options.clock, options.telemetry, tuning)
        self._anchor = MarkAnchor(self._router, self.mark_prices, options.clock, options.telemetry, options.venue)
        self._listing = Listing()
        self._listed_at = 0.0
        self._asking = asyncio.Lock()
        self._told: set[str] = set()

    async def instruments(self) -> Mapping[str, Instrument]:
        """Every listed contract by unified symbol; asked anew after an hour, the old list stands in if that fails.

        Raises:
            ExchangeError: the venue could not be asked, and there is no earlier list.
        """
        async with self._asking:
            listing = self._listing
            if listing.by_symbol and self._clock.monotonic() - self._listed_at < LISTING_LASTS_SECONDS:
                return listing.by_symbol
            try:
                self._listing = await self._ask(lambda: self._dialect.listing(self._rest))
            except ExchangeError as error:
                if not listing.by_symbol:
                    raise
                self._listed_at = self._clock.monotonic() - LISTING_LASTS_SECONDS + LISTING_AGAIN_SECONDS
                log.warning("listing_not_refreshed", venue=self.venue, why=error.message)
            else:
                self._listed_at = self._clock.monotonic()
                self._tell_unreadable(self._listing.unreadable)
            return self._listing.by_symbol

    def assume(self, instruments: Mapping[str, Instrument]) -> None:
        """Go by an older list; the next question for it asks the venue again."""
        if not self._listing.by_symbol:
            self._listing = Listing.of(instruments.values())
            self._listed_at = -LISTING_LASTS_SECONDS

    def watch(self, symbols: Collection[str]) -> None:
        """Replace the set of wanted markets. One that is not listed is counted and told, not asked for."""
        wanted = self._native(symbols)
        self._router.watch(wanted)
        self._anchor.watch(wanted.values())

    def stream(self) -> AsyncIterator[MarkBatch]:
        """Mark prices for ever; where a stream says nothing for a while, REST is asked in its place."""
        return self._router.batches(beside=self._anchor.run)

    async def mark_prices(self, symbols: Collection[str]) -> Sequence[MarkRow]:
        """The mark prices of this moment over REST; markets without a usable price are left out.

        Raises:
            ExchangeError: the venue could not be asked, or answered something else.
        """
        wanted = self._native(symbols)
        return self._router.ledger.answered(await self._ask(lambda: self._dialect.marks(self._rest, wanted)))

    async def funding_rates(self, symbols: Collection[str]) -> Sequence[FundingRate]:
        """The funding rates in force. Raises as `mark_prices`."""
        wanted = self._native(symbols)
        return await self._ask(lambda: self._dialect.funding(self._rest, wanted))

    async def mark_candles(self, symbol: str, since: datetime, until: datetime) -> Sequence[MarkCandle]:
        """How far the mark of a market went. Raises as `mark_prices`."""
        natives = self._native([symbol])
        return [
            candle
            for native in natives
            for candle in await self._ask(lambda native=native: self._dialect.candles(self._rest, native, since, until))  # type: ignore[misc]  # mypy does not see the default
        ]

    async def public_tiers(self, symbols: Collection[str]) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Leverage tiers as far as they are told without a key. Raises as `mark_prices`."""
        natives = list(self._native(symbols))
        if not natives:
            return {}
        return await self._ask(lambda: self._dialect.tiers(self._rest, self._listing, natives))

    async def close(self) -> None:
        """End the stream."""
        await self._router.close()

    async def _ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask within the budget that accounts and markets of one address share."""
        self._budget.refuse_if_blocked()
        await self._clock.sleep(self._budget.pause_seconds())
        self._budget.refuse_if_blocked()
        self._budget.spend(PUBLIC_CALL_WEIGHT)
        try:
            return await question()
        except ExchangeBlocked as error:
            self._budget.block(error.retry_after_seconds)
            raise

    def _tell_unreadable(self, rows: int) -> None:
        if rows:
            self._telemetry.count("frames_rejected_total", rows, venue=self.venue, reason="unreadable_listing")
            log.warning("listing_partly_unreadable", venue=self.venue, rows=rows)

    def _native(self, symbols: Collection[str]) -> dict[str, str]:
        wanted: dict[str, str] = {}
        for symbol in symbols:
            instrument = self._listing.by_symbol.get(symbol)
            if instrument is not None:
                wanted[instrument.native_symbol] = symbol
            elif not self._listing.by_symbol:
                wanted[self._dialect.native_symbol(symbol)] = symbol
            else:
                self._note_unlisted(symbol)
        return wanted

    def _note_unlisted(self, symbol: str) -> None:
        self._telemetry.count("frames_rejected_total", venue=self.venue, reason="unknown_symbol")
        if symbol not in self._told:
            self._told.add(symbol)
            log.warning("market_not_listed", venue=self.venue, symbol=symbol)
