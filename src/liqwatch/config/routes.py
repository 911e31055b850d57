"""Who is told what, and when: `[[routes]]`, `[[quiet_hours]]`, `[[escalations]]`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from liqwatch.config.table import Table
from liqwatch.config.times import WEEKDAYS, TimeOfDay, Weekday, Zone
from liqwatch.config.values import Name, Period, SeverityWord, some
from liqwatch.model import Severity

Names = Annotated[tuple[Name, ...], Field(strict=False)]
SomeNames = Annotated[tuple[Name, ...], Field(strict=False), AfterValidator(some)]
Weekdays = Annotated[tuple[Weekday, ...], Field(strict=False), AfterValidator(some)]


class Hours(Table):
    """Hours of the day by the clock on the wall."""

    zone: Zone = Field(description="Time zone, such as Europe/Berlin.")
    start: TimeOfDay = Field(alias="from", description="When they begin.")
    end: TimeOfDay = Field(alias="until", description="When they end; the next day where that is not later.")
    days: Weekdays = Field(default=WEEKDAYS, description="Days on which they begin.")


class Route(Table):
    """Which alerts go to which channels. Every matching route counts; a channel is told once."""

    min_severity: SeverityWord = Field(default=Severity.WARNING, description="Least severity that takes this route.")
    accounts: Names = Field(default=(), description="Accounts whose alerts take this route; empty means all.")
    channels: SomeNames = Field(description="Channels in the order of preference.")
    hours: Hours | None = Field(
        default=None, description="Working hours: milder alerts than critical take this route only then."
    )


class QuietHours(Hours):
    """When people are left in peace; `critical` and `emergency` are told at any hour."""

    channels: Names = Field(default=(), description="Channels that are quiet; empty means all.")
    accounts: Names = Field(default=(), description="Accounts that are quiet; empty means all.")
    pierced_by: SeverityWord = Field(
        default=Severity.CRITICAL, description="Least severity that is told all the same; at most critical."
    )


class Step(Table):
    """One step of an escalation."""

    after: Period = Field(description="How long after the first message, while nobody has acknowledged it.")
    channels: SomeNames = Field(description="Channels that are told from then on.")


class Escalation(Table):
    """Who else is told while nobody acknowledges an alert."""

    severity: SeverityWord = Field(
        default=Severity.CRITICAL,
        description="Least severity it holds for; an escalation of a worse severity takes its place there.",
    )
    accounts: Names = Field(default=(), description="Accounts it holds for; empty means all.")
    steps: Annotated[tuple[Step, ...], Field(strict=False), AfterValidator(some)] = Field(
        description="The steps, each later than the one before."
    )
