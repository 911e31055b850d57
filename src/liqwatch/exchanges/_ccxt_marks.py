"""Where a venue's mark prices come from through ccxt, best first, and over REST when no stream brings them.

The order: a stream of marks, a stream of tickers that carry the mark, then over REST marks, funding rates, tickers,
candles of the mark. The last traded price only where the user allows it and the venue shows no mark at all.
Which stream carries the mark stands in `_ccxt_venues.py`; here is what is asked over REST.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from liqwatch.clock import Clock
from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, ExchangeUnreachable
from liqwatch.exchanges.payloads import ccxt_unified as read
from liqwatch.exchanges.plumbing.ccxt_unified import UnifiedCalls
from liqwatch.model import MarkRow

NO_MARK_MEND = "set allow_last_price = true to be watched by the last traded price; every message then says so"
MINUTE = "1m"
FEW_CANDLES = 2
BARREN_SECONDS = 600.0
"""A source that told no mark of any market is left alone for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One way to ask: the name in ccxt's `has`, the method, and whether it takes many markets at once."""

    feature: str
    call: str
    takes_many: bool = False

    @property
    def is_candle(self) -> bool:
        """Whether the answer is candles."""
        return self.feature == "fetchMarkOHLCV"


REST_SOURCES = (
    Source(feature="fetchMarkPrices", call="fetch_mark_prices", takes_many=True),
    Source(feature="fetchMarkPrice", call="fetch_mark_price"),
    Source(feature="fetchFundingRates", call="fetch_funding_rates", takes_many=True),
    Source(feature="fetchFundingRate", call="fetch_funding_rate"),
    Source(feature="fetchTickers", call="fetch_tickers", takes_many=True),
    Source(feature="fetchTicker", call="fetch_ticker"),
    Source(feature="fetchMarkOHLCV", call="fetch_mark_ohlcv"),
)
LAST_SOURCES = tuple(source for source in REST_SOURCES if "Ticker" in source.feature)


class MarkFinder:
    """Asks over REST. A source that cannot tell a mark is left alone for a while."""

    def __init__(self, calls: UnifiedCalls, clock: Clock, raw_mark: str = "") -> None:
        """`raw_mark` is the field of a ticker's `info` that holds the mark where ccxt drops it."""
        self._calls = calls
        self._clock = clock
        self._raw_mark = raw_mark
        self._barren_until: dict[str, float] = {}

    async def marks(self, symbols: Sequence[str]) -> list[MarkRow]:
        """The marks of these markets, each from the best source that has it.

        Raises:
            ExchangeUnreachable, ExchangeBlocked: the venue could not be asked, and nothing was found.
        """

        def marks_in(answer: object, asked: Sequence[str]) -> list[MarkRow]:
            return read.mark_rows(answer, asked, self._raw_mark)

        return await self._gathered(REST_SOURCES, symbols, marks_in)

    async def last_prices(self, symbols: Sequence[str]) -> list[MarkRow]:
        """The last traded prices. Raises as `marks`."""
        return await self._gathered(LAST_SOURCES, symbols, read.last_rows, word="last ")

    async def _gathered(
        self,
        sources: Sequence[Source],
        symbols: Sequence[str],
        rows_in: Callable[[object, Sequence[str]], list[MarkRow]],
        word: str = "",
    ) -> list[MarkRow]:
        found: dict[str, MarkRow] = {}
        trouble: ExchangeError | None = None
        for source in sources:
            missing = [symbol for symbol in symbols if symbol not in found]
            if not missing:
                break
            if not await self._is_worth_asking(word + source.feature, source):
                continue
            try:
                rows = await self._rows(source, missing, rows_in)
            except (ExchangeUnreachable, ExchangeBlocked) as error:
                trouble = error
                continue
            if not rows:
                self._barren_until[word + source.feature] = self._clock.monotonic() + BARREN_SECONDS
            found.update((row[0], row) for row in rows)
        if trouble is not None and not found:
            raise trouble
        return list(found.values())

    async def _is_worth_asking(self, name: str, source: Source) -> bool:
        is_barren = self._clock.monotonic() < self._barren_until.get(name, 0.0)
        return not is_barren and await self._calls.offers(source.feature)

    async def _rows(
        self, source: Source, symbols: Sequence[str], rows_in: Callable[[object, Sequence[str]], list[MarkRow]]
    ) -> list[MarkRow]:
        if source.takes_many:
            return await self._rows_of(source, list(symbols), symbols, rows_in)
        return [row for symbol in symbols for row in await self._rows_of(source, symbol, [symbol], rows_in)]

    async def _rows_of(
        self,
        source: Source,
        argument: object,
        symbols: Sequence[str],
        rows_in: Callable[[object, Sequence[str]], list[MarkRow]],
    ) -> list[MarkRow]:
        """One question. A refusal (no such market here, a key needed) is no answer."""
        try:
            if source.is_candle:
                candles: Any = await self._calls.ask(source.call, argument, MINUTE, None, FEW_CANDLES)
                return read.candle_mark(candles or (), symbols[0])
            return rows_in(await self._calls.ask(source.call, argument), symbols)
        except (ExchangeUnreachable, ExchangeBlocked):
            raise
        except (ExchangeError, CredentialsError):
            return []
