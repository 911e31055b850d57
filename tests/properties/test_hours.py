"""F35g: quiet hours in every time zone there is, on the days when its clock changes and on any other."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.alerts.hours import Hours

ZONES = sorted(available_timezones() - {"localtime"})
YEARS = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
STEP = timedelta(hours=6)
MINUTE = timedelta(minutes=1)


@cache
def clock_changes(name: str) -> tuple[datetime, ...]:
    """Moments, to six hours, at which a zone's offset differs from that before."""
    zone, moments = ZoneInfo(name), []
    moment = YEARS[0]
    while moment < YEARS[1]:
        if moment.astimezone(zone).utcoffset() != (moment + STEP).astimezone(zone).utcoffset():
            moments.append(moment)
        moment += STEP
    return tuple(moments)


def any_moment() -> st.SearchStrategy[datetime]:
    return st.datetimes(YEARS[0].replace(tzinfo=None), YEARS[1].replace(tzinfo=None)).map(
        lambda naive: naive.replace(microsecond=0, tzinfo=UTC)
    )


@st.composite
def zones_and_moments(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone, and a moment that is likely to be near a change of its clock."""
    name = draw(st.sampled_from(ZONES))
    changes = clock_changes(name)
    if not changes or draw(st.integers(0, 3)) == 0:
        return ZoneInfo(name), draw(any_moment())
    near = draw(st.integers(-20 * 3600, 26 * 3600))
    return ZoneInfo(name), draw(st.sampled_from(changes)) + timedelta(seconds=near)


walls = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
weekdays = st.frozensets(st.integers(0, 6), min_size=1)


def shown(hours: Hours, moment: datetime) -> bool:
    """The definition, minute by minute: which run of hours would the wall clock be in, if it began on which day."""
    local = moment.astimezone(hours.zone)
    minute = local.hour * 60 + local.minute + local.second / 60 + local.microsecond / 6e7
    start, end = (wall.hour * 60 + wall.minute for wall in (hours.start, hours.end))
    if end > start:
        return start <= minute < end and local.weekday() in hours.days
    begun_today = minute >= start and local.weekday() in hours.days
    begun_yesterday = minute < end and (local.date() - timedelta(days=1)).weekday() in hours.days
    return begun_today or begun_yesterday


@given(zones_and_moments(), walls, walls, weekdays)
def test_hours_cover_what_the_wall_clock_shows(
    place: tuple[ZoneInfo, datetime], start: time, end: time, days: frozenset[int]
) -> None:
    zone, moment = place
    hours = Hours(zone, start, end, days)
    assert hours.covers(moment) is shown(hours, moment)


@given(zones_and_moments(), walls, walls, weekdays)
def test_the_end_is_the_first_moment_that_is_not_covered(
    place: tuple[ZoneInfo, datetime], start: time, end: time, days: frozenset[int]
) -> None:
    zone, moment = place
    hours = Hours(zone, start, end, days)
    over = hours.ends_at(moment)
    if over is None:
        assert start == end
        assert days == frozenset(range(7))
        return
    assert over >= moment
    assert not hours.covers(over)
    if over > moment:
        assert hours.covers(over - timedelta(microseconds=1))
    at = moment
    while at < over:
        assert hours.covers(at)
        at += 7 * MINUTE


@pytest.mark.parametrize("name", ZONES)
def test_every_zone_is_quiet_by_its_own_clock_all_through_the_day_of_every_change(name: str) -> None:
    night = Hours(ZoneInfo(name), time(22), time(7))
    for change in clock_changes(name) or YEARS[:1]:
        for quarter in range(-96, 160):
            moment = change + timedelta(minutes=15 * quarter)
            hour = moment.astimezone(night.zone).hour
            assert night.covers(moment) is (hour >= 22 or hour < 7), (name, moment)


def test_the_zones_do_change_their_clocks() -> None:
    assert len(clock_changes("Europe/Berlin")) == 6
    assert len(clock_changes("Australia/Lord_Howe")) == 6
    assert clock_changes("UTC") == ()
