"""Binance's list of adjusted funding intervals is asked once a day, and missing it costs no funding rate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from liqwatch.clock import ManualClock
from liqwatch.errors import ExchangeBlocked, ExchangeUnreachable
from liqwatch.exchanges._binance import COIN_MARGINED, USD_MARGINED, BinanceMarketDialect, Family
from liqwatch.exchanges.plumbing.public_rest import PublicRest

WANTED = {"BTCUSDT": "BTC/USDT:USDT", "BLZUSDT": "BLZ/USDT:USDT"}
PREMIUMS = b"""[
    {"symbol": "BTCUSDT", "markPrice": "1", "lastFundingRate": "0.0001", "nextFundingTime": 1750176000000},
    {"symbol": "BLZUSDT", "markPrice": "1", "lastFundingRate": "0.0002", "nextFundingTime": 1750161600000}
]"""
HOURS = timedelta(hours=1)


class Desk(PublicRest):
    """Answers two paths; `adjusted` is the list of intervals, or why there is none."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__("http://127.0.0.1:9", clock)
        self.adjusted: bytes | Exception = b'[{"symbol": "BLZUSDT", "fundingIntervalHours": 4}]'
        self.asked: list[str] = []

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        del query
        self.asked.append(path)
        if not path.endswith("/fundingInfo"):
            return PREMIUMS
        if isinstance(self.adjusted, Exception):
            raise self.adjusted
        return self.adjusted


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 1, tzinfo=UTC))


async def intervals(dialect: BinanceMarketDialect, desk: Desk) -> list[timedelta | None]:
    return [rate.interval for rate in await dialect.funding(desk, WANTED)]


@pytest.mark.parametrize("family", [USD_MARGINED, COIN_MARGINED])
async def test_it_is_asked_once_a_day(family: Family, clock: ManualClock) -> None:
    desk, dialect = Desk(clock), BinanceMarketDialect(family, clock)
    for _ in range(3):
        assert await intervals(dialect, desk) == [8 * HOURS, 4 * HOURS]
        clock.advance(300)
    assert desk.asked.count(f"/{family.api}/v1/fundingInfo") == 1
    desk.adjusted = b"[]"
    clock.advance(86_400)
    assert await intervals(dialect, desk) == [8 * HOURS, 8 * HOURS]
    assert desk.asked.count(f"/{family.api}/v1/fundingInfo") == 2


@pytest.mark.parametrize("failure", [ExchangeUnreachable("down"), b"<html>"])
async def test_rates_are_told_without_it_and_the_next_question_tries_again(
    failure: bytes | Exception, clock: ManualClock
) -> None:
    desk, dialect = Desk(clock), BinanceMarketDialect(USD_MARGINED, clock)
    good, desk.adjusted = desk.adjusted, failure
    assert await intervals(dialect, desk) == [None, None]
    desk.adjusted = good
    assert await intervals(dialect, desk) == [8 * HOURS, 4 * HOURS]


async def test_the_older_list_stands_in_while_a_newer_one_cannot_be_had(clock: ManualClock) -> None:
    desk, dialect = Desk(clock), BinanceMarketDialect(USD_MARGINED, clock)
    await intervals(dialect, desk)
    clock.advance(86_400)
    desk.adjusted = ExchangeUnreachable("down")
    assert await intervals(dialect, desk) == [8 * HOURS, 4 * HOURS]


async def test_a_ban_is_told_to_whoever_keeps_the_budget(clock: ManualClock) -> None:
    desk, dialect = Desk(clock), BinanceMarketDialect(USD_MARGINED, clock)
    desk.adjusted = ExchangeBlocked("too much", retry_after_seconds=60)
    with pytest.raises(ExchangeBlocked):
        await dialect.funding(desk, WANTED)
