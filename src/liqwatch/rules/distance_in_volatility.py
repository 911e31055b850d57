"""How many of the market's usual days lie between the mark and liquidation."""

from __future__ import annotations

import math

from liqwatch.margin.relief import relief_to_distance
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

LEVELS = {Severity.NOTICE: 6.0, Severity.WARNING: 4.0, Severity.CRITICAL: 2.5, Severity.EMERGENCY: 1.5}
LEAST_ODDS = 1e-6
STANDING_STILL = "the price has not moved for a day, which measures nothing"


def read(sight: Sight) -> Reading:
    """The distance to liquidation divided by the volatility of a day."""
    distance = sight.position.liquidation_distance if sight.position else Unknown("no position")
    if not isinstance(distance, float):
        return distance
    volatility = _volatility(sight)
    return volatility if isinstance(volatility, Unknown) else distance / volatility


def headline(reading: Reading) -> str:
    """How many daily moves, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"distance in daily moves unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "cannot be liquidated"
    return f"{reading:.1f} daily moves to liquidation" if reading > 0 else f"{-reading:.1f} daily moves beyond it"


def detail(sight: Sight) -> tuple[str, ...]:
    """Both figures, and how likely the way is on a day of normal moves."""
    reading, volatility = read(sight), _volatility(sight)
    if not isinstance(reading, float) or isinstance(volatility, Unknown):
        return ()
    moves = f"This market moves {volatility:.1%} a day; liquidation is {reading * volatility:.1%} away."
    if reading <= 0:
        return (moves,)
    odds = math.erfc(reading / math.sqrt(2.0))
    return (
        f"{moves} Normal moves would reach it within a day with odds of {_odds(odds)}; crypto is wilder than that.",
    )


def advice(sight: Sight) -> str | None:
    """Margin or size that brings the mildest level passed back."""
    reading, volatility = read(sight), _volatility(sight)
    if sight.position is None or not isinstance(reading, float) or isinstance(volatility, Unknown):
        return None
    wanted = next((LEVELS[level] for level in (Severity.WARNING, Severity.NOTICE) if reading < LEVELS[level]), None)
    if wanted is None:
        return None
    relief = relief_to_distance(sight.pool, sight.position, wanted * volatility)
    if relief is None:
        return "Add margin, or make the position smaller: it is too large for a market that moves so much."
    return relief.advice(f"have {wanted:g} daily moves of room")


def _volatility(sight: Sight) -> float | Unknown:
    volatility = sight.daily_volatility
    if isinstance(volatility, Unknown):
        return volatility
    if volatility is UNREACHABLE or not 0 < volatility < math.inf:
        return Unknown(STANDING_STILL)
    return volatility


def _odds(chance: float) -> str:
    return f"1 in {round(1 / chance):,}" if chance > LEAST_ODDS else "less than one in a million"


RULE = RuleKind(
    kind="distance_in_volatility",
    scope=Scope.POSITION,
    danger=Danger.BELOW,
    unit=Unit.MULTIPLE,
    figure="distance to liquidation in daily moves",
    docs="The distance to liquidation divided by the market's realised volatility of the last 24 h: 10 % is much in a "
    "market that moves 2 % a day, and nothing in one that moves 10 %. At 2.5 % a day, as large coins have it, the "
    "defaults stand at 15 %, 10 %, 6.3 % and 3.8 %, near those of `liquidation_distance`; in wilder markets they "
    "warn earlier. They look high for a bell curve because a quiet day's volatility can treble within hours: six of "
    "today's moves are then two of tomorrow's. Unknown until a price history is there.",
    levels=LEVELS,
    careful={Severity.NOTICE: 8.0, Severity.WARNING: 6.0, Severity.CRITICAL: 4.0, Severity.EMERGENCY: 2.5},
    bold={Severity.NOTICE: 4.0, Severity.WARNING: 2.5, Severity.CRITICAL: 1.5, Severity.EMERGENCY: 1.0},
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
)
