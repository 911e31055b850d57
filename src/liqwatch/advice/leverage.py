"""What leverage does to a position that is not open yet: isolated margin, and how far liquidation would be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from liqwatch.margin.assess import assess
from liqwatch.margin.health import PositionHealth
from liqwatch.margin.marked import known_instrument
from liqwatch.margin.pnl import notional
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import UNREACHABLE, MarginMode, Reading

USUAL_LEVERAGES = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 25.0, 50.0, 75.0, 100.0, 125.0)
LEAST_LEVERAGE, MOST_LEVERAGE = 1.0, 1000.0
HALVINGS = 60
"""Narrows the leverage down to what a float can tell apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverageRow:
    """One leverage: the margin it asks for (settle currency), and where it would end from the entry price on."""

    leverage: float
    margin: float
    liquidation_price: Reading
    liquidation_distance: Reading


def leverage_table(pool: Pool, leverages: Iterable[float] = USUAL_LEVERAGES) -> tuple[LeverageRow, ...]:
    """The pool's only position, isolated at each leverage and judged at its entry price."""
    return tuple(_row(pool, leverage) for leverage in leverages)


def highest_safe_leverage(pool: Pool, stop_price: float) -> float | None:
    """The highest leverage whose liquidation price lies beyond the stop; None when not even that of 1x does.

    Higher leverage is never further from liquidation, so the border is found by halving.
    """
    low, high = LEAST_LEVERAGE, MOST_LEVERAGE
    if is_beyond_stop(opened(pool, high), stop_price):
        return high
    if not is_beyond_stop(opened(pool, low), stop_price):
        return None
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_beyond_stop(opened(pool, middle), stop_price) else (low, middle)
    return low


def is_beyond_stop(health: PositionHealth, stop_price: float) -> bool:
    """Whether the stop comes first on the way to liquidation."""
    price = health.liquidation_price
    if isinstance(price, float):
        return health.position.side.value * (stop_price - price) > 0
    return price is UNREACHABLE


def opened(pool: Pool, leverage: float) -> PositionHealth:
    """The pool's only position as it would stand at its entry price, isolated, with margin = value / leverage."""
    (holding,) = pool.holdings
    position, instrument = holding.position, known_instrument(holding)
    margin = notional(position, instrument, position.entry_price) / leverage
    isolated = replace(position, margin_mode=MarginMode.ISOLATED, leverage=leverage, isolated_wallet=margin)
    alone = replace(
        pool,
        margin_mode=MarginMode.ISOLATED,
        wallet_balance=margin,
        holdings=(Holding(isolated, instrument),),
        collateral=(),
        outside_unrealized_pnl=0.0,
        outside_maintenance_margin=0.0,
    )
    return assess(alone, {position.symbol: position.entry_price}).positions[0]


def _row(pool: Pool, leverage: float) -> LeverageRow:
    health = opened(pool, leverage)
    return LeverageRow(
        leverage=leverage,
        margin=health.position.isolated_wallet or 0.0,
        liquidation_price=health.liquidation_price,
        liquidation_distance=health.liquidation_distance,
    )
