"""Conditions of the user's own over several readings at once: all of these, any of those, until a day.

Judged with three values. What is not known neither fulfils a condition nor ends it, unless the rest decides: one
comparison of `all` that fails is enough to be calm, one of `any` that holds is enough for that half.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from liqwatch.model import Reading, Severity, Unknown
from liqwatch.rules.base import CALM, Danger, RuleKind, Scope, Unit, Verdict
from liqwatch.rules.compound.comparison import Comparison, ComparisonError, Operator, parse_comparison
from liqwatch.rules.compound.readings import NamedReading, readings
from liqwatch.rules.compound.truth import Truth, all_of, any_of
from liqwatch.rules.sight import Sight

__all__ = [
    "Comparison",
    "ComparisonError",
    "Condition",
    "NamedReading",
    "Operator",
    "Truth",
    "all_of",
    "any_of",
    "comparisons_now",
    "judge",
    "parse_comparison",
    "readings",
    "rule_of",
    "truth_of",
]

HOLDS, FAILS = 1.0, 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`all_of` must all hold, and of `any_of` at least one; an empty half asks nothing, both empty is refused.

    `hold`: how long it must hold before it is told. From `expires_at` on it is not looked at any more. Positions
    below `minimum_notional` (settle currency) are left out. `message`: what the user wants to be told.
    """

    name: str
    severity: Severity
    all_of: tuple[Comparison, ...] = ()
    any_of: tuple[Comparison, ...] = ()
    hold: timedelta | None = None
    expires_at: datetime | None = None
    minimum_notional: float = 0.0
    message: str = ""

    def __post_init__(self) -> None:
        if not self.all_of and not self.any_of:
            raise ComparisonError(f"condition {self.name!r} compares nothing", mend="give it `all`, `any` or both")
        if self.expires_at is not None and self.expires_at.tzinfo is None:
            raise ValueError("a condition expires at an aware time")

    def __str__(self) -> str:
        """What it asks, in one line."""
        every, some = ("; ".join(map(str, half)) for half in (self.all_of, self.any_of))
        return " and ".join(
            text for text in (f"all of ({every})" if every else "", f"any of ({some})" if some else "") if text
        )


def judge(condition: Condition, sight: Sight) -> Verdict:
    """One look: fulfilled at the condition's severity, calm, or unknown."""
    truth = truth_of(condition, sight)
    if isinstance(truth, Unknown):
        return Verdict(unknown=truth.reason)
    return Verdict(fired=condition.severity, held=condition.severity, reading=HOLDS) if truth else CALM


def truth_of(condition: Condition, sight: Sight) -> Truth:
    """Whether it is fulfilled now. Expired is false."""
    if condition.expires_at is not None and sight.now >= condition.expires_at:
        return False
    halves = [all_of(_judged(condition.all_of, sight))]
    if condition.any_of:
        halves.append(any_of(_judged(condition.any_of, sight)))
    return all_of([_is_large_enough(condition, sight), *halves])


def comparisons_now(condition: Condition, sight: Sight) -> tuple[str, ...]:
    """Each comparison with its present figure and whether it holds."""
    return tuple(_lines(condition, sight))


def rule_of(condition: Condition) -> RuleKind:
    """The condition as a rule of its own, so that its alerts live as those of any other rule: 1 while it holds."""

    def read(sight: Sight) -> Reading:
        truth = truth_of(condition, sight)
        return truth if isinstance(truth, Unknown) else HOLDS if truth else FAILS

    def headline(reading: Reading) -> str:
        if isinstance(reading, Unknown):
            return f"{condition.name} cannot be told: {reading.reason}"
        if reading == HOLDS:
            return f"{condition.name}: {condition.message}" if condition.message else f"{condition.name} holds"
        return f"{condition.name} holds no more"

    return RuleKind(
        kind=condition.name,
        scope=Scope.POSITION,
        danger=Danger.ABOVE,
        unit=Unit.YES_NO,
        figure=f"whether {condition.name} holds",
        docs=f"A condition of your own: {condition}.",
        levels={condition.severity: HOLDS},
        read=read,
        headline=headline,
        detail=lambda sight: comparisons_now(condition, sight),
        hold=condition.hold,
    )


def _is_large_enough(condition: Condition, sight: Sight) -> Truth:
    if condition.minimum_notional <= 0:
        return True
    notional = sight.position.notional if sight.position else None
    return Unknown("the notional is not known") if notional is None else notional >= condition.minimum_notional


def _judged(comparisons: Iterable[Comparison], sight: Sight) -> Iterator[Truth]:
    for each in comparisons:
        yield each.judge(readings()[each.reading].read(sight))


def _lines(condition: Condition, sight: Sight) -> Iterator[str]:
    for each in (*condition.all_of, *condition.any_of):
        named = readings()[each.reading]
        figure = named.read(sight)
        truth = each.judge(figure)
        word = "" if isinstance(truth, Unknown) else ", holds" if truth else ", does not hold"
        yield f"{each}: now {named.shown(figure)}{word}"
