"""The guard of thresholds that are fixed prices: the venue's own figures, and everything in a pool with one market."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from liqwatch.margin.curve import Leg, MarketCurve
from liqwatch.margin.pnl import price_at
from liqwatch.margin.tiers import join_smoothly
from liqwatch.model import ContractKind

Interval: TypeAlias = tuple[float, float]
"""A mark strictly between the two changes nothing. Two equal ones: every tick counts."""

BAND = 1e-9
"""A threshold is watched this fraction early and late, so that rounding cannot slip a tick past it."""
NEAR_AN_EDGE = 1e-6
"""Tiers may miss each other by rounding: so near to one (fraction), the edge itself may be where a sign changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The values at which something would change, fractions: `distances` by position subject, `ratios` of the pool."""

    distances: Mapping[str, Sequence[float]] = field(default_factory=dict)
    ratios: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Anchor:
    """A liquidation price that stands still, and the sides from which the mark may come to it (+1: from above)."""

    symbol: str
    subject: str
    price: float
    sides: tuple[int, ...]

    def prices(self, thresholds: Thresholds) -> Iterator[float]:
        """Itself, and the marks at which the distance to it takes the values that matter."""
        yield self.price
        for distance in thresholds.distances.get(self.subject, ()):
            for side in self.sides:
                if side * distance < 1.0:
                    yield self.price / (1.0 - side * distance)


class OneMarket:
    """A pool along its only market, whatever the mark: worked out once for each answer of the account."""

    __slots__ = ("_curve", "_kind", "_known", "symbol")

    def __init__(self, symbol: str, kind: ContractKind, curve: MarketCurve) -> None:
        """`curve` is taken along `symbol`."""
        self.symbol = symbol
        self._kind = kind
        self._curve = curve
        self._known: dict[float, list[float]] = {}

    def prices_at(self, ratio: float) -> list[float]:
        """Every mark at which the pool can pass this margin ratio."""
        if ratio not in self._known:
            self._known[ratio] = [price_at(self._kind, x) for x in zeros(self._curve, ratio)]
        return self._known[ratio]


class ExactGuard:
    """Fixed prices around the marks of `symbols`. `market` None: the pool's ratio cannot be computed."""

    __slots__ = ("_anchors", "_market", "_symbols", "prices")

    def __init__(self, symbols: Iterable[str], anchors: Sequence[Anchor], market: OneMarket | None = None) -> None:
        """Nothing is guarded yet."""
        self._symbols = tuple(symbols)
        self._anchors = anchors
        self._market = market
        self.prices: dict[str, list[float]] = {}

    def around(self, marks: Mapping[str, float], thresholds: Thresholds) -> dict[str, Interval]:
        """See `Guard`: from threshold to threshold."""
        prices: dict[str, list[float]] = {symbol: [] for symbol in self._symbols}
        for anchor in self._anchors:
            prices[anchor.symbol].extend(anchor.prices(thresholds))
        if self._market is not None:
            for ratio in thresholds.ratios:
                prices[self._market.symbol] += self._market.prices_at(ratio)
        self.prices = {symbol: sorted(each) for symbol, each in prices.items()}
        return {symbol: interval_in(each, marks[symbol]) for symbol, each in self.prices.items() if symbol in marks}

    def again(self, marks: Mapping[str, float]) -> None:
        """See `Guard`: whoever leaves an interval has passed a threshold."""


def interval_in(prices: Sequence[float], mark_price: float) -> Interval:
    """The gap between two of these prices (ascending) in which a mark lies; no room where it is too near to one."""
    index = bisect_left(prices, mark_price)
    low = prices[index - 1] * (1.0 + BAND) if index else -math.inf
    high = prices[index] * (1.0 - BAND) if index < len(prices) else math.inf
    return (low, high) if low < mark_price < high else (mark_price, mark_price)


def zeros(curve: MarketCurve, ratio: float) -> list[float]:
    """Every x at which the surplus of a whole curve can change its sign; perhaps a few more, never fewer."""
    found, low = list[float](), 0.0
    for index, high in enumerate((*curve.edges, math.inf)):
        roots = _roots(*curve.surplus_terms(index, ratio))
        found += [root for root in roots if low * (1.0 - NEAR_AN_EDGE) < root <= high * (1.0 + NEAR_AN_EDGE)]
        low = high
    # A jump at an edge may change the sign without a root.
    jumps = not all(map(is_smooth, curve.legs))
    edges = [edge for edge in curve.edges if jumps or any(abs(edge - root) <= NEAR_AN_EDGE * edge for root in found)]
    return found + edges


def is_smooth(leg: Leg) -> bool:
    """Whether this leg's maintenance has no jump at the edges of its tiers."""
    return len(leg.tiers) <= 1 or (leg.rate_factor == 1.0 and join_smoothly(leg.tiers))


def _roots(constant: float, linear: float, square: float) -> Iterator[float]:
    if square == 0:
        if linear != 0:
            yield -constant / linear
        return
    discriminant = linear * linear - 4 * square * constant
    if discriminant >= 0:
        half = -(linear + math.copysign(math.sqrt(discriminant), linear)) / 2
        yield half / square
        if half:
            yield constant / half
