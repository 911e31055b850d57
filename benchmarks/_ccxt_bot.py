"""The peer: what one writes in an evening with ccxt.pro. Watches every mark, looks at every position, tells.

Positions are dictionaries in ccxt's shape. A position that comes within a quarter of its liquidation price is
written to SQLite (WAL, FULL) and printed. `first price` is printed when the first marks have been looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from _market import first_price, liquidation_price, symbol
from ccxt.pro.binanceusdm import binanceusdm

NOTICE = 0.25


class Bot:
    """One exchange, a list of positions, a table of what was told."""

    def __init__(self, exchange: Any, positions: list[dict[str, Any]], database: Path) -> None:  # noqa: ANN401  # ccxt is untyped
        self._exchange = exchange
        self._positions = positions
        self._told: set[str] = set()
        self._database = sqlite3.connect(database)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("CREATE TABLE alerts (symbol TEXT, distance REAL)")

    async def watch(self) -> None:
        """Follow all marks for ever."""
        is_first = True
        while True:
            tickers = await self._exchange.watch_mark_prices()
            self._look(tickers)
            if is_first:
                print("first price", flush=True)
                is_first = False

    def _look(self, tickers: dict[str, Any]) -> None:
        for position in self._positions:
            ticker = tickers.get(position["symbol"])
            if ticker is None:
                continue
            mark_price = ticker["markPrice"]
            distance = (mark_price - position["liquidationPrice"]) / mark_price
            if distance <= NOTICE and position["symbol"] not in self._told:
                self._told.add(position["symbol"])
                self._database.execute("INSERT INTO alerts VALUES (?, ?)", (position["symbol"], distance))
                self._database.commit()
                print(f"● NOTICE · {position['symbol']} long · {distance:.1%} to liquidation\n", flush=True)


def typed_positions(count: int) -> list[dict[str, Any]]:
    """The same positions as in the config file, in ccxt's shape."""
    return [
        {
            "symbol": symbol(index),
            "side": "long",
            "contracts": 10.0,
            "entryPrice": first_price(index),
            "liquidationPrice": liquidation_price(index),
        }
        for index in range(count)
    ]


def open_exchange(rest_url: str, websocket_url: str, key: str, secret: str) -> Any:  # noqa: ANN401  # ccxt is untyped
    """Binance USDⓈ-M at other addresses, with the settings that make ccxt start fastest."""
    exchange = binanceusdm(
        {
            "apiKey": key,
            "secret": secret,
            "options": {"fetchMarkets": {"types": ["linear"]}, "fetchCurrencies": False, "fetchMargins": False},
        }
    )
    exchange.has["fetchCurrencies"] = False
    urls = exchange.urls["api"]
    for name, url in urls.items():
        if isinstance(url, str) and url.startswith("https://"):
            urls[name] = rest_url + "/" + url.split("/", 3)[3]
    urls["ws"]["linear"] = f"{websocket_url}/ws"
    urls["ws"]["future"] = f"{websocket_url}/ws"
    return exchange


async def main(options: argparse.Namespace) -> None:
    """Load the markets, find the positions, watch."""
    exchange = open_exchange(options.rest, options.websocket, options.key, options.secret)
    await exchange.load_markets()
    positions = await exchange.fetch_positions() if options.key else typed_positions(options.positions)
    await Bot(exchange, positions, options.database).watch()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rest")
    parser.add_argument("websocket")
    parser.add_argument("database", type=Path)
    parser.add_argument("--positions", type=int, default=0, help="how many typed positions")
    parser.add_argument("--key", default="", help="ask for the positions of this key instead")
    parser.add_argument("--secret", default="")
    asyncio.run(main(parser.parse_args()))
