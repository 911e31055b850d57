"""A process that follows a venue: its feed, its record, and what it notes for the time after its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from liqwatch.engine.absence import Absence
from liqwatch.engine.record import Recorder
from liqwatch.engine.venue_feed import VenueFeed
from liqwatch.errors import ExchangeUnreachable
from liqwatch.model import FundingRate, Instrument, LeverageTier, MarkBatch, MarkCandle, MarkRow, Notification
from liqwatch.testing.telemetry import SilentTelemetry

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC, VENUE = "BTC/USDT:USDT", "binance_usdm"


class AskedMarket:
    """A venue that is only asked: what it lists, and how far its marks went."""

    venue = VENUE

    def __init__(self, contracts: Mapping[str, Instrument]) -> None:
        self.contracts = dict(contracts)
        self.candles: list[MarkCandle] = []
        self.asked: list[tuple[str, timedelta]] = []
        self.is_down = False

    async def instruments(self) -> Mapping[str, Instrument]:
        return self.contracts

    def assume(self, instruments: Mapping[str, Instrument]) -> None: ...

    def watch(self, symbols: Collection[str]) -> None: ...

    async def stream(self) -> AsyncIterator[MarkBatch]:
        yield MarkBatch(self.venue, (), 0.0)

    async def mark_prices(self, symbols: Collection[str]) -> Sequence[MarkRow]:
        return []

    async def funding_rates(self, symbols: Collection[str]) -> Sequence[FundingRate]:
        return []

    async def mark_candles(self, symbol: str, since: datetime, until: datetime) -> Sequence[MarkCandle]:
        self.asked.append((symbol, until - since))
        if self.is_down:
            raise ExchangeUnreachable("gone")
        return self.candles

    async def public_tiers(self, symbols: Collection[str]) -> Mapping[str, tuple[LeverageTier, ...]]:
        return {}

    async def close(self) -> None: ...


class Nobody(SilentTelemetry):
    def wake(self, channels: Collection[str]) -> None: ...

    async def send_unsaved(self, notification: Notification) -> bool:
        return False


class Process:
    """The feed of one venue, and the notes of a daemon's life."""

    def __init__(self, story: Scenario, market: AskedMarket) -> None:
        self.market = market
        self._story = story
        nobody = Nobody()
        self.recorder = Recorder(story.store, nobody, nobody)
        self.feed = VenueFeed(
            market=market,
            watch=story.watch,
            recorder=self.recorder,
            cache=story.store,
            clock=story.clock,
            telemetry=nobody,
        )
        self.feed._instruments = market.contracts
        self.absence = Absence(
            watch=story.watch,
            recorder=self.recorder,
            venues={VENUE: self.feed},
            cache=story.store,
            clock=story.clock,
        )

    async def price(self, mark_price: float) -> None:
        """One price of the stream; the reader of gaps takes its turn."""
        now = self._story.clock.monotonic()
        await self.feed._take(MarkBatch(VENUE, [(BTC, mark_price, round(now * 1000))], now))
        async with asyncio.TaskGroup() as tasks:
            beside = tasks.create_task(self.feed.hindsight.keep_looking_back())
            for _ in range(5):
                await asyncio.sleep(0)  # noqa: TID251  # lets the reader take its turn
            beside.cancel()

    async def tells(self) -> list[Notification]:
        """What is told of the time before this process, once everything is known again."""
        await self.absence.tell()
        return await self._heard()

    async def titles(self) -> list[str]:
        """The titles of everything that has been decided since this was last asked."""
        return [each.title for each in await self._heard()]

    async def _heard(self) -> list[Notification]:
        """What has been decided is written and delivered."""
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self.recorder.run())
            await self.recorder.drain()
            writer.cancel()
        await self._story.postman.deliver()
        heard = [row.notification for row in self._story.heard]
        self._story.heard.clear()
        return heard

    async def is_followed_by_another(self, *, after_minutes: float) -> Process:
        """This process is killed; another begins so much later, with what was noted."""
        await self._story.restart(down_for_seconds=after_minutes * 60.0)
        another = Process(self._story, self.market)
        await another.absence.recall()
        return another


@pytest.fixture
async def process(story: Scenario) -> Process:
    """A process that watches one long."""
    await story.position(BTC)
    return Process(story, AskedMarket(story.contracts))
