"""Quiet hours on the wall clock of a zone: what waits, what never waits, and nights in which the clocks change."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from liqwatch.alerts.hours import Hours, QuietHours
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.alerts.routing import Route
from liqwatch.model import NotifyReason, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC, PERSON, PHONE, SCREEN = "BTC/USDT:USDT", "person", "phone", "screen"
LONG, RULE = f"{BTC} long", "liquidation_distance"
FIRST, WORSENED = NotifyReason.FIRST, NotifyReason.WORSENED
REPEATED, RESOLVED = NotifyReason.REPEATED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
LIQUIDATION, FAR = 800 / 9.9, 130.0
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
HELD_ONLY_FOR_ALL = "a message is held back only where every channel is quiet; one quiet channel among others misses it"
HOURLY = AlertPolicy(repeat_every=dict.fromkeys(Severity, timedelta(hours=1)))


def at(distance: float) -> float:
    """The mark from which the long's liquidation is so far away."""
    return LIQUIDATION / (1 - distance)


def wall(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """A moment as a clock on the wall there shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


async def night(
    story: Scenario, begins: str, zone: ZoneInfo = BERLIN, pierced_by: Severity = Severity.CRITICAL
) -> None:
    """Quiet from 22:00 to 07:00 there; the story begins at that moment, with a position that is safe."""
    quiet = QuietHours(hours=Hours(zone, time(22), time(7)), pierced_by=pierced_by)
    story.routes(Route(min_severity=NOTICE, channels=(PERSON,)), quiet=(quiet,))
    story.begin(at=wall(begins, zone))
    await story.position(BTC)
    await story.mark(BTC, FAR)


def told(story: Scenario) -> list[tuple[NotifyReason, Severity]]:
    return [(reason, severity) for reason, severity, _ in story.told(RULE)]


async def test_a_warning_in_quiet_hours_waits_and_is_told_when_they_end_if_it_still_burns(story: Scenario) -> None:
    await night(story, "2026-11-20 23:00")
    await story.mark(BTC, at(0.14))
    await story.until(wall("2026-11-21 06:59"))
    assert told(story) == []
    await story.until(wall("2026-11-21 07:01"))
    assert told(story) == [(FIRST, WARNING)]


async def test_what_is_over_before_the_quiet_hours_end_is_not_told_at_all(story: Scenario) -> None:
    await night(story, "2026-11-20 23:00")
    await story.mark(BTC, at(0.14))
    await story.still(600.0, step=10.0)
    await story.mark(BTC, FAR)
    await story.until(wall("2026-11-21 07:05"))
    assert told(story) == []


@pytest.mark.parametrize(("distance", "severity"), [(0.07, CRITICAL), (0.03, EMERGENCY)])
async def test_critical_and_worse_pierce_quiet_hours(story: Scenario, distance: float, severity: Severity) -> None:
    await night(story, "2026-11-20 23:00")
    await story.mark(BTC, at(distance))
    assert told(story) == [(FIRST, severity)]


async def test_quiet_hours_that_would_hide_critical_do_not(story: Scenario) -> None:
    await night(story, "2026-11-20 23:00", pierced_by=EMERGENCY)
    await story.mark(BTC, at(0.07))
    assert told(story) == [(FIRST, CRITICAL)]


async def test_quiet_hours_may_be_pierced_by_warnings_already(story: Scenario) -> None:
    await night(story, "2026-11-20 23:00", pierced_by=WARNING)
    await story.mark(BTC, at(0.24))
    assert told(story) == []
    await story.mark(BTC, at(0.14))
    assert told(story) == [(FIRST, WARNING)]


async def test_a_warning_that_worsens_to_critical_in_quiet_hours_is_told_at_once(story: Scenario) -> None:
    await night(story, "2026-11-20 23:00")
    await story.mark(BTC, at(0.14))
    await story.still(600.0, step=10.0)
    await story.mark(BTC, at(0.07))
    assert told(story) == [(FIRST, CRITICAL)]


async def test_reminders_of_a_warning_wait_for_the_end_of_quiet_hours(story: Scenario) -> None:
    story.patience = HOURLY
    await night(story, "2026-11-20 21:30")
    await story.mark(BTC, at(0.14))
    assert told(story) == [(FIRST, WARNING)]
    await story.until(wall("2026-11-21 06:59"))
    assert told(story) == []
    await story.until(wall("2026-11-21 07:02"))
    assert told(story) == [(REPEATED, WARNING)]


async def test_an_all_clear_at_night_wakes_nobody(story: Scenario) -> None:
    await night(story, "2026-11-20 21:30")
    await story.mark(BTC, at(0.14))
    story.told()
    await story.until(wall("2026-11-20 23:00"))
    await story.mark(BTC, FAR)
    assert all(row.notification.is_silent for row in story.heard)
    assert story.state_of(RULE, LONG) == "ok"


async def test_an_all_clear_at_night_is_there_in_the_morning(story: Scenario) -> None:
    await night(story, "2026-11-20 21:30")
    await story.mark(BTC, at(0.14))
    story.told()
    await story.until(wall("2026-11-20 23:00"))
    await story.mark(BTC, FAR)
    await story.until(wall("2026-11-21 07:05"))
    assert told(story) == [(RESOLVED, WARNING)]


async def test_quiet_hours_count_by_the_clock_of_their_zone(story: Scenario) -> None:
    await night(story, "2026-11-20 21:59", NEW_YORK)
    await story.mark(BTC, at(0.24))
    assert told(story) == [(FIRST, NOTICE)]
    await story.until(wall("2026-11-20 22:00", NEW_YORK))
    await story.mark(BTC, at(0.14))
    assert told(story) == []
    await story.until(wall("2026-11-21 07:01", NEW_YORK))
    assert told(story) == [(WORSENED, WARNING)]


async def test_a_night_that_loses_an_hour_ends_at_seven_on_the_wall_all_the_same(story: Scenario) -> None:
    await night(story, "2027-03-27 22:30")
    await story.mark(BTC, at(0.14))
    await story.until(wall("2027-03-28 06:59"))
    assert round(story.clock.monotonic()) == 60 * (7 * 60 + 29)
    assert told(story) == []
    await story.until(wall("2027-03-28 07:01"))
    assert told(story) == [(FIRST, WARNING)]


async def test_a_night_that_gains_an_hour_lasts_until_seven_on_the_wall_all_the_same(story: Scenario) -> None:
    await night(story, "2026-10-24 22:30")
    await story.mark(BTC, at(0.14))
    await story.until(wall("2026-10-25 06:59"))
    assert round(story.clock.monotonic()) == 60 * (9 * 60 + 29)
    assert told(story) == []
    await story.until(wall("2026-10-25 07:01"))
    assert told(story) == [(FIRST, WARNING)]


async def test_a_restart_in_quiet_hours_neither_tells_nor_forgets_what_was_held_back(story: Scenario) -> None:
    await night(story, "2026-11-20 23:00")
    await story.mark(BTC, at(0.14))
    await story.restart(down_for_seconds=60.0)
    await story.mark(BTC, at(0.14))
    assert told(story) == []
    await story.until(wall("2026-11-21 07:01"))
    assert told(story) == [(FIRST, WARNING)]


async def both_but_the_phone_is_quiet(story: Scenario) -> None:
    quiet = QuietHours(hours=Hours(BERLIN, time(22), time(7)), channels=frozenset({PHONE}))
    story.routes(Route(min_severity=NOTICE, channels=(PHONE, SCREEN)), quiet=(quiet,))
    story.begin(at=wall("2026-11-20 23:00"))
    await story.position(BTC)
    await story.mark(BTC, FAR, at(0.14))


async def test_one_channel_may_be_quiet_while_another_is_told(story: Scenario) -> None:
    await both_but_the_phone_is_quiet(story)
    assert [row.channel for row in story.heard] == [SCREEN]
    await story.mark(BTC, at(0.07))
    assert [row.channel for row in story.heard[1:]] == [PHONE, SCREEN]


@pytest.mark.xfail(strict=True, reason=HELD_ONLY_FOR_ALL)
async def test_a_channel_that_was_quiet_hears_what_still_burns_when_its_hours_end(story: Scenario) -> None:
    await both_but_the_phone_is_quiet(story)
    story.heard.clear()
    await story.until(wall("2026-11-21 07:05"))
    assert [row.channel for row in story.heard if row.notification.severity is WARNING] == [PHONE]
