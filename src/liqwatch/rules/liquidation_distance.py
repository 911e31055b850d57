"""The mark has come too near to the liquidation price of a position."""

from __future__ import annotations

from liqwatch.margin.relief import relief_to_distance
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, Pace, RuleKind, Scope, Unit, as_it_is
from liqwatch.rules.sight import Sight

LEVELS = {Severity.NOTICE: 0.25, Severity.WARNING: 0.15, Severity.CRITICAL: 0.08, Severity.EMERGENCY: 0.04}
BACK_TO = {Severity.WARNING: Severity.NOTICE, Severity.CRITICAL: Severity.WARNING}
"""By the level that is passed, the one that the way back leads to: a notice asks for nothing yet."""


def read(sight: Sight) -> Reading:
    """The distance to liquidation as a fraction of the mark."""
    return sight.position.liquidation_distance if sight.position else Unknown("no position")


def headline(reading: Reading) -> str:
    """How far, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"distance to liquidation unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "cannot be liquidated"
    return f"{reading:.1%} to liquidation" if reading > 0 else f"{-reading:.1%} beyond liquidation"


def advice(sight: Sight) -> str | None:
    """What margin or size brings it out of danger; None at a notice, or where a fact is missing."""
    reading = read(sight)
    if sight.position is None or not isinstance(reading, float):
        return None
    wanted = next((LEVELS[goal] for level, goal in reversed(BACK_TO.items()) if reading <= LEVELS[level]), None)
    relief = relief_to_distance(sight.pool, sight.position, wanted) if wanted else None
    return relief.advice(f"have {wanted:.1%} to liquidation again") if relief else None


RULE = RuleKind(
    kind="liquidation_distance",
    scope=Scope.POSITION,
    danger=Danger.BELOW,
    unit=Unit.FRACTION,
    figure="distance to liquidation",
    docs="How far the mark price is from the liquidation price, as a share of the mark price.",
    levels=LEVELS,
    careful={Severity.NOTICE: 0.40, Severity.WARNING: 0.25, Severity.CRITICAL: 0.15, Severity.EMERGENCY: 0.08},
    bold={Severity.NOTICE: 0.12, Severity.WARNING: 0.08, Severity.CRITICAL: 0.04, Severity.EMERGENCY: 0.02},
    read=read,
    headline=headline,
    advice=advice,
    pace=Pace.TICK,
    guard=as_it_is,
)
