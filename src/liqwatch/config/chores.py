"""What is sent by the clock: `[digest]`, `[self_test]`, `[heartbeat]`."""

from __future__ import annotations

from datetime import UTC, time, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from liqwatch.config.addresses import CalledUrl
from liqwatch.config.routes import Names
from liqwatch.config.table import Table
from liqwatch.config.times import WEEKDAYS, TimeOfDay, Weekday, Zone
from liqwatch.config.values import Period, Shown, one_of

OFF, DAILY, WEEKLY = RHYTHMS = ("off", "daily", "weekly")
RhythmWord = Annotated[str, BeforeValidator(one_of({word: word for word in RHYTHMS})), Shown("off, daily or weekly")]
MORNING, NOON = time(8), time(12)


class Digest(Table):
    """A silent summary of what is watched and what has happened."""

    every: RhythmWord = Field(default=OFF, description="How often.")
    at: TimeOfDay = Field(default=MORNING, description="At what time of the day.")
    weekday: Weekday = Field(
        default=WEEKDAYS[0], description="On which day, if weekly: mon, tue, wed, thu, fri, sat or sun."
    )
    zone: Zone = Field(default=UTC, description="Time zone, such as Europe/Berlin.")
    channels: Names = Field(default=(), description="Channels that get it; empty means all.")


class SelfTest(Table):
    """A silent message to each channel, once a day, so that a broken one is found before it is needed."""

    enabled: bool = Field(default=True, description="Switches the self-test on or off.")
    at: TimeOfDay = Field(default=NOON, description="At what time of the day.")
    zone: Zone = Field(default=UTC, description="Time zone, such as Europe/Berlin.")
    channels: Names = Field(default=(), description="Channels that are tested; empty means all.")


class Heartbeat(Table):
    """A sign of life to somebody outside, who tells you when it stops."""

    url: CalledUrl | None = Field(
        default=None, description="URL that is called while all is well (as healthchecks.io has them). Secret."
    )
    fail_url: CalledUrl | None = Field(
        default=None,
        description='URL that is called when it is not; "" for none. Secret.',
        json_schema_extra={"default": "`url` with /fail at its end, unless it has parameters"},
    )
    every: Period = Field(default=timedelta(seconds=60), description="How often.")
    allow_private: bool = Field(
        default=False, description="Accepts a host in a private network, and one without encryption."
    )
