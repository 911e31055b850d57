"""A venue is silent while a position is near liquidation: silence times nearness, not silence alone.

    reading = min(silence / (6 patience), 1) + min(silence / patience - 1, 8) * nearness

The first part makes a notice of any silence of six patiences (90 s) and never more. The second weighs it: every
further patience that passes unseen adds the nearness, up to eight of them, as a venue that is silent for long is
told of by `data_staleness` anyway. Nearness is the share of the distance to liquidation that the market may have
gone unseen, at most 1: the greater of what it moved in the last five minutes seen and three standard deviations
of the silence at the day's volatility, over the distance. So 90 s of silence are 2.9 (critical) eight percent from
liquidation in a market that has just moved three, and 1.0 (a notice) sixty percent away from it in a calm one.
"""

from __future__ import annotations

import math
from typing import TypeGuard

from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, Option, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

NOTICE_PATIENCES = 6.0
MOST_PATIENCES = 8.0
DEVIATIONS = 3.0
DAY_SECONDS = 86_400.0
ASSUMED_MOVE = 0.02
"""What the market is thought to have moved where neither its last move nor its volatility is known."""
UNKNOWN_NEARNESS = 0.5
"""A distance that is unknown while the venue is silent counts as near: 90 s of it are critical."""
CALM = 0.0

OPTIONS = {
    "patience": Option(Unit.SECONDS, 15.0, "How long a venue may be silent before it counts; the unit of the reading.")
}


def read(sight: Sight) -> Reading:
    """Silence in patiences, weighed by nearness; zero while data arrives."""
    if sight.position is None:
        return Unknown("no position")
    patience = sight.options.get("patience", OPTIONS["patience"].default)
    return trouble(sight.silent_seconds, patience, nearness(sight))


def trouble(silent_seconds: float, patience_seconds: float, nearness: float) -> float:
    """The formula at the top of this file; `nearness` from 0 to 1."""
    if silent_seconds <= patience_seconds or patience_seconds <= 0:
        return CALM
    patiences = silent_seconds / patience_seconds
    return min(patiences / NOTICE_PATIENCES, 1.0) + min(patiences - 1.0, MOST_PATIENCES) * nearness


def nearness(sight: Sight) -> float:
    """The share of the distance to liquidation that the market may have gone unseen, from 0 to 1."""
    distance = sight.position.liquidation_distance if sight.position else Unknown("no position")
    if distance is UNREACHABLE:
        return 0.0
    if isinstance(distance, Unknown) or math.isnan(distance):
        return UNKNOWN_NEARNESS
    return min(unseen_move(sight) / distance, 1.0) if distance > 0 else 1.0


def unseen_move(sight: Sight) -> float:
    """How far the market may have moved since the last data, as a fraction of the price."""
    moves = []
    if _is_number(sight.market_move):
        moves.append(abs(sight.market_move))
    if _is_number(sight.daily_volatility):
        moves.append(DEVIATIONS * sight.daily_volatility * math.sqrt(max(sight.silent_seconds, 0.0) / DAY_SECONDS))
    return max(moves, default=ASSUMED_MOVE)


def headline(reading: Reading) -> str:
    """How bad the silence is, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"trouble with the venue unknown: {reading.reason}"
    if reading is UNREACHABLE or reading <= CALM:
        return "the venue answers"
    if reading >= RULE.levels[Severity.CRITICAL]:
        return "the venue is silent while liquidation is near"
    return "the venue is silent"


def detail(sight: Sight) -> tuple[str, ...]:
    """How long, how far, and what the market was doing."""
    if sight.position is None or not read(sight):
        return ()
    distance = sight.position.liquidation_distance
    if isinstance(distance, float):
        where = f"you were {distance:.1%} from liquidation" if distance > 0 else "you were at liquidation"
    elif isinstance(distance, Unknown):
        where = "how far liquidation is cannot be known"
    else:
        where = "no price of this market alone would liquidate you"
    move = f" after a move of {sight.market_move:+.1%} in five minutes" if _is_number(sight.market_move) else ""
    venue = sight.pool.pool.venue
    return (f"{venue} has been silent for {sight.silent_seconds:.0f} s{move}; at its last word {where}.",)


def advice(sight: Sight) -> str | None:
    """Where to look instead."""
    if sight.position is None or not read(sight):
        return None
    if nearness(sight) > 0:
        return "Look at the position in the venue's own app now, and watch the price at another venue."
    return "Check the venue's status page; figures here are the last known ones."


def _is_number(reading: Reading) -> TypeGuard[float]:
    return isinstance(reading, float) and math.isfinite(reading)


RULE = RuleKind(
    kind="venue_trouble",
    scope=Scope.POSITION,
    danger=Danger.ABOVE,
    unit=Unit.MULTIPLE,
    figure="silence of the venue, weighed by nearness",
    docs="How long the venue has been silent, in patiences of 15 s, weighed by the share of the distance to "
    "liquidation that the market may have gone meanwhile. 0 while data arrives; silence alone never exceeds 1.",
    levels={Severity.NOTICE: 1.0, Severity.WARNING: 1.5, Severity.CRITICAL: 2.5, Severity.EMERGENCY: 5.0},
    careful={Severity.NOTICE: 0.5, Severity.WARNING: 1.2, Severity.CRITICAL: 2.0, Severity.EMERGENCY: 4.0},
    bold={Severity.WARNING: 2.0, Severity.CRITICAL: 3.5, Severity.EMERGENCY: 6.0},
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
    options=OPTIONS,
)
