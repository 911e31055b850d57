"""A venue's feed between two prices: gaps are read back, markets that end are told, tiers are asked for once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from liqwatch.engine.record import Recorder
from liqwatch.engine.venue_feed import VenueFeed
from liqwatch.errors import ExchangeUnreachable
from liqwatch.model import (
    FundingRate,
    Instrument,
    LeverageTier,
    MarkBatch,
    MarkCandle,
    MarkRow,
)
from liqwatch.testing.telemetry import SilentTelemetry

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
VENUE, PERSON = "binance_usdm", "person"


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

    async def send_unsaved(self, notification: object, channels: object) -> bool:
        return False


async def a_feed(story: Scenario) -> tuple[VenueFeed, AskedMarket]:
    await story.position(BTC)
    market = AskedMarket(story.contracts)
    nobody = Nobody()
    feed = VenueFeed(
        market=market,
        watch=story.watch,
        recorder=Recorder(story.store, nobody, nobody),
        cache=story.store,
        clock=story.clock,
        telemetry=nobody,
    )
    feed._instruments = market.contracts
    return feed, market


async def price(story: Scenario, feed: VenueFeed, mark_price: float) -> None:
    now = story.clock.monotonic()
    await feed._take(MarkBatch(VENUE, [(BTC, mark_price, round(now * 1000))], now))
    async with asyncio.TaskGroup() as tasks:
        beside = tasks.create_task(feed.hindsight.keep_looking_back())
        for _ in range(5):
            await asyncio.sleep(0)  # noqa: TID251  # lets the reader take its turn
        beside.cancel()


async def heard(story: Scenario, feed: VenueFeed) -> list[str]:
    async with asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(feed._recorder.run())
        await feed._recorder.drain()
        writer.cancel()
    now = story.clock.now()
    rows = await story.store.lease(PERSON, now=now, until=now + timedelta(seconds=1), limit=100)
    return [row.notification.title for row in rows]


async def test_prices_that_follow_each_other_ask_for_nothing(story: Scenario) -> None:
    feed, market = await a_feed(story)
    for _ in range(5):
        await price(story, feed, 130.0)
        story.clock.advance(10.0)
    assert market.asked == []


async def test_a_gap_is_read_back_and_its_crossing_told_with_the_first_price_after_it(story: Scenario) -> None:
    feed, market = await a_feed(story)
    await price(story, feed, 130.0)
    story.clock.advance(240.0)
    fell_at = story.clock.now().replace(second=0, microsecond=0) - timedelta(minutes=2)
    market.candles = [MarkCandle(opened_at=fell_at, low=83.0, high=130.0)]
    await price(story, feed, 130.0)
    assert market.asked == [(BTC, timedelta(seconds=240))]
    (title,) = await heard(story, feed)
    assert title.startswith("🆘 EMERGENCY")
    assert f"the mark reached 83 at {fell_at:%Y-%m-%d %H:%M} UTC" in title


async def test_a_gap_that_cannot_be_read_back_stops_nothing(story: Scenario) -> None:
    feed, market = await a_feed(story)
    market.is_down = True
    await price(story, feed, 130.0)
    story.clock.advance(60.0)
    await price(story, feed, 83.0)
    assert market.asked
    assert [title for title in await heard(story, feed) if "EMERGENCY" in title]


async def test_candles_older_than_the_gap_do_not_count(story: Scenario) -> None:
    feed, market = await a_feed(story)
    await price(story, feed, 130.0)
    story.clock.advance(60.0)
    market.candles = [MarkCandle(opened_at=story.clock.now() - timedelta(minutes=10), low=83.0, high=130.0)]
    await price(story, feed, 130.0)
    assert await heard(story, feed) == []


async def test_a_market_that_ends_under_a_position_is_told_once(story: Scenario) -> None:
    feed, market = await a_feed(story)
    await feed._tell_ended_markets([BTC])
    assert await heard(story, feed) == []
    market.contracts = {BTC: replace(market.contracts[BTC], is_trading=False)}
    for _ in range(3):
        await feed._tell_ended_markets([BTC])
    (title,) = await heard(story, feed)
    assert f"{BTC} · does not trade any more" in title


async def test_a_renamed_market_is_no_longer_listed_and_told_as_that(story: Scenario) -> None:
    feed, market = await a_feed(story)
    feed._instruments = dict(market.contracts)
    market.contracts = {"1000BTC/USDT:USDT": replace(market.contracts[BTC], symbol="1000BTC/USDT:USDT")}
    await feed._tell_ended_markets([BTC])
    (title,) = await heard(story, feed)
    assert "renamed, delisted or settled" in title


async def test_markets_without_tiers_of_their_own_are_known(story: Scenario) -> None:
    feed, market = await a_feed(story)
    market.contracts[ETH] = replace(market.contracts[BTC], symbol=ETH, tiers=())
    assert feed.without_tiers([BTC, ETH, "XRP/USDT:USDT"]) == [ETH]
    await feed.use_brackets({ETH: market.contracts[BTC].tiers})
    assert feed.without_tiers([ETH]) == []
