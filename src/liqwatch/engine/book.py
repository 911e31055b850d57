"""The newest mark of every market, and the guards that decide whether anyone must look.

A tick that touches no guard costs one dictionary lookup and two comparisons, however many positions
stand behind the market.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence

from liqwatch.model import MarkBatch

PoolKey = tuple[str, str]
"""Account and pool subject."""

TRIGGER_BAND = 1e-9
"""A trigger is watched this fraction early and late, so that rounding cannot slip a tick past it."""


class Market:
    """One market's newest mark and the triggers around it."""

    __slots__ = ("exchange_ms", "lower", "owners", "placed", "price", "received_monotonic", "triggers", "upper")

    def __init__(self, received_monotonic: float) -> None:
        """Nothing is known yet; its age counts from `received_monotonic`."""
        self.price = math.nan
        self.exchange_ms = 0
        self.received_monotonic = received_monotonic
        self.lower = self.upper = math.nan
        self.triggers: list[float] = []
        self.owners: list[PoolKey] = []
        self.placed: dict[PoolKey, list[float]] = {}

    def place(self, owner: PoolKey, prices: Iterable[float]) -> None:
        """Replace an owner's triggers. An isolated position's stay the same from look to look."""
        edges = [price * (1 + band) for price in prices for band in (-TRIGGER_BAND, TRIGGER_BAND)]
        if self.placed.get(owner) == edges:
            return
        self.remove(owner)
        self.placed[owner] = edges
        for edge in edges:
            index = bisect_left(self.triggers, edge)
            self.triggers.insert(index, edge)
            self.owners.insert(index, owner)
        self.close_guards()

    def remove(self, owner: PoolKey) -> None:
        """Forget an owner."""
        for edge in self.placed.pop(owner, ()):
            index = bisect_left(self.triggers, edge)
            while self.owners[index] != owner:
                index += 1
            del self.triggers[index], self.owners[index]

    def touched_by(self, price: float) -> Collection[PoolKey]:
        """Move the mark; the owners of every trigger between the old mark and the new one."""
        before, self.price = self.price, price
        if math.isnan(before):
            self.close_guards()
            return self.placed.keys()
        first = bisect_left(self.triggers, min(before, price))
        last = bisect_right(self.triggers, max(before, price))
        self.close_guards()
        return set(self.owners[max(first - 1, 0) : last + 1])

    def close_guards(self) -> None:
        """Set the two guards to the triggers next to the mark; inside a trigger's band every tick counts."""
        if math.isnan(self.price):
            return
        index = bisect_left(self.triggers, self.price)
        self.lower = self.triggers[index - 1] if index else -math.inf
        self.upper = self.triggers[index] if index < len(self.triggers) else math.inf
        if self.upper - self.lower <= 3 * TRIGGER_BAND * self.price:
            self.lower = self.upper = self.price


class Book:
    """Marks and guards by venue and symbol."""

    def __init__(self) -> None:
        """An empty book."""
        self._venues: dict[str, dict[str, Market]] = {}
        self._last_batch: dict[str, float] = {}

    def open(self, venue: str, symbols: Collection[str], monotonic: float) -> None:
        """Begin to follow markets; ages count from now. Known ones stay as they are."""
        markets = self._venues.setdefault(venue, {})
        if not markets:
            self._last_batch[venue] = monotonic
        for symbol in symbols:
            if symbol not in markets:
                markets[symbol] = Market(monotonic)

    def close(self, venue: str, symbols: Collection[str]) -> None:
        """Stop following markets in which nobody holds anything."""
        for symbol in symbols:
            self._venues.get(venue, {}).pop(symbol, None)

    def apply(self, batch: MarkBatch) -> set[PoolKey]:
        """Take a frame's marks; the pools that must be judged anew. Older than what is known: ignored."""
        markets = self._venues.get(batch.venue, {})
        self._last_batch[batch.venue] = batch.received_monotonic
        touched: set[PoolKey] = set()
        for symbol, price, exchange_ms in batch.rows:
            market = markets.get(symbol)
            if market is None or exchange_ms < market.exchange_ms:
                continue
            market.exchange_ms = exchange_ms
            market.received_monotonic = batch.received_monotonic
            if market.lower < price < market.upper:
                market.price = price
            else:
                touched.update(market.touched_by(price))
        return touched

    def guard(self, owner: PoolKey, venue: str, triggers: Mapping[str, Sequence[float]]) -> None:
        """Set a pool's triggers in each of its markets."""
        markets = self._venues[venue]
        for symbol, prices in triggers.items():
            markets[symbol].place(owner, prices)

    def release(self, owner: PoolKey, venue: str, symbols: Iterable[str]) -> None:
        """Take a pool's triggers out."""
        for symbol in symbols:
            market = self._venues.get(venue, {}).get(symbol)
            if market is not None:
                market.remove(owner)
                market.close_guards()

    def marks(self, venue: str, symbols: Iterable[str]) -> dict[str, float]:
        """The newest marks; markets without one are absent."""
        markets = self._venues.get(venue, {})
        found = ((symbol, markets[symbol].price) for symbol in symbols if symbol in markets)
        return {symbol: price for symbol, price in found if not math.isnan(price)}

    def symbols(self, venue: str) -> list[str]:
        """The markets followed on a venue, sorted."""
        return sorted(self._venues.get(venue, {}))

    def venues(self) -> list[str]:
        """The venues followed."""
        return list(self._venues)

    def stream_age_seconds(self, venue: str, monotonic: float) -> float:
        """Since the venue's stream last brought anything."""
        return monotonic - self._last_batch.get(venue, monotonic)

    def mark_age_seconds(self, venue: str, symbol: str, monotonic: float) -> float:
        """Since this market's mark last arrived."""
        return monotonic - self._venues[venue][symbol].received_monotonic
