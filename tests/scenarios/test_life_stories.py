"""The life of an alert: holding, hysteresis, flapping, repeating, worsening, and the all-clear."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from liqwatch.alerts.policy import AlertPolicy
from liqwatch.model import EventKind, NotifyReason, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC = "BTC/USDT:USDT"
LONG, RULE = f"{BTC} long", "liquidation_distance"
FIRST, WORSENED = NotifyReason.FIRST, NotifyReason.WORSENED
REPEATED, RESOLVED = NotifyReason.REPEATED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
LIQUIDATION = 800 / 9.9
MINUTE = timedelta(minutes=1)
FAR = 130.0


def at(distance: float) -> float:
    """The mark from which the long's liquidation is so far away."""
    return LIQUIDATION / (1 - distance)


def told(story: Scenario) -> list[tuple[NotifyReason, Severity]]:
    return [(reason, severity) for reason, severity, subject in story.told() if subject == LONG]


async def long_at(story: Scenario, distance: float) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, at(distance))


async def test_a_worse_level_does_not_wait_for_the_hold_time_of_a_milder_one(story: Scenario) -> None:
    story.patience = AlertPolicy(hold={NOTICE: 5 * MINUTE, CRITICAL: timedelta(0)})
    await long_at(story, 0.24)
    await story.still(60.0)
    assert told(story) == []
    await story.mark(BTC, at(0.07))
    assert told(story) == [(FIRST, CRITICAL)]


async def test_once_told_a_worse_level_is_told_at_once_whatever_its_hold_time(story: Scenario) -> None:
    story.patience = AlertPolicy(hold={WARNING: 5 * MINUTE, CRITICAL: 5 * MINUTE})
    await long_at(story, 0.24)
    await story.mark(BTC, at(0.14), at(0.07))
    assert told(story) == [(FIRST, NOTICE), (WORSENED, WARNING), (WORSENED, CRITICAL)]


async def test_worsening_is_told_during_the_clear_hold_too(story: Scenario) -> None:
    story.patience = AlertPolicy(clear_hold=5 * MINUTE)
    await long_at(story, 0.14)
    await story.mark(BTC, FAR)
    await story.still(60.0)
    assert story.state_of(RULE, LONG) == "recovering"
    await story.mark(BTC, at(0.07))
    assert told(story) == [(FIRST, WARNING), (WORSENED, CRITICAL)]


async def test_a_fall_through_every_level_at_once_is_one_message_at_the_worst_of_them(story: Scenario) -> None:
    await long_at(story, 0.24)
    await story.mark(BTC, at(0.03))
    assert "Worse: notice before, emergency now." in story.said(RULE)
    assert told(story) == [(FIRST, NOTICE), (WORSENED, EMERGENCY)]


async def test_between_fire_and_clear_level_nothing_is_said(story: Scenario) -> None:
    await long_at(story, 0.24)
    told(story)
    await story.mark(BTC, *[at(0.251), at(0.274), at(0.249)] * 30)
    assert told(story) == []
    assert story.state_of(RULE, LONG) == "firing"


async def test_an_alert_that_keeps_coming_back_keeps_burning_until_it_has_been_quiet_for_long(
    story: Scenario,
) -> None:
    story.patience = AlertPolicy(flap_limit=3, flap_window=30 * MINUTE, flap_clear_hold=15 * MINUTE)
    await story.position(BTC)
    for _ in range(10):
        await story.mark(BTC, at(0.24))
        await story.still(60.0, step=5.0)
        await story.mark(BTC, FAR)
        await story.still(60.0, step=5.0)
    heard = told(story)
    assert heard == [(FIRST, NOTICE), (RESOLVED, NOTICE)] * 3 + [(FIRST, NOTICE)]
    await story.still(12 * 60.0, step=5.0)
    assert told(story) == []
    await story.still(3 * 60.0, step=5.0)
    assert "It came back" not in story.said(RULE)
    assert told(story) == [(RESOLVED, NOTICE)]


async def test_an_alert_that_comes_back_says_how_often(story: Scenario) -> None:
    await long_at(story, 0.24)
    await story.mark(BTC, FAR, at(0.24), FAR, at(0.24))
    assert "It came back 2 times soon after the all-clear." in story.said(RULE)


async def test_a_flapping_alert_that_worsens_is_told_at_once(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, *[at(0.24), FAR] * 10)
    told(story)
    await story.mark(BTC, at(0.03))
    assert told(story) == [(WORSENED, EMERGENCY)]


@pytest.mark.parametrize(
    ("distance", "severity", "minutes"), [(0.14, WARNING, 120), (0.07, CRITICAL, 15), (0.03, EMERGENCY, 5)]
)
async def test_every_severity_is_repeated_at_its_own_pace(
    story: Scenario, distance: float, severity: Severity, minutes: int
) -> None:
    story.patience = AlertPolicy(repeat_every={WARNING: 120 * MINUTE, CRITICAL: 15 * MINUTE, EMERGENCY: 5 * MINUTE})
    await long_at(story, distance)
    assert told(story) == [(FIRST, severity)]
    await story.still(minutes * 60.0 - 10.0, step=10.0)
    assert told(story) == []
    await story.still(20.0, step=10.0)
    assert told(story) == [(REPEATED, severity)]
    await story.still(minutes * 60.0, step=10.0)
    assert told(story) == [(REPEATED, severity)]


async def test_a_worsening_begins_the_time_to_the_next_reminder_anew(story: Scenario) -> None:
    story.patience = AlertPolicy(repeat_every={WARNING: 10 * MINUTE, CRITICAL: 10 * MINUTE})
    await long_at(story, 0.14)
    await story.still(9 * 60.0, step=10.0)
    await story.mark(BTC, at(0.07))
    assert told(story) == [(FIRST, WARNING), (WORSENED, CRITICAL)]
    await story.still(9 * 60.0, step=10.0)
    assert told(story) == []
    await story.still(70.0, step=10.0)
    assert told(story) == [(REPEATED, CRITICAL)]


async def test_a_reminder_says_since_when_and_that_it_still_lasts(story: Scenario) -> None:
    story.patience = AlertPolicy(repeat_every={WARNING: 10 * MINUTE})
    await long_at(story, 0.14)
    await story.still(605.0, step=5.0)
    assert "still 14.0% to liquidation" in story.said(RULE)
    assert "So since 12:00:00 UTC, for 10 min" in story.said(RULE)


async def test_the_all_clear_tells_what_happened_in_between(story: Scenario) -> None:
    story.patience = AlertPolicy(repeat_every={CRITICAL: 10 * MINUTE})
    await long_at(story, 0.14)
    await story.mark(BTC, at(0.05))
    await story.still(620.0, step=10.0)
    await story.mark(BTC, FAR)
    said = story.said(RULE)
    assert f"RESOLVED · {LONG} · 37.8% to liquidation (was critical)" in said
    assert "It lasted 10 min, from 12:00:00 UTC to 12:10:20 UTC." in said
    assert "Worst: critical, 5.0% to liquidation, at 12:00:00 UTC." in said
    assert "3 messages were sent." in said
    assert told(story) == [(FIRST, WARNING), (WORSENED, CRITICAL), (REPEATED, CRITICAL), (RESOLVED, CRITICAL)]


async def test_every_change_of_state_stands_in_the_history(story: Scenario) -> None:
    await long_at(story, 0.14)
    await story.mark(BTC, at(0.07), FAR)
    events = await story.store.events()
    mine = [each for each in events if f"|{RULE}|" in each.alert_key]
    states = [(each.word, each.severity) for each in mine if each.kind is EventKind.TRANSITION]
    assert states == [("firing", WARNING), ("firing", CRITICAL), ("ok", None)]
    sent = [each.word for each in mine if each.kind is EventKind.MESSAGE]
    assert sent == ["first", "worsened", "resolved"]


async def test_every_message_says_what_it_cannot_do(story: Scenario) -> None:
    await long_at(story, 0.07)
    assert "Alerts do not stop a liquidation." in story.said(RULE)
    await story.mark(BTC, FAR)
    assert "Alerts do not stop a liquidation." in story.said(RULE)
