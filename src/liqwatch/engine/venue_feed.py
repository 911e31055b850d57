"""One venue's public side: learn its contracts, follow the marks of what is held, feed the watch."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping

import structlog

from liqwatch.clock import Clock
from liqwatch.engine import conditions
from liqwatch.engine.brackets import Brackets, apply_brackets, has_own_tiers, recall_brackets, remember_brackets
from liqwatch.engine.hindsight import Hindsight
from liqwatch.engine.listings import recall_listing, remember_listing
from liqwatch.engine.record import Recorder
from liqwatch.engine.supervise import keep_alive
from liqwatch.engine.typed import typed_instruments, typed_snapshot
from liqwatch.engine.watch import Watch
from liqwatch.errors import ExchangeError
from liqwatch.model import FundingRate, Instrument, MarkBatch, PublicLiquidation, Severity
from liqwatch.ports import Cache, Market, Telemetry

log = structlog.get_logger(__name__)

BRACKETS_WAIT_SECONDS = 10.0
RETRY_CONTRACTS_SECONDS = 30.0
FUNDING_EVERY_SECONDS = 300.0
TIERS_EVERY_SECONDS = 60.0
LOOK_EVERY_SECONDS = 5.0
REMEMBERED_LIQUIDATIONS = 1000


class VenueFeed:
    """Shared by every account on the venue."""

    def __init__(  # noqa: PLR0913  # collaborators, wired once in bootstrap
        self,
        *,
        market: Market,
        watch: Watch,
        recorder: Recorder,
        cache: Cache,
        clock: Clock,
        telemetry: Telemetry,
        expects_brackets: bool = False,
    ) -> None:
        """Nothing runs until `run`. `expects_brackets`: an account on this venue has a key that can ask for them."""
        self.venue = market.venue
        self.instruments_known = asyncio.Event()
        self.has_data = asyncio.Event()
        self.funding: Mapping[str, FundingRate] = {}
        self.liquidations: deque[PublicLiquidation] = deque(maxlen=REMEMBERED_LIQUIDATIONS)
        self.hindsight = Hindsight(market, watch, recorder, clock)
        self._ended: set[str] = set()
        self._market = market
        self._watch = watch
        self._recorder = recorder
        self._cache = cache
        self._clock = clock
        self._telemetry = telemetry
        self._instruments: Mapping[str, Instrument] = {}
        self._brackets: Brackets = {}
        self._brackets_settled = asyncio.Event()
        if not expects_brackets:
            self._brackets_settled.set()

    @property
    def is_settled(self) -> bool:
        """Prices flow, or every account here is known and holds nothing."""
        if self.has_data.is_set():
            return True
        accounts = self._watch.plan.accounts_on(self.venue)
        are_known = all(plan.account in self._watch.snapshots for plan in accounts)
        return are_known and not self._watch.book.symbols(self.venue)

    async def run(self) -> None:
        """Learn the contracts, then follow the marks for ever."""
        if not self.instruments_known.is_set():
            await self.use_brackets(await recall_brackets(self.venue, self._cache))
            # Typed positions are known by now, whatever the venue says: its silence is told of them, too.
            await self._teach()
        is_degraded = await self._learn_contracts()
        self.instruments_known.set()
        await self._wait_for_brackets()
        await self._teach()
        self.follow()
        await self._ask_first_marks()
        if not is_degraded:
            await self._note_contracts()
        async with asyncio.TaskGroup() as tasks:
            beside = [
                ("funding", self._keep_funding),
                ("tiers", self._keep_tiers),
                ("gaps", self.hindsight.keep_looking_back),
                ("history", self.hindsight.keep_history),
            ]
            if is_degraded:
                beside.append(("contracts", self._learn_late))
            for name, work in beside:
                label = f"{name}:{self.venue}"
                tasks.create_task(keep_alive(label, work, self._clock, self._telemetry), name=label)
            async for batch in self._market.stream():
                await self._take(batch)

    async def _learn_contracts(self) -> bool:
        """Ask for the contract list; while the venue is down, an older one will do. Whether it had to."""
        try:
            self._instruments = await self._market.instruments()
        except ExchangeError as error:
            recalled = await recall_listing(self.venue, self._cache)
            if not recalled:
                raise
            log.warning("venue_unreachable_at_start", venue=self.venue, error=str(error))
            self._market.assume(recalled)
            self._instruments = recalled
            return True
        return False

    async def _note_contracts(self) -> None:
        log.info("instruments_loaded", venue=self.venue, markets=len(self._instruments))
        await remember_listing(self._instruments, self.venue, self._cache, self._clock.now())

    async def _learn_late(self) -> None:
        """The venue was down at the start: ask on until it answers."""
        while True:
            await self._clock.sleep(RETRY_CONTRACTS_SECONDS)
            try:
                listed = await self._market.instruments()
            except ExchangeError as error:
                log.info("contracts_not_asked", venue=self.venue, error=str(error))
                continue
            # While the venue is down the market answers with the list of last time: nothing new is learnt from that.
            if listed is not self._instruments and listed != self._instruments:
                await self.refresh_instruments()
                self.follow()

    async def refresh_instruments(self) -> None:
        """Ask for the contract list and hand it to every account (chore: daily)."""
        self._instruments = await self._market.instruments()
        await self._note_contracts()
        await self._teach()

    async def _keep_funding(self) -> None:
        """What holding costs, asked now and then for what is held."""
        while True:
            symbols = self._watch.book.symbols(self.venue)
            if symbols:
                try:
                    rates = await self._market.funding_rates(symbols)
                except ExchangeError as error:
                    log.info("funding_not_asked", venue=self.venue, error=str(error))
                else:
                    self.funding = {rate.symbol: rate for rate in rates}
                    self._watch.sights.learn_funding(self.venue, self.funding)
                await self._tell_ended_markets(symbols)
            await self._clock.sleep(FUNDING_EVERY_SECONDS if symbols else LOOK_EVERY_SECONDS)

    async def _tell_ended_markets(self, held: Iterable[str]) -> None:
        """A market that stops trading under a position is told once: its price will soon mean nothing."""
        try:
            listed = await self._market.instruments()
        except ExchangeError as error:
            log.info("contracts_not_asked", venue=self.venue, error=str(error))
            return
        for symbol in held:
            is_gone = symbol not in listed and symbol in self._instruments
            is_halted = symbol in listed and not listed[symbol].is_trading
            if (is_gone or is_halted) and symbol not in self._ended:
                self._ended.add(symbol)
                word = "is no longer listed: renamed, delisted or settled" if is_gone else "does not trade any more"
                finding = conditions.trouble(conditions.MARKET_ENDED, symbol, word, Severity.WARNING)
                await self._recorder.record(self._watch.take_event(finding))

    async def _keep_tiers(self) -> None:
        """Public leverage tiers of what is held and has none yet: typed positions, and markets newly entered."""
        while True:
            missing = self.without_tiers(self._watch.book.symbols(self.venue))
            if missing:
                try:
                    tiers = await self._market.public_tiers(missing)
                except ExchangeError as error:
                    log.info("public_tiers_not_asked", venue=self.venue, error=str(error))
                else:
                    if tiers:
                        await self.use_brackets(tiers)
            await self._clock.sleep(TIERS_EVERY_SECONDS if missing else LOOK_EVERY_SECONDS)

    def without_tiers(self, symbols: Iterable[str]) -> list[str]:
        """Which of these markets are judged without tiers of the venue's own."""
        known = self._instruments
        return [
            symbol
            for symbol in symbols
            if symbol in known and not self._brackets.get(symbol) and not has_own_tiers(known[symbol])
        ]

    async def use_brackets(self, brackets: Brackets) -> None:
        """Real leverage brackets have arrived: every account on the venue is judged with them."""
        known = self._brackets
        self._brackets = {**known, **brackets}
        if self._brackets:
            self._brackets_settled.set()
        # Every account on the venue brings the same ones: what is known already concerns nobody.
        if self._brackets != known:
            await remember_brackets(self._brackets, self.venue, self._cache, self._clock.now())
            await self._teach()

    async def _ask_first_marks(self) -> None:
        """The marks of this moment over REST: what is already near liquidation is told before the first push."""
        symbols = self._watch.book.symbols(self.venue)
        if not symbols:
            return
        try:
            rows = await self._market.mark_prices(symbols)
        except ExchangeError as error:
            log.info("first_marks_not_asked", venue=self.venue, error=str(error))
            return
        await self._take(MarkBatch(self.venue, rows, self._clock.monotonic()))

    async def _take(self, batch: MarkBatch) -> None:
        self._telemetry.count("mark_rows_total", len(batch.rows), venue=self.venue)
        if batch.liquidations:
            self._telemetry.count("public_liquidations_total", len(batch.liquidations), venue=self.venue)
            self.liquidations.extend(batch.liquidations)
        changes = self._watch.take_marks(batch)
        if batch.rows:
            self.has_data.set()
        await self._recorder.record(changes)
        if batch.rows:
            self.hindsight.notice_price()

    def go_on_without_brackets(self) -> None:
        """They cannot be had now; assumed rates, said to be assumed, are better than no watch."""
        self._brackets_settled.set()

    async def _wait_for_brackets(self) -> None:
        """Judging with an assumed rate a moment before the real one comes would be a false alarm."""
        try:
            async with asyncio.timeout(BRACKETS_WAIT_SECONDS):
                await self._brackets_settled.wait()
        except TimeoutError:
            log.warning("leverage_brackets_late", venue=self.venue)

    def follow(self) -> None:
        """Subscribe to exactly the markets that are held now."""
        self._market.watch(self._watch.book.symbols(self.venue))

    async def _teach(self) -> None:
        # Before the first contract list all figures are unknown. What is typed in is watched all the same: else
        # nobody would miss the prices of a venue that is down at the start.
        instruments = apply_brackets(self._instruments, self._brackets)
        for plan in self._watch.plan.accounts_on(self.venue):
            known = typed_instruments(plan, instruments)
            changes = self._watch.learn_instruments(plan.account, known)
            if plan.typed:
                changes = self._watch.take_account(typed_snapshot(plan, known, self._clock.now()))
            await self._recorder.record(changes)
