from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from liqwatch.alerts.hours import EVERY_DAY, Hours, QuietHours
from liqwatch.model import Severity

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Hours(BERLIN, time(22), time(7))
OFFICE = Hours(BERLIN, time(9), time(17, 30), frozenset(range(5)))
MONDAY, FRIDAY, SATURDAY = 20, 24, 25
"""Days of July 2026."""


def at(hour: int, minute: int = 0, *, day: int = MONDAY, month: int = 7) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "is_covered"),
    [(at(21, 59), False), (at(22), True), (at(0), True), (at(6, 59), True), (at(7), False), (at(12), False)],
)
def test_a_night_spans_midnight_and_ends_before_its_last_minute(now: datetime, is_covered: bool) -> None:
    assert NIGHT.covers(now) is is_covered


def test_only_the_wall_clock_of_the_zone_counts_whatever_zone_now_is_told_in() -> None:
    assert NIGHT.covers(datetime(2026, 7, 20, 20, 0, tzinfo=UTC))
    assert not NIGHT.covers(datetime(2026, 7, 20, 19, 59, tzinfo=UTC))
    assert NIGHT.covers(datetime(2026, 7, 21, 5, 0, tzinfo=timezone(timedelta(hours=9))))


def test_winter_and_summer_differ_by_an_hour_of_utc() -> None:
    assert not OFFICE.covers(datetime(2026, 1, 20, 7, 30, tzinfo=UTC))
    assert OFFICE.covers(datetime(2026, 7, 20, 7, 30, tzinfo=UTC))


def test_days_are_those_on_which_the_hours_begin() -> None:
    friday_night = Hours(BERLIN, time(22), time(7), frozenset({4}))
    assert not friday_night.covers(at(3, day=FRIDAY))
    assert friday_night.covers(at(23, day=FRIDAY))
    assert friday_night.covers(at(3, day=SATURDAY))
    assert not friday_night.covers(at(23, day=SATURDAY))
    assert not OFFICE.covers(at(12, day=SATURDAY))


def test_the_same_time_twice_is_a_whole_day() -> None:
    weekend = Hours(BERLIN, time(0), time(0), frozenset({5, 6}))
    assert not weekend.covers(at(23, 59, day=FRIDAY))
    assert weekend.covers(at(0, day=SATURDAY))
    assert weekend.ends_at(at(12, day=SATURDAY)) == at(0, day=27)


def test_the_end_is_that_of_the_hours_that_run_and_now_where_none_do() -> None:
    assert NIGHT.ends_at(at(23)) == at(7, day=21)
    assert NIGHT.ends_at(at(6)) == at(7)
    assert NIGHT.ends_at(at(12, 30)) == at(12, 30)


def test_what_covers_the_whole_week_never_ends() -> None:
    assert Hours(BERLIN, time(6), time(6), EVERY_DAY).ends_at(at(12)) is None


def test_hours_within_the_skipped_hour_are_never_shown() -> None:
    skipped = Hours(BERLIN, time(2), time(3))
    night = [datetime(2026, 3, 29, 0, 0, tzinfo=UTC) + timedelta(minutes=minute) for minute in range(180)]
    assert not any(map(skipped.covers, night))


def test_an_end_that_is_skipped_comes_with_the_clock_change() -> None:
    until_half_past_two = Hours(BERLIN, time(22), time(2, 30))
    change = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert until_half_past_two.covers(change - timedelta(seconds=1))
    assert not until_half_past_two.covers(change)
    assert until_half_past_two.ends_at(change - timedelta(hours=2)) == change


def test_hours_within_the_repeated_hour_come_twice() -> None:
    repeated = Hours(BERLIN, time(2), time(2, 30))
    first, second = datetime(2026, 10, 25, 0, 0, tzinfo=UTC), datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    assert repeated.covers(first)
    assert repeated.covers(second)
    assert not repeated.covers(first + timedelta(minutes=30))
    assert repeated.ends_at(first) == first + timedelta(minutes=30)
    assert repeated.ends_at(second) == second + timedelta(minutes=30)


def test_a_night_of_nine_hours_has_eight_where_the_clock_is_put_forward() -> None:
    start = datetime(2026, 3, 28, 22, 0, tzinfo=BERLIN)
    end = NIGHT.ends_at(start)
    assert end is not None
    assert end - start.astimezone(UTC) == timedelta(hours=8)


class TestQuietHours:
    quiet = QuietHours(hours=NIGHT, channels=frozenset({"chat"}), accounts=frozenset({"main"}))

    @pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.EMERGENCY])
    @pytest.mark.parametrize("pierced_by", list(Severity))
    def test_critical_and_worse_are_never_held_back(self, severity: Severity, pierced_by: Severity) -> None:
        quiet = QuietHours(hours=NIGHT, pierced_by=pierced_by)
        assert not quiet.holds_back(at(23), severity, "main", "chat")

    def test_milder_alerts_wait_until_the_hours_are_over(self) -> None:
        assert self.quiet.holds_back(at(23), Severity.WARNING, "main", "chat")
        assert not self.quiet.holds_back(at(12), Severity.WARNING, "main", "chat")

    def test_other_channels_and_accounts_are_not_quiet_but_the_daemon_itself_is(self) -> None:
        assert not self.quiet.holds_back(at(23), Severity.WARNING, "main", "mail")
        assert not self.quiet.holds_back(at(23), Severity.WARNING, "paper", "chat")
        assert self.quiet.holds_back(at(23), Severity.WARNING, "", "chat")

    def test_a_milder_severity_can_be_let_through_as_well(self) -> None:
        quiet = QuietHours(hours=NIGHT, pierced_by=Severity.WARNING)
        assert not quiet.holds_back(at(23), Severity.WARNING, "main", "chat")
        assert quiet.holds_back(at(23), Severity.NOTICE, "main", "chat")
