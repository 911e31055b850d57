"""Everything else a person asks of a position and its pool: costs, calls, losses, ladders and shocks.

Pure arithmetic on a `PoolHealth`. `computed_…` and `reported` stay where they are; a figure that starts from
a liquidation price starts from `health.liquidation_price`, the nearer of the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.margin.step_down import Step
from liqwatch.model import Reading


@dataclass(frozen=True, slots=True)
class FundingRate:
    """What changes hands each `interval`, a signed fraction of notional: positive means longs pay shorts."""

    rate: float
    interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresRequest:
    """What a caller may choose. `funding_rates` and `betas` by symbol.

    `gap`: how far past bankruptcy the price jumps, a fraction. `betas`: how many times the shock each market
    moves; a market not named moves by the shock itself. Fee rates are fractions of notional; without one the
    contract's `closing_fee_rate` is used. `exchange` names the row of the step-down table (default: the pool's
    venue), `on` the day whose row counts (default: the newest).
    """

    margin_call_ratio: float = 0.8
    gap: float = 0.05
    funding_rates: Mapping[str, FundingRate] = field(default_factory=dict)
    betas: Mapping[str, float] = field(default_factory=dict)
    opening_fee_rate: float | None = None
    closing_fee_rate: float | None = None
    exchange: str | None = None
    on: date = date.max


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFigures:
    """One position. Money in settle currency; None where a fact is missing or the question does not arise."""

    health: PositionHealth
    initial_margin: float | None
    bankruptcy_price: Reading
    margin_call_price: Reading
    liquidation_distance_money: float | None
    liquidation_distance_ticks: int | None
    effective_leverage: float | None
    break_even_price: float | None
    closing_cost: float | None
    liquidation_fee: float | None
    loss_at_liquidation: float | None
    shortfall_after_gap: float | None
    funding_per_day: float | None
    step_down: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFigures:
    """One pool and its positions, in the order of `health.positions`."""

    health: PoolHealth
    positions: tuple[PositionFigures, ...]
    shock_distance: Reading
    shock_direction: int
    first_liquidated: str | None
    effective_leverage: float | None
    funding_per_day: float | None


DEFAULT_REQUEST = FiguresRequest()


def figures_of(health: PoolHealth, request: FiguresRequest = DEFAULT_REQUEST) -> PoolFigures:
    """Every further figure of a pool. Never raises for missing facts: they become None or `Unknown`."""
    raise NotImplementedError
