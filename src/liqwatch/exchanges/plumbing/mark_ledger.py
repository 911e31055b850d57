"""Which mark is news: newer by venue time than what is known, and a price at all. Shared by streams and REST."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

from liqwatch.model import MarkRow
from liqwatch.ports import Telemetry


class MarkLedger:
    """The newest venue time of every market, and when its stream last spoke."""

    def __init__(self, venue: str, telemetry: Telemetry, reject: Callable[[str], None]) -> None:
        """`reject` is told the reason of a row that cannot be used."""
        self._venue = venue
        self._telemetry = telemetry
        self._reject = reject
        self._latest_ms: dict[str, int] = {}
        self._heard_at: dict[str, float] = {}
        self._price: dict[str, float] = {}

    def news(self, rows: Sequence[MarkRow], monotonic: float) -> Sequence[MarkRow]:
        """The pushed rows that are news."""
        found = [row for row in rows if self._is_news(row)]
        for symbol, price, _ in found:
            self._heard_at[symbol] = monotonic
            self._price[symbol] = price
        return found

    def _is_news(self, row: MarkRow) -> bool:
        symbol, price, exchange_ms = row
        if not 0.0 < price < math.inf:
            self._reject("bad_price")
            return False
        if exchange_ms < self._latest_ms.get(symbol, 0):
            self._telemetry.count("frames_rejected_total", venue=self._venue, reason="out_of_order")
            return False
        self._latest_ms[symbol] = exchange_ms
        return True

    def answered(self, rows: Sequence[MarkRow]) -> list[MarkRow]:
        """Rows of a REST answer under a time that a later push can overtake: an answer must never hide a push."""
        return [
            (symbol, price, self._latest_ms.get(symbol, exchange_ms))
            for symbol, price, exchange_ms in rows
            if 0.0 < price < math.inf
        ]

    def quiet(self, symbols: Collection[str], monotonic: float, longer_than_seconds: float) -> list[str]:
        """The markets whose stream has not spoken for so long."""
        return [
            symbol
            for symbol in symbols
            if monotonic - self._heard_at.setdefault(symbol, monotonic) >= longer_than_seconds
        ]

    def moved_silently(self, rows: Sequence[MarkRow], share: float) -> bool:
        """Whether REST shows a market elsewhere than its stream last did: the stream is deaf, not the market quiet."""
        return any(
            abs(price - self._price[symbol]) > share * self._price[symbol]
            for symbol, price, _ in rows
            if symbol in self._price
        )

    def forget(self) -> None:
        """After an outage any time is news again."""
        self._latest_ms.clear()
