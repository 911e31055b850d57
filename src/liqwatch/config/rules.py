"""The `[rules.…]` tables: what fires, when it clears, how long it must last and how often it is repeated.

The same tables stand under `rules` of a market, an account or a typed position; there, only the keys
that are set count (`policies.py` lays them over each other).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Generic, TypeVar

from pydantic import BeforeValidator, Field

from liqwatch.config.table import Table
from liqwatch.config.values import Duration, Fraction, Level, Period, RepeatPeriod, SeverityWord, Shown
from liqwatch.model import Severity

Entry = TypeVar("Entry")

CLEAR_FACTOR = 0.1


class PerSeverity(Table, Generic[Entry]):
    """A table with one entry for each severity."""

    def of(self, severity: Severity) -> Entry:
        """The entry of one severity."""
        entry: Entry = getattr(self, severity.word)
        return entry


class Levels(PerSeverity[float | None]):
    """One level for each severity; "off" removes one, a level that is not named keeps its default."""

    notice: Level = Field(default=None, description="Level of a notice.")
    warning: Level = Field(default=None, description="Level of a warning.")
    critical: Level = Field(default=None, description="Level of a critical alert.")
    emergency: Level = Field(default=None, description="Level of an emergency.")


class Clear(PerSeverity[float | None]):
    """Where an alert ends: a level of its own, or the fire level moved to the safe side by `factor` of itself."""

    factor: Fraction = Field(
        default=CLEAR_FACTOR, description="Share of the fire level by which it must be left behind."
    )
    notice: Fraction | None = Field(default=None, description="Clear level of a notice.")
    warning: Fraction | None = Field(default=None, description="Clear level of a warning.")
    critical: Fraction | None = Field(default=None, description="Clear level of a critical alert.")
    emergency: Fraction | None = Field(default=None, description="Clear level of an emergency.")


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


def _for_all(value: object) -> object:
    """One plain value stands for every severity."""
    return {severity.word: value for severity in Severity} if isinstance(value, str | int | float) else value


def _as_factor(value: object) -> object:
    return {"factor": value} if isinstance(value, str | int | float) else value


ClearTable = Annotated[Clear, BeforeValidator(_as_factor), Shown("factor, or table per severity")]
HoldTable = Annotated[Hold, BeforeValidator(_for_all), Shown("duration, or table per severity")]
RepeatTable = Annotated[RepeatEvery, BeforeValidator(_for_all), Shown('duration, "never", or table per severity')]


class Rule(Table):
    """What every kind of rule can be told."""

    enabled: bool = Field(default=True, description="Switches the rule on or off.")
    repeat_every: RepeatTable = Field(
        default=RepeatEvery(), description="How often a lasting alert is told again: one duration, or one per severity."
    )


class Ladder(Rule):
    """A rule that compares one figure with a ladder of levels."""

    levels: Levels = Field(default=Levels(), description="The figure at which each severity fires.")
    clear: ClearTable = Field(
        default=Clear(),
        description="Where an alert ends: one factor by which the fire level is moved to the safe side "
        "(fire 8 %, factor 10 %: clears above 8.8 %), or one level per severity.",
    )
    hold: HoldTable = Field(
        default=Hold(),
        description="How long a level must be breached before the first message: one duration, or one per severity. "
        "Once an alert has been told, worse levels are told at once.",
    )
    clear_hold: Duration = Field(
        default=timedelta(0),
        description="How long the figure must stay on the safe side before the all-clear.",
    )


class LiquidationDistanceRule(Ladder):
    """How far the mark price is from liquidation, as a share of the mark price; fires below a level."""

    levels: Levels = Field(
        default=Levels(notice=0.25, warning=0.15, critical=0.08, emergency=0.04),
        description="Distances to liquidation below which each severity fires.",
    )


class MarginRatioRule(Ladder):
    """Maintenance margin as a share of equity (100 % is liquidation); fires above a level."""

    levels: Levels = Field(
        default=Levels(notice=0.5, warning=0.65, critical=0.8, emergency=0.9),
        description="Margin ratios above which each severity fires.",
    )


class DataStalenessRule(Rule):
    """How old data may become before that itself is told."""

    mark_price: Period = Field(default=timedelta(seconds=15), description="Greatest age of a mark price.")
    mark_price_critical: Period = Field(
        default=timedelta(seconds=5), description="Greatest age of a mark price while a critical alert lasts."
    )
    account: Period = Field(default=timedelta(seconds=60), description="Greatest age of an account's figures.")


class DoubtRule(Rule):
    """What figures must have against them, for how long, before that itself is told."""

    hold: Duration = Field(default=timedelta(seconds=30), description="How long it must last.")
    severity: SeverityWord = Field(default=Severity.WARNING, description="How bad that is.")


class FiguresUnknownRule(DoubtRule):
    """How long a figure may be unknown before that itself is told."""


class FiguresDisagreeRule(DoubtRule):
    """How long the venue's liquidation price and ours may differ by more than a tick (or 0.01 % of the mark)."""

    hold: Duration = Field(default=timedelta(seconds=60), description="How long it must last.")


class Rules(Table):
    """One table for each kind of rule."""

    liquidation_distance: LiquidationDistanceRule = Field(
        default=LiquidationDistanceRule(), description="Distance to liquidation, per position."
    )
    margin_ratio: MarginRatioRule = Field(
        default=MarginRatioRule(), description="Margin ratio, per account or position."
    )
    data_staleness: DataStalenessRule = Field(default=DataStalenessRule(), description="Old data.")
    figures_unknown: FiguresUnknownRule = Field(
        default=FiguresUnknownRule(), description="Figures that cannot be known."
    )
    figures_disagree: FiguresDisagreeRule = Field(
        default=FiguresDisagreeRule(), description="The venue's liquidation price and ours differ."
    )
