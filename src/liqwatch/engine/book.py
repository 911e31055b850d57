"""The newest mark of every market, and the guards that decide whether anyone must look.

A tick inside its market's interval costs one dictionary lookup and two comparisons, however many positions
stand behind the market. Each pool has one interval in each of its markets; the innermost of them is the market's.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from liqwatch.margin.exact_guard import Interval
from liqwatch.margin.guards import Guard, Thresholds
from liqwatch.margin.pools import Pool
from liqwatch.model import MarkBatch

PoolKey = tuple[str, str]
"""Account and pool subject."""

SPARE_EDGES = 64
"""So many outdated edges are kept in any case before a market's edges are sorted out."""


class Place:
    """One pool's interval in one market, until it is replaced."""

    __slots__ = ("high", "is_valid", "low", "owner")

    def __init__(self, owner: PoolKey, low: float, high: float) -> None:
        """A mark strictly between `low` and `high` is no news to the owner."""
        self.owner = owner
        self.low = low
        self.high = high
        self.is_valid = True


Edges: TypeAlias = list[tuple[float, int, Place]]
"""A heap, innermost edge first; the number keeps equal edges in order. Outdated places drop out at the top."""


class Market:
    """One market's newest mark, and the intervals around it.

    An owner whose interval was left is touched at every tick until it has a new one.
    """

    __slots__ = (
        "_above", "_below", "_number", "_places", "_touched",
        "exchange_ms", "lower", "price", "received_monotonic", "upper",
    )  # fmt: skip

    def __init__(self, received_monotonic: float) -> None:
        """Nothing is known yet; its age counts from `received_monotonic`."""
        self.price = math.nan
        self.exchange_ms = 0
        self.received_monotonic = received_monotonic
        self.lower = self.upper = math.nan
        self._places: dict[PoolKey, Place] = {}
        self._touched: set[PoolKey] = set()
        self._above: Edges = []
        self._below: Edges = []
        self._number = 0

    def place(self, owner: PoolKey, low: float, high: float) -> None:
        """Give an owner its interval around the mark, in place of the one it had."""
        known = self._places.get(owner)
        if known is not None:
            if known.low == low and known.high == high and owner not in self._touched:
                return
            known.is_valid = False
        place = self._places[owner] = Place(owner, low, high)
        self._number += 1
        heappush(self._below, (-low, self._number, place))
        heappush(self._above, (high, self._number, place))
        if owner in self._touched:
            self._touched.remove(owner)
            self._close_in()
        else:
            # What was outdated is left for the next move: a market's interval that is too narrow does no harm.
            self.lower, self.upper = max(self.lower, low), min(self.upper, high)
        if len(self._above) + len(self._below) > 4 * len(self._places) + SPARE_EDGES:
            self._tidy()

    def wait(self, owner: PoolKey) -> None:
        """An owner that wants to know of the first mark."""
        self._touched.add(owner)

    def remove(self, owner: PoolKey) -> None:
        """Forget an owner."""
        place = self._places.pop(owner, None)
        if place is not None:
            place.is_valid = False
        self._touched.discard(owner)
        self._close_in()

    def move(self, price: float) -> Collection[PoolKey]:
        """Set the mark; whoever's interval it is not strictly inside of."""
        self.price = price
        for edges, limit in ((self._below, -price), (self._above, price)):
            while edges and edges[0][0] <= limit:
                place = heappop(edges)[2]
                if place.is_valid:
                    self._touched.add(place.owner)
        self._close_in()
        return self._touched

    def _close_in(self) -> None:
        """The market's interval is the innermost one, and none while somebody is touched."""
        if self._touched:
            self.lower = self.upper = self.price
            return
        for edges in (self._below, self._above):
            while edges and not edges[0][2].is_valid:
                heappop(edges)
        self.lower = -self._below[0][0] if self._below else -math.inf
        self.upper = self._above[0][0] if self._above else math.inf

    def _tidy(self) -> None:
        """Sort the outdated edges out."""
        for edges in (self._below, self._above):
            edges[:] = [edge for edge in edges if edge[2].is_valid]
            heapify(edges)


class Book:
    """Marks and guards by venue and symbol."""

    def __init__(self) -> None:
        """An empty book."""
        self._venues: dict[str, dict[str, Market]] = {}
        self._last_batch: dict[str, float] = {}
        self._guards: dict[PoolKey, Guard] = {}
        self._symbols: dict[PoolKey, Collection[str]] = {}

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
                touched.update(market.move(price))
        return {owner for owner in touched if not self._renew(owner, batch.venue)}

    def guard(self, pool: Pool, guard: Guard, thresholds: Thresholds) -> None:
        """A pool has just been judged: nobody need look while its guard says that no threshold is passed."""
        owner, venue, symbols = pool.key, pool.venue, pool.symbols
        self._guards[owner], self._symbols[owner] = guard, symbols
        marks = self.marks(venue, symbols)
        self._place(owner, venue, guard.around(marks, thresholds))
        for symbol in symbols:
            if symbol not in marks:
                self._venues[venue][symbol].wait(owner)

    def release(self, owner: PoolKey, venue: str, symbols: Iterable[str]) -> None:
        """Take a pool's guard out."""
        self._guards.pop(owner, None)
        self._symbols.pop(owner, None)
        for symbol in symbols:
            market = self._venues.get(venue, {}).get(symbol)
            if market is not None:
                market.remove(owner)

    def _renew(self, owner: PoolKey, venue: str) -> bool:
        """Whether a touched pool's guard can vouch for it once more."""
        guard, markets = self._guards.get(owner), self._venues[venue]
        marks = {symbol: markets[symbol].price for symbol in self._symbols.get(owner, ())}
        intervals = guard.again(marks) if guard else None
        if intervals is None:
            return False
        self._place(owner, venue, intervals)
        return True

    def _place(self, owner: PoolKey, venue: str, intervals: Mapping[str, Interval]) -> None:
        markets = self._venues[venue]
        for symbol, (low, high) in intervals.items():
            markets[symbol].place(owner, low, high)

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
