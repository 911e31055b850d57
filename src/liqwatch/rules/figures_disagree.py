"""The venue's liquidation price and ours are further apart than rounding can explain."""

from __future__ import annotations

from datetime import timedelta

from liqwatch.margin.disagreement import disagreement, likely_cause
from liqwatch.margin.health import PositionHealth
from liqwatch.margin.pools import Holding
from liqwatch.model import UNREACHABLE, Reading, Severity
from liqwatch.rules.base import Danger, Pace, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

AT_TOLERANCE = 1.0


def read(sight: Sight) -> Reading:
    """The difference in tolerances (a tick, or 0.01 % of the mark); nothing to compare is no disagreement."""
    found = disagreement(sight.pool.pool, _holding(sight.position)) if sight.position else None
    return found.tolerances if found else UNREACHABLE


def headline(reading: Reading) -> str:
    """How far apart, in half a sentence."""
    if isinstance(reading, float) and reading > AT_TOLERANCE:
        return f"the venue's liquidation price and ours differ by {reading:,.1f} tolerances"
    return "the venue's liquidation price and ours agree"


def detail(sight: Sight) -> tuple[str, ...]:
    """Both figures and the likely cause."""
    pool, position = sight.pool.pool, sight.position
    found = disagreement(pool, _holding(position)) if position else None
    if found is None or position is None or found.tolerances <= AT_TOLERANCE:
        return ()
    cause = likely_cause(pool, _holding(position))
    return (f"Venue {found.reported:,.8g}, computed {found.computed:,.8g}: {cause}. The nearer one is used.",)


def _holding(position: PositionHealth) -> Holding:
    return Holding(position.position, position.instrument)


RULE = RuleKind(
    kind="figures_disagree",
    scope=Scope.POSITION,
    danger=Danger.ABOVE,
    unit=Unit.YES_NO,
    figure="difference between the venue's liquidation price and ours, in tolerances",
    docs="The two differ by more than a tick (or 0.01 % of the mark): the formula moved, or we misread the venue.",
    levels={Severity.WARNING: AT_TOLERANCE},
    hold=timedelta(seconds=60),
    read=read,
    headline=headline,
    detail=detail,
    pace=Pace.ANSWER,
)
