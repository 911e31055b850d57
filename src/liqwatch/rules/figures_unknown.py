"""The distance of a position cannot be known: never a silent "safe"."""

from __future__ import annotations

from datetime import timedelta

from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.model import Reading, Severity, Unknown
from liqwatch.rules.base import Danger, RuleKind, Scope

IS_UNKNOWN, IS_KNOWN = 1.0, 0.0


def read(pool: PoolHealth, position: PositionHealth | None) -> Reading:  # noqa: ARG001  # the port's signature
    """1 while the distance to liquidation is unknown, else 0."""
    is_unknown = position is not None and isinstance(position.liquidation_distance, Unknown)
    return IS_UNKNOWN if is_unknown else IS_KNOWN


def headline(reading: Reading) -> str:
    """Whether the figures can be known, in half a sentence."""
    return "liquidation price cannot be known" if reading == IS_UNKNOWN else "liquidation price known again"


RULE = RuleKind(
    kind="figures_unknown",
    scope=Scope.POSITION,
    danger=Danger.ABOVE,
    default_levels={Severity.WARNING: 0.5},
    default_hold={Severity.WARNING: timedelta(seconds=30)},
    read=read,
    headline=headline,
)
