"""One venue's past: the gaps in its prices, read back from its candles, and the day before the start."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from liqwatch.clock import Clock
from liqwatch.engine.look_back import GAP_SECONDS, LONGEST_LOOK_BACK, extremes
from liqwatch.engine.record import Recorder
from liqwatch.engine.watch import Watch
from liqwatch.errors import ExchangeError
from liqwatch.ports import Market

log = structlog.get_logger(__name__)

HISTORY = timedelta(hours=24)
LOOK_EVERY_SECONDS = 5.0


class Hindsight:
    """Asks for what was not seen, beside the stream."""

    def __init__(self, market: Market, watch: Watch, recorder: Recorder, clock: Clock) -> None:
        """Nothing runs until `keep_looking_back` and `keep_history`."""
        self._venue = market.venue
        self._market = market
        self._watch = watch
        self._recorder = recorder
        self._clock = clock
        self._priced_at: datetime | None = None
        self._gap: tuple[datetime, datetime] | None = None
        self._gap_seen = asyncio.Event()

    def notice_price(self) -> None:
        """A price has come. After a silence, see to it that somebody asks how far the mark went meanwhile."""
        now, since = self._clock.now(), self._priced_at
        self._priced_at = now
        if since is not None and (now - since).total_seconds() >= GAP_SECONDS:
            self._gap = (min(since, self._gap[0]) if self._gap else since, now)
            self._gap_seen.set()

    async def keep_looking_back(self) -> None:
        """Read gaps back beside the stream: prices go on being judged meanwhile."""
        while True:
            await self._gap_seen.wait()
            self._gap_seen.clear()
            gap, self._gap = self._gap, None
            if gap is not None:
                await self.look_back(*gap)

    async def look_back(self, since: datetime, until: datetime) -> None:
        """Ask how far the marks went in a gap: a crossing in the dark is told late, not never."""
        since = max(since, until - LONGEST_LOOK_BACK)
        log.warning("looking_back", venue=self._venue, since=since.isoformat())
        for symbol in self._watch.book.symbols(self._venue):
            try:
                candles = await self._market.mark_candles(symbol, since, until)
            except ExchangeError as error:
                log.warning("gap_not_read_back", venue=self._venue, symbol=symbol, error=str(error))
                continue
            self._watch.sights.learn_candles(self._venue, symbol, candles)
            await self._recorder.record(self._watch.look_back(self._venue, symbol, extremes(candles, since)))

    async def keep_history(self) -> None:
        """The last hours of every market that is held, once: volatility and pictures need them at the start."""
        asked: set[str] = set()
        while True:
            held = self._watch.book.symbols(self._venue)
            for symbol in [symbol for symbol in held if symbol not in asked]:
                asked.add(symbol)
                now = self._clock.now()
                try:
                    candles = await self._market.mark_candles(symbol, now - HISTORY, now)
                except ExchangeError as error:
                    log.info("history_not_asked", venue=self._venue, symbol=symbol, error=str(error))
                    continue
                self._watch.sights.learn_candles(self._venue, symbol, candles)
            asked.intersection_update(held)
            await self._clock.sleep(LOOK_EVERY_SECONDS)
