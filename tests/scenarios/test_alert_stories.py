"""What a person hears while a market falls, hesitates and recovers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from liqwatch.alerts.policy import AlertPolicy
from liqwatch.model import NotifyReason, Severity, Side

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC = "BTC/USDT:USDT"
LONG, SHORT = f"{BTC} long", f"{BTC} short"
FIRST, WORSENED = NotifyReason.FIRST, NotifyReason.WORSENED
REPEATED, RESOLVED = NotifyReason.REPEATED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
LIQUIDATION = 800 / 9.9  # of the harness's long: 10 contracts at 100 with 200 margin and 1 % maintenance


def at(distance: float) -> float:
    """The mark from which the long's liquidation is so far away."""
    return LIQUIDATION / (1 - distance)


async def test_a_crash_over_several_levels_is_one_message(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, 130.0)
    assert story.told() == []
    await story.mark(BTC, at(0.03))
    assert story.told() == [(FIRST, EMERGENCY, LONG)]
    await story.mark(BTC, at(0.02), at(0.01), at(0.005))
    assert story.told() == []


async def test_a_slow_fall_is_told_level_by_level(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, 130.0, at(0.24), at(0.14), at(0.07), at(0.03))
    assert story.told() == [
        (FIRST, NOTICE, LONG),
        (WORSENED, WARNING, LONG),
        (WORSENED, CRITICAL, LONG),
        (WORSENED, EMERGENCY, LONG),
    ]


async def test_flapping_round_a_threshold_is_told_once(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, 130.0, *[at(0.249), at(0.251)] * 20)
    assert story.told() == [(FIRST, NOTICE, LONG)]


async def test_a_breach_shorter_than_its_hold_time_is_not_told(story: Scenario) -> None:
    story.patience = AlertPolicy(hold={NOTICE: timedelta(seconds=10)})
    await story.position(BTC)
    await story.mark(BTC, 130.0, at(0.24))
    await story.advance(9.0)
    await story.mark(BTC, 130.0)
    await story.advance(9.0)
    assert story.told() == []
    await story.mark(BTC, at(0.24))
    await story.advance(10.0)
    assert story.told() == [(FIRST, NOTICE, LONG)]


async def test_reminders_come_while_it_lasts_and_end_with_it(story: Scenario) -> None:
    story.patience = AlertPolicy(repeat_every={CRITICAL: timedelta(seconds=12)})
    await story.position(BTC)
    await story.mark(BTC, 130.0, at(0.07))
    assert story.told() == [(FIRST, CRITICAL, LONG)]
    for _ in range(3):
        for _ in range(3):
            await story.mark(BTC, at(0.07))
            await story.advance(3.9)
        assert story.told() == [(REPEATED, CRITICAL, LONG)]
    await story.mark(BTC, at(0.3))
    assert story.told() == [(RESOLVED, CRITICAL, LONG)]
    await story.advance(14.0)
    assert story.told() == []


async def test_an_easing_is_silent_and_the_all_clear_names_the_worst(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, 130.0, at(0.03))
    story.told()
    await story.mark(BTC, at(0.06), at(0.12), at(0.2), at(0.26))
    assert story.told() == []
    await story.mark(BTC, at(0.28))
    assert story.told() == [(RESOLVED, EMERGENCY, LONG)]


async def test_a_relapse_within_the_clear_hold_is_no_new_alarm(story: Scenario) -> None:
    story.patience = AlertPolicy(clear_hold=timedelta(seconds=10))
    await story.position(BTC)
    await story.mark(BTC, 130.0, at(0.2), at(0.3))
    await story.advance(5.0)
    await story.mark(BTC, at(0.2), at(0.3))
    assert story.told() == [(FIRST, NOTICE, LONG)]
    await story.advance(10.0)
    assert story.told() == [(RESOLVED, NOTICE, LONG)]


async def test_a_second_fall_is_an_episode_of_its_own(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, 130.0, at(0.2))
    first = story.heard[0].notification.alert_id
    await story.mark(BTC, at(0.3), at(0.2))
    assert [row.notification.alert_id == first for row in story.heard] == [True, True, False]
    assert story.told() == [(FIRST, NOTICE, LONG), (RESOLVED, NOTICE, LONG), (FIRST, NOTICE, LONG)]


async def test_a_short_is_warned_of_a_rise(story: Scenario) -> None:
    await story.position(BTC, Side.SHORT)
    await story.mark(BTC, 60.0, 115.0)
    assert story.told() == [(FIRST, EMERGENCY, SHORT)]


async def test_the_margin_rule_speaks_only_where_the_distance_does_not_say_as_much(story: Scenario) -> None:
    story.rules = {"liquidation_distance", "margin_ratio"}
    await story.position(BTC)
    await story.mark(BTC, 130.0, at(0.03), at(0.001))
    assert story.told() == [(FIRST, EMERGENCY, LONG)]


async def test_a_level_already_breached_at_the_start_is_told(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, at(0.07))
    assert story.told() == [(FIRST, CRITICAL, LONG)]
