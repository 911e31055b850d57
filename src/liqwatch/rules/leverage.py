"""A margin pool carries many times its own equity."""

from __future__ import annotations

import math

from liqwatch.margin.losses import effective_leverage
from liqwatch.margin.words import money
from liqwatch.model import UNREACHABLE, MarginMode, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

LEVELS = {Severity.NOTICE: 10.0, Severity.WARNING: 25.0}
TOLD_POSITIONS = 3


def read(sight: Sight) -> Reading:
    """All notionals ÷ equity; infinite when no equity is left."""
    pool = sight.pool
    if isinstance(pool.equity, Unknown):
        return pool.equity
    if pool.pool.outside_maintenance_margin or pool.pool.outside_unrealized_pnl:
        return Unknown("some positions of the pool are known only by their sums")
    value = _value(sight)
    leverage = effective_leverage(value, pool.equity)
    return Unknown("the value of a position is not known") if leverage is None else leverage


def headline(reading: Reading) -> str:
    """How many times, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"effective leverage unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "no leverage"
    return "no equity left behind the positions" if math.isinf(reading) else f"effective leverage {reading:.1f}x"


def detail(sight: Sight) -> tuple[str, ...]:
    """Equity, and the largest positions with the leverage that is set at the venue."""
    pool, value = sight.pool, _value(sight)
    if isinstance(pool.equity, Unknown) or value is None:
        return ()
    currency = pool.pool.currency
    ranked = sorted(pool.positions, key=lambda each: -(each.notional or 0.0))
    lines = [f"Positions of {money(value, currency)} stand on equity of {money(pool.equity, currency)}."]
    for each in ranked[:TOLD_POSITIONS]:
        setting = f", set to {each.position.leverage:g}x" if each.position.leverage else ""
        lines.append(f"{each.position.subject}: {money(each.notional or 0.0, currency)}{setting}")
    if len(ranked) > TOLD_POSITIONS:
        lines.append(f"and {len(ranked) - TOLD_POSITIONS} more")
    if any(each.is_hedged_leg for each in ranked):
        lines.append("Both legs of a hedge are counted: the venue asks margin for both.")
    return tuple(lines)


def advice(sight: Sight) -> str | None:
    """Margin or size that brings the mildest level passed back."""
    reading, value, equity = read(sight), _value(sight), sight.pool.equity
    if not isinstance(reading, float) or isinstance(equity, Unknown) or not value:
        return None
    wanted = next((LEVELS[level] for level in (Severity.WARNING, Severity.NOTICE) if reading > LEVELS[level]), None)
    if wanted is None:
        return None
    margin = f"Add about {money(value / wanted - equity, sight.pool.pool.currency)} of margin"
    share = 1.0 - wanted * equity / value
    if sight.pool.pool.margin_mode is MarginMode.ISOLATED or share >= 1:
        return f"{margin} to be back at {wanted:g}x."
    return f"{margin}, or close about {share:.0%} of the positions, to be back at {wanted:g}x."


def _value(sight: Sight) -> float | None:
    values = [each.notional for each in sight.pool.positions if each.notional is not None]
    return math.fsum(values) if len(values) == len(sight.pool.positions) else None


RULE = RuleKind(
    kind="leverage",
    scope=Scope.POOL,
    danger=Danger.ABOVE,
    unit=Unit.MULTIPLE,
    figure="effective leverage",
    docs="The value of a pool's positions divided by the equity behind them (an isolated position: its own margin and "
    "profit), which is what a loss is measured by; the leverage set at the venue only decides how much margin an "
    "order takes. At 5x, the most that guides for beginners call moderate, a move of 20 % takes everything; at 10x "
    "a bad day of a large coin does, at 25x a bad hour. Both legs of a hedge count.",
    levels=LEVELS,
    careful={Severity.NOTICE: 3.0, Severity.WARNING: 5.0, Severity.CRITICAL: 10.0},
    bold={Severity.NOTICE: 25.0, Severity.WARNING: 50.0},
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
)
