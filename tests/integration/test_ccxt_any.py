"""The real daemon at a venue that only ccxt reaches: everything is asked of a local server in the venue's own words."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from liqwatch.clock import SystemClock
from liqwatch.testing.canned_server import served
from liqwatch.testing.process import DaemonProcess
from liqwatch.testing.sinks import HttpSink
from liqwatch.testing.venue_stage import DAEMON

SECRET = base64.b64encode(b"canary-secret-canary-secret-0123").decode()
MARKET = {
    "baseSymbol": "ETH",
    "quoteSymbol": "USDC",
    "symbol": "ETH_USDC_PERP",
    "marketType": "PERP",
    "orderBookState": "Open",
    "filters": {"price": {"tickSize": "0.01", "minPrice": "0.01"}, "quantity": {"stepSize": "0.0001"}},
}
POSITION = {
    "symbol": "ETH_USDC_PERP",
    "netQuantity": "0.5",
    "netExposureQuantity": "0.5",
    "netCost": "2223.53",
    "entryPrice": "4447.065",
    "markPrice": "4420.24",
    "estLiquidationPrice": "4300.00",
}
SUBJECT = "ETH/USDC:USDC long"
TICKER = {"symbol": "ETH_USDC_PERP", "lastPrice": "4300.50"}


class Backpack:
    """Answers as Backpack documents; `mark_price` None: it shows none."""

    def __init__(self, mark_price: float | None) -> None:
        self.mark_price = mark_price

    def answer(self, request: web.Request) -> Any:
        word = request.path.rpartition("/")[2]
        marks = [{"symbol": "ETH_USDC_PERP", "markPrice": str(self.mark_price), "fundingRate": "0.0001"}]
        answers: dict[str, Any] = {
            "markets": [MARKET],
            "position": [POSITION],
            "markPrices": marks if self.mark_price else [],
            "ticker": TICKER,
            "tickers": [TICKER],
            "time": int(SystemClock().now().timestamp() * 1000),
        }
        return answers.get(word, [])


@asynccontextmanager
async def watching(directory: Path, venue: Backpack, more: str = "") -> AsyncIterator[tuple[DaemonProcess, HttpSink]]:
    async with served(venue.answer) as url, HttpSink() as webhook:
        config = directory / "config.toml"
        config.touch(mode=0o600)
        config.write_text(
            f'{DAEMON}[accounts.main]\nexchange = "ccxt:backpack"\napi_key = "k"\nsecret = "{SECRET}"\n{more}'
            f'endpoints = {{ rest = "{url}" }}\n[channels.webhook]\nurl = "{webhook.url}"\n'
            '[[routes]]\nmin_severity = "notice"\nchannels = ["webhook"]\n',
            encoding="utf-8",
        )
        async with DaemonProcess(config) as daemon:
            yield daemon, webhook


def posts(webhook: HttpSink, *words: str) -> list[str]:
    texts = [f"{post['title']}\n{post['message']}" for post in webhook.received]
    return [text for text in texts if all(word in text for word in words)]


async def test_a_position_near_liquidation_is_told_by_the_mark(tmp_path: Path) -> None:
    venue = Backpack(mark_price=6_200.0)
    async with watching(tmp_path, venue) as (daemon, webhook):
        await daemon.until_ready()
        assert not posts(webhook, "to go")
        venue.mark_price = 4_310.0
        await daemon.until(lambda: bool(posts(webhook, SUBJECT, "Mark 4,310.00", "liquidation 4,300.00")), "no alert")
    assert not posts(webhook, "last trade")


async def test_a_venue_without_marks_is_told_by_the_last_trade_and_says_so(tmp_path: Path) -> None:
    async with watching(tmp_path, Backpack(mark_price=None), "allow_last_price = true\n") as (daemon, webhook):
        words = (SUBJECT, "Mark 4,300.50", "Priced by the last trade, not the mark")
        await daemon.until(lambda: bool(posts(webhook, *words)), "no alert")
    assert all("Priced by the last trade" in text for text in posts(webhook, "to go")), "every message says so"
