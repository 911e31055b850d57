"""Figures of rules in the unit of their rule: how a level, a clear level or an option is read and shown."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

from liqwatch.config.codes import Code
from liqwatch.config.values import Shown, duration_text, parse_duration, refuse, shown
from liqwatch.rules.base import Unit

PERCENTAGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")
MULTIPLE = re.compile(r"\s*(\d*\.?\d+)\s*x?\s*")
PLAIN_NUMBER = re.compile(r"\s*\d*\.?\d+\s*")

Parse = Callable[[object], float]


def parse_share(value: object) -> float:
    """Read "8%", 0.08 or "150%" as a fraction, zero or more; beyond 100 % only with the sign.

    Raises:
        PydanticCustomError: no percentage and no fraction, negative, or a bare number above 1.
    """
    number = _number(value)
    if number is None and isinstance(value, str) and (match := PERCENTAGE.fullmatch(value)):
        return float(match[1]) / 100
    if number is None or not 0 <= number < math.inf:
        raise refuse(Code.BAD_FRACTION, f"{shown(value)} is no percentage", 'write "25%" or 0.25')
    if number > 1:
        mend = f'did you mean "{number:g}%" or "{number * 100:g}%"?'
        raise refuse(Code.BAD_FRACTION, f"{shown(value)} is no fraction", mend)
    return number


def parse_multiple(value: object) -> float:
    """Read 5, 2.5 or "5x": zero or more.

    Raises:
        PydanticCustomError: no number, negative or infinite.
    """
    number = _number(value)
    if number is None and isinstance(value, str) and (match := MULTIPLE.fullmatch(value)):
        number = float(match[1])
    if number is None or not 0 <= number < math.inf:
        raise refuse(Code.BAD_MULTIPLE, f"{shown(value)} is no multiple", 'write 5, 2.5 or "5x"')
    return number


def parse_seconds(value: object) -> float:
    """Read a duration as seconds.

    Raises:
        PydanticCustomError: as `parse_duration`.
    """
    return parse_duration(value).total_seconds()


def parse_switch(value: object) -> float:
    """Read true or false as 1 or 0.

    Raises:
        PydanticCustomError: anything else.
    """
    if isinstance(value, bool):
        return float(value)
    raise refuse(Code.WRONG_TYPE, "must be true or false")


PARSE: Mapping[Unit, Parse] = {
    Unit.FRACTION: parse_share,
    Unit.MULTIPLE: parse_multiple,
    Unit.SECONDS: parse_seconds,
    Unit.YES_NO: parse_switch,
}
WRITTEN: Mapping[Unit, str] = {
    Unit.FRACTION: "percentage or fraction",
    Unit.MULTIPLE: "number",
    Unit.SECONDS: "duration",
    Unit.YES_NO: "true or false",
}


def figure_text(value: float, unit: Unit) -> str:
    """A figure for people: "8 %", "5", "15s", "yes"."""
    if unit is Unit.SECONDS:
        return duration_text(timedelta(seconds=value))
    if unit is Unit.YES_NO:
        return "yes" if value else "no"
    return f"{value * 100:g} %" if unit is Unit.FRACTION else f"{value:g}"


def written(value: float, unit: Unit) -> str:
    """A figure the way a config file has it, without quotes."""
    if unit is Unit.YES_NO:
        return "true" if value else "false"
    return figure_text(value, unit).replace(" %", "%")


def level_type(unit: Unit) -> Any:  # noqa: ANN401 - an annotation made at run time
    """The type of a level: a figure above zero, or "off"."""
    parse = _above_zero(unit)
    return Annotated[
        float | None,
        BeforeValidator(lambda value: None if value is None or value == "off" else parse(value)),
        Shown(f'{WRITTEN[unit]} or "off"'),
    ]


def clear_type(unit: Unit) -> Any:  # noqa: ANN401 - an annotation made at run time
    """The type of a clear level: a figure above zero."""
    parse = _above_zero(unit)
    return Annotated[
        float | None,
        BeforeValidator(lambda value: None if value is None else parse(value)),
        Shown(WRITTEN[unit]),
    ]


def option_type(unit: Unit) -> Any:  # noqa: ANN401 - an annotation made at run time
    """The type of a rule's own option: a figure, zero or more."""
    return Annotated[float, BeforeValidator(PARSE[unit]), Shown(WRITTEN[unit])]


def _above_zero(unit: Unit) -> Parse:
    code = {Unit.FRACTION: Code.BAD_FRACTION, Unit.SECONDS: Code.BAD_DURATION}.get(unit, Code.BAD_MULTIPLE)
    mend = {Unit.FRACTION: 'write "25%" or 0.25', Unit.SECONDS: 'write "15s" or "2h"'}.get(unit, 'write 5 or "5x"')

    def parse(value: object) -> float:
        number = PARSE[unit](value)
        if not number:
            raise refuse(code, f"{shown(value)} is not above zero", mend)
        return number

    return parse


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return float(value) if isinstance(value, str) and PLAIN_NUMBER.fullmatch(value) else None
