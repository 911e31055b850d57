"""How well a position and its pool are: the figures that rules judge and messages tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from liqwatch.margin.marked import MarkedPool
from liqwatch.margin.pools import Pool
from liqwatch.model import Instrument, Position, Reading, Unknown


class FigureSource(Enum):
    """Whose liquidation price counts: the venue's or our own."""

    REPORTED = "reported"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionHealth:
    """One position at the present mark. Money in settle currency; None where a fact is missing.

    `liquidation_price` is the nearer of reported and computed. `is_hedged_leg`: the other side of the
    same market is larger, so this leg is not the one a move would liquidate.
    `loss_at_liquidation` counts from the present mark, clearance fee included.
    """

    position: Position
    instrument: Instrument | None
    mark_price: float | None
    notional: float | None
    unrealized_pnl: float | None
    maintenance_margin: float | None
    computed_liquidation_price: Reading
    liquidation_price: Reading
    liquidation_source: FigureSource
    liquidation_distance: Reading
    is_hedged_leg: bool
    loss_at_liquidation: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolHealth:
    """One margin pool. `margin_ratio` is maintenance ÷ equity: 1 is liquidation, larger is worse.

    `marked` is the arithmetic behind it, for whoever needs more (guards, explanation).
    """

    pool: Pool
    marked: MarkedPool = field(repr=False, compare=False)
    equity: float | Unknown
    maintenance_margin: float | Unknown
    margin_ratio: Reading
    positions: tuple[PositionHealth, ...]

    @property
    def margin_buffer(self) -> float | None:
        """Money between equity and maintenance."""
        return self.buffer_above(1.0)

    def buffer_above(self, ratio: float) -> float | None:
        """Money the pool may lose at unchanged maintenance before its margin ratio reaches `ratio`."""
        if isinstance(self.equity, Unknown) or isinstance(self.maintenance_margin, Unknown):
            return None
        return self.equity - self.maintenance_margin / ratio
