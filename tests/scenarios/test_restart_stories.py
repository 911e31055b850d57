"""A restart in any state neither repeats what was told nor forgets what was not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from liqwatch.alerts.policy import AlertPolicy
from liqwatch.model import NotifyReason, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC = "BTC/USDT:USDT"
LONG = f"{BTC} long"
RULE = "liquidation_distance"
FAR, NEAR, NEARER = 130.0, 105.0, 90.0
FIRST, WORSENED = NotifyReason.FIRST, NotifyReason.WORSENED
REPEATED, RESOLVED = NotifyReason.REPEATED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity


async def test_a_restart_while_pending_goes_on_counting(story: Scenario) -> None:
    story.patience = AlertPolicy(hold={NOTICE: timedelta(seconds=10)})
    await story.position(BTC)
    await story.mark(BTC, FAR, NEAR)
    assert story.state_of(RULE, LONG) == "pending"
    await story.advance(6.0)
    await story.restart()
    await story.mark(BTC, NEAR)
    assert story.told() == []
    await story.advance(4.0)
    assert story.told() == [(FIRST, NOTICE, LONG)]


async def test_a_restart_while_firing_repeats_nothing(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, NEAR)
    assert story.told() == [(FIRST, NOTICE, LONG)]
    await story.restart()
    await story.advance(3.0)
    await story.mark(BTC, NEAR)
    assert story.told() == []
    await story.mark(BTC, NEARER)
    assert story.told() == [(WORSENED, WARNING, LONG)]


async def test_what_worsened_or_ended_while_nobody_looked_is_told_after_the_restart(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, NEAR)
    await story.restart(down_for_seconds=600.0)
    await story.mark(BTC, NEARER)
    await story.restart(down_for_seconds=600.0)
    await story.mark(BTC, FAR)
    assert story.told() == [(FIRST, NOTICE, LONG), (WORSENED, WARNING, LONG), (RESOLVED, WARNING, LONG)]


async def test_a_reminder_due_during_the_pause_comes_once(story: Scenario) -> None:
    story.patience = AlertPolicy(repeat_every={NOTICE: timedelta(minutes=5)})
    await story.position(BTC)
    await story.mark(BTC, FAR, NEAR)
    await story.restart(down_for_seconds=1200.0)
    await story.mark(BTC, NEAR, NEAR, NEAR)
    assert story.told() == [(FIRST, NOTICE, LONG), (REPEATED, NOTICE, LONG)]


async def test_a_restart_while_recovering_still_ends_with_the_all_clear(story: Scenario) -> None:
    story.patience = AlertPolicy(clear_hold=timedelta(seconds=10))
    await story.position(BTC)
    await story.mark(BTC, FAR, NEAR, FAR)
    assert story.state_of(RULE, LONG) == "recovering"
    await story.restart()
    await story.mark(BTC, FAR)
    assert story.told() == [(FIRST, NOTICE, LONG)]
    await story.advance(10.0)
    assert story.told() == [(RESOLVED, NOTICE, LONG)]


async def test_a_position_closed_while_nobody_looked_is_resolved(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, NEAR)
    story.told()
    del story.positions[LONG]
    await story.restart(down_for_seconds=60.0)
    assert story.told() == [(RESOLVED, NOTICE, LONG)]


async def test_a_restart_while_calm_says_nothing(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR)
    await story.restart()
    await story.mark(BTC, FAR)
    await story.advance(3.0)
    assert story.told() == []
