"""A market's funding rate is extreme: one side is crowded, whoever pays."""

from __future__ import annotations

from datetime import timedelta

from liqwatch.margin.funding import USUAL_INTERVAL, assumption, funding_interval
from liqwatch.model import UNREACHABLE, FundingRate, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, Option, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight


def read(sight: Sight) -> Reading:
    """The size of the rate, brought to 8 h, a fraction of the position's value."""
    if sight.symbol and "-" in sight.symbol.rpartition(":")[2]:
        return UNREACHABLE
    if sight.funding is None:
        return Unknown("the venue tells no funding rate" if sight.symbol else "no position")
    interval, _ = _interval(sight, sight.funding)
    return abs(sight.funding.rate) * (USUAL_INTERVAL / interval)


def headline(reading: Reading) -> str:
    """How much, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"funding rate unknown: {reading.reason}"
    return "a dated contract pays no funding" if reading is UNREACHABLE else f"funding at {reading:.3%} per 8 h"


def detail(sight: Sight) -> tuple[str, ...]:
    """Which side is crowded, what that means for this position, and whether the interval is only assumed."""
    if sight.funding is None or sight.position is None or not sight.funding.rate:
        return ()
    crowd = "Longs" if sight.funding.rate > 0 else "Shorts"
    if sight.funding.rate * sight.position.position.side.value > 0:
        line = f"{crowd} crowd this market, and this is one of them: they are forced out together."
    else:
        line = f"{crowd} crowd this market and pay this position: a squeeze may still go further."
    interval, is_assumed = _interval(sight, sight.funding)
    return (line, assumption(interval)) if is_assumed else (line,)


def advice(sight: Sight) -> str | None:
    """What to look after."""
    if sight.funding is None or sight.position is None or not sight.funding.rate:
        return None
    is_crowded = sight.funding.rate * sight.position.position.side.value > 0
    if is_crowded:
        return "Check that your stop lies well before the liquidation price: a crowded side falls fast."
    return "Keep more room than usual: the crowd may push further before it gives in."


def _interval(sight: Sight, funding: FundingRate) -> tuple[timedelta, bool]:
    seconds = sight.options.get("interval", USUAL_INTERVAL.total_seconds())
    assumed = timedelta(seconds=seconds) if seconds > 0 else USUAL_INTERVAL
    return funding_interval(funding, sight.pool.pool.venue, assumed)


RULE = RuleKind(
    kind="funding_overheated",
    scope=Scope.POSITION,
    danger=Danger.ABOVE,
    unit=Unit.FRACTION,
    figure="size of the funding rate per 8 h",
    docs="How far the funding rate is from zero, either way, brought to 8 h so that venues compare. It says how "
    "crowded a market is, not what it costs (that is `funding`): 0.01 % is the resting rate of most venues, 0.1 % is "
    "ten times that and comes with euphoria or panic, 0.3 % is seldom held for more than a few payments.",
    levels={Severity.NOTICE: 0.001, Severity.WARNING: 0.003},
    careful={Severity.NOTICE: 0.0005, Severity.WARNING: 0.0015},
    bold={Severity.NOTICE: 0.003, Severity.WARNING: 0.01},
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
    options={"interval": Option(Unit.SECONDS, 28_800.0, "Time between payments where the venue does not tell it.")},
)
