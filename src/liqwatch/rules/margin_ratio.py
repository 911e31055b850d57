"""A margin pool has too little equity for its maintenance margin: the margin call."""

from __future__ import annotations

import math

from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, RuleKind, Scope


def read(pool: PoolHealth, position: PositionHealth | None) -> Reading:  # noqa: ARG001  # the port's signature
    """Maintenance ÷ equity."""
    return pool.margin_ratio


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
    default_levels={
        Severity.NOTICE: 0.50,
        Severity.WARNING: 0.65,
        Severity.CRITICAL: 0.80,
        Severity.EMERGENCY: 0.90,
    },
    read=read,
    headline=headline,
    follows_price=True,
)
