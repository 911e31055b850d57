"""The public side of a venue that is reached through ccxt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, ExchangeUnreachable
from liqwatch.exchanges._ccxt_marks import NO_MARK_MEND, MarkFinder
from liqwatch.exchanges._ccxt_venues import CcxtVenue
from liqwatch.exchanges.payloads import ccxt_unified as read
from liqwatch.exchanges.plumbing.ccxt_unified import LISTING_CALL, UnifiedSession, UnifiedSetup
from liqwatch.exchanges.plumbing.dial import Backoff
from liqwatch.exchanges.plumbing.mark_box import MarkBox
from liqwatch.exchanges.plumbing.mark_ledger import MarkLedger
from liqwatch.exchanges.plumbing.pump import BoxClosed, pumped, take_over
from liqwatch.model import FundingRate, Instrument, LeverageTier, MarkBatch, MarkCandle, MarkRow
from liqwatch.ports import VenueOptions

LISTING_LASTS_SECONDS = 6 * 3600.0
"""ccxt's list of markets is heavy: some venues' takes hundreds of megabytes while it is made."""
LOOK_EVERY_SECONDS = 2.5
QUIET_AFTER_SECONDS = 5.0
"""A market whose stream says nothing for so long is asked for over REST; so is every market where there is none."""
SILENCE_LIMIT_SECONDS = 60.0
"""ccxt does not notice a server that answers pings and sends no data: after so long all is dialled anew."""
MOST_CANDLES = 500

log = structlog.get_logger(__name__)


class CcxtMarket:
    """One for all accounts on the venue."""

    def __init__(self, venue: CcxtVenue, options: VenueOptions) -> None:
        """Nothing is opened before something is asked."""
        if options.region:
            raise ExchangeError(f"{options.venue} has no region {options.region!r}; known: none")
        self.venue = options.venue
        self.options = options
        self.session = UnifiedSession(
            UnifiedSetup(
                exchange_id=venue.exchange_id,
                needless=venue.needless,
                options=venue.options,
                has_stream=bool(venue.stream),
                sandbox=options.sandbox,
                rest_url=options.rest_url,
                websocket_url=options.websocket_url,
            ),
            options.clock,
        )
        self._traits = venue
        self._allows_last = options.allow_last_price
        self._clock = options.clock
        self._telemetry = options.telemetry
        self._finder = MarkFinder(self.session, options.clock, venue.raw_mark)
        self._box = MarkBox(options.venue, options.telemetry)
        self._ledger = MarkLedger(options.venue, options.telemetry, self._reject)
        self._instruments: Mapping[str, Instrument] = {}
        self._listed_at = -LISTING_LASTS_SECONDS
        self._listing = asyncio.Lock()
        self._has_marks = bool(venue.stream)
        """Whether a mark price has ever been seen here; where a stream is known to carry it, there is one."""
        self._wanted: frozenset[str] = frozenset()
        self._changed = asyncio.Event()
        self._heard_monotonic = 0.0
        self._task: asyncio.Task[object] | None = None
        self._told: set[str] = set()

    async def instruments(self) -> Mapping[str, Instrument]:
        """Every contract that ccxt lists; asked anew after six hours, the old list stands in if that fails.

        Raises:
            ExchangeError: the venue could not be asked, and there is no earlier list.
        """
        async with self._listing:
            if self._clock.monotonic() - self._listed_at < LISTING_LASTS_SECONDS:
                return self._instruments
            try:
                self._instruments = await self._listed()
            except ExchangeError as error:
                if not self._instruments:
                    raise
                log.warning("listing_not_refreshed", venue=self.venue, why=error.message)
            else:
                self._listed_at = self._clock.monotonic()
            return self._instruments

    async def _listed(self) -> dict[str, Instrument]:
        if not await self.session.offers("fetchPositions"):
            raise ExchangeError(f"{self.venue} has no positions that ccxt can read")
        is_renewal = bool(self._instruments)
        markets = await self.session.ask(LISTING_CALL, is_renewal)
        mode = await self.session.precision_mode()
        is_last = self._allows_last and not await self._shows_marks(markets)
        found = (read.instrument_of(each, mode, is_last_price=is_last) for each in markets.values())
        return {instrument.symbol: instrument for instrument in found if instrument is not None}

    async def _shows_marks(self, markets: Mapping[str, Mapping[str, object]]) -> bool:
        """Whether the venue shows a mark price anywhere: asked of one busy market."""
        if not self._has_marks:
            contracts = [str(name) for name, each in markets.items() if each.get("swap") and each.get("active", True)]
            sample = sorted(contracts, key=lambda name: not name.startswith("BTC/"))[:1]
            self._has_marks = bool(sample and await self._finder.marks(sample))
            if not self._has_marks:
                log.warning("priced_by_last_trade", venue=self.venue)
        return self._has_marks

    def assume(self, instruments: Mapping[str, Instrument]) -> None:
        """Go by an older list; the next question for it asks the venue again."""
        if not self._instruments:
            self._instruments = instruments

    def watch(self, symbols: Collection[str]) -> None:
        """Replace the set of wanted markets. One that is not listed is counted and told, not asked for."""
        known = self._instruments
        for symbol in symbols:
            if known and symbol not in known:
                self._reject("unknown_symbol")
        if not self._wanted:
            self._heard_monotonic = self._clock.monotonic()
        self._wanted = frozenset(symbol for symbol in symbols if not known or symbol in known)
        self._changed.set()

    def stream(self) -> AsyncIterator[MarkBatch]:
        """Mark prices for ever, pushed where the venue's stream carries them, asked over REST where not."""
        return pumped(self._produce, self._box)

    async def _produce(self) -> None:
        await take_over(self._task)
        self._task = asyncio.current_task()
        self._heard_monotonic = self._clock.monotonic()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_asking())
            if self._traits.stream:
                await self._keep_listening(tasks)

    async def _keep_listening(self, tasks: asyncio.TaskGroup) -> None:
        listeners: dict[str, asyncio.Task[None]] = {}
        while True:
            self._changed.clear()
            for symbol in listeners.keys() - self._wanted:
                listeners.pop(symbol).cancel()
            for symbol in self._wanted - listeners.keys():
                listeners[symbol] = tasks.create_task(self._listen(symbol))
            await self._changed.wait()

    async def _listen(self, symbol: str) -> None:
        """One market's stream, for ever."""
        backoff = Backoff()
        while True:
            try:
                ticker = await self.session.ask(self._traits.stream, symbol)
            except (ExchangeError, CredentialsError) as error:
                if backoff.is_fresh:
                    log.warning("mark_stream_broken", venue=self.venue, symbol=symbol, why=error.message)
                await self._clock.sleep(backoff.next_seconds())
                continue
            backoff.reset()
            self._take(read.mark_rows([ticker], [symbol], self._traits.raw_mark))

    def _take(self, rows: Sequence[MarkRow]) -> None:
        now = self._clock.monotonic()
        news = self._ledger.news(rows, now)
        if news:
            self._heard_monotonic = now
            self._box.put(news, now)

    async def _keep_asking(self) -> None:
        """REST beside the stream, or in its place."""
        while True:
            symbols = sorted(self._wanted)
            if self._traits.stream:
                symbols = self._ledger.quiet(symbols, self._clock.monotonic(), QUIET_AFTER_SECONDS)
            if symbols:
                await self._stand_in(symbols)
            await self._clock.sleep(LOOK_EVERY_SECONDS)
            if self._traits.stream and self._wanted:
                await self._renew_if_silent()

    async def _stand_in(self, symbols: Sequence[str]) -> None:
        try:
            rows = await self.mark_prices(symbols)
        except ExchangeBlocked as error:
            await self._clock.sleep(error.retry_after_seconds)
            return
        except ExchangeError as error:
            self._tell("marks_not_asked", error.message)
            return
        self._telemetry.count("rest_marks_total", len(rows), venue=self.venue)
        self._box.put(rows, self._clock.monotonic())

    async def _renew_if_silent(self) -> None:
        now = self._clock.monotonic()
        if now - self._heard_monotonic >= SILENCE_LIMIT_SECONDS:
            log.warning("mark_stream_silent", venue=self.venue, stream=self._traits.stream)
            self._heard_monotonic = now
            self._ledger.forget()
            await self.session.renew()

    async def mark_prices(self, symbols: Collection[str]) -> Sequence[MarkRow]:
        """The mark prices of this moment over REST; markets without a usable price are left out.

        Raises:
            ExchangeError: the venue could not be asked, or shows no mark price and none other is allowed.
        """
        asked = [symbol for symbol in symbols if not self._instruments or symbol in self._instruments]
        if any(self._instruments[symbol].is_last_price for symbol in asked if symbol in self._instruments):
            return self._ledger.answered(await self._finder.last_prices(asked))
        rows = await self._finder.marks(asked)
        if asked and not rows and not self._traits.stream:
            raise ExchangeError(f"{self.venue} shows no mark price that ccxt can read", mend=NO_MARK_MEND)
        return self._ledger.answered(rows)

    async def funding_rates(self, symbols: Collection[str]) -> Sequence[FundingRate]:
        """The funding rates in force. Raises ExchangeError."""
        wanted = list(symbols)
        tells_one = await self.session.offers("fetchFundingRate")
        if await self.session.offers("fetchFundingRates"):
            try:
                return read.funding_of(await self.session.ask("fetch_funding_rates", wanted), wanted)
            except (ExchangeBlocked, ExchangeUnreachable):
                raise
            except ExchangeError:
                # Some tell many rates at once only of inverse contracts.
                if not tells_one:
                    raise
        if not tells_one:
            return []
        answers = [await self.session.ask("fetch_funding_rate", symbol) for symbol in wanted]
        return read.funding_of(answers, wanted)

    async def mark_candles(self, symbol: str, since: datetime, until: datetime) -> Sequence[MarkCandle]:
        """Minutes of the mark; empty where ccxt has none. Raises ExchangeError."""
        if not await self.session.offers("fetchMarkOHLCV"):
            return ()
        since_ms = int(since.timestamp()) // 60 * 60_000
        answer = await self.session.ask("fetch_mark_ohlcv", symbol, "1m", since_ms, MOST_CANDLES)
        return [candle for candle in read.candles_of(answer or ()) if candle.opened_at <= until]

    async def public_tiers(self, symbols: Collection[str]) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Leverage tiers as far as they are told without a key; a refusal means that they are not."""
        with suppress(ExchangeError, CredentialsError):
            return await tiers_through(self.session, self._traits, symbols)
        return {}

    async def close(self) -> None:
        """End the stream, give back the session."""
        self._box.fail(BoxClosed())
        await take_over(self._task)
        await self.session.close()

    def _reject(self, reason: str) -> None:
        self._telemetry.count("frames_rejected_total", venue=self.venue, reason=reason)

    def _tell(self, event: str, why: str) -> None:
        if why not in self._told:
            self._told.add(why)
            log.warning(event, venue=self.venue, why=why)


async def tiers_through(
    session: UnifiedSession, venue: CcxtVenue, symbols: Collection[str]
) -> dict[str, tuple[LeverageTier, ...]]:
    """The tiers that ccxt tells of these markets, where they are counted in money at all."""
    if venue.tiers_unusable or not symbols:
        return {}
    if await session.offers("fetchLeverageTiers"):
        answer = await session.ask("fetch_leverage_tiers", list(symbols))
        tiers = {symbol: read.tiers_of(answer.get(symbol) or ()) for symbol in symbols}
    elif await session.offers("fetchMarketLeverageTiers"):
        tiers = {symbol: read.tiers_of(await session.ask("fetch_market_leverage_tiers", symbol)) for symbol in symbols}
    else:
        return {}
    return {symbol: found for symbol, found in tiers.items() if found}
