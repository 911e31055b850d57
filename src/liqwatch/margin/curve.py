"""A margin pool as a function of one market's mark, the other markets standing still.

Equity and requirement (maintenance plus closing fee) are affine in the market's coordinate x between
the tier edges of the legs. `first_crossing` walks those pieces outward and returns the first x at which
`ratio * equity - requirement` changes sign; ratio 1 is liquidation, 0.8 a margin call at 80 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from liqwatch.margin.conventions import Basis, Convention
from liqwatch.margin.pnl import coordinate, exposure, pnl_slope
from liqwatch.margin.tiers import maintenance_margin, tier_of
from liqwatch.model import Instrument, LeverageTier, Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Equity and requirement on one piece: intercept + slope * x."""

    equity_intercept: float
    equity_slope: float
    requirement_intercept: float
    requirement_slope: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One position of the moving market, reduced to what the walk needs."""

    pnl_intercept: float
    pnl_slope: float
    exposure: float
    tiers: Sequence[LeverageTier]
    moving_fee_rate: float
    fixed_requirement: float | None
    fixed_fee: float

    def requirement(self, x: float) -> tuple[float, float]:
        """Intercept and slope of maintenance plus fee on the piece that holds x."""
        fee_slope = self.moving_fee_rate * self.exposure
        if self.fixed_requirement is not None:
            return self.fixed_requirement + self.fixed_fee, fee_slope
        tier = tier_of(self.tiers, self.exposure * x)
        slope = tier.maintenance_margin_rate * self.exposure
        return self.fixed_fee - tier.maintenance_deduction, slope + fee_slope

    def edges(self) -> list[float]:
        """The x at which the tier changes."""
        if self.fixed_requirement is not None:
            return []
        return [tier.notional_cap / self.exposure for tier in self.tiers[:-1] if math.isfinite(tier.notional_cap)]


def leg_of(position: Position, instrument: Instrument, convention: Convention, mark_price: float) -> Leg:
    """Reduce a position; amounts that do not move with x are taken once, at entry or at today's mark."""
    kind = instrument.contract_kind
    slope = pnl_slope(position, instrument)
    entry_x = coordinate(kind, position.entry_price)
    quantity = exposure(position, instrument)
    anchors = {Basis.ENTRY: entry_x, Basis.MARK: coordinate(kind, mark_price)}
    fixed_requirement = None
    if convention.maintenance_basis is Basis.FIXED:
        fixed_requirement = position.reported_maintenance_margin or 0.0
    elif convention.maintenance_basis in anchors:
        fixed_requirement = maintenance_margin(instrument.tiers, quantity * anchors[convention.maintenance_basis])
    fee_basis = convention.closing_fee_basis
    fixed_fee = convention.closing_fee_rate * quantity * anchors[fee_basis] if fee_basis in anchors else 0.0
    return Leg(
        pnl_intercept=-slope * entry_x,
        pnl_slope=slope,
        exposure=quantity,
        tiers=instrument.tiers,
        moving_fee_rate=convention.closing_fee_rate if fee_basis is Basis.LIQUIDATION else 0.0,
        fixed_requirement=fixed_requirement,
        fixed_fee=fixed_fee,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketCurve:
    """The pool along one market; `outside_…` is everything that stands still."""

    legs: tuple[Leg, ...]
    outside_equity: float
    outside_requirement: float
    edges: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Collect the tier edges once."""
        edges = sorted({edge for leg in self.legs for edge in leg.edges()})
        object.__setattr__(self, "edges", tuple(edges))

    @property
    def adverse_direction(self) -> int:
        """+1 or -1 along x: where the larger side loses; 0 when the sides are equal."""
        slope = sum(leg.pnl_slope for leg in self.legs)
        return 0 if slope == 0 else -int(math.copysign(1, slope))

    def line(self, x: float) -> Line:
        """The piece that holds x."""
        requirements = [leg.requirement(x) for leg in self.legs]
        return Line(
            equity_intercept=self.outside_equity + sum(leg.pnl_intercept for leg in self.legs),
            equity_slope=sum(leg.pnl_slope for leg in self.legs),
            requirement_intercept=self.outside_requirement + sum(intercept for intercept, _ in requirements),
            requirement_slope=sum(slope for _, slope in requirements),
        )

    def equity(self, x: float) -> float:
        """Equity of the whole pool at x."""
        line = self.line(x)
        return line.equity_intercept + line.equity_slope * x

    def requirement(self, x: float) -> float:
        """Maintenance plus fee of the whole pool at x."""
        line = self.line(x)
        return line.requirement_intercept + line.requirement_slope * x

    def surplus(self, x: float, ratio: float = 1.0) -> float:
        """`ratio * equity - requirement`; positive is the safe side of that margin ratio."""
        return ratio * self.equity(x) - self.requirement(x)


def first_crossing(curve: MarketCurve, start: float, direction: int, *, ratio: float = 1.0) -> float | None:
    """The first x beyond `start` where the surplus changes sign; None when it never does.

    With `ratio` = inf only equity counts: the bankruptcy point.
    """
    weight, requirement_weight = (1.0, 0.0) if math.isinf(ratio) else (ratio, 1.0)
    position, sign = start, 0.0
    for end in _piece_ends(curve.edges, start, direction):
        piece = curve.line(_inside(position, end))
        intercept = weight * piece.equity_intercept - requirement_weight * piece.requirement_intercept
        slope = weight * piece.equity_slope - requirement_weight * piece.requirement_slope
        surplus = intercept + slope * position
        if surplus == 0 or surplus * sign < 0:
            return position
        sign = math.copysign(1.0, surplus)
        root = -intercept / slope if slope else math.nan
        if position < root <= end or end <= root < position:
            return root if root > 0 else None
        position = end
    return None


def _piece_ends(edges: Sequence[float], start: float, direction: int) -> list[float]:
    """Tier edges beyond `start` in walking order, then the end of the axis."""
    if direction > 0:
        return [edge for edge in edges if edge > start] + [math.inf]
    return [edge for edge in reversed(edges) if edge < start] + [0.0]


def _inside(one: float, other: float) -> float:
    """Some x strictly between two ends, the far one possibly infinite."""
    return 2 * one + 1.0 if math.isinf(other) else (one + other) / 2
