"""How far all markets of a pool may move together before it is liquidated.

At shock h every mark is `mark * (1 + direction * beta * h)`. Between the tier edges of all legs the pool's
surplus is a line in h, bent by inverse contracts and by rates that grow; the walk goes piece by piece and is
exact, not sampled. A price that reaches zero stays there; an inverse contract has no value without a price,
so the walk ends where the first of them loses it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from liqwatch.margin.curve import Leg, leg_of
from liqwatch.margin.first_zero import Bend, BentLine, first_zero
from liqwatch.margin.marked import MarkedPool, known_instrument
from liqwatch.margin.pnl import coordinate
from liqwatch.model import UNREACHABLE, ContractKind, Reading, Unknown

HORIZON = 1e12
NEARLY = 1.0 - 1.0 / HORIZON
"""A rise by more than this many times, and a liquidation only where nothing is worth anything, count as never."""


@dataclass(frozen=True, slots=True)
class Shock:
    """`distance`: the fraction of the move, 0 when already liquidated. `direction`: +1 all up, -1 all down, 0 none."""

    distance: Reading
    direction: int


def shock_of(marked: MarkedPool, betas: Mapping[str, float]) -> Shock:
    """The nearest common move of all marks, up or down, that liquidates the pool; a market without a beta has 1."""
    if marked.why_unknown:
        return Shock(Unknown(marked.why_unknown), 0)
    strands = _strands_of(marked, betas)
    if marked.equity <= marked.requirement:
        gain = sum(strand.gain for strand in strands)
        return Shock(0.0, 0 if gain == 0 else -int(math.copysign(1, gain)))
    standing = marked.standing_equity - sum(each.slope * marked.marks[each.symbol] for each in marked.pool.collateral)
    standing -= marked.pool.outside_maintenance_margin
    found = [
        (distance, direction)
        for direction in (-1, 1)
        if (distance := _first_liquidation(strands, standing, direction)) is not None
    ]
    return Shock(*min(found)) if found else Shock(UNREACHABLE, 0)


@dataclass(slots=True)
class _Strand:
    """One leg, or one collateral asset, on its way through the shock; `x_now` is its coordinate at the mark."""

    leg: Leg
    x_now: float
    beta: float
    is_inverse: bool

    @property
    def gain(self) -> float:
        """What equity gains per unit of a shock upward, at the present mark."""
        return self.leg.profit_slope * self.x_now * self.beta * (-1 if self.is_inverse else 1)

    def edges(self, direction: int) -> Iterator[float]:
        """The h at which its tier changes or its price is gone."""
        pace = direction * self.beta
        if pace == 0:
            return
        for x in self.leg.edges():
            yield ((self.x_now / x if self.is_inverse else x / self.x_now) - 1.0) / pace
        if pace < 0:
            yield self.gone(direction)

    def gone(self, direction: int) -> float:
        """The h at which its price is zero; beyond every walk when it does not fall."""
        pace = direction * self.beta
        return -1.0 / pace if pace < 0 else HORIZON

    def add_to(self, line: BentLine, inside: float, direction: int) -> None:
        """Add its part of the surplus on the piece that holds the shock `inside`."""
        pace = direction * self.beta
        factor = max(1.0 + pace * inside, 0.0)
        x = self.x_now / factor if self.is_inverse else self.x_now * factor
        constant, linear, square = self.leg.requirement(x)
        line.constant += self.leg.profit_constant - constant
        if factor == 0:
            return
        weight, square_weight = (self.leg.profit_slope - linear) * self.x_now, -square * self.x_now * self.x_now
        if self.is_inverse:
            line.bends.append(Bend(weight, pace, -1))
        else:
            line.constant += weight
            line.slope += weight * pace
        if square_weight:
            line.bends.append(Bend(square_weight, pace, -2 if self.is_inverse else 2))


def _strands_of(marked: MarkedPool, betas: Mapping[str, float]) -> list[_Strand]:
    strands = []
    for holding in marked.pool.holdings:
        position, instrument = holding.position, known_instrument(holding)
        mark_price, kind = marked.marks[position.symbol], instrument.contract_kind
        leg = leg_of(position, instrument, marked.convention, mark_price)
        beta = betas.get(position.symbol, 1.0)
        strands.append(_Strand(leg, coordinate(kind, mark_price), beta, kind is ContractKind.INVERSE))
    for each in marked.pool.collateral:
        leg = Leg(
            profit_constant=0.0,
            profit_slope=each.slope,
            exposure=abs(each.quantity),
            resting=0.0,
            moving_fee_rate=0.0,
            tiers=(),
            rate_factor=1.0,
            rate_growth=0.0,
        )
        strands.append(_Strand(leg, marked.marks[each.symbol], betas.get(each.symbol, 1.0), is_inverse=False))
    return strands


def _end_of_walk(strands: list[_Strand], direction: int) -> float:
    """Where the first inverse contract, or the last of all, has lost its price."""
    last = max((strand.gone(direction) for strand in strands), default=HORIZON)
    return min([last, *(strand.gone(direction) for strand in strands if strand.is_inverse)])


def _first_liquidation(strands: list[_Strand], standing: float, direction: int) -> float | None:
    end = NEARLY * _end_of_walk(strands, direction)
    edges = {edge for strand in strands for edge in strand.edges(direction)}
    inside = sorted(edge for edge in edges if 0 < edge < end)
    for near, far in pairwise((0.0, *inside, end)):
        line = BentLine(standing)
        for strand in strands:
            strand.add_to(line, (near + far) / 2, direction)
        distance = first_zero(line, near, far)
        if distance is not None:
            return distance
    return None
