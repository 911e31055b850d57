"""Times of day, days of the week, time zones and dates of a config file."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, PlainValidator

from liqwatch.config.codes import Code
from liqwatch.config.suggest import nearest
from liqwatch.config.values import Shown, one_of, refuse, shown

TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})")
MIDNIGHT_AFTER = (24, 0)
LAST_HOUR, LAST_MINUTE = 23, 59
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse_zone(value: object) -> tzinfo:
    """Find a time zone by its IANA name.

    Raises:
        PydanticCustomError: no such zone, or no zones on this machine.
    """
    if isinstance(value, tzinfo):
        return value
    if value == "UTC":
        # Known everywhere, even where the machine has no zones.
        return UTC
    if isinstance(value, str) and value:
        try:
            return ZoneInfo(value)
        except (LookupError, ValueError, OSError):
            known = available_timezones()
            mend = nearest(value, known) if known else "install the time zones: the package tzdata"
            mend = mend or "name it as IANA does, such as Europe/Berlin"
            raise refuse(Code.UNKNOWN_ZONE, f"no time zone {shown(value)}", mend) from None
    raise refuse(Code.UNKNOWN_ZONE, "must be the name of a time zone", "such as Europe/Berlin")


def parse_time_of_day(value: object) -> time:
    """Read "22:00", or TOML's own 22:00:00; "24:00" is the midnight after.

    Raises:
        PydanticCustomError: no time of day.
    """
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if isinstance(value, str) and (match := TIME_OF_DAY.fullmatch(value.strip())):
        hour, minute = int(match[1]), int(match[2])
        if (hour, minute) == MIDNIGHT_AFTER:
            return time()
        if hour <= LAST_HOUR and minute <= LAST_MINUTE:
            return time(hour, minute)
    raise refuse(Code.BAD_TIME, f"{shown(value)} is no time of day", 'write "22:00", in quotes')


def parse_expiry(value: object) -> datetime:
    """Read a date (it ends with that day) or a date with a time, of UTC where no offset is given.

    Raises:
        PydanticCustomError: neither.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if ":" in value else date.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value + timedelta(days=1), time(), UTC)
    raise refuse(Code.BAD_TIME, "is no date", 'write "2026-12-31" or "2026-12-31T18:00:00Z"')


Zone = Annotated[tzinfo, PlainValidator(parse_zone), Shown("time zone")]
TimeOfDay = Annotated[time, BeforeValidator(parse_time_of_day), Shown("time of day")]
Expiry = Annotated[datetime | None, BeforeValidator(lambda value: value and parse_expiry(value)), Shown("date")]
Weekday = Annotated[str, BeforeValidator(one_of({day: day for day in WEEKDAYS})), Shown("day")]
