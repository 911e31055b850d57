"""What every rule shares: a reading, a ladder of levels, and the verdict of one look at it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from liqwatch.margin.pools import Pool
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.sight import Sight


class Scope(Enum):
    """What a rule looks at: each position, each margin pool, each account, or whatever the engine measures itself."""

    POSITION = "position"
    POOL = "pool"
    ACCOUNT = "account"
    FEED = "feed"


class Pace(Enum):
    """How soon a rule must look again.

    TICK: at every mark that can matter (guards). LOOK: every few seconds and at every answer of the account.
    ANSWER: only at an answer of the account.
    """

    TICK = "tick"
    LOOK = "look"
    ANSWER = "answer"


class Danger(Enum):
    """Which end of the reading is bad."""

    BELOW = "below"
    ABOVE = "above"


class Unit(Enum):
    """What a reading counts, and how levels of it are written in a config file."""

    FRACTION = "fraction"
    """Written "8%" or 0.08; may be above 100 %."""
    MULTIPLE = "multiple"
    """A plain number: times, ranks, standard deviations. Leverage may be written "5x"."""
    SECONDS = "seconds"
    """Written as a duration."""
    YES_NO = "yes or no"
    """1 or 0: the rule has one severity instead of levels."""


class Profile(Enum):
    """How early the ladders warn."""

    CAREFUL = "careful"
    NORMAL = "normal"
    BOLD = "bold"


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
    `reading` is the figure, `room` what is left of it before the worst: it shrinks as danger grows.
    """

    fired: Severity | None = None
    held: Severity | None = None
    unknown: str | None = None
    reading: float | None = None
    room: float | None = None


CALM = Verdict()


@dataclass(frozen=True, slots=True)
class Ladder:
    """Levels of one rule, mildest first. `limit` is the reading at which all is lost, where there is one."""

    danger: Danger
    levels: tuple[Level, ...]
    limit: float | None = None

    def judge(self, reading: Reading) -> Verdict:
        """Place a reading on the ladder."""
        if isinstance(reading, Unknown):
            return Verdict(unknown=reading.reason)
        if reading is UNREACHABLE:
            return CALM
        if math.isnan(reading):
            return Verdict(unknown="the figure is not a number")
        return Verdict(
            fired=self._worst(reading, "fire_at"),
            held=self._worst(reading, "clear_at"),
            reading=reading,
            room=self.room(reading),
        )

    def room(self, reading: float) -> float:
        """What is left: the reading itself where small is bad, else what lacks to the limit, or its inverse."""
        if self.danger is Danger.BELOW:
            return reading
        if self.limit is not None:
            return self.limit - reading
        return 1.0 / reading if reading > 0 else math.inf

    def thresholds(self) -> tuple[float, ...]:
        """Every value at which a verdict can change."""
        return tuple(value for level in self.levels for value in (level.fire_at, level.clear_at))

    def _worst(self, reading: float, attribute: str) -> Severity | None:
        reached = [level.severity for level in self.levels if self._reaches(reading, getattr(level, attribute))]
        return max(reached, default=None)

    def _reaches(self, reading: float, threshold: float) -> bool:
        return reading <= threshold if self.danger is Danger.BELOW else reading >= threshold


@dataclass(frozen=True, slots=True)
class Option:
    """One more setting of a rule: a figure in `unit` (durations in seconds), handed over in `Sight.options`."""

    unit: Unit
    default: float
    description: str


Levels = Mapping[Severity, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleKind:
    """The one constant `RULE` that a rule file exports.

    `read` takes the figure from a sight; None where the engine measures (feeds). `headline` says it in half a
    sentence, `detail` adds lines to the message, `advice` says what to do next. `levels` are the profile
    `normal`; `careful` and `bold` replace them in those profiles. Ladders are in `unit`.
    `guard` turns a threshold of the ladder into the liquidation distance (position rules) or margin ratio (pool rules)
    at which it is reached, so that a rule of pace TICK can be compiled to prices; None: it never is.
    `default_enabled` False: only when somebody asks for it. `limit`: see `Ladder`.
    `clear_factor`: by which share of itself a level must be left behind, where nobody says otherwise.
    `figure` and `docs` name the reading for the reference: a noun, and what it is in a sentence or two.
    """

    kind: str
    scope: Scope
    danger: Danger
    unit: Unit
    figure: str
    docs: str
    levels: Levels
    careful: Levels = field(default_factory=dict)
    bold: Levels = field(default_factory=dict)
    headline: Callable[[Reading], str]
    read: Callable[[Sight], Reading] | None = None
    detail: Callable[[Sight], tuple[str, ...]] | None = None
    advice: Callable[[Sight], str | None] | None = None
    hold: timedelta | None = None
    guard: Callable[[Pool, float], float | None] | None = None
    pace: Pace = Pace.LOOK
    limit: float | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    default_enabled: bool = True
    clear_factor: float = 0.1

    def levels_in(self, profile: Profile) -> Levels:
        """The ladder of a profile."""
        own = {Profile.CAREFUL: self.careful, Profile.BOLD: self.bold}.get(profile)
        return own or self.levels


def as_it_is(_pool: Pool, threshold: float) -> float:
    """The guard of a rule whose reading is the distance or the margin ratio itself."""
    return threshold
