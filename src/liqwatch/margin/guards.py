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

from liqwatch.margin.conventions import Basis, TierMode
from liqwatch.margin.curve import first_crossing
from liqwatch.margin.health import PoolHealth
from liqwatch.margin.marked import MarkedPool, is_bent, known_instrument, losing_side
from liqwatch.margin.pnl import coordinate, exposure, price_at
from liqwatch.margin.pools import Holding, Pool

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


def price_triggers(health: PoolHealth, thresholds: Thresholds) -> Triggers:
    """The trigger prices of a pool around its marks; every market of the pool gets an entry."""
    marked, pool = health.marked, health.pool
    triggers: Triggers = {symbol: [] for symbol in pool.symbols}
    _add_reported(pool, thresholds, triggers)
    if marked.why_unknown:
        return triggers
    if _needs_every_tick(pool):
        _add_box(triggers, marked, 0.0)
    elif len(pool.symbols) == 1:
        _add_exact(health, thresholds, triggers)
    else:
        _add_box(triggers, marked, safe_fraction(marked, thresholds))
    return triggers


def safe_fraction(marked: MarkedPool, thresholds: Thresholds) -> float:
    """By what fraction all marks may move, each its own way, before any threshold can be crossed."""
    pool, marks = marked.pool, marked.marks
    weakest = math.inf
    for holding in pool.holdings:
        symbol = holding.position.symbol
        curve, side = marked.curve(symbol), losing_side(pool, symbol)
        for distance in (0.0, *thresholds.distances.get(holding.position.subject, ())):
            shock = 1.0 - side * distance
            weakest = min(weakest, abs(curve.surplus(marks[symbol] * shock)) / max(shock, 1.0))
    for ratio in thresholds.ratios:
        weakest = min(weakest, abs(ratio * marked.equity - marked.requirement) / max(ratio, 1.0))
    return SAFETY * weakest / _steepest(marked)


def _needs_every_tick(pool: Pool) -> bool:
    convention = pool.convention
    if convention is None or Basis.MARK in (convention.maintenance_basis, convention.closing_fee_basis):
        return True
    if len({holding.position.symbol for holding in pool.holdings}) < len(pool.holdings):
        return True
    if len(pool.symbols) == 1:
        return False
    return convention.tier_mode is TierMode.FLAT or any(map(is_bent, pool.holdings))


def _steepest(marked: MarkedPool) -> float:
    """The most that surplus can change when every mark moves by its whole self."""
    legs = sum(
        exposure(holding.position, known_instrument(holding))
        * (1.0 + known_instrument(holding).closing_fee_rate + _highest_rate(holding))
        * marked.marks[holding.position.symbol]
        for holding in marked.pool.holdings
    )
    return legs + sum(abs(each.slope) * marked.marks[each.symbol] for each in marked.pool.collateral)


def _highest_rate(holding: Holding) -> float:
    return max((tier.maintenance_margin_rate for tier in known_instrument(holding).tiers), default=0.0)


def _add_reported(pool: Pool, thresholds: Thresholds, triggers: Triggers) -> None:
    """The venue's own price stands still between two account answers, so its thresholds are exact."""
    for holding in pool.holdings:
        reported = holding.reported_liquidation_price
        if reported is not None:
            values = thresholds.distances.get(holding.position.subject, ())
            side = losing_side(pool, holding.position.symbol)
            triggers[holding.position.symbol].extend(_prices_at(reported, side, values))


def _add_exact(health: PoolHealth, thresholds: Thresholds, triggers: Triggers) -> None:
    (symbol,) = health.pool.symbols
    prices, side = triggers[symbol], losing_side(health.pool, symbol)
    for position in health.positions:
        price = position.computed_liquidation_price
        if isinstance(price, float):
            prices.extend(_prices_at(price, side, thresholds.distances.get(position.position.subject, ())))
    kind = known_instrument(health.pool.holdings[0]).contract_kind
    curve, start = health.marked.curve(symbol), coordinate(kind, health.marked.marks[symbol])
    for ratio in (1.0, *thresholds.ratios):
        for direction in curve.directions_to_zero(start, ratio):
            crossing = first_crossing(curve, start, direction, ratio=ratio)
            if crossing is not None:
                prices.append(price_at(kind, crossing))


def _prices_at(liquidation_price: float, side: int, distances: Iterable[float]) -> list[float]:
    """The marks at which the distance to a fixed liquidation price takes these values, and the price itself."""
    return [liquidation_price, *(liquidation_price / (1.0 - side * value) for value in distances)]


def _add_box(triggers: Triggers, marked: MarkedPool, fraction: float) -> None:
    for symbol, prices in triggers.items():
        mark_price = marked.marks[symbol]
        prices.extend((mark_price * (1.0 - fraction), mark_price * (1.0 + fraction)))
