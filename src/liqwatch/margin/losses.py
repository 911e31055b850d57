"""How far liquidation is in money and ticks, what it takes, and what is missing when the price jumps past it."""

from __future__ import annotations

import math

from liqwatch.margin.assess import bankruptcy_price
from liqwatch.margin.health import PositionHealth
from liqwatch.margin.marked import MarkedPool, known_instrument
from liqwatch.margin.pnl import coordinate, notional, unrealized_pnl
from liqwatch.margin.pools import Holding
from liqwatch.margin.rounding import GRAIN, round_toward
from liqwatch.model import Unknown


def price_ahead(health: PositionHealth) -> float | None:
    """The liquidation price where a move can liquidate this position; None for a hedged leg and where there is none."""
    is_ahead = isinstance(health.liquidation_distance, float)
    return health.liquidation_price if is_ahead and isinstance(health.liquidation_price, float) else None


def distance_money(health: PositionHealth) -> float | None:
    """Profit lost between the mark and the liquidation price, settle currency; negative when beyond it."""
    price, instrument = price_ahead(health), health.instrument
    if price is None or instrument is None or health.mark_price is None or health.position.entry_price <= 0:
        return None
    position = health.position
    way = unrealized_pnl(position, instrument, health.mark_price) - unrealized_pnl(position, instrument, price)
    return math.copysign(way, _sign(health))


def distance_ticks(health: PositionHealth) -> int | None:
    """Whole ticks the mark may still move before it is at the liquidation price, rounded to the early side."""
    price, instrument, mark_price = price_ahead(health), health.instrument, health.mark_price
    if price is None or instrument is None or mark_price is None or instrument.price_tick <= 0:
        return None
    tick, side = instrument.price_tick, _sign(health) * math.copysign(1.0, mark_price - price)
    printed = round_toward(price, tick, side * math.inf)
    ticks = side * (mark_price - printed) / tick
    return math.floor(ticks + GRAIN * max(1.0, abs(ticks)))


def _sign(health: PositionHealth) -> float:
    """+1 while liquidation lies ahead, whichever way the price has to go; -1 beyond it."""
    distance = health.liquidation_distance
    return -1.0 if isinstance(distance, float) and distance < 0 else 1.0


def liquidation_fee(health: PositionHealth) -> float | None:
    """The clearance fee on the whole position at its liquidation price; 0 where the contract names none."""
    price, instrument = price_ahead(health), health.instrument
    if price is None or instrument is None:
        return None
    return instrument.liquidation_fee_rate * notional(health.position, instrument, price)


def effective_leverage(value: float | None, equity: float | Unknown) -> float | None:
    """Notional ÷ equity behind it; infinite when no equity is left."""
    if value is None or isinstance(equity, Unknown):
        return None
    return value / equity if equity > 0 else math.inf


def shortfall_after_gap(marked: MarkedPool, holding: Holding, gap: float) -> float | None:
    """What the pool would owe if this market closed `gap` (a fraction) past bankruptcy, or at the mark if worse.

    An insurance fund pays it, or others are deleveraged for it. 0 where bankruptcy cannot be reached.
    """
    bankruptcy = bankruptcy_price(marked, holding)
    if isinstance(bankruptcy, Unknown):
        return None
    worst = marked.equity
    if isinstance(bankruptcy, float):
        symbol, kind = holding.position.symbol, known_instrument(holding).contract_kind
        fill_price = bankruptcy * (1.0 - marked.losing_side(symbol) * gap)
        worst = min(worst, marked.curve(symbol).equity(coordinate(kind, fill_price)))
    return max(0.0, -worst)
