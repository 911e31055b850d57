"""What a position costs to open, to close and to hold."""

from __future__ import annotations

from datetime import timedelta

from liqwatch.margin.health import PositionHealth
from liqwatch.margin.pnl import coordinate, notional, pnl_slope, price_at
from liqwatch.model import MarginMode

DAY = timedelta(days=1)


def initial_margin(health: PositionHealth) -> float | None:
    """Value ÷ leverage, settle currency: at entry when isolated (what opening took), at the mark when cross.

    None without a leverage, a contract or, in cross mode, a mark.
    """
    position, instrument = health.position, health.instrument
    if instrument is None or not position.leverage or position.entry_price <= 0:
        return None
    if position.margin_mode is MarginMode.ISOLATED:
        return notional(position, instrument, position.entry_price) / position.leverage
    return None if health.notional is None else health.notional / position.leverage


def break_even_price(
    health: PositionHealth, *, opening_fee_rate: float | None, closing_fee_rate: float | None
) -> float | None:
    """The price at which closing pays for both fees: entry, moved by what opening and closing cost.

    Rates are fractions of notional; without one the contract's own is used.
    """
    position, instrument = health.position, health.instrument
    if instrument is None or position.entry_price <= 0 or not position.contracts:
        return None
    opening = instrument.closing_fee_rate if opening_fee_rate is None else opening_fee_rate
    closing = instrument.closing_fee_rate if closing_fee_rate is None else closing_fee_rate
    kind, sign = instrument.contract_kind, 1 if pnl_slope(position, instrument) > 0 else -1
    # sign * (x - entry) = opening * entry + closing * x, per unit of exposure
    return price_at(kind, coordinate(kind, position.entry_price) * (sign + opening) / (sign - closing))


def closing_cost(health: PositionHealth, *, closing_fee_rate: float | None) -> float | None:
    """The fee of closing everything at the present mark, settle currency."""
    if health.instrument is None or health.notional is None:
        return None
    return health.notional * (health.instrument.closing_fee_rate if closing_fee_rate is None else closing_fee_rate)


def funding_per_day(health: PositionHealth, *, rate: float, interval: timedelta) -> float | None:
    """Funding of one day at this rate and mark, settle currency; positive is received. Longs pay a positive rate."""
    if health.notional is None:
        return None
    return -health.position.side.value * rate * health.notional * (DAY / interval)
