"""A margin pool has too little equity for its maintenance margin: the margin call."""

from __future__ import annotations

import math

from liqwatch.margin.words import money
from liqwatch.model import UNREACHABLE, MarginMode, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, Pace, RuleKind, Scope, Unit, as_it_is
from liqwatch.rules.sight import Sight

LEVELS = {Severity.NOTICE: 0.50, Severity.WARNING: 0.65, Severity.CRITICAL: 0.80, Severity.EMERGENCY: 0.90}
BACK_TO = {Severity.WARNING: Severity.NOTICE, Severity.CRITICAL: Severity.WARNING}
"""By the level that is passed, the one that the way back leads to: a notice asks for nothing yet."""


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


def advice(sight: Sight) -> str | None:
    """What to add, or how much to close, at the present mark; None at a notice, or where a fact is missing.

    To close a part of an isolated position frees its margin along with it, so there only margin is offered.
    """
    reading = read(sight)
    if not isinstance(reading, float):
        return None
    wanted = next((LEVELS[goal] for level, goal in reversed(BACK_TO.items()) if reading >= LEVELS[level]), None)
    room = sight.pool.buffer_above(wanted) if wanted else None
    if wanted is None or room is None:
        return None
    margin = money(-room, sight.pool.pool.currency)
    if sight.pool.pool.margin_mode is MarginMode.ISOLATED or math.isinf(reading):
        return f"Add {margin}."
    return f"Add {margin}, or close {1.0 - wanted / reading:.0%} of the positions, to be back at {wanted:.0%}."


RULE = RuleKind(
    kind="margin_ratio",
    scope=Scope.POOL,
    danger=Danger.ABOVE,
    unit=Unit.FRACTION,
    figure="margin ratio",
    docs="Maintenance margin as a share of equity, of a cross pool or an isolated position; 100 % is liquidation.",
    levels=LEVELS,
    careful={Severity.NOTICE: 0.35, Severity.WARNING: 0.50, Severity.CRITICAL: 0.65, Severity.EMERGENCY: 0.80},
    bold={Severity.NOTICE: 0.65, Severity.WARNING: 0.80, Severity.CRITICAL: 0.90, Severity.EMERGENCY: 0.95},
    limit=1.0,
    read=read,
    headline=headline,
    advice=advice,
    pace=Pace.TICK,
    guard=as_it_is,
)
