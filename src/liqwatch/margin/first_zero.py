"""The first zero of a smooth function, found from its safe side and never jumped over.

The functions are a straight line plus bends: weighted powers of `1 + pace * h`, each of them convex. So for
any window there is a straight line below the function through its left end: a tangent where a weight is
positive, a chord where it is negative. Walking to the zero of that line cannot pass a zero of the function.
Where nothing bends one step is the answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Power: TypeAlias = Literal[-2, -1, 2]
"""Convex on the positive side of `1 + pace * h`, where prices live."""

FIRST_WINDOW = 0.01
WIDENING = 2.0
NARROWING = 1 / 8
STEP_GRAIN = 1e-15
WINDOW_GRAIN = 1e-12
"""Steps and windows below these fractions of where we are end the walk."""


@dataclass(frozen=True, slots=True)
class Bend:
    """`weight * (1 + pace * h) ** power`."""

    weight: float
    pace: float
    power: Power

    def value(self, h: float) -> float:
        """The bend at h."""
        return self.weight * (1.0 + self.pace * h) ** self.power

    def lower_slope(self, start: float, end: float) -> float:
        """Slope of a line through the bend at `start` that stays below it until `end`."""
        if self.weight > 0:
            return self.weight * self.power * self.pace * (1.0 + self.pace * start) ** (self.power - 1)
        return (self.value(end) - self.value(start)) / (end - start)


@dataclass(slots=True)
class BentLine:
    """`constant + slope * h` plus bends."""

    constant: float = 0.0
    slope: float = 0.0
    bends: list[Bend] = field(default_factory=list)

    def value(self, h: float) -> float:
        """The function at h."""
        return self.constant + self.slope * h + sum(bend.value(h) for bend in self.bends)

    def lower_slope(self, start: float, end: float) -> float:
        """Slope of a line through the function at `start` that stays below it until `end`."""
        return self.slope + sum(bend.lower_slope(start, end) for bend in self.bends)


def first_zero(line: BentLine, start: float, end: float) -> float | None:
    """The first h from `start` to `end` (finite) at which the function is no longer positive, or None.

    The window widens where nothing is in the way and narrows where the line below meets zero: a wide window
    makes a low chord, which proves little. Errors are on the safe side of the zero, a few parts in 10^15.
    """
    position, width = start, FIRST_WINDOW
    while position < end:
        value = line.value(position)
        if value <= 0:
            return position
        reach = min(position + width, end)
        slope = line.lower_slope(position, reach)
        step = -value / slope if slope < 0 else math.inf
        if position + step > reach:
            position, width = reach, WIDENING * width
        elif step <= STEP_GRAIN * (1.0 + position) and width <= WINDOW_GRAIN * (1.0 + position):
            return position + step
        else:
            position, width = position + step, max(WIDENING * step, NARROWING * width)
    return None
