"""One venue's public side: learn its contracts, follow the marks of what is held, feed the watch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from liqwatch.clock import Clock
from liqwatch.engine.brackets import Brackets, apply_brackets, recall_brackets
from liqwatch.engine.record import Recorder
from liqwatch.engine.typed import typed_instruments, typed_snapshot
from liqwatch.engine.watch import Watch
from liqwatch.errors import ExchangeError
from liqwatch.model import Instrument, MarkBatch
from liqwatch.ports import Cache, MarketData, Telemetry

log = structlog.get_logger(__name__)

BRACKETS_WAIT_SECONDS = 10.0


class VenueFeed:
    """Shared by every account on the venue."""

    def __init__(  # noqa: PLR0913  # collaborators, wired once in bootstrap
        self,
        *,
        market: MarketData,
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
        self._instruments = await self._market.instruments()
        log.info("instruments_loaded", venue=self.venue, markets=len(self._instruments))
        self.instruments_known.set()
        await self._wait_for_brackets()
        await self._teach()
        self.follow()
        await self._ask_first_marks()
        async for batch in self._market.stream():
            await self._take(batch)

    async def refresh_instruments(self) -> None:
        """Ask for the contract list and hand it to every account (chore: daily)."""
        self._instruments = await self._market.instruments()
        await self._teach()

    async def use_brackets(self, brackets: Brackets) -> None:
        """Real leverage brackets have arrived: every account on the venue is judged with them."""
        self._brackets = {**self._brackets, **brackets}
        if self._brackets:
            self._brackets_settled.set()
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
        changes = self._watch.take_marks(batch)
        if batch.rows:
            self.has_data.set()
        await self._recorder.record(changes)

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
