"""Mark-price frames: single streams, and the all-market array with its known oddities."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from liqwatch.testing.venue.book import VenueBook
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.wire import money

ALL_MARKETS = "!markPrice@arr"
FAST = "@1s"
SINGLE = "@markPrice"
HOUR_MS = 3600 * 1000
COIN_MARGINED = (("BTCUSD_PERP", "BTCUSDT"), ("ETHUSD_PERP", "ETHUSDT"))
"""COIN-M contracts that the merged array mixes in, each with the market it follows."""


def compact(value: object) -> str:
    """JSON as the venue sends it: no spaces, symbols as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def next_funding_ms(at_ms: int, market: VenueMarket) -> int:
    """When the market pays next, epoch milliseconds; every interval is counted from midnight UTC."""
    period_ms = market.funding_hours * HOUR_MS
    return (at_ms // period_ms + 1) * period_ms


def is_slow(stream: str) -> bool:
    """Streams without `@1s` come at a third of the pace."""
    return not stream.endswith(FAST)


class MarkFrames:
    """The frames of one publication; every stream is encoded once."""

    def __init__(self, book: VenueBook, at_ms: int) -> None:
        """`at_ms` is the event time `E` of all rows."""
        self._book = book
        self._at_ms = at_ms
        self._symbols = {symbol.lower(): symbol for symbol in book.markets}
        self._encoded: dict[str, Sequence[str]] = {}

    def of(self, stream: str) -> Sequence[str]:
        """Payloads (JSON text) of one stream; none for streams that carry no marks or no known market."""
        if stream not in self._encoded:
            self._encoded[stream] = [compact(payload) for payload in self._payloads(stream.removesuffix(FAST))]
        return self._encoded[stream]

    def _payloads(self, stream: str) -> list[Any]:
        if stream == ALL_MARKETS:
            return self._array_frames()
        symbol = self._symbols.get(stream.removesuffix(SINGLE)) if stream.endswith(SINGLE) else None
        return [self._row(self._book.markets[symbol])] if symbol else []

    def _array_frames(self) -> list[list[dict[str, Any]]]:
        """Two frames a beat, neither of them the whole market; the first carries COIN-M rows as well."""
        rows = [self._row(market) for market in self._book.markets.values()]
        middle = (len(rows) + 1) // 2
        coin_rows = [
            {**self._row(self._book.markets[followed]), "s": name, "st": 2}
            for name, followed in COIN_MARGINED
            if followed in self._book.markets
        ]
        return [rows[:middle] + coin_rows, rows[middle:]]

    def _row(self, market: VenueMarket) -> dict[str, Any]:
        price = money(self._book.mark_prices[market.native_symbol])
        return {
            "e": "markPriceUpdate",
            "E": self._at_ms,
            "s": market.native_symbol,
            "p": price,
            "ap": price,
            "P": price,
            "i": price,
            "r": "0.00010000" if market.is_perpetual else "",
            "T": next_funding_ms(self._at_ms, market) if market.is_perpetual else 0,
            "st": 2 if market.is_inverse else 1,
        }
