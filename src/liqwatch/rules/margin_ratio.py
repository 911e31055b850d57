"""A margin pool has too little equity for its maintenance margin: the margin call."""

from __future__ import annotations

import math

from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, Pace, RuleKind, Scope, Unit, as_it_is
from liqwatch.rules.sight import Sight


def read(sight: Sight) -> Reading:
    """Maintenance ÷ equity."""
    return sight.pool.margin_ratio


def headline(reading: Reading) -> str:
    """The ratio, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"margin ratio unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "no maintenance margin"
    return "no equity left" if math.isinf(reading) else f"margin ratio {reading:.1%}"


RULE = RuleKind(
    kind="margin_ratio",
    scope=Scope.POOL,
    danger=Danger.ABOVE,
    unit=Unit.FRACTION,
    figure="margin ratio",
    docs="Maintenance margin as a share of equity, of a cross pool or an isolated position; 100 % is liquidation.",
    levels={Severity.NOTICE: 0.50, Severity.WARNING: 0.65, Severity.CRITICAL: 0.80, Severity.EMERGENCY: 0.90},
    careful={Severity.NOTICE: 0.35, Severity.WARNING: 0.50, Severity.CRITICAL: 0.65, Severity.EMERGENCY: 0.80},
    bold={Severity.NOTICE: 0.65, Severity.WARNING: 0.80, Severity.CRITICAL: 0.90, Severity.EMERGENCY: 0.95},
    limit=1.0,
    read=read,
    headline=headline,
    pace=Pace.TICK,
    guard=as_it_is,
)
