"""The distance of a position cannot be known: never a silent "safe"."""

from __future__ import annotations

from datetime import timedelta

from liqwatch.model import Reading, Severity, Unknown
from liqwatch.rules.base import Danger, Pace, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

IS_UNKNOWN, IS_KNOWN = 1.0, 0.0


def read(sight: Sight) -> Reading:
    """1 while the distance to liquidation is unknown, else 0."""
    position = sight.position
    is_unknown = position is not None and isinstance(position.liquidation_distance, Unknown)
    return IS_UNKNOWN if is_unknown else IS_KNOWN


def headline(reading: Reading) -> str:
    """Whether the figures can be known, in half a sentence."""
    return "liquidation price cannot be known" if reading == IS_UNKNOWN else "liquidation price known again"


RULE = RuleKind(
    kind="figures_unknown",
    scope=Scope.POSITION,
    danger=Danger.ABOVE,
    unit=Unit.YES_NO,
    figure="whether the liquidation price is unknown",
    docs="A fact is missing (a mark price, leverage tiers, a wallet), so that no liquidation price can be computed.",
    levels={Severity.WARNING: 0.5},
    hold=timedelta(seconds=30),
    read=read,
    headline=headline,
    pace=Pace.TICK,
)
