"""What every rule shares: a ladder of levels, and the verdict of one look at it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown


class Scope(Enum):
    """What a rule looks at: each position, each margin pool, each position in a fresh account answer, or a stream."""

    POSITION = "position"
    POOL = "pool"
    ANSWER = "answer"
    FEED = "feed"


class Danger(Enum):
    """Which end of the reading is bad."""

    BELOW = "below"
    ABOVE = "above"


@dataclass(frozen=True, slots=True)
class Level:
    """One rung: fires at `fire_at`, and once fired is over only beyond `clear_at`."""

    severity: Severity
    fire_at: float
    clear_at: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """One look: the worst level reached, and the worst level not yet over (never milder than `fired`).

    With `unknown` the reading could not be taken; that neither fires nor clears anything.
    """

    fired: Severity | None = None
    held: Severity | None = None
    unknown: str | None = None


CALM = Verdict()


@dataclass(frozen=True, slots=True)
class Ladder:
    """Levels of one rule, mildest first."""

    danger: Danger
    levels: tuple[Level, ...]

    def judge(self, reading: Reading) -> Verdict:
        """Place a reading on the ladder."""
        if isinstance(reading, Unknown):
            return Verdict(unknown=reading.reason)
        if reading is UNREACHABLE:
            return CALM
        if math.isnan(reading):
            return Verdict(unknown="the figure is not a number")
        return Verdict(fired=self._worst(reading, "fire_at"), held=self._worst(reading, "clear_at"))

    def thresholds(self) -> tuple[float, ...]:
        """Every value at which a verdict can change."""
        return tuple(value for level in self.levels for value in (level.fire_at, level.clear_at))

    def _worst(self, reading: float, attribute: str) -> Severity | None:
        reached = [level.severity for level in self.levels if self._reaches(reading, getattr(level, attribute))]
        return max(reached, default=None)

    def _reaches(self, reading: float, threshold: float) -> bool:
        return reading <= threshold if self.danger is Danger.BELOW else reading >= threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleKind:
    """The one constant `RULE` that a rule file exports.

    `read` takes the figure from a pool and, for position rules, one of its positions; None where the
    engine measures (feeds). `headline` says it in half a sentence, `detail` adds lines to the message.
    Ladders are in the unit of the reading (fractions, or seconds for feeds). `follows_price`: the
    reading moves with the mark in the way `margin.guards` compiles; other rules are judged at every
    evaluation and when time passes.
    """

    kind: str
    scope: Scope
    danger: Danger
    default_levels: Mapping[Severity, float]
    headline: Callable[[Reading], str]
    read: Callable[[PoolHealth, PositionHealth | None], Reading] | None = None
    detail: Callable[[PoolHealth, PositionHealth | None], tuple[str, ...]] | None = None
    default_hold: Mapping[Severity, timedelta] = field(default_factory=dict)
    follows_price: bool = False
