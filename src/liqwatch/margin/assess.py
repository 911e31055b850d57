"""From a pool and the marks of its markets to its health: the one entrance to the arithmetic."""

from __future__ import annotations

import math
from collections.abc import Mapping

from liqwatch.margin.curve import first_crossing
from liqwatch.margin.health import FigureSource, PoolHealth, PositionHealth
from liqwatch.margin.marked import MarkedPool, known_instrument, losing_side
from liqwatch.margin.pnl import coordinate, exposure, notional, price_at
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import UNREACHABLE, MarginMode, Reading, Side, Unknown


def assess(pool: Pool, marks: Mapping[str, float]) -> PoolHealth:
    """Judge a pool at these mark prices (by symbol). Never raises for missing facts: they become `Unknown`."""
    marked = MarkedPool(pool, marks)
    unknown = Unknown(marked.why_unknown) if marked.why_unknown else None
    return PoolHealth(
        pool=pool,
        marked=marked,
        equity=unknown or marked.equity,
        maintenance_margin=unknown or marked.requirement,
        margin_ratio=unknown or _margin_ratio(marked.equity, marked.requirement),
        positions=tuple(_position_health(marked, holding) for holding in pool.holdings),
    )


def computed_liquidation_price(marked: MarkedPool, holding: Holding) -> Reading:
    """The liquidation price of a holding's market by our own arithmetic.

    Beyond liquidation already: the price at which the pool would recover, so that the distance is negative.
    """
    if marked.why_unknown:
        return Unknown(marked.why_unknown)
    symbol, kind = holding.position.symbol, known_instrument(holding).contract_kind
    curve, start = marked.curve(symbol), coordinate(kind, marked.marks[symbol])
    losing = curve.adverse_direction
    if losing == 0:
        return UNREACHABLE
    if curve.surplus(start) <= 0:
        recovery = first_crossing(curve, start, -losing)
        return marked.marks[symbol] if recovery is None else price_at(kind, recovery)
    crossing = first_crossing(curve, start, losing)
    return UNREACHABLE if crossing is None else price_at(kind, crossing)


def bankruptcy_price(marked: MarkedPool, holding: Holding) -> Reading:
    """The mark at which the pool's equity is gone."""
    if marked.why_unknown:
        return Unknown(marked.why_unknown)
    symbol, kind = holding.position.symbol, known_instrument(holding).contract_kind
    curve, start = marked.curve(symbol), coordinate(kind, marked.marks[symbol])
    outward = curve.adverse_direction * (1 if curve.equity(start) > 0 else -1)
    crossing = first_crossing(curve, start, outward, ratio=math.inf) if outward else None
    return UNREACHABLE if crossing is None else price_at(kind, crossing)


def _margin_ratio(equity: float, requirement: float) -> float:
    """Maintenance ÷ equity; 1 is liquidation. No equity left: infinite."""
    return requirement / equity if equity > 0 else math.inf


def _position_health(marked: MarkedPool, holding: Holding) -> PositionHealth:
    pool, position, instrument = marked.pool, holding.position, holding.instrument
    mark_price = marked.marks.get(position.symbol)
    side = losing_side(pool, position.symbol)
    is_hedged_leg = side not in (position.side.value, 0) and pool.margin_mode is MarginMode.CROSS
    computed = computed_liquidation_price(marked, holding)
    price, source = _chosen(holding, computed, mark_price, side)
    mine = marked.amounts.get(position.subject)
    return PositionHealth(
        position=position,
        instrument=instrument,
        mark_price=mark_price,
        notional=notional(position, instrument, mark_price) if instrument and mark_price else None,
        unrealized_pnl=mine.unrealized_pnl if mine else None,
        maintenance_margin=mine.maintenance_margin if mine else None,
        computed_liquidation_price=computed,
        liquidation_price=price,
        liquidation_source=source,
        liquidation_distance=UNREACHABLE if is_hedged_leg else _distance(price, mark_price, side),
        is_hedged_leg=is_hedged_leg,
        loss_at_liquidation=_loss_at_liquidation(marked, holding, price),
    )


def _chosen(holding: Holding, computed: Reading, mark_price: float | None, side: int) -> tuple[Reading, FigureSource]:
    """Of reported and computed the one the mark meets first; a missing one never outvotes a present one.

    A figure that rests on assumed tiers does not outvote the venue's.
    """
    reported = holding.reported_liquidation_price
    if reported is None or side == 0:
        return computed, FigureSource.COMPUTED
    is_assumed = holding.instrument is not None and holding.instrument.tiers_assumed
    if is_assumed or not isinstance(computed, float):
        return reported, FigureSource.REPORTED
    if mark_price is None or side * (mark_price - computed) <= side * (mark_price - reported):
        return computed, FigureSource.COMPUTED
    return reported, FigureSource.REPORTED


def _distance(price: Reading, mark_price: float | None, side: int) -> Reading:
    """(mark - liquidation) * side / mark: positive is safe, zero is liquidation, negative is beyond."""
    if not isinstance(price, float):
        return price
    if mark_price is None:
        return Unknown("no mark price yet")
    return (side or Side.LONG.value) * (mark_price - price) / mark_price


def _loss_at_liquidation(marked: MarkedPool, holding: Holding, price: Reading) -> float | None:
    """What liquidation would cost from here: the way to it and the clearance fee, at most the pool's equity."""
    if marked.why_unknown or not isinstance(price, float):
        return None
    instrument, mark_price = known_instrument(holding), marked.marks[holding.position.symbol]
    quantity, kind = exposure(holding.position, instrument), instrument.contract_kind
    way = quantity * abs(coordinate(kind, mark_price) - coordinate(kind, price))
    fee = instrument.liquidation_fee_rate * quantity * coordinate(kind, price)
    return min(way + fee, max(marked.equity, 0.0))
