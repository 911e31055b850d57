"""A margin pool as a function of one market's mark, the other markets standing still.

Between the tier edges of its legs, equity is affine in the market's coordinate x and the requirement
(maintenance plus closing fee) at most quadratic. `first_crossing` walks those pieces outward and returns
the first x at which `ratio * equity - requirement` changes sign; ratio 1 is liquidation, 0.8 a margin
call at 80 %, infinity bankruptcy.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from liqwatch.margin.conventions import Basis, Convention
from liqwatch.margin.maintenance import maintenance_of, rate_factor, tiers_of
from liqwatch.margin.pnl import coordinate, exposure, pnl_slope
from liqwatch.margin.tiers import join_smoothly, tier_of
from liqwatch.model import Instrument, LeverageTier, Position

NO_PRICE = 1e-9
"""A root this small a fraction of the present x is rounding around zero, which no price reaches."""

Terms: TypeAlias = tuple[float, float, float]
"""constant, linear and square term of a polynomial in x. Bare floats: a walk touches hundreds of them."""


@dataclass(slots=True)
class Leg:
    """One position of the moving market, reduced to what the walk needs.

    `resting` is the part of the requirement that does not depend on x (a fee or a maintenance taken at
    entry, at today's mark, or told by the venue); with `tiers` the rest follows the notional at x.
    """

    profit_constant: float
    profit_slope: float
    exposure: float
    resting: float
    moving_fee_rate: float
    tiers: Sequence[LeverageTier]
    rate_factor: float
    rate_growth: float

    def requirement(self, x: float) -> Terms:
        """Maintenance plus fee on the piece that holds x."""
        fee_slope = self.moving_fee_rate * self.exposure
        if not self.tiers:
            return self.resting, fee_slope, 0.0
        tier = tier_of(self.tiers, self.exposure * x)
        slope = tier.maintenance_margin_rate * self.rate_factor * self.exposure
        square = self.rate_growth * self.exposure * self.exposure
        return self.resting - tier.maintenance_deduction, slope + fee_slope, square

    def steepest_requirement(self) -> float:
        """The most the requirement can change per unit of x; infinite where it bends or jumps."""
        if self.rate_growth or not join_smoothly(self.tiers):
            return math.inf
        highest = max((tier.maintenance_margin_rate for tier in self.tiers), default=0.0)
        return (highest * self.rate_factor + self.moving_fee_rate) * self.exposure

    def edges(self) -> list[float]:
        """The x at which the tier changes."""
        return [tier.notional_cap / self.exposure for tier in self.tiers[:-1] if math.isfinite(tier.notional_cap)]


def leg_of(position: Position, instrument: Instrument, convention: Convention, mark_price: float) -> Leg:
    """Reduce a position; amounts that do not move with x are taken once, at entry or at today's mark."""
    kind = instrument.contract_kind
    slope, quantity = pnl_slope(position, instrument), exposure(position, instrument)
    entry_x = coordinate(kind, position.entry_price)
    follows_price = convention.maintenance_basis is Basis.LIQUIDATION
    fee_basis, resting = convention.closing_fee_basis, 0.0
    if not follows_price:
        resting = maintenance_of(position, instrument, convention, mark_price)
    if fee_basis in (Basis.ENTRY, Basis.MARK):
        anchor = entry_x if fee_basis is Basis.ENTRY else coordinate(kind, mark_price)
        resting += instrument.closing_fee_rate * quantity * anchor
    return Leg(
        profit_constant=-slope * entry_x,
        profit_slope=slope,
        exposure=quantity,
        resting=resting,
        moving_fee_rate=instrument.closing_fee_rate if fee_basis is Basis.LIQUIDATION else 0.0,
        tiers=tiers_of(instrument, convention) if follows_price else (),
        rate_factor=rate_factor(position, convention),
        rate_growth=instrument.maintenance_rate_growth if follows_price else 0.0,
    )


class MarketCurve:
    """The pool along one market; `outside_…` is everything that stands still.

    `collateral_slope` is what collateral held in the moving asset adds to equity per unit of x.
    """

    __slots__ = ("_pieces", "edges", "equity_constant", "equity_slope", "legs", "outside_requirement")

    def __init__(
        self,
        *,
        legs: Sequence[Leg],
        outside_equity: float,
        outside_requirement: float,
        collateral_slope: float = 0.0,
    ) -> None:
        """Pieces are worked out when a walk first enters them."""
        self.legs = legs
        self.outside_requirement = outside_requirement
        self.equity_constant = outside_equity + sum(leg.profit_constant for leg in legs)
        self.equity_slope = collateral_slope + sum(leg.profit_slope for leg in legs)
        edges = {edge for leg in legs for edge in leg.edges()}
        self.edges = sorted(edges)
        self._pieces: dict[int, Terms] = {}

    @property
    def adverse_direction(self) -> int:
        """+1 or -1 along x: where the larger side loses; 0 when nothing moves."""
        slope = self.equity_slope
        return 0 if slope == 0 else -int(math.copysign(1, slope))

    def requirement_terms(self, index: int) -> Terms:
        """The requirement on the piece between edge `index - 1` and edge `index`."""
        known = self._pieces.get(index)
        if known is not None:
            return known
        inside = self._inside(index)
        constant, linear, square = self.outside_requirement, 0.0, 0.0
        for leg in self.legs:
            part = leg.requirement(inside)
            constant, linear, square = constant + part[0], linear + part[1], square + part[2]
        self._pieces[index] = constant, linear, square
        return constant, linear, square

    def equity(self, x: float) -> float:
        """Equity of the whole pool at x."""
        return self.equity_constant + self.equity_slope * x

    def requirement(self, x: float) -> float:
        """Maintenance plus fee of the whole pool at x."""
        constant, linear, square = self.requirement_terms(bisect_left(self.edges, x))
        return constant + (linear + square * x) * x

    def surplus(self, x: float, ratio: float = 1.0) -> float:
        """`ratio * equity - requirement`; positive is the safe side of that margin ratio."""
        return ratio * self.equity(x) - self.requirement(x)

    def surplus_terms(self, index: int, ratio: float) -> Terms:
        """The surplus on a piece; with an infinite ratio only equity counts."""
        if math.isinf(ratio):
            return self.equity_constant, self.equity_slope, 0.0
        constant, linear, square = self.requirement_terms(index)
        return ratio * self.equity_constant - constant, ratio * self.equity_slope - linear, -square

    def directions_to_zero(self, start: float, ratio: float) -> tuple[int, ...]:
        """The ways along x in which the surplus can reach zero: one where it is monotone, else both."""
        steepest = sum(leg.steepest_requirement() for leg in self.legs)
        if abs(ratio * self.equity_slope) <= steepest:
            return 1, -1
        losing = self.adverse_direction
        return (losing,) if self.surplus(start, ratio) > 0 else (-losing,)

    def _inside(self, index: int) -> float:
        """Some x strictly inside a piece; the last one has no end."""
        if index == len(self.edges):
            return 2 * self.edges[-1] + 1.0 if self.edges else 1.0
        return (self.edges[index] + (self.edges[index - 1] if index else 0.0)) / 2


def first_crossing(curve: MarketCurve, start: float, direction: int, *, ratio: float = 1.0) -> float | None:
    """The first x beyond `start` where the surplus changes sign; None when it never does."""
    position, sign = start, 0.0
    for index, end in _pieces_ahead(curve.edges, start, direction):
        constant, linear, square = curve.surplus_terms(index, ratio)
        surplus = constant + (linear + square * position) * position
        if surplus == 0 or surplus * sign < 0:
            return position
        sign = surplus
        root = _nearest_root(constant, linear, square, position, end)
        if root is not None:
            return root if root > NO_PRICE * start else None
        position = end
    return None


def _pieces_ahead(edges: Sequence[float], start: float, direction: int) -> Iterator[tuple[int, float]]:
    """Piece index and far end, in walking order from `start` to the end of the axis."""
    if direction > 0:
        for index in range(bisect_left(edges, math.nextafter(start, math.inf)), len(edges)):
            yield index, edges[index]
        yield len(edges), math.inf
        return
    for index in range(bisect_left(edges, start), 0, -1):
        yield index, edges[index - 1]
    yield 0, 0.0


def _nearest_root(constant: float, linear: float, square: float, near: float, far: float) -> float | None:
    """The root between `near` (exclusive) and `far` (inclusive) that is nearest to `near`."""
    if square == 0:
        if linear == 0:
            return None
        root = -constant / linear
        return root if near < root <= far or far <= root < near else None
    discriminant = linear * linear - 4 * square * constant
    if discriminant < 0:
        return None
    half = -(linear + math.copysign(math.sqrt(discriminant), linear)) / 2
    roots = (half / square, constant / half if half else math.nan)
    ahead = [root for root in roots if near < root <= far or far <= root < near]
    return min(ahead, key=lambda root: abs(root - near), default=None)
