"""What people answer, and the limits that know danger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from liqwatch.alerts.answers import LONGEST_CRITICAL, covers, mute_of, snoozed
from liqwatch.alerts.mute import NOT_MUTED
from liqwatch.model import AlertKey, AlertRecord, AlertState, NotifyReason, Severity, Silence

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
KEY = AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long")


def silence(**more: str) -> Silence:
    return Silence(silence_id="s1", began_at=NOW, until=NOW + timedelta(hours=8), by="anna", **more)


def test_matchers_are_patterns_and_what_is_not_named_matches_everything() -> None:
    assert covers(silence(), KEY, NOW)
    assert covers(silence(subject="BTC/*"), KEY, NOW)
    assert covers(silence(account="main", rule="liquidation_*"), KEY, NOW)
    assert not covers(silence(subject="ETH/*"), KEY, NOW)
    assert not covers(silence(account="other"), KEY, NOW)


def test_a_silence_holds_from_its_beginning_until_just_before_its_end() -> None:
    assert not covers(silence(), KEY, NOW - timedelta(seconds=1))
    assert not covers(silence(), KEY, NOW + timedelta(hours=8))


@given(minutes=st.integers(0, 60 * 24), severity=st.sampled_from(Severity))
def test_no_silence_holds_back_a_critical_message_for_more_than_an_hour(minutes: int, severity: Severity) -> None:
    now = NOW + timedelta(minutes=minutes)
    record = AlertRecord(key=KEY, state=AlertState.FIRING, severity=severity)
    is_held_back = mute_of(silence(), KEY, now).holds_back(NotifyReason.FIRST, record)
    limit = LONGEST_CRITICAL if severity >= Severity.CRITICAL else timedelta(hours=8)
    assert is_held_back is (now < NOW + limit)
    assert mute_of(silence(subject="ETH/*"), KEY, now) == NOT_MUTED


@given(minutes=st.integers(1, 60 * 48), severity=st.sampled_from(Severity))
def test_a_snooze_of_a_critical_alert_lasts_an_hour_at_most(minutes: int, severity: Severity) -> None:
    record = AlertRecord(key=KEY, state=AlertState.FIRING, severity=severity, room=0.1)
    pause = timedelta(minutes=minutes)
    until = snoozed(record, "anna", NOW, pause).snoozed_until
    assert until is not None
    limit = LONGEST_CRITICAL if severity >= Severity.CRITICAL else timedelta(days=1)
    assert until == NOW + min(pause, limit)
