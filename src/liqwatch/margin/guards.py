"""Guard prices: which marks must be touched before anything about a pool can change.

One market in the pool: every threshold is one exact price, whatever the other prices do.
Several markets: all of them may move by the same safe fraction before any threshold can be crossed.
Equity minus requirement cannot change faster per market than net exposure plus the steepest maintenance
rate, so a slack divided by the sum of those bounds is safe (triangle inequality). Where that bound does not
hold (flat tiers jump, inverse pools bend, hedged legs turn the slope, maintenance at the moving mark) the
guards close on the mark and every tick is judged. A guard that is too tight costs time, never an alert.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from liqwatch.margin.assess import known, losing_side, market_curve, why_unknown
from liqwatch.margin.conventions import Basis, TierMode
from liqwatch.margin.curve import first_crossing
from liqwatch.margin.health import PoolHealth
from liqwatch.margin.pnl import coordinate, exposure, price_at
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import ContractKind

Triggers = dict[str, list[float]]
"""Prices by symbol; the pool must be judged again when a mark passes one."""

SAFETY = 0.999
"""Keeps rounding in the slack on the early side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Every value at which a rule of this pool fires or clears.

    `distances` by position subject and `ratios` for the pool, both fractions.
    """

    distances: Mapping[str, Sequence[float]] = field(default_factory=dict)
    ratios: Sequence[float] = ()


def price_triggers(health: PoolHealth, marks: Mapping[str, float], thresholds: Thresholds) -> Triggers:
    """The trigger prices of a pool around the present marks; every market of the pool gets an entry."""
    pool = health.pool
    triggers: Triggers = {symbol: [] for symbol in pool.symbols}
    _add_reported(health, thresholds, triggers)
    if pool.wallet_balance is None or why_unknown(pool, marks):
        return triggers
    if _needs_every_tick(pool):
        _add_box(triggers, marks, 0.0)
    elif len(pool.symbols) == 1:
        _add_exact(health, marks, thresholds, triggers)
    else:
        _add_box(triggers, marks, safe_fraction(pool, marks, thresholds))
    return triggers


def safe_fraction(pool: Pool, marks: Mapping[str, float], thresholds: Thresholds) -> float:
    """By what fraction all marks may move, each its own way, before any threshold can be crossed."""
    slopes = {symbol: _steepest(pool, symbol) * marks[symbol] for symbol in pool.symbols}
    weakest = math.inf
    for holding in pool.holdings:
        for distance in (0.0, *thresholds.distances.get(holding.position.subject, ())):
            shock = 1.0 - losing_side(pool, holding) * distance
            curve = market_curve(pool, holding.position.symbol, marks)
            slack = abs(curve.surplus(marks[holding.position.symbol] * shock))
            weakest = min(weakest, slack / max(shock, 1.0))
    symbol = next(iter(pool.symbols))
    curve = market_curve(pool, symbol, marks)
    for ratio in thresholds.ratios:
        weakest = min(weakest, abs(curve.surplus(marks[symbol], ratio)) / max(ratio, 1.0))
    return SAFETY * weakest / sum(slopes.values())


def _needs_every_tick(pool: Pool) -> bool:
    convention = pool.convention
    if convention is None or convention.maintenance_basis is Basis.MARK or convention.closing_fee_basis is Basis.MARK:
        return True
    if len(pool.symbols) == 1:
        return False
    is_bent = any(known(holding).contract_kind is ContractKind.INVERSE for holding in pool.holdings)
    has_twins = len(pool.symbols) < len(pool.holdings)
    return is_bent or has_twins or convention.tier_mode is TierMode.FLAT


def _steepest(pool: Pool, symbol: str) -> float:
    """The most that surplus can change per unit of this market's price."""
    fee_rate = pool.convention.closing_fee_rate if pool.convention else 0.0
    return sum(
        exposure(holding.position, known(holding))
        * (1.0 + fee_rate + max(tier.maintenance_margin_rate for tier in known(holding).tiers))
        for holding in pool.holdings
        if holding.position.symbol == symbol
    )


def _add_reported(health: PoolHealth, thresholds: Thresholds, triggers: Triggers) -> None:
    """The venue's own price stands still between two account answers, so its thresholds are exact."""
    for position in health.positions:
        reported = position.position.reported_liquidation_price
        side = losing_side(health.pool, Holding(position.position, position.instrument))
        if reported is not None:
            values = thresholds.distances.get(position.position.subject, ())
            triggers[position.position.symbol].extend(_prices_at(reported, side, values))


def _add_exact(health: PoolHealth, marks: Mapping[str, float], thresholds: Thresholds, triggers: Triggers) -> None:
    (symbol,) = health.pool.symbols
    for position in health.positions:
        price = position.computed_liquidation_price
        side = losing_side(health.pool, Holding(position.position, position.instrument))
        if isinstance(price, float):
            values = thresholds.distances.get(position.position.subject, ())
            triggers[symbol].extend(_prices_at(price, side, values))
    kind = known(health.pool.holdings[0]).contract_kind
    curve = market_curve(health.pool, symbol, marks)
    start = coordinate(kind, marks[symbol])
    for ratio in (1.0, *thresholds.ratios):
        for direction in (1, -1):
            crossing = first_crossing(curve, start, direction, ratio=ratio)
            if crossing is not None:
                triggers[symbol].append(price_at(kind, crossing))


def _prices_at(liquidation_price: float, side: int, distances: Iterable[float]) -> list[float]:
    """The marks at which the distance to a fixed liquidation price takes these values, and the price itself."""
    return [liquidation_price, *(liquidation_price / (1.0 - side * value) for value in distances)]


def _add_box(triggers: Triggers, marks: Mapping[str, float], fraction: float) -> None:
    for symbol, prices in triggers.items():
        prices.extend((marks[symbol] * (1.0 - fraction), marks[symbol] * (1.0 + fraction)))
