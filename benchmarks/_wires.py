"""Frames of six wires with their real field names, one update each (the array: 550), and how each side asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from liqwatch.clock import SystemClock
from liqwatch.exchanges._binance import BinanceMarkDialect
from liqwatch.exchanges._okx_market import OkxMarkDialect
from liqwatch.exchanges.bybit import BybitMarkDialect
from liqwatch.exchanges.gate import GateMarkDialect
from liqwatch.exchanges.hyperliquid import HyperliquidMarkDialect
from liqwatch.exchanges.plumbing.dialects import MarkDialect
from liqwatch.exchanges.plumbing.hosts import Hosts

START_MS = 1_790_000_000_000
ARRAY_ROWS = 550


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One venue's format. `frame` makes the message number n; `peer` is the ccxt class and its watch method."""

    name: str
    natives: tuple[str, ...]
    frame: Callable[[int], str]
    dialect: Callable[[str], MarkDialect]
    peer: str
    method: str
    markets: tuple[dict[str, Any], ...]
    rows: int = 1


def _price(number: int) -> str:
    return f"{60_000 + number % 997 + number / 1e6:.6f}"


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _binance_row(symbol: str, number: int) -> dict[str, Any]:
    price = _price(number)
    return {"e": "markPriceUpdate", "E": START_MS + number, "s": symbol, "p": price, "ap": price, "P": price,
            "i": price, "r": "0.00010000", "T": START_MS, "st": 1}  # fmt: skip


def _bybit(number: int) -> str:
    data = {"symbol": "BTCUSDT", "markPrice": _price(number), "indexPrice": _price(number), "openInterestValue": "1"}
    return _dumps({"topic": "tickers.BTCUSDT", "type": "delta", "data": data, "cs": number, "ts": START_MS + number})


def _okx(number: int) -> str:
    row = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "markPx": _price(number), "ts": str(START_MS + number)}
    return _dumps({"arg": {"channel": "mark-price", "instId": "BTC-USDT-SWAP"}, "data": [row]})


def _gate(number: int) -> str:
    price = _price(number)
    row = {"contract": "BTC_USDT", "last": price, "change_percentage": "0.1", "funding_rate": "0.0001",
           "mark_price": price, "index_price": price, "total_size": "1", "volume_24h": "1", "quanto_base_rate": "",
           "funding_rate_indicative": "0.0001", "low_24h": price, "high_24h": price}  # fmt: skip
    head = {"time": START_MS // 1000, "time_ms": START_MS + number, "channel": "futures.tickers", "event": "update"}
    return _dumps({**head, "result": [row]})


def _hyperliquid(number: int) -> str:
    price = _price(number)
    context = {"funding": "0.00001", "openInterest": "1", "prevDayPx": price, "dayNtlVlm": "1", "premium": "0.0001",
               "oraclePx": price, "markPx": price, "midPx": price, "impactPxs": [price, price]}  # fmt: skip
    return _dumps({"channel": "activeAssetCtx", "data": {"coin": "BTC", "ctx": context}})


def _market(symbol: str, native: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of ccxt's market
    base, quote = symbol.split(":", maxsplit=1)[0].split("/")
    return {"id": native, "symbol": symbol, "base": base, "quote": quote, "settle": symbol.split(":")[1],
            "type": "swap", "swap": True, "spot": False, "future": False, "contract": True, "linear": True,
            "inverse": False, "active": True, "contractSize": 1.0, "lowercaseId": native.lower(), **more}  # fmt: skip


def _hosts(address: str) -> Hosts:
    return Hosts(rest="http://127.0.0.1:1", websocket=address)


_MANY = tuple(f"M{index:03d}USDT" for index in range(ARRAY_ROWS))
BTC = "BTC/USDT:USDT"

WIRES = (
    Wire(
        name="binance array of 550",
        natives=_MANY,
        frame=lambda number: _dumps([_binance_row(symbol, number) for symbol in _MANY]),
        dialect=lambda address: BinanceMarkDialect("bench", _hosts(address)),
        peer="binanceusdm",
        method="watch_mark_prices",
        markets=tuple(_market(f"M{index:03d}/USDT:USDT", native) for index, native in enumerate(_MANY)),
        rows=ARRAY_ROWS,
    ),
    Wire(
        name="binance single",
        natives=("BTCUSDT",),
        frame=lambda number: _dumps(_binance_row("BTCUSDT", number)),
        dialect=lambda address: BinanceMarkDialect("bench", _hosts(address)),
        peer="binanceusdm",
        method="watch_mark_price",
        markets=(_market(BTC, "BTCUSDT"),),
    ),
    Wire(
        name="bybit tickers delta",
        natives=("BTCUSDT",),
        frame=_bybit,
        dialect=lambda address: BybitMarkDialect("bench", _hosts(address)),
        peer="bybit",
        method="watch_ticker",
        markets=(_market(BTC, "BTCUSDT"),),
    ),
    Wire(
        name="okx mark-price",
        natives=("BTC-USDT-SWAP",),
        frame=_okx,
        dialect=lambda address: OkxMarkDialect("bench", _hosts(address)),
        peer="okx",
        method="watch_mark_price",
        markets=(_market(BTC, "BTC-USDT-SWAP"),),
    ),
    Wire(
        name="gate futures.tickers",
        natives=("BTC_USDT",),
        frame=_gate,
        dialect=lambda address: GateMarkDialect("bench", SystemClock(), address),
        peer="gate",
        method="watch_ticker",
        markets=(_market(BTC, "BTC_USDT"),),
    ),
    Wire(
        name="hyperliquid activeAssetCtx",
        natives=("BTC",),
        frame=_hyperliquid,
        dialect=lambda address: HyperliquidMarkDialect("bench", _hosts(address)),
        peer="hyperliquid",
        method="watch_ticker",
        markets=(_market("BTC/USDC:USDC", "0", baseName="BTC", info={}, baseId="0"),),
    ),
)
