"""The guard of a pool with several markets: its slack to the nearest thresholds, spread over all of them.

For every threshold there is a surplus that must keep its sign: `ratio * equity - requirement`, or the pool's own with
one market moved by the distance. None of them can change faster, for each market, than exposure times ratio plus the
steepest maintenance. So a surplus divided by the sum of those bounds is a fraction by which all marks may move, each
its own way, before its sign can change (triangle inequality). Thresholds ahead bound the moves that hurt the pool,
those behind it the moves that help.

When one mark leaves its interval the others have hardly used theirs. Then all surpluses are reckoned anew, which is
far less work than a judgement, and while each has kept its sign what is left of them is spread again.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from liqwatch.margin.curve import NO_PRICE, Leg
from liqwatch.margin.exact_guard import Anchor, Interval, Thresholds, interval_in

SAFETY = 0.999
"""Keeps rounding in the slack on the early side."""
TOO_NEAR = 1e-9
"""A surplus smaller than this fraction of the pool's worth may be rounding: every tick is judged."""
WIDEST = 0.2
"""No interval is wider, so that the tiers within reach are known."""
REACH = 1.5
"""Up to so many times the marks of a judgement the steepest maintenance is known."""
EVERYWHERE: Interval = (-math.inf, math.inf)


class PoolMarket:
    """One market of the pool. Equity moves with `slope`, the requirement piece by piece between the tiers' edges.

    After `settle`: `ahead` and `passed` are the thresholds next to the present distance (None: there is none),
    `free` is the gap between reported prices, `steep` the steepest requirement for marks up to `limit`.
    """

    __slots__ = (
        "_edges", "_pieces", "_reported", "_steepest", "_subject",
        "ahead", "free", "limit", "passed", "slope", "steep", "symbol",
    )  # fmt: skip

    def __init__(
        self, symbol: str, slope: float, leg: Leg | None = None, subject: str = "", reported: Anchor | None = None
    ) -> None:
        """`leg` None: collateral, which needs no maintenance."""
        self.symbol = symbol
        self.slope = slope
        self._subject = subject
        self._reported = reported
        self._edges = leg.edges() if leg else []
        self._pieces = [leg.requirement(x)[:2] for x in _insides(self._edges)] if leg else [(0.0, 0.0)]
        self._steepest = list(accumulate((steep for _, steep in self._pieces), max))
        self.steep = self.limit = 0.0
        self.ahead: float | None = None
        self.passed: float | None = None
        self.free: Interval = EVERYWHERE

    @property
    def can_turn(self) -> bool:
        """Whether maintenance can outweigh the position itself: neither direction is the losing one then."""
        return self._steepest[-1] >= abs(self.slope) > 0

    def requirement(self, mark_price: float) -> float:
        """Maintenance and fee of this market."""
        constant, slope = self._pieces[bisect_left(self._edges, mark_price)]
        return constant + slope * mark_price

    def shock(self, distance: float) -> float:
        """What a move by this distance in the losing direction multiplies the mark by; it never reaches zero."""
        side = math.copysign(1.0, self.slope) if self.slope else 0.0
        return max(1.0 - side * distance, NO_PRICE)

    def change(self, mark_price: float, distance: float) -> float:
        """What a move by this distance in the losing direction adds to the surplus."""
        there = mark_price * self.shock(distance)
        return self.slope * (there - mark_price) - self.requirement(there) + self.requirement(mark_price)

    def settle(self, mark_price: float, surplus: float, thresholds: Thresholds) -> None:
        """The pool has been judged at this mark, with this surplus."""
        distances = thresholds.distances.get(self._subject, ())
        passed = [value for value in distances if surplus + self.change(mark_price, value) <= 0]
        self.passed = min(passed, default=None)
        self.ahead = max((value for value in distances if value not in passed), default=None)
        furthest = max([1.0, *(self.shock(value) for value in (self.ahead, self.passed) if value is not None)])
        self.steep = self._steepest[bisect_left(self._edges, mark_price * furthest * REACH)]
        self.limit = mark_price * REACH / (1.0 + WIDEST)
        self.free = interval_in(sorted(self._reported.prices(thresholds)), mark_price) if self._reported else EVERYWHERE


@dataclass(slots=True)
class Sums:
    """The pool at some marks: equity, requirement, and by how much each can change per fraction that all marks move."""

    equity: float
    requirement: float
    gross: float = 0.0
    needs: float = 0.0

    @property
    def surplus(self) -> float:
        """Negative: liquidation is due."""
        return self.equity - self.requirement

    @property
    def rounding(self) -> float:
        """What is smaller may be no difference at all."""
        return TOO_NEAR * (self.gross + self.needs + abs(self.equity) + self.requirement)


@dataclass(slots=True)
class Room:
    """By what fraction all marks may move: in the directions that hurt the pool, and in those that help it."""

    to_worse: float = WIDEST
    to_better: float = WIDEST


class SlackGuard:
    """The slack of one pool. What stands still between two answers of the account is worked out once."""

    __slots__ = ("_is_one_way", "_markets", "_ratio_ahead", "_ratio_passed", "_standing")

    def __init__(self, markets: Sequence[PoolMarket], standing: tuple[float, float]) -> None:
        """`standing`: the equity and the requirement that move with no mark."""
        self._markets = markets
        self._standing = standing
        self._ratio_ahead: float | None = None
        self._ratio_passed: float | None = None
        self._is_one_way = True

    def around(self, marks: Mapping[str, float], thresholds: Thresholds) -> dict[str, Interval]:
        """See `Guard`: on which side of every threshold the pool stands, and the slack spread."""
        sums, ratios = self._sums(marks), sorted({1.0, *thresholds.ratios})
        passed = [ratio for ratio in ratios if ratio * sums.equity <= sums.requirement]
        self._ratio_passed = passed[-1] if passed else None
        self._ratio_ahead = ratios[len(passed)] if len(passed) < len(ratios) else None
        for market in self._markets:
            market.settle(marks[market.symbol], sums.surplus, thresholds)
        least = self._ratio_ahead if self._ratio_passed is None else self._ratio_passed
        self._is_one_way = all((least or 0.0) * abs(each.slope) >= each.steep for each in self._markets)
        return self.again(marks) or {each.symbol: (marks[each.symbol],) * 2 for each in self._markets}

    def again(self, marks: Mapping[str, float]) -> dict[str, Interval] | None:
        """See `Guard`: spread what is left; None where a surplus may have lost its sign."""
        if any(not _is_in_reach(each, marks[each.symbol]) for each in self._markets):
            return None
        sums, room = self._sums(marks), Room()
        if not self._narrow_by_ratios(room, sums):
            return None
        if not all(_narrow_by_distances(room, sums, each, marks[each.symbol]) for each in self._markets):
            return None
        return self._spread(marks, room)

    def _sums(self, marks: Mapping[str, float]) -> Sums:
        equity, requirement = self._standing
        gross = needs = 0.0
        for market in self._markets:
            mark_price = marks[market.symbol]
            equity += market.slope * mark_price
            requirement += market.requirement(mark_price)
            gross += abs(market.slope) * mark_price
            needs += market.steep * mark_price
        return Sums(equity, requirement, gross, needs)

    def _narrow_by_ratios(self, room: Room, sums: Sums) -> bool:
        """False where one of the ratios may have been passed since the judgement."""
        ahead, passed, rounding = self._ratio_ahead, self._ratio_passed, sums.rounding
        if ahead is not None:
            surplus = ahead * sums.equity - sums.requirement
            if surplus <= rounding:
                return False
            room.to_worse = min(room.to_worse, _share(surplus, ahead * sums.gross + sums.needs))
        if passed is not None:
            surplus = sums.requirement - passed * sums.equity
            if surplus <= rounding:
                return False
            room.to_better = min(room.to_better, _share(surplus, passed * sums.gross + sums.needs))
        return True

    def _spread(self, marks: Mapping[str, float], room: Room) -> dict[str, Interval]:
        worse, better = SAFETY * room.to_worse, SAFETY * room.to_better
        if not self._is_one_way:
            worse = better = min(worse, better)
        intervals = {}
        for market in self._markets:
            mark_price, (low, high) = marks[market.symbol], market.free
            down, up = (worse, better) if market.slope > 0 else (better, worse)
            intervals[market.symbol] = (max(low, mark_price * (1.0 - down)), min(high, mark_price * (1.0 + up)))
        return intervals


def _is_in_reach(market: PoolMarket, mark_price: float) -> bool:
    """Whether what was settled still holds of this market: no reported price passed, no steeper tier near."""
    return mark_price <= market.limit and market.free[0] < mark_price < market.free[1]


def _narrow_by_distances(room: Room, sums: Sums, market: PoolMarket, mark_price: float) -> bool:
    """False where a distance in this market may have been passed since the judgement.

    Most markets are far from any: a bound that costs nothing shows that they need not be reckoned exactly.
    """
    moving, steep = sums.gross + sums.needs, market.steep
    if market.ahead is not None:
        way = mark_price * abs(market.ahead)
        widest = moving + way * (abs(market.slope) + steep)
        if sums.surplus - way * (abs(market.slope) + steep) < room.to_worse * widest:
            surplus = sums.surplus + market.change(mark_price, market.ahead)
            if surplus <= sums.rounding:
                return False
            room.to_worse = min(room.to_worse, surplus / widest)
    if market.passed is not None:
        way = mark_price * abs(market.passed)
        widest = moving + way * (abs(market.slope) + steep)
        if market.passed < 0 or way * (abs(market.slope) - steep) - sums.surplus < room.to_better * widest:
            surplus = sums.surplus + market.change(mark_price, market.passed)
            if surplus >= -sums.rounding:
                return False
            room.to_better = min(room.to_better, -surplus / widest)
    return True


def _share(surplus: float, change: float) -> float:
    """By which share every mark may move; a pool that nothing moves has all the room there is."""
    return surplus / change if change > 0 else math.inf


def _insides(edges: Sequence[float]) -> list[float]:
    """Some mark on each piece."""
    middles = [(low + high) / 2 for low, high in pairwise((0.0, *edges))]
    return [*middles, 2 * edges[-1] + 1.0 if edges else 1.0]
