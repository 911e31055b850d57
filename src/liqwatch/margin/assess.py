"""From a pool and the marks of its markets to its health: the one entrance to the arithmetic."""

from __future__ import annotations

import math
from collections.abc import Mapping

from liqwatch.margin.curve import first_crossing
from liqwatch.margin.health import FigureSource, PoolHealth, PositionHealth
from liqwatch.margin.marked import MarkedPool, known_instrument, losing_side
from liqwatch.margin.pnl import coordinate, notional, price_at, unrealized_pnl
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import UNREACHABLE, Reading, Side, Unknown

NO_WAY_BACK = "passed already, and no price of this market alone would bring the pool back"
AT_LIQUIDATION = 0.0
"""The distance of a position that is due and has no price to go back to: never unknown, never safe."""


def assess(pool: Pool, marks: Mapping[str, float]) -> PoolHealth:
    """Judge a pool at these mark prices (by symbol). Never raises for missing facts: they become `Unknown`."""
    marked = MarkedPool(pool, marks)
    unknown = Unknown(marked.why_unknown) if marked.why_unknown else None
    return PoolHealth(
        pool=pool,
        marked=marked,
        equity=unknown or marked.equity,
        maintenance_margin=unknown or marked.requirement,
        margin_ratio=_reported_ratio(pool, unknown) if unknown else _margin_ratio(marked.equity, marked.requirement),
        positions=tuple(_position_health(marked, holding) for holding in pool.holdings),
    )


def computed_liquidation_price(marked: MarkedPool, holding: Holding) -> Reading:
    """The liquidation price of a holding's market by our own arithmetic.

    Beyond liquidation already: the price at which the pool would recover, so that the distance is negative.
    """
    return price_at_margin_ratio(marked, holding, 1.0)


def price_at_margin_ratio(marked: MarkedPool, holding: Holding, ratio: float) -> Reading:
    """The mark of a holding's market at which the pool's margin ratio reaches `ratio`, the other marks unchanged.

    The larger side of a hedge decides which way is meant; where that way never gets there (maintenance on
    both legs can liquidate nearly even twins on the other side), the other way counts. Beyond the ratio
    already: the mark at which the pool would come back to it, unknown where no price of this market does.
    """
    if marked.why_unknown:
        return Unknown(marked.why_unknown)
    symbol, kind = holding.position.symbol, known_instrument(holding).contract_kind
    curve, start = marked.curve(symbol), coordinate(kind, marked.marks[symbol])
    is_beyond = curve.surplus(start, ratio) <= 0
    outward = (curve.adverse_direction or 1) * (-1 if is_beyond else 1)
    for direction in (outward, -outward):
        crossing = first_crossing(curve, start, direction, ratio=ratio)
        if crossing is not None:
            return price_at(kind, crossing)
    return Unknown(NO_WAY_BACK) if is_beyond else UNREACHABLE


def bankruptcy_price(marked: MarkedPool, holding: Holding) -> Reading:
    """The mark at which the pool's equity is gone."""
    if marked.why_unknown:
        return Unknown(marked.why_unknown)
    symbol, kind = holding.position.symbol, known_instrument(holding).contract_kind
    curve, start = marked.curve(symbol), coordinate(kind, marked.marks[symbol])
    outward = curve.adverse_direction * (1 if curve.equity(start) > 0 else -1)
    crossing = first_crossing(curve, start, outward, ratio=math.inf) if outward else None
    return UNREACHABLE if crossing is None else price_at(kind, crossing)


def _reported_ratio(pool: Pool, unknown: Unknown) -> Reading:
    """The venue's own ratio where ours cannot be computed; as old as the account's last answer."""
    ratio = pool.reported_margin_ratio
    return ratio if ratio is not None and math.isfinite(ratio) else unknown


def _margin_ratio(equity: float, requirement: float) -> float:
    """Maintenance ÷ equity; 1 is liquidation. No equity left: infinite."""
    return requirement / equity if equity > 0 else math.inf


def _position_health(marked: MarkedPool, holding: Holding) -> PositionHealth:
    position, instrument = holding.position, holding.instrument
    mark_price = marked.marks.get(position.symbol)
    computed = computed_liquidation_price(marked, holding)
    side = _endangered_side(marked, position.symbol, computed)
    is_hedged_leg = side != position.side.value and _has_leg(marked.pool, position.symbol, side)
    price, source = _chosen(holding, computed, mark_price, side)
    is_lost = isinstance(computed, Unknown) and computed.reason == NO_WAY_BACK
    distance = AT_LIQUIDATION if is_lost else _distance(price, mark_price, side)
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
        liquidation_distance=UNREACHABLE if is_hedged_leg and not is_lost else distance,
        is_hedged_leg=is_hedged_leg,
        loss_at_liquidation=_loss_at_liquidation(marked, holding, price),
    )


def _endangered_side(marked: MarkedPool, symbol: str, computed: Reading) -> int:
    """+1 when a falling price would liquidate this market's positions, -1 when a rising one would, 0 when neither."""
    if isinstance(computed, float) and computed != marked.marks[symbol]:
        is_below, is_solvent = computed < marked.marks[symbol], marked.equity > marked.requirement
        return 1 if is_below is is_solvent else -1
    return losing_side(marked.pool, symbol)


def _has_leg(pool: Pool, symbol: str, side: int) -> bool:
    legs = (holding.position for holding in pool.holdings)
    return any(leg.symbol == symbol and leg.side.value == side for leg in legs)


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
    position, instrument = holding.position, known_instrument(holding)
    way = marked.amounts[position.subject].unrealized_pnl - unrealized_pnl(position, instrument, price)
    fee = instrument.liquidation_fee_rate * notional(position, instrument, price)
    return min(max(way, 0.0) + fee, max(marked.equity, 0.0))
