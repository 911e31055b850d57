"""The mark has come too near to the liquidation price of a position."""

from __future__ import annotations

from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, RuleKind, Scope


def read(pool: PoolHealth, position: PositionHealth | None) -> Reading:  # noqa: ARG001  # the port's signature
    """The distance to liquidation as a fraction of the mark."""
    return position.liquidation_distance if position else Unknown("no position")


def headline(reading: Reading) -> str:
    """How far, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"distance to liquidation unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "cannot be liquidated"
    return f"{reading:.1%} to liquidation" if reading > 0 else f"{-reading:.1%} beyond liquidation"


RULE = RuleKind(
    kind="liquidation_distance",
    scope=Scope.POSITION,
    danger=Danger.BELOW,
    default_levels={
        Severity.NOTICE: 0.25,
        Severity.WARNING: 0.15,
        Severity.CRITICAL: 0.08,
        Severity.EMERGENCY: 0.04,
    },
    read=read,
    headline=headline,
    follows_price=True,
)
