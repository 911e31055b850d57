"""The `[[conditions]]`: alerts of your own over several readings at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from liqwatch.config.comparisons import parse_comparison_text
from liqwatch.config.routes import Names
from liqwatch.config.table import Table
from liqwatch.config.times import Expiry
from liqwatch.config.values import Duration, Name, RepeatPeriod, SeverityWord, Shown, Symbol
from liqwatch.model import Severity

ComparisonText = Annotated[str, AfterValidator(parse_comparison_text), Shown("comparison")]
Comparisons = Annotated[tuple[ComparisonText, ...], Field(strict=False)]


class Condition(Table):
    """An alert that fires while every comparison of `all`, and at least one of `any`, holds."""

    name: Name = Field(description="Its name, which every message shows.")
    severity: SeverityWord = Field(default=Severity.WARNING, description="How bad that is.")
    all: Comparisons = Field(default=(), description='Comparisons that must all hold, such as "margin_ratio > 60%".')
    any: Comparisons = Field(default=(), description="Comparisons of which one must hold.")
    hold: Duration = Field(default=timedelta(0), description="How long it must hold before it is told.")
    repeat_every: RepeatPeriod = Field(
        default=None,
        description="How often it is told again while it lasts.",
        json_schema_extra={"default": "as its severity has it"},
    )
    expires: Expiry = Field(
        default=None, description="Last day (UTC), or moment, on which it is looked at; for ever when absent."
    )
    minimum_notional: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=0.0, description="Smaller positions are left out, by notional in settle currency."
    )
    accounts: Names = Field(default=(), description="Accounts it holds for; empty means all.")
    markets: Annotated[tuple[Symbol, ...], Field(strict=False)] = Field(
        default=(), description="Markets it holds for; empty means all."
    )
    message: str = Field(default="", max_length=500, description="What you want to be told, in your own words.")
