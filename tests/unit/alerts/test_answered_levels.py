"""What an answer was given to, and when an alert that flapped is news again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from liqwatch.alerts.answers import acknowledged, snoozed
from liqwatch.alerts.machine import advance
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.model import AlertKey, AlertRecord, NotifyReason, Severity
from liqwatch.rules.base import Verdict

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long")
POLICY = AlertPolicy(flap_limit=2)
WARNING = Verdict(Severity.WARNING, Severity.WARNING, reading=0.085, room=0.085)
CRITICAL = Verdict(Severity.CRITICAL, Severity.CRITICAL, reading=0.079, room=0.079)


def flapped() -> tuple[AlertRecord, datetime]:
    """Critical, warning, critical, … until the alert flaps; it is at the warning level, and critical was told last."""
    record, now = AlertRecord(key=KEY), START
    for verdict in (CRITICAL, WARNING) * 4:
        now += timedelta(seconds=10)
        record = advance(record, verdict, POLICY, now).record
    assert (record.severity, record.told) == (Severity.WARNING, Severity.CRITICAL)
    return record, now


def test_a_snooze_of_a_warning_never_hides_that_it_is_critical_again() -> None:
    record, now = flapped()
    record = snoozed(record, "anna", now, timedelta(hours=24))
    step = advance(record, CRITICAL, POLICY, now + timedelta(seconds=10))
    assert step.reason is NotifyReason.WORSENED


def test_an_acknowledged_warning_is_told_when_it_is_critical_again() -> None:
    record, now = flapped()
    step = advance(acknowledged(record, "anna", now), CRITICAL, POLICY, now + timedelta(seconds=10))
    assert step.reason is NotifyReason.WORSENED


@pytest.mark.parametrize(("later", "reason"), [(10.0, None), (3_600.0, NotifyReason.WORSENED)])
def test_an_alert_that_flapped_is_news_again_once_it_has_been_steady(later: float, reason: NotifyReason | None) -> None:
    record, now = flapped()
    assert advance(record, CRITICAL, POLICY, now + timedelta(seconds=later)).reason is reason
