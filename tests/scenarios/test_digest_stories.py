"""The digest: a day or a week in one silent message."""

from __future__ import annotations

import asyncio
from datetime import UTC, time, timedelta
from typing import TYPE_CHECKING

from liqwatch.alerts.policy import AlertPolicy
from liqwatch.alerts.schedule_plan import DigestPlan
from liqwatch.engine.period import send_digest
from liqwatch.engine.record import Recorder
from liqwatch.model import Delivery, DeliveryReport, NotifyReason, Settlement, Severity
from liqwatch.testing.telemetry import SilentTelemetry

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.scenarios.conftest import Scenario

    from liqwatch.model import Notification

BTC, ETH, PERSON = "BTC/USDT:USDT", "ETH/USDT:USDT", "person"
DAILY = DigestPlan(at=time(8), zone=UTC, channels=(PERSON,))
DAY, WEEK = timedelta(days=1), timedelta(days=7)
LIQUIDATION, FAR = 800 / 9.9, 130.0


class Nobody(SilentTelemetry):
    def wake(self, channels: Collection[str]) -> None: ...

    async def send_unsaved(self, notification: Notification) -> bool:
        return False


async def digest(story: Scenario, over: timedelta = DAY, plan: DigestPlan = DAILY) -> list[Notification]:
    """What is sent when its time has come."""
    story.heard.clear()
    nobody = Nobody()
    recorder = Recorder(story.store, nobody, nobody)
    since = story.clock.now() - over
    async with asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(recorder.run())
        await send_digest(
            plan,
            since,
            watch=story.watch,
            archive=story.store,
            store=story.store,
            recorder=recorder,
            clock=story.clock,
        )
        await recorder.drain()
        writer.cancel()
    await story.postman.deliver()
    return [row.notification for row in story.heard]


async def test_a_digest_wakes_nobody(story: Scenario) -> None:
    (told,) = await digest(story)
    assert (told.reason, told.is_silent, told.can_be_answered) == (NotifyReason.ANNOUNCED, True, False)


async def test_a_calm_day_is_told_as_that_with_who_is_nearest_to_liquidation(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR)
    (told,) = await digest(story)
    assert told.title == "Digest of 1 d"
    assert "No alerts." in told.body
    assert "0 alerts burn now." in told.body
    assert "BTC/USDT:USDT long" in told.body


async def test_a_digest_counts_each_alert_once_by_the_level_it_began_with_and_names_what_burns(
    story: Scenario,
) -> None:
    story.patience = AlertPolicy(repeat_every=dict.fromkeys(Severity, timedelta(minutes=5)))
    for market in (BTC, ETH):
        await story.position(market)
        await story.mark(market, FAR)
    await story.mark(BTC, LIQUIDATION / 0.93)
    await story.mark(ETH, LIQUIDATION / 0.86)
    await story.still(1_200.0, step=10.0)
    await story.mark(ETH, FAR)
    (told,) = await digest(story)
    assert "Alerts: 1 critical, 1 warning" in told.body
    assert "1 alert burns now." in told.body
    assert "critical, BTC/USDT:USDT long" in told.body


async def test_what_happened_before_the_day_is_not_counted_again(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, LIQUIDATION / 0.93, FAR)
    await story.still(DAY.total_seconds() + 60.0, step=600.0)
    (told,) = await digest(story)
    assert "No alerts." in told.body
    story.clock.advance(1.0)
    (told,) = await digest(story, over=WEEK)
    assert told.title == "Digest of 7 d"
    assert "Alerts: 1 critical" in told.body


class Refuses:
    """A channel that takes nothing."""

    def __init__(self, story: Scenario) -> None:
        self._story = story

    async def deliver(self) -> None:
        store, now = self._story.store, self._story.clock.now()
        rows = await store.lease(PERSON, now=now, until=now + timedelta(minutes=1), limit=10)
        dead = DeliveryReport(Delivery.DEAD, "no such chat")
        await store.settle([Settlement(row_id=row.row_id, report=dead, settled_at=now) for row in rows])


async def test_a_digest_says_what_could_not_be_delivered(story: Scenario) -> None:
    well, story.postman = story.postman, Refuses(story)
    await story.position(BTC)
    await story.mark(BTC, LIQUIDATION / 0.93)
    story.postman = well
    (told,) = await digest(story)
    assert "1 message could not be delivered." in told.body
