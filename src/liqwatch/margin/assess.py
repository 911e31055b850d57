"""From a pool and the marks of its markets to its health: the one entrance to the arithmetic."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from liqwatch.margin.conventions import Basis, Convention
from liqwatch.margin.curve import MarketCurve, first_crossing, leg_of
from liqwatch.margin.health import FigureSource, PoolHealth, PositionHealth
from liqwatch.margin.pnl import coordinate, exposure, notional, price_at, unrealized_pnl
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.tiers import maintenance_margin
from liqwatch.model import UNREACHABLE, Instrument, MarginMode, Reading, Side, Unknown


@dataclass(frozen=True, slots=True)
class Amounts:
    """What one holding adds to its pool at the present marks, settle currency."""

    unrealized_pnl: float
    maintenance_margin: float
    closing_fee: float


def assess(pool: Pool, marks: Mapping[str, float]) -> PoolHealth:
    """Judge a pool at these mark prices (by symbol). Never raises for missing facts: they become `Unknown`."""
    reason = why_unknown(pool, marks)
    amounts = {} if reason else {holding.position.subject: _amounts(pool, holding, marks) for holding in pool.holdings}
    equity: float | Unknown
    requirement: float | Unknown
    if reason or pool.wallet_balance is None:
        equity = requirement = Unknown(reason or "the wallet balance is not known")
    else:
        equity = pool.wallet_balance + sum(each.unrealized_pnl for each in amounts.values())
        requirement = sum(each.maintenance_margin + each.closing_fee for each in amounts.values())
    return PoolHealth(
        pool=pool,
        equity=equity,
        maintenance_margin=requirement,
        margin_ratio=_margin_ratio(equity, requirement),
        positions=tuple(_position_health(pool, holding, marks, amounts, equity) for holding in pool.holdings),
    )


def why_unknown(pool: Pool, marks: Mapping[str, float]) -> str | None:
    """The first missing fact that keeps this pool from being computed, or None."""
    if pool.convention is None:
        return "no verified formula for this exchange"
    for holding in pool.holdings:
        symbol = holding.position.symbol
        if holding.instrument is None:
            return f"{symbol} is not a market this exchange lists"
        if symbol not in marks:
            return f"no mark price yet for {symbol}"
        if not holding.instrument.tiers and pool.convention.maintenance_basis is not Basis.FIXED:
            return f"no leverage tiers for {symbol}"
        if not holding.position.entry_price > 0:
            return f"no entry price for {symbol}"
    return None


def market_curve(pool: Pool, symbol: str, marks: Mapping[str, float]) -> MarketCurve:
    """The pool along one of its markets. Call only when `why_unknown` says None and the wallet is known."""
    convention = pool.convention
    assert convention is not None  # noqa: S101  # narrowing: stated by the caller's contract above
    legs, equity, requirement = [], pool.wallet_balance or 0.0, 0.0
    for holding in pool.holdings:
        if holding.position.symbol == symbol:
            legs.append(leg_of(holding.position, known(holding), convention, marks[symbol]))
        else:
            amounts = _amounts(pool, holding, marks)
            equity += amounts.unrealized_pnl
            requirement += amounts.maintenance_margin + amounts.closing_fee
    return MarketCurve(legs=tuple(legs), outside_equity=equity, outside_requirement=requirement)


def known(holding: Holding) -> Instrument:
    """The holding's contract, after `why_unknown` has vouched for it."""
    assert holding.instrument is not None  # noqa: S101  # narrowing, as above
    return holding.instrument


def computed_liquidation_price(pool: Pool, holding: Holding, marks: Mapping[str, float]) -> tuple[Reading, int]:
    """The liquidation price of a holding's market by our own arithmetic, and the side (+1/-1) that loses there.

    Beyond liquidation already: the price at which the pool would recover, so that the distance is negative.
    """
    reason = why_unknown(pool, marks)
    if reason or pool.wallet_balance is None:
        return Unknown(reason or "the wallet balance is not known"), holding.position.side.value
    kind = known(holding).contract_kind
    curve = market_curve(pool, holding.position.symbol, marks)
    start = coordinate(kind, marks[holding.position.symbol])
    losing = curve.adverse_direction
    if losing == 0:
        return UNREACHABLE, holding.position.side.value
    side = losing_side(pool, holding)
    if curve.surplus(start) <= 0:
        recovery = first_crossing(curve, start, -losing)
        return (price_at(kind, recovery) if recovery is not None else marks[holding.position.symbol]), side
    crossing = first_crossing(curve, start, losing)
    return (price_at(kind, crossing) if crossing is not None else UNREACHABLE), side


def losing_side(pool: Pool, holding: Holding) -> int:
    """+1 when the pool's net position in this market is long, -1 when short, 0 when flat."""
    net = sum(
        other.position.side.value * other.position.contracts
        for other in pool.holdings
        if other.position.symbol == holding.position.symbol
    )
    return 0 if net == 0 else int(math.copysign(1, net))


def _amounts(pool: Pool, holding: Holding, marks: Mapping[str, float]) -> Amounts:
    position, instrument = holding.position, known(holding)
    mark_price = marks[position.symbol]
    value = notional(position, instrument, mark_price)
    convention = pool.convention
    assert convention is not None  # noqa: S101  # narrowing, as above
    fee_price = position.entry_price if convention.closing_fee_basis is Basis.ENTRY else mark_price
    has_fee = convention.closing_fee_basis is not Basis.NONE
    return Amounts(
        unrealized_pnl=unrealized_pnl(position, instrument, mark_price),
        maintenance_margin=_maintenance(holding, convention, value),
        closing_fee=convention.closing_fee_rate * notional(position, instrument, fee_price) if has_fee else 0.0,
    )


def _maintenance(holding: Holding, convention: Convention, value: float) -> float:
    position, instrument = holding.position, known(holding)
    if convention.maintenance_basis is Basis.FIXED:
        return position.reported_maintenance_margin or 0.0
    if convention.maintenance_basis is Basis.ENTRY:
        value = notional(position, instrument, position.entry_price)
    return maintenance_margin(instrument.tiers, value)


def _margin_ratio(equity: float | Unknown, requirement: float | Unknown) -> Reading:
    """Maintenance ÷ equity; 1 is liquidation. No equity left: infinite."""
    if isinstance(equity, Unknown) or isinstance(requirement, Unknown):
        return equity if isinstance(equity, Unknown) else Unknown("maintenance is not known")
    return requirement / equity if equity > 0 else math.inf


def _position_health(
    pool: Pool,
    holding: Holding,
    marks: Mapping[str, float],
    amounts: Mapping[str, Amounts],
    equity: float | Unknown,
) -> PositionHealth:
    position, instrument = holding.position, holding.instrument
    mark_price = marks.get(position.symbol)
    computed, side = computed_liquidation_price(pool, holding, marks)
    is_hedged_leg = side not in (position.side.value, 0) and pool.margin_mode is MarginMode.CROSS
    reported = position.reported_liquidation_price
    is_assumed = instrument is not None and instrument.tiers_assumed
    price, source = _nearer(UNREACHABLE if is_assumed and reported else computed, reported, mark_price, side)
    mine = amounts.get(position.subject)
    value = notional(position, instrument, mark_price) if instrument and mark_price else None
    return PositionHealth(
        position=position,
        instrument=instrument,
        mark_price=mark_price,
        notional=value,
        unrealized_pnl=mine.unrealized_pnl if mine else None,
        maintenance_margin=mine.maintenance_margin if mine else None,
        computed_liquidation_price=computed,
        liquidation_price=price,
        liquidation_source=source,
        liquidation_distance=UNREACHABLE if is_hedged_leg else _distance(price, mark_price, side),
        is_hedged_leg=is_hedged_leg,
        loss_at_liquidation=_loss_at_liquidation(holding, mark_price, price, equity),
        bankruptcy_price=_bankruptcy_price(pool, holding, marks),
    )


def _nearer(
    computed: Reading, reported: float | None, mark_price: float | None, side: int
) -> tuple[Reading, FigureSource]:
    """Of two liquidation prices the one the mark meets first; a missing one never outvotes a present one."""
    if reported is None or side == 0:
        return computed, FigureSource.COMPUTED
    if not isinstance(computed, float):
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


def _loss_at_liquidation(
    holding: Holding, mark_price: float | None, price: Reading, equity: float | Unknown
) -> float | None:
    """What liquidation would cost from here: the way to it and the clearance fee, at most the pool's equity."""
    instrument = holding.instrument
    if instrument is None or mark_price is None or not isinstance(price, float) or isinstance(equity, Unknown):
        return None
    quantity, kind = exposure(holding.position, instrument), instrument.contract_kind
    way = quantity * abs(coordinate(kind, mark_price) - coordinate(kind, price))
    fee = instrument.liquidation_fee_rate * quantity * coordinate(kind, price)
    return min(way + fee, max(equity, 0.0))


def _bankruptcy_price(pool: Pool, holding: Holding, marks: Mapping[str, float]) -> Reading:
    """The mark at which the pool's equity is gone."""
    reason = why_unknown(pool, marks)
    if reason or pool.wallet_balance is None:
        return Unknown(reason or "the wallet balance is not known")
    kind = known(holding).contract_kind
    curve = market_curve(pool, holding.position.symbol, marks)
    start = coordinate(kind, marks[holding.position.symbol])
    outward = curve.adverse_direction * (1 if curve.equity(start) > 0 else -1)
    crossing = first_crossing(curve, start, outward, ratio=math.inf) if outward else None
    return price_at(kind, crossing) if crossing is not None else UNREACHABLE
