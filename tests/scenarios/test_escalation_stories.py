"""Escalation: chat, second channel, call, another person; until somebody says that it is seen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from liqwatch.alerts.answers import acknowledged, snoozed
from liqwatch.alerts.policy import AlertPolicy, EscalationStep
from liqwatch.alerts.routing import Route
from liqwatch.model import NotifyReason, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC = "BTC/USDT:USDT"
LONG, RULE = f"{BTC} long", "liquidation_distance"
FIRST, WORSENED, DEEPENED = NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.DEEPENED
REPEATED, ESCALATED, RESOLVED = NotifyReason.REPEATED, NotifyReason.ESCALATED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
LIQUIDATION, FAR = 800 / 9.9, 130.0
CHAT, MAIL, CALL, PARTNER = "chat", "mail", "call", "partner"
MINUTE = timedelta(minutes=1)
STEPS = (
    EscalationStep(5 * MINUTE, (MAIL,)),
    EscalationStep(10 * MINUTE, (CALL,)),
    EscalationStep(20 * MINUTE, (PARTNER,)),
)
LADDER = AlertPolicy(escalation={CRITICAL: STEPS, EMERGENCY: STEPS})


def at(distance: float) -> float:
    """The mark from which the long's liquidation is so far away."""
    return LIQUIDATION / (1 - distance)


async def critical(story: Scenario, patience: AlertPolicy = LADDER, distance: float = 0.07) -> None:
    """A critical alert that the chat has just been told of."""
    story.patience = patience
    story.routes(
        Route(min_severity=NOTICE, channels=(CHAT,)),
        *(
            Route(min_severity=EMERGENCY, channels=(other,), accounts=frozenset({"-"}))
            for other in (MAIL, CALL, PARTNER)
        ),
    )
    story.begin()
    await story.position(BTC)
    await story.mark(BTC, FAR, at(distance))
    assert heard(story) == [(FIRST, CHAT)]


def heard(story: Scenario) -> list[tuple[NotifyReason, str]]:
    rows = [(row.notification.reason, row.channel) for row in story.heard if f"|{RULE}|" in row.notification.alert_key]
    story.heard.clear()
    return rows


async def wait(story: Scenario, minutes: float) -> None:
    await story.still(minutes * 60.0, step=5.0 if minutes < 15 else 20.0)


def answer(story: Scenario, *, minutes: int = 0) -> None:
    """Somebody acknowledges the alert, or snoozes it for so many minutes."""
    (record,) = [each for each in story.watch.alarms.burning() if each.key.rule == RULE]
    now = story.clock.now()
    answered = snoozed(record, "anna", now, minutes * MINUTE) if minutes else acknowledged(record, "anna", now)
    story.watch.alarms.replace_record(answered, now)


async def test_an_alert_goes_from_chat_to_mail_to_a_call_to_another_person(story: Scenario) -> None:
    await critical(story)
    await wait(story, 4.9)
    assert heard(story) == []
    await wait(story, 0.2)
    assert heard(story) == [(ESCALATED, CHAT), (ESCALATED, MAIL)]
    await wait(story, 5.0)
    assert heard(story) == [(ESCALATED, CHAT), (ESCALATED, MAIL), (ESCALATED, CALL)]
    await wait(story, 10.0)
    assert heard(story) == [(ESCALATED, channel) for channel in (CHAT, MAIL, CALL, PARTNER)]
    await wait(story, 60.0)
    assert heard(story) == []


async def test_an_escalation_says_for_how_long_nobody_has_acknowledged(story: Scenario) -> None:
    await critical(story)
    await wait(story, 5.1)
    assert "Nobody has acknowledged this for 5 min" in story.said(RULE)


async def test_an_acknowledgement_stops_it(story: Scenario) -> None:
    await critical(story)
    await wait(story, 5.1)
    assert (ESCALATED, MAIL) in heard(story)
    answer(story)
    await wait(story, 60.0)
    assert heard(story) == []


async def test_a_snooze_stops_it_until_it_is_over(story: Scenario) -> None:
    await critical(story)
    answer(story, minutes=30)
    await wait(story, 29.0)
    assert heard(story) == []
    await wait(story, 2.0)
    assert [reason for reason, _ in heard(story)] == [NotifyReason.SNOOZE_ENDED]
    await wait(story, 5.0)
    assert heard(story) == [(ESCALATED, CHAT), (ESCALATED, MAIL)]


async def test_it_starts_anew_when_the_alert_worsens(story: Scenario) -> None:
    await critical(story)
    await wait(story, 10.1)
    heard(story)
    await story.mark(BTC, at(0.03))
    assert heard(story) == [(WORSENED, CHAT)]
    await wait(story, 4.8)
    assert heard(story) == []
    await wait(story, 0.4)
    assert heard(story) == [(ESCALATED, CHAT), (ESCALATED, MAIL)]


async def test_an_acknowledged_alert_that_worsens_escalates_again(story: Scenario) -> None:
    await critical(story)
    answer(story)
    await wait(story, 30.0)
    await story.mark(BTC, at(0.03))
    assert heard(story) == [(WORSENED, CHAT)]
    await wait(story, 5.1)
    assert heard(story) == [(ESCALATED, CHAT), (ESCALATED, MAIL)]


async def test_an_alert_that_is_over_escalates_no_further(story: Scenario) -> None:
    await critical(story)
    await story.mark(BTC, FAR)
    assert heard(story) == [(RESOLVED, CHAT)]
    await wait(story, 30.0)
    assert heard(story) == []


async def test_a_milder_alert_without_steps_does_not_escalate(story: Scenario) -> None:
    await critical(story, distance=0.14)
    await wait(story, 60.0)
    assert heard(story) == []


async def test_an_emergency_repeats_until_somebody_acknowledges_it(story: Scenario) -> None:
    await critical(story, AlertPolicy(repeat_every={EMERGENCY: 5 * MINUTE}), distance=0.03)
    await wait(story, 60.1)
    assert heard(story) == [(REPEATED, CHAT)] * 12
    answer(story)
    await wait(story, 60.0)
    assert heard(story) == []


async def test_an_emergency_goes_on_escalating_and_repeating_to_everybody_it_has_reached(story: Scenario) -> None:
    await critical(story, AlertPolicy(escalation={EMERGENCY: STEPS[:1]}, repeat_every={EMERGENCY: 10 * MINUTE}), 0.03)
    await wait(story, 5.1)
    assert heard(story) == [(ESCALATED, CHAT), (ESCALATED, MAIL)]
    await wait(story, 10.1)
    assert heard(story) == [(REPEATED, CHAT), (REPEATED, MAIL)]


async def test_a_restart_goes_on_where_the_escalation_stood(story: Scenario) -> None:
    await critical(story)
    await wait(story, 5.1)
    heard(story)
    await story.restart(down_for_seconds=60.0)
    await story.mark(BTC, at(0.07))
    await wait(story, 3.0)
    assert heard(story) == []
    await wait(story, 2.0)
    assert (ESCALATED, CALL) in heard(story)


async def test_steps_missed_while_the_process_was_down_are_taken_together(story: Scenario) -> None:
    await critical(story)
    await story.restart(down_for_seconds=15 * 60.0)
    await story.mark(BTC, at(0.07))
    await wait(story, 0.2)
    assert heard(story) == [(ESCALATED, CHAT), (ESCALATED, MAIL), (ESCALATED, CALL)]


async def test_everybody_who_was_woken_by_the_escalation_hears_the_all_clear(story: Scenario) -> None:
    await critical(story)
    await wait(story, 10.1)
    heard(story)
    await story.mark(BTC, FAR)
    assert heard(story) == [(RESOLVED, CHAT), (RESOLVED, MAIL), (RESOLVED, CALL)]
