"""What the engine remembers of the last day: prices by market, and positions.

Bounded by construction: a bucket a minute for a market, a sample every few seconds and then every few minutes for a
position. With ten thousand positions what one of them is remembered by counts: about 40 kB.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from liqwatch.model import MarkCandle
from liqwatch.rules.sight import PastPosition

DAY = timedelta(days=1)
MINUTE_SECONDS = 60
MINUTES_A_DAY = 1_440
TRIM_MINUTES = 60
LEAST_LOOSENESS = 2
"""So many minutes an earlier price may be older than what was asked for."""
FINE_EVERY = timedelta(seconds=15)
FINE_SAMPLES = 60
"""The newest samples of a position: a quarter of an hour."""
COARSE_EVERY = timedelta(minutes=15)
COARSE_SAMPLES = 96
MOST_POINTS = 288
"""Of a day's prices, in a picture."""
LEAST_MINUTES = 30
"""With less of the day known than this, its volatility is unknown."""
PARKINSON = 1.0 / (4.0 * math.log(2.0))


@dataclass(slots=True)
class Bucket:
    """How far a mark went within one minute, and where it ended."""

    minute: int
    high: float
    low: float
    close: float


class MarketMemory:
    """One market's marks of the last 24 hours, by the minute."""

    __slots__ = ("_buckets", "_volatility", "_volatility_minute")

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._buckets: list[Bucket] = []
        self._volatility: float | None = None
        self._volatility_minute = -1

    def note(self, mark_price: float, now: datetime) -> None:
        """The mark of this moment."""
        minute = int(now.timestamp()) // MINUTE_SECONDS
        last = self._buckets[-1] if self._buckets else None
        if last is None or last.minute < minute:
            self._buckets.append(Bucket(minute, mark_price, mark_price, mark_price))
            if len(self._buckets) > MINUTES_A_DAY + TRIM_MINUTES:
                del self._buckets[:TRIM_MINUTES]
        elif last.minute == minute:
            last.high, last.low, last.close = max(last.high, mark_price), min(last.low, mark_price), mark_price

    def learn(self, candles: Iterable[MarkCandle]) -> None:
        """Minutes that were not seen, from the venue's candles; what was seen is completed by them."""
        known = {bucket.minute: bucket for bucket in self._buckets}
        for candle in candles:
            minute = int(candle.opened_at.timestamp()) // MINUTE_SECONDS
            bucket = known.setdefault(minute, Bucket(minute, candle.high, candle.low, (candle.high + candle.low) / 2))
            bucket.high, bucket.low = max(bucket.high, candle.high), min(bucket.low, candle.low)
        self._buckets = [known[minute] for minute in sorted(known)][-MINUTES_A_DAY - TRIM_MINUTES :]
        self._volatility_minute = -1

    def daily_volatility(self, now: datetime) -> float | None:
        """The day's realised volatility as a fraction of the price, from the minutes known; None: too few of them.

        Parkinson's estimator, The Extreme Value Method for Estimating the Variance of the Rate of Return (1980):
        variance of a minute = ln(high / low)² ÷ (4 ln 2), summed over the day. Minutes not known count as the others.
        Reckoned once a minute.
        """
        minute = int(now.timestamp()) // MINUTE_SECONDS
        if minute != self._volatility_minute:
            self._volatility, self._volatility_minute = self._reckon_volatility(now), minute
        return self._volatility

    def price_before(self, now: datetime, ago: timedelta) -> float | None:
        """Where the mark stood so long ago (the last close not younger); None: not remembered."""
        minute = int((now - ago).timestamp()) // MINUTE_SECONDS
        index = bisect_left(self._buckets, minute + 1, key=_minute) - 1
        oldest_minute = minute - max(LEAST_LOOSENESS, int(ago.total_seconds()) // MINUTE_SECONDS // 4)
        return self._buckets[index].close if index >= 0 and self._buckets[index].minute >= oldest_minute else None

    @property
    def newest_minute(self) -> int | None:
        """The last minute known, counted from the epoch; None: there is none."""
        return self._buckets[-1].minute if self._buckets else None

    def extremes(self, since: datetime) -> tuple[float, ...]:
        """The lowest and the highest mark of the minutes since then; nothing where none is known."""
        inside = self._since(since)
        return (min(b.low for b in inside), max(b.high for b in inside)) if inside else ()

    def closes(self, now: datetime) -> Sequence[tuple[float, float]]:
        """(epoch seconds, mark) of the last 24 hours, a point every five minutes or so, the newest last."""
        inside = self._since(now - DAY)
        step = max(1, len(inside) // MOST_POINTS)
        chosen = [*inside[:-1][::step], *inside[-1:]]
        return [(float(bucket.minute * MINUTE_SECONDS), bucket.close) for bucket in chosen]

    def _reckon_volatility(self, now: datetime) -> float | None:
        inside = self._since(now - DAY)
        if len(inside) < LEAST_MINUTES:
            return None
        variance = sum(math.log(bucket.high / bucket.low) ** 2 for bucket in inside if bucket.low > 0)
        return math.sqrt(PARKINSON * variance * MINUTES_A_DAY / len(inside))

    def _since(self, moment: datetime) -> list[Bucket]:
        first = int(moment.timestamp()) // MINUTE_SECONDS
        return self._buckets[bisect_left(self._buckets, first, key=_minute) :]


def _minute(bucket: Bucket) -> int:
    return bucket.minute


class PositionMemory:
    """One position's figures: dense for a quarter of an hour, then every quarter of an hour for a day."""

    __slots__ = ("_coarse", "_fine", "first_seen")

    def __init__(self, first_seen: datetime) -> None:
        """A position that is seen for the first time, or was first seen before a restart."""
        self.first_seen = first_seen
        self._fine: deque[PastPosition] = deque(maxlen=FINE_SAMPLES)
        self._coarse: deque[PastPosition] = deque(maxlen=COARSE_SAMPLES)

    def note(self, figures: PastPosition) -> None:
        """The figures of this moment; of looks in quick succession the first that says most is kept."""
        _append(self._fine, figures, FINE_EVERY)
        _append(self._coarse, figures, COARSE_EVERY)

    def within(self, since: datetime) -> Sequence[PastPosition]:
        """Samples no older than that, oldest first."""
        fine = [sample for sample in self._fine if sample.at >= since]
        begins = fine[0].at if fine else datetime.max.replace(tzinfo=UTC)
        return [*(sample for sample in self._coarse if since <= sample.at < begins), *fine]


def _append(samples: deque[PastPosition], figures: PastPosition, every: timedelta) -> None:
    if samples and timedelta(0) <= figures.at - samples[-1].at < every:
        if _known(figures) <= _known(samples[-1]):
            return
        samples.pop()
    samples.append(figures)


def _known(figures: PastPosition) -> int:
    """How many of its figures were known."""
    optional = (figures.mark_price, figures.liquidation_distance, figures.collateral, figures.maintenance_rate)
    return sum(each is not None for each in optional)
