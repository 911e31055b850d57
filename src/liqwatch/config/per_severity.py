"""Tables with one entry for each severity: levels, clear levels, hold times, repeat intervals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BeforeValidator, Field, create_model

from liqwatch.config.table import Table
from liqwatch.config.units import clear_type, level_type
from liqwatch.config.values import Duration, Fraction, RepeatPeriod, Shown
from liqwatch.model import Severity
from liqwatch.rules.base import Unit

Entry = TypeVar("Entry")

CLEAR_FACTOR = 0.1
SUBJECTS: Mapping[Severity, str] = {
    Severity.NOTICE: "a notice",
    Severity.WARNING: "a warning",
    Severity.CRITICAL: "a critical alert",
    Severity.EMERGENCY: "an emergency",
}


class PerSeverity(Table, Generic[Entry]):
    """A table with one entry for each severity."""

    def of(self, severity: Severity) -> Entry:
        """The entry of one severity."""
        entry: Entry = getattr(self, severity.word)
        return entry


class Levels(PerSeverity[float | None]):
    """One level for each severity; "off" removes one, a level that is not named keeps its default."""


class Clear(PerSeverity[float | None]):
    """Where an alert ends: a level of its own, or the fire level moved to the safe side by `factor` of itself."""

    factor: Fraction = Field(
        default=CLEAR_FACTOR, description="Share of the fire level by which it must be left behind."
    )


class Hold(PerSeverity[timedelta]):
    """How long a level must be breached before the alert fires."""

    notice: Duration = Field(default=timedelta(0), description="Hold time of a notice.")
    warning: Duration = Field(default=timedelta(0), description="Hold time of a warning.")
    critical: Duration = Field(default=timedelta(0), description="Hold time of a critical alert.")
    emergency: Duration = Field(default=timedelta(0), description="Hold time of an emergency.")


class RepeatEvery(PerSeverity[timedelta | None]):
    """How often a lasting alert is told again."""

    notice: RepeatPeriod = Field(default=None, description="Repeat interval of a notice.")
    warning: RepeatPeriod = Field(default=timedelta(hours=2), description="Repeat interval of a warning.")
    critical: RepeatPeriod = Field(default=timedelta(minutes=15), description="Repeat interval of a critical alert.")
    emergency: RepeatPeriod = Field(default=timedelta(minutes=5), description="Repeat interval of an emergency.")


def _columns(annotation: object, what: str) -> dict[str, Any]:
    return {
        severity.word: (annotation, Field(default=None, description=f"{what} of {subject}."))
        for severity, subject in SUBJECTS.items()
    }


def _tables(base: type[Any], unit: Unit, annotation: object, what: str) -> type[Any]:
    name = f"{unit.name.title()}{base.__name__}"
    return create_model(name, __base__=base, __doc__=base.__doc__, **_columns(annotation, what))


LADDER_UNITS = (Unit.FRACTION, Unit.MULTIPLE, Unit.SECONDS)
LEVELS: Mapping[Unit, type[Levels]] = {unit: _tables(Levels, unit, level_type(unit), "Level") for unit in LADDER_UNITS}
CLEARS: Mapping[Unit, type[Clear]] = {
    unit: _tables(Clear, unit, clear_type(unit), "Clear level") for unit in LADDER_UNITS
}
"""The tables whose entries are figures, by the unit of their rule."""


def for_all(value: object) -> object:
    """One plain value stands for every severity."""
    return {severity.word: value for severity in Severity} if isinstance(value, str | int | float) else value


def as_factor(value: object) -> object:
    """A plain `clear` is its factor."""
    return {"factor": value} if isinstance(value, str | int | float) else value


CLEAR_SHOWN = Shown("factor, or table per severity")
HoldTable = Annotated[Hold, BeforeValidator(for_all), Shown("duration, or table per severity")]
RepeatTable = Annotated[RepeatEvery, BeforeValidator(for_all), Shown('duration, "never", or table per severity')]
