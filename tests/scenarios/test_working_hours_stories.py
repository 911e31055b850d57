"""Working hours on the wall clock of a zone: who is told when, and what happens when nobody is on duty."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from liqwatch.alerts.hours import Hours
from liqwatch.alerts.routing import Route
from liqwatch.model import NotifyReason, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC, ANNA, BEN = "BTC/USDT:USDT", "anna", "ben"
RULE = "liquidation_distance"
FIRST, WORSENED, RESOLVED = NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
CLOSED_TO_CRITICAL = (
    "Route.takes closes outside its hours to every severity; critical passes only where no route is open"
)
LIQUIDATION, FAR = 800 / 9.9, 130.0
BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")
WEEKDAYS = frozenset(range(5))


def at(distance: float) -> float:
    """The mark from which the long's liquidation is so far away."""
    return LIQUIDATION / (1 - distance)


def wall(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """A moment as a clock on the wall there shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def shift(channel: str, start: int, end: int, zone: ZoneInfo = BERLIN) -> Route:
    return Route(min_severity=NOTICE, channels=(channel,), hours=Hours(zone, time(start), time(end), WEEKDAYS))


async def on_duty(story: Scenario, begins: str, *routes: Route) -> None:
    story.routes(*routes)
    story.begin(at=wall(begins))
    await story.position(BTC)
    await story.mark(BTC, FAR)
    story.heard.clear()


def told(story: Scenario) -> list[tuple[str, Severity]]:
    heard = [(row.channel, row.notification.severity) for row in story.heard if RULE in row.notification.alert_key]
    story.heard.clear()
    return heard


async def test_whoever_is_on_duty_is_told(story: Scenario) -> None:
    """A Friday."""
    await on_duty(story, "2026-11-20 10:00", shift(ANNA, 9, 17), shift(BEN, 17, 1))
    await story.mark(BTC, at(0.24))
    assert told(story) == [(ANNA, NOTICE)]
    await story.until(wall("2026-11-20 18:00"))
    await story.mark(BTC, at(0.14))
    assert told(story) == [(BEN, WARNING)]


async def test_working_hours_count_by_the_clock_of_each_persons_zone(story: Scenario) -> None:
    """23:30 in Berlin on a Thursday is 07:30 on a Friday in Tokyo."""
    await on_duty(story, "2026-11-19 23:30", shift(ANNA, 9, 17), shift(BEN, 7, 15, TOKYO))
    await story.mark(BTC, at(0.14))
    assert told(story) == [(BEN, WARNING)]


async def test_a_warning_while_nobody_is_on_duty_waits_for_the_next_working_hours(story: Scenario) -> None:
    """From Saturday to Monday."""
    await on_duty(story, "2026-11-21 12:00", shift(ANNA, 9, 17))
    await story.mark(BTC, at(0.14))
    await story.until(wall("2026-11-23 08:59"), step=600.0)
    assert told(story) == []
    await story.until(wall("2026-11-23 09:01"))
    assert told(story) == [(ANNA, WARNING)]


async def test_a_critical_alert_while_nobody_is_on_duty_reaches_everybody(story: Scenario) -> None:
    await on_duty(story, "2026-11-21 12:00", shift(ANNA, 9, 17), shift(BEN, 17, 1))
    await story.mark(BTC, at(0.07))
    assert sorted(told(story)) == [(ANNA, CRITICAL), (BEN, CRITICAL)]


async def test_a_critical_alert_reaches_whoever_is_off_duty_too(story: Scenario) -> None:
    await on_duty(story, "2026-11-20 20:00", shift(ANNA, 9, 17), shift(BEN, 17, 1))
    await story.mark(BTC, at(0.07))
    assert sorted(told(story)) == [(ANNA, CRITICAL), (BEN, CRITICAL)]


async def test_an_all_clear_outside_working_hours_comes_without_a_sound_or_not_at_all(story: Scenario) -> None:
    await on_duty(story, "2026-11-20 16:00", shift(ANNA, 9, 17))
    await story.mark(BTC, at(0.14))
    assert told(story) == [(ANNA, WARNING)]
    await story.until(wall("2026-11-20 18:00"))
    await story.mark(BTC, FAR)
    assert all(row.notification.is_silent for row in story.heard)
    assert story.state_of(RULE, f"{BTC} long") == "ok"


async def test_whoever_was_told_of_an_alert_is_told_that_it_is_over_when_the_shift_has_changed_too(
    story: Scenario,
) -> None:
    await on_duty(story, "2026-11-20 16:00", shift(ANNA, 9, 17), shift(BEN, 17, 1))
    await story.mark(BTC, at(0.14))
    assert told(story) == [(ANNA, WARNING)]
    await story.until(wall("2026-11-20 18:00"))
    await story.mark(BTC, FAR)
    assert ANNA in [channel for channel, _ in told(story)]


async def test_when_the_clocks_go_back_work_still_begins_at_nine_on_the_wall(story: Scenario) -> None:
    """Sunday 25 October 2026 has 25 hours in Berlin; duty there is on every day."""
    always = Route(min_severity=NOTICE, channels=(ANNA,), hours=Hours(BERLIN, time(9), time(17)))
    await on_duty(story, "2026-10-24 20:00", always)
    await story.mark(BTC, at(0.14))
    await story.until(wall("2026-10-25 08:59"))
    assert round(story.clock.monotonic()) == 60 * (13 * 60 + 59)
    assert told(story) == []
    await story.until(wall("2026-10-25 09:01"))
    assert told(story) == [(ANNA, WARNING)]
