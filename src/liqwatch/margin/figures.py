"""Everything else a person asks of a position and its pool: costs, calls, losses, ladders and shocks.

Pure arithmetic on a `PoolHealth`. What starts from a liquidation price starts from `health.liquidation_price`,
the nearer of the venue's and ours; calls, bankruptcy, shocks and ladders are our own arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from liqwatch.margin.assess import bankruptcy_price, price_at_margin_ratio
from liqwatch.margin.costs import break_even_price, closing_cost, funding_per_day, initial_margin
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.margin.losses import (
    distance_money,
    distance_ticks,
    effective_leverage,
    liquidation_fee,
    price_ahead,
    shortfall_after_gap,
)
from liqwatch.margin.pools import Holding
from liqwatch.margin.shock import shock_of
from liqwatch.margin.step_down import Step, step_down_of
from liqwatch.model import Reading


@dataclass(frozen=True, slots=True)
class FundingRate:
    """What changes hands each `interval`, a signed fraction of notional: positive means longs pay shorts."""

    rate: float
    interval: timedelta

    def __post_init__(self) -> None:
        if not math.isfinite(self.rate) or self.interval <= timedelta(0):
            raise ValueError("a funding rate is a finite number per positive interval")


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresRequest:
    """What a caller may choose; a value outside its range raises ValueError. Mappings are by symbol.

    `margin_call_ratio`: above 0, at most 1. `gap`: how far past bankruptcy the price jumps, from 0 to below 1.
    `betas`: how many times the shock each market moves; one not named moves by the shock itself. Fee rates are
    fractions of notional; without one the contract's `closing_fee_rate` is used. `exchange` names the row of
    the step-down table (default: the pool's venue), `on` the day whose row counts (default: the newest).
    """

    margin_call_ratio: float = 0.8
    gap: float = 0.05
    funding_rates: Mapping[str, FundingRate] = field(default_factory=dict)
    betas: Mapping[str, float] = field(default_factory=dict)
    opening_fee_rate: float | None = None
    closing_fee_rate: float | None = None
    exchange: str | None = None
    on: date = date.max

    def __post_init__(self) -> None:
        if not 0 < self.margin_call_ratio <= 1:
            raise ValueError("margin_call_ratio must be above 0 and at most 1")
        if not 0 <= self.gap < 1:
            raise ValueError("gap must be at least 0 and below 1")
        if not all(math.isfinite(beta) for beta in self.betas.values()):
            raise ValueError("betas must be finite numbers")
        if not all(rate is None or abs(rate) < 1 for rate in (self.opening_fee_rate, self.closing_fee_rate)):
            raise ValueError("fee rates are fractions of notional, below 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFigures:
    """One position. Money in settle currency; None where a fact is missing or the question does not arise.

    `initial_margin`: value at entry (isolated) or at the mark (cross) ÷ leverage. `margin_call_price`: where the
    pool's margin ratio reaches the requested level; the pool's own, as is `bankruptcy_price`. Distances,
    `liquidation_fee`, `loss_at_liquidation`, `shortfall_after_gap` and `step_down` speak of the liquidation
    of this position: a hedged leg has none. Distances turn negative beyond liquidation. `effective_leverage`:
    notional ÷ the pool's equity (isolated: its own), infinite when none is left. `closing_cost`: the fee of
    closing now. `funding_per_day`: positive is received; None without a rate.
    """

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
    """One pool and its positions, in the order of `health.positions`.

    `shock_distance`: the fraction by which all markets together (times their betas) must move until liquidation,
    0 when already there; `shock_direction` +1 up, -1 down, 0 neither. `first_liquidated`: the subject of the
    position nearest to liquidation when each market moves alone. `effective_leverage`: all notionals ÷ equity.
    `funding_per_day`: None unless every position has a rate.
    """

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
    pairs = zip(health.pool.holdings, health.positions, strict=True)
    positions = tuple(_position_figures(health, holding, position, request) for holding, position in pairs)
    shock = shock_of(health.marked, request.betas)
    return PoolFigures(
        health=health,
        positions=positions,
        shock_distance=shock.distance,
        shock_direction=shock.direction,
        first_liquidated=_first_liquidated(health),
        effective_leverage=effective_leverage(_sum(each.notional for each in health.positions), health.equity),
        funding_per_day=_sum(each.funding_per_day for each in positions),
    )


def _position_figures(
    pool: PoolHealth, holding: Holding, health: PositionHealth, request: FiguresRequest
) -> PositionFigures:
    marked, closing_fee_rate = pool.marked, request.closing_fee_rate
    funding = request.funding_rates.get(health.position.symbol)
    can_be_liquidated = price_ahead(health) is not None
    return PositionFigures(
        health=health,
        initial_margin=initial_margin(health),
        bankruptcy_price=bankruptcy_price(marked, holding),
        margin_call_price=price_at_margin_ratio(marked, holding, request.margin_call_ratio),
        liquidation_distance_money=distance_money(health),
        liquidation_distance_ticks=distance_ticks(health),
        effective_leverage=effective_leverage(health.notional, pool.equity),
        break_even_price=break_even_price(
            health, opening_fee_rate=request.opening_fee_rate, closing_fee_rate=closing_fee_rate
        ),
        closing_cost=closing_cost(health, closing_fee_rate=closing_fee_rate),
        liquidation_fee=liquidation_fee(health),
        loss_at_liquidation=health.loss_at_liquidation if can_be_liquidated else None,
        shortfall_after_gap=None if health.is_hedged_leg else shortfall_after_gap(marked, holding, request.gap),
        funding_per_day=funding_per_day(health, rate=funding.rate, interval=funding.interval) if funding else None,
        step_down=_step_down(pool, holding, health, request),
    )


def _step_down(pool: PoolHealth, holding: Holding, health: PositionHealth, request: FiguresRequest) -> tuple[Step, ...]:
    if health.is_hedged_leg:
        return ()
    return step_down_of(pool.marked, holding, exchange=request.exchange or pool.pool.venue, on=request.on)


def _first_liquidated(health: PoolHealth) -> str | None:
    distances = [
        (each.liquidation_distance, each.position.subject)
        for each in health.positions
        if isinstance(each.liquidation_distance, float)
    ]
    return min(distances, default=(0.0, None))[1]


def _sum(parts: Iterable[float | None]) -> float | None:
    """The sum, or None when a part is missing."""
    known = list(parts)
    present = [part for part in known if part is not None]
    return math.fsum(present) if len(present) == len(known) else None
