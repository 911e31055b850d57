"""A venue's feed between two prices: gaps are read back, markets that end are told, tiers are asked for once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from liqwatch.model import MarkCandle

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario
    from tests.scenarios.gaps.conftest import Process

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


async def test_prices_that_follow_each_other_ask_for_nothing(story: Scenario, process: Process) -> None:
    for _ in range(5):
        await process.price(130.0)
        story.clock.advance(10.0)
    assert process.market.asked == []


async def test_a_gap_is_read_back_and_its_crossing_told_with_the_first_price_after_it(
    story: Scenario, process: Process
) -> None:
    await process.price(130.0)
    story.clock.advance(240.0)
    fell_at = story.clock.now().replace(second=0, microsecond=0) - timedelta(minutes=2)
    process.market.candles = [MarkCandle(opened_at=fell_at, low=83.0, high=130.0)]
    await process.price(130.0)
    assert process.market.asked == [(BTC, timedelta(seconds=240))]
    (title,) = await process.titles()
    assert title.startswith("🆘 EMERGENCY")
    assert f"the mark reached 83 at {fell_at:%Y-%m-%d %H:%M} UTC" in title


async def test_a_gap_that_cannot_be_read_back_stops_nothing(story: Scenario, process: Process) -> None:
    process.market.is_down = True
    await process.price(130.0)
    story.clock.advance(60.0)
    await process.price(83.0)
    assert process.market.asked
    assert [title for title in await process.titles() if "EMERGENCY" in title]


async def test_candles_older_than_the_gap_do_not_count(story: Scenario, process: Process) -> None:
    await process.price(130.0)
    story.clock.advance(60.0)
    process.market.candles = [MarkCandle(opened_at=story.clock.now() - timedelta(minutes=10), low=83.0, high=130.0)]
    await process.price(130.0)
    assert await process.titles() == []


async def test_a_market_that_ends_under_a_position_is_told_once(process: Process) -> None:
    market = process.market
    await process.feed._tell_ended_markets([BTC])
    assert await process.titles() == []
    market.contracts = {BTC: replace(market.contracts[BTC], is_trading=False)}
    for _ in range(3):
        await process.feed._tell_ended_markets([BTC])
    (title,) = await process.titles()
    assert f"{BTC} · does not trade any more" in title


async def test_a_renamed_market_is_no_longer_listed_and_told_as_that(process: Process) -> None:
    market = process.market
    process.feed._instruments = dict(market.contracts)
    market.contracts = {"1000BTC/USDT:USDT": replace(market.contracts[BTC], symbol="1000BTC/USDT:USDT")}
    await process.feed._tell_ended_markets([BTC])
    (title,) = await process.titles()
    assert "renamed, delisted or settled" in title


async def test_markets_without_tiers_of_their_own_are_known(process: Process) -> None:
    contracts = process.market.contracts
    contracts[ETH] = replace(contracts[BTC], symbol=ETH, tiers=())
    assert process.feed.without_tiers([BTC, ETH, "XRP/USDT:USDT"]) == [ETH]
    await process.feed.use_brackets({ETH: contracts[BTC].tiers})
    assert process.feed.without_tiers([ETH]) == []
