"""A clock that is set back makes nobody wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from liqwatch.alerts.answers import snoozed
from liqwatch.alerts.machine import advance
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.model import AlertKey, AlertRecord, AlertState, NotifyReason, Severity
from liqwatch.rules.base import CALM, Verdict

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BACK = NOON - timedelta(hours=1)
KEY = AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long")
MINUTE = timedelta(minutes=1)
CRITICAL = Verdict(Severity.CRITICAL, Severity.CRITICAL, reading=0.07, room=0.07)


def test_a_hold_begins_anew_instead_of_lasting_as_long_as_the_clock_was_set_back() -> None:
    policy = AlertPolicy(hold={Severity.CRITICAL: MINUTE})
    record = advance(AlertRecord(key=KEY), CRITICAL, policy, NOON).record
    record = advance(record, CRITICAL, policy, BACK).record
    assert record.state is AlertState.PENDING
    assert advance(record, CRITICAL, policy, BACK + MINUTE).reason is NotifyReason.FIRST


def test_reminders_go_on_by_the_new_clock() -> None:
    policy = AlertPolicy(repeat_every={Severity.CRITICAL: MINUTE})
    record = advance(AlertRecord(key=KEY), CRITICAL, policy, NOON).record
    record = advance(record, CRITICAL, policy, BACK).record
    assert advance(record, CRITICAL, policy, BACK + MINUTE).reason is NotifyReason.REPEATED


def test_a_critical_alert_is_snoozed_for_an_hour_by_the_new_clock_too() -> None:
    record = advance(AlertRecord(key=KEY), CRITICAL, AlertPolicy(), NOON).record
    record = snoozed(record, "anna", NOON, timedelta(hours=1))
    record = advance(record, CRITICAL, AlertPolicy(), BACK).record
    assert record.snoozed_until == NOON
    assert advance(record, CRITICAL, AlertPolicy(), NOON).reason is NotifyReason.SNOOZE_ENDED


def test_an_all_clear_waits_no_longer_than_its_time() -> None:
    policy = AlertPolicy(clear_hold=MINUTE)
    record = advance(AlertRecord(key=KEY), CRITICAL, policy, NOON).record
    record = advance(record, CALM, policy, NOON).record
    record = advance(record, CALM, policy, BACK).record
    assert advance(record, CALM, policy, BACK + MINUTE).reason is NotifyReason.RESOLVED
