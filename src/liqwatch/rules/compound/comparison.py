"""One comparison of a condition: "liquidation_distance < 15%", read from text, written back, and judged."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import ClassVar

from liqwatch.errors import ExitCode, LiqwatchError
from liqwatch.model import UNREACHABLE, Reading, Unknown
from liqwatch.rules.base import Unit
from liqwatch.rules.compound.readings import readings
from liqwatch.rules.compound.truth import Truth

TEXT = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(.+?)\s*", re.DOTALL)
NUMBER = re.compile(r"[+-]?(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|d|h|m|s))+")
DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
UNIT_SECONDS = {"d": Decimal(86_400), "h": Decimal(3_600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
SWITCHES = {"yes": 1.0, "no": 0.0}
MOST_BARE = 3.0
"""A bare number above this for a figure in percent is a percentage without its sign."""
HOW_TO_WRITE = {
    Unit.FRACTION: 'write a percentage such as "15%"',
    Unit.MULTIPLE: 'write a number such as 60000 or "5x"',
    Unit.SECONDS: 'write a duration such as "90s" or "1h30m"',
    Unit.YES_NO: "write yes or no, or a number",
}


class ComparisonError(LiqwatchError, ValueError):
    """A text that is no comparison, or one over a reading that does not exist."""

    code: ClassVar[str] = "LW-CFG-035"
    exit_code: ClassVar[int] = ExitCode.CONFIG


class Operator(Enum):
    """How the present figure must stand to the value."""

    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="

    @property
    def holds(self) -> Callable[[float, float], bool]:
        """Whether it does."""
        return _HOLDS[self]


_HOLDS = {
    Operator.BELOW: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.ABOVE: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A named reading against a value in the reading's unit (fractions, seconds)."""

    reading: str
    operator: Operator
    value: float

    def __str__(self) -> str:
        """The text that reads back as this comparison."""
        return f"{self.reading} {self.operator.value} {_written(self.value, readings()[self.reading].unit)}"

    def judge(self, figure: Reading) -> Truth:
        """Whether a figure fulfils it. One that cannot be reached stands at the safe end of its scale."""
        if isinstance(figure, Unknown):
            return figure
        number = readings()[self.reading].out_of_reach if figure is UNREACHABLE else figure
        if figure is not UNREACHABLE and math.isnan(number):
            return Unknown("the figure is not a number")
        return self.operator.holds(number, self.value)


def parse_comparison(text: str) -> Comparison:
    """Read "name < value"; operators are < <= > >=, values percentages, numbers, "5x" or durations.

    Raises:
        ComparisonError: no such form, no such reading, or a value that does not fit the reading.
    """
    match = TEXT.fullmatch(text)
    if match is None:
        mend = 'write "liquidation_distance < 15%", with <, <=, > or >='
        raise ComparisonError(f"{text!r} is no comparison", mend=mend)
    name, sign, value = match.groups()
    if name not in readings():
        close = difflib.get_close_matches(name, readings(), n=1)
        mend = f"did you mean {close[0]}?" if close else f"known readings: {', '.join(sorted(readings()))}"
        raise ComparisonError(f"no reading {name!r}", mend=mend)
    return Comparison(name, Operator(sign), _value(value, readings()[name].unit, name))


def _value(text: str, unit: Unit, name: str) -> float:
    number = _parsed(text, unit)
    if number is None or not math.isfinite(number):
        raise ComparisonError(f"{text!r} is no value of {name}", mend=HOW_TO_WRITE[unit])
    if unit is Unit.FRACTION and "%" not in text and abs(number) > MOST_BARE:
        raise ComparisonError(f"{text!r} is no fraction", mend=f'did you mean "{text}%"?')
    return number


def _parsed(text: str, unit: Unit) -> float | None:
    # Decimal, so that what is written reads back as the same float.
    if NUMBER.fullmatch(text):
        return float(Decimal(text))
    if unit is Unit.FRACTION and text.endswith("%") and NUMBER.fullmatch(bare := text[:-1].rstrip()):
        return float(Decimal(bare).scaleb(-2))
    if unit is Unit.MULTIPLE and text.endswith("x") and NUMBER.fullmatch(text[:-1]):
        return float(Decimal(text[:-1]))
    if unit is Unit.SECONDS and DURATION.fullmatch(text):
        parts = (Decimal(number) * UNIT_SECONDS[each] for number, each in DURATION_PART.findall(text))
        return float(sum(parts, Decimal(0)))
    return SWITCHES.get(text) if unit is Unit.YES_NO else None


def _written(value: float, unit: Unit) -> str:
    exact = Decimal(repr(value))
    if unit is Unit.FRACTION:
        return f"{_plain(exact.scaleb(2))}%"
    return f"{_plain(exact)}s" if unit is Unit.SECONDS and value >= 0 else _plain(exact)


def _plain(number: Decimal) -> str:
    """Without an exponent, and without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text
