"""What people say to alerts, and what they are told all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from liqwatch.alerts.policy import AlertPolicy, EscalationStep
from liqwatch.engine.desk import Desk
from liqwatch.engine.desk.silences import SilenceWish
from liqwatch.engine.record import Recorder
from liqwatch.engine.selfwatch import SelfWatch
from liqwatch.model import EventKind, NotifyReason, Severity
from liqwatch.ports import Answer
from liqwatch.testing.telemetry import SilentTelemetry

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC = "BTC/USDT:USDT"
LONG = f"{BTC} long"
FIRST, WORSENED, DEEPENED = NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.DEEPENED
REPEATED, SNOOZE_ENDED, ESCALATED = NotifyReason.REPEATED, NotifyReason.SNOOZE_ENDED, NotifyReason.ESCALATED
ANNOUNCED = NotifyReason.ANNOUNCED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
LIQUIDATION = 800 / 9.9
MINUTE, HOUR = 60.0, 3_600.0
EVERY_TEN_MINUTES = AlertPolicy(repeat_every=dict.fromkeys(Severity, timedelta(minutes=10)))

Act: TypeAlias = Callable[[Desk], Awaitable[str]]


class Quiet(SilentTelemetry):
    """Counters, a supervisor and a dispatcher that nobody looks at."""

    def ready(self) -> None: ...

    def alive(self) -> None: ...

    def status(self, text: str) -> None: ...

    def reloading(self) -> None: ...

    def stopping(self) -> None: ...

    def wake(self, channels: Sequence[str]) -> None: ...

    async def send_unsaved(self, notification: object) -> bool:
        return False


def at(distance: float) -> float:
    """The mark from which the long's liquidation is so far away."""
    return LIQUIDATION / (1 - distance)


async def said(story: Scenario, act: Act) -> str:
    """What the desk answers; what it decides is written down and delivered."""
    quiet = Quiet()
    recorder = Recorder(story.store, quiet, quiet)
    selfwatch = SelfWatch(
        watch=story.watch, recorder=recorder, accounts={}, service=quiet, clock=story.clock, telemetry=quiet
    )
    desk = Desk(
        watch=story.watch,
        recorder=recorder,
        selfwatch=selfwatch,
        store=story.store,
        clock=story.clock,
        conversations={},
    )
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(recorder.run())
        text = await act(desk)
        await recorder.drain()
        writing.cancel()
    await story._write([])
    return text


def burning_id(story: Scenario) -> str:
    """The id of the alert about the long."""
    (record,) = [each for each in story.watch.alarms.burning() if each.key.subject == LONG]
    return record.alert_id


async def acknowledged(story: Scenario) -> str:
    alert_id = burning_id(story)
    return await said(story, lambda desk: desk.answer(alert_id, Answer.ACK, who="anna"))


async def snoozed(story: Scenario, minutes: int) -> str:
    alert_id = burning_id(story)
    return await said(story, lambda desk: desk.answer(alert_id, Answer.SNOOZE, who="anna", minutes=minutes))


async def silenced(story: Scenario, minutes: int) -> str:
    async def act(desk: Desk) -> str:
        return (await desk.begin_silence(SilenceWish(who="anna", minutes=minutes, subject="BTC*"))).text

    return await said(story, act)


def told(story: Scenario) -> list[tuple[NotifyReason, Severity]]:
    """What the person has heard of the long since this was last asked."""
    heard = [row.notification for row in story.heard if row.notification.alert_key.endswith(LONG)]
    story.heard.clear()
    return [(each.reason, each.severity) for each in heard]


async def warned(story: Scenario, distance: float = 0.14) -> None:
    """A long whose alert has been told."""
    story.patience = EVERY_TEN_MINUTES
    await story.position(BTC)
    await story.mark(BTC, 130.0, at(distance))
    assert [reason for reason, _ in told(story)] == [FIRST]


async def test_an_acknowledged_alert_is_not_repeated(story: Scenario) -> None:
    await warned(story)
    await story.advance(11 * MINUTE)
    assert told(story) == [(REPEATED, WARNING)]
    text = await acknowledged(story)
    assert text.startswith("Acknowledged by anna at 12:11:0")
    await story.advance(21 * MINUTE)
    assert told(story) == []


async def test_an_acknowledged_alert_is_not_escalated(story: Scenario) -> None:
    story.patience = AlertPolicy(escalation={WARNING: (EscalationStep(timedelta(minutes=5), ("person",)),)})
    await story.position(BTC)
    await story.mark(BTC, 130.0, at(0.14))
    await acknowledged(story)
    told(story)
    await story.advance(10 * MINUTE)
    assert told(story) == []


async def test_an_alert_that_nobody_acknowledges_is_escalated(story: Scenario) -> None:
    story.patience = AlertPolicy(escalation={WARNING: (EscalationStep(timedelta(minutes=5), ("person",)),)})
    await story.position(BTC)
    await story.mark(BTC, 130.0, at(0.14))
    told(story)
    await story.advance(10 * MINUTE)
    assert told(story) == [(ESCALATED, WARNING)]


async def test_an_acknowledged_alert_that_loses_another_quarter_of_its_distance_is_told_again(story: Scenario) -> None:
    await warned(story)
    await acknowledged(story)
    await story.mark(BTC, at(0.12))
    await story.advance(10.0)
    assert told(story) == []
    await story.mark(BTC, at(0.10))
    await story.advance(10.0)
    assert told(story) == [(DEEPENED, WARNING)]


async def test_an_acknowledged_alert_that_worsens_is_told_at_once(story: Scenario) -> None:
    await warned(story, 0.0805)
    await acknowledged(story)
    await story.mark(BTC, at(0.0795))
    assert told(story) == [(WORSENED, CRITICAL)]


async def test_an_acknowledgement_survives_a_restart(story: Scenario) -> None:
    await warned(story)
    await acknowledged(story)
    await story.restart()
    await story.mark(BTC, at(0.14))
    await story.advance(21 * MINUTE)
    assert told(story) == []


async def test_a_snoozed_alert_is_told_again_when_the_snooze_is_over(story: Scenario) -> None:
    await warned(story)
    text = await snoozed(story, 30)
    assert text.startswith("Snoozed by anna at 12:00:00 UTC until 12:30:00 UTC: warning BTC/USDT:USDT long")
    await story.advance(29 * MINUTE)
    assert told(story) == []
    await story.advance(2 * MINUTE)
    assert told(story) == [(SNOOZE_ENDED, WARNING)]


async def test_a_snooze_ends_early_when_the_level_worsens(story: Scenario) -> None:
    await warned(story, 0.0805)
    await snoozed(story, 30)
    await story.mark(BTC, at(0.0795))
    assert told(story) == [(WORSENED, CRITICAL)]
    await story.advance(11 * MINUTE)
    assert told(story) == [(REPEATED, CRITICAL)]


async def test_a_snooze_of_a_critical_alert_lasts_an_hour_at_most(story: Scenario) -> None:
    await warned(story, 0.07)
    text = await snoozed(story, 4 * 60)
    assert "until 13:00:00 UTC" in text
    assert "A critical alert is snoozed for 1 h at most." in text
    await story.advance(HOUR - MINUTE)
    assert told(story) == []
    await story.advance(2 * MINUTE)
    assert told(story) == [(SNOOZE_ENDED, CRITICAL)]


async def test_a_snooze_of_a_warning_lasts_a_day_at_most(story: Scenario) -> None:
    await warned(story)
    text = await snoozed(story, 3 * 24 * 60)
    assert "until 2026-11-21 12:00:00 UTC" in text
    assert "An alert is snoozed for 1 d at most." in text


async def test_a_silence_is_announced_to_everybody(story: Scenario) -> None:
    await story.position(BTC)
    text = await silenced(story, 60)
    assert text.startswith("Silenced by anna until 13:00:00 UTC: subject BTC* (s")
    (row,) = story.heard
    assert (row.notification.reason, row.channel) == (ANNOUNCED, "person")
    assert row.notification.title == "Silence until 13:00:00 UTC: BTC*"
    assert "anna" in row.notification.body


async def test_a_silence_holds_back_what_it_matches_and_nothing_else(story: Scenario) -> None:
    await story.position(BTC)
    await story.position("ETH/USDT:USDT")
    await silenced(story, 60)
    story.heard.clear()
    for market in (BTC, "ETH/USDT:USDT"):
        await story.mark(market, 130.0, at(0.14))
    subjects = {row.notification.alert_key.rpartition("|")[2] for row in story.heard}
    assert subjects == {"ETH/USDT:USDT long"}


async def test_a_critical_alert_is_silenced_for_an_hour_at_most(story: Scenario) -> None:
    await story.position(BTC)
    assert "Critical alerts and worse are held back for an hour at most." in await silenced(story, 4 * 60)
    await story.mark(BTC, 130.0, at(0.07))
    await story.advance(HOUR - MINUTE)
    assert told(story) == []
    await story.advance(2 * MINUTE)
    assert told(story) == [(FIRST, CRITICAL)]


async def test_a_silence_that_ends_tells_what_still_burns(story: Scenario) -> None:
    await story.position(BTC)
    await silenced(story, 60)
    await story.mark(BTC, 130.0, at(0.14))
    await story.advance(HOUR - MINUTE)
    assert told(story) == []
    await story.advance(2 * MINUTE)
    assert told(story) == [(FIRST, WARNING)]


async def test_a_silence_that_is_ended_by_hand_tells_what_still_burns(story: Scenario) -> None:
    await story.position(BTC)
    await silenced(story, 60)
    await story.mark(BTC, 130.0, at(0.14))
    (silence_id,) = story.watch.alarms.silences
    text = await said(story, lambda desk: desk.command("silence", ["end", silence_id], who="ben"))
    assert text.endswith("What still burns is told now.")
    assert [row.notification.title for row in story.heard][-1] == "Silence over: BTC*"
    await story.advance(10.0)
    assert told(story) == [(FIRST, WARNING)]
    assert await story.store.silences() == []


async def test_what_people_say_stands_in_the_history(story: Scenario) -> None:
    await warned(story)
    alert_id = burning_id(story)
    await snoozed(story, 30)
    await acknowledged(story)
    await silenced(story, 60)
    events = await story.store.events()
    answers = [(each.word, each.who, each.alert_id) for each in events if each.kind is EventKind.ANSWER]
    assert answers == [("snooze", "anna", alert_id), ("ack", "anna", alert_id)]
    (silence,) = [each for each in events if each.kind is EventKind.SILENCE]
    assert (silence.word, silence.who) == ("began", "anna")
    assert "subject BTC*" in silence.text
