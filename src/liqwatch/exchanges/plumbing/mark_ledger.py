"""Which mark is news: newer by venue time than what is known, and a price at all. Shared by streams and REST."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

from liqwatch.model import MarkRow
from liqwatch.ports import Telemetry


class MarkLedger:
    """The newest pushed row of every market, and when its stream last spoke."""

    def __init__(self, venue: str, telemetry: Telemetry, reject: Callable[[str], None]) -> None:
        """`reject` is told the reason of a row that cannot be used."""
        self._venue = venue
        self._telemetry = telemetry
        self._reject = reject
        self._latest: dict[str, MarkRow] = {}
        self._heard_at: dict[str, float] = {}
        self._before_outage_ms: dict[str, int] = {}

    def news(self, rows: Sequence[MarkRow], monotonic: float) -> Sequence[MarkRow]:
        """The pushed rows that are news; the very list where all of them are, as is usual: this is the hot path."""
        latest, heard_at, is_whole = self._latest, self._heard_at, True
        for row in rows:
            symbol, price, exchange_ms = row
            known = latest.get(symbol)
            if 0.0 < price < math.inf and (known is None or exchange_ms >= known[2]):
                latest[symbol] = row
                heard_at[symbol] = monotonic
            else:
                is_whole = False
                self._refuse(price)
        # What was taken stands in `latest` itself; of two rows of one market in one frame the later has its place.
        return rows if is_whole else [row for row in rows if latest.get(row[0]) is row]

    def _refuse(self, price: float) -> None:
        if 0.0 < price < math.inf:
            self._telemetry.count("frames_rejected_total", venue=self._venue, reason="out_of_order")
        else:
            self._reject("bad_price")

    def answered(self, rows: Sequence[MarkRow]) -> list[MarkRow]:
        """Rows of a REST answer under a time that a later push can overtake: an answer must never hide a push."""
        return [
            (symbol, price, self._known_ms(symbol, exchange_ms))
            for symbol, price, exchange_ms in rows
            if 0.0 < price < math.inf
        ]

    def _known_ms(self, symbol: str, exchange_ms: int) -> int:
        """The newest pushed time, also of before an outage: whoever is told less than that ignores the answer."""
        latest = self._latest.get(symbol)
        return latest[2] if latest is not None else self._before_outage_ms.get(symbol, exchange_ms)

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
            abs(price - self._latest[symbol][1]) > share * self._latest[symbol][1]
            for symbol, price, _ in rows
            if symbol in self._latest
        )

    def forget(self) -> None:
        """After an outage any time is news again."""
        self._before_outage_ms.update({symbol: row[2] for symbol, row in self._latest.items()})
        self._latest.clear()
