"""Which alert makes which other superfluous, and that nothing worse is ever hidden by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from liqwatch.alerts.inhibition import INHIBITIONS, Inhibition, Reach, Whereabouts, muted_by_others
from liqwatch.alerts.mute import NOT_MUTED
from liqwatch.model import AlertKey, AlertRecord, AlertState, Severity

SUBJECTS = {
    Reach.SUBJECT: "BTC long",
    Reach.POOL: "USDT pool",
    Reach.ACCOUNT: "account main",
    Reach.VENUE: "mark prices of okx",
}
WHERE = Whereabouts("USDT pool", "okx")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def burning(rule: str, subject: str, severity: Severity) -> AlertRecord:
    account = "" if subject == SUBJECTS[Reach.VENUE] else "main"
    key = AlertKey(account, rule, subject)
    return AlertRecord(key=key, state=AlertState.FIRING, severity=severity, told=severity)


def muted(row: Inhibition, other: AlertRecord, severity: Severity, since: datetime = NOW) -> bool:
    known = {other.key: other}
    mine = AlertKey("main", row.mutes, "BTC long")
    return muted_by_others(mine, severity, WHERE, known.get, since=since) != NOT_MUTED


@pytest.mark.parametrize("row", INHIBITIONS, ids=lambda row: f"{row.by} over {row.mutes}")
def test_an_alert_at_least_as_bad_mutes_and_a_milder_or_ended_one_does_not(row: Inhibition) -> None:
    other = burning(row.by, SUBJECTS[row.reach], Severity.CRITICAL)
    assert muted(row, other, Severity.WARNING)
    assert muted(row, other, Severity.CRITICAL)
    assert not muted(row, other, Severity.EMERGENCY)
    assert not muted(row, replace(other, state=AlertState.OK), Severity.WARNING)
    assert not muted(row, replace(other, key=replace(other.key, account="another")), Severity.WARNING)


@pytest.mark.parametrize("row", INHIBITIONS, ids=lambda row: f"{row.by} over {row.mutes}")
def test_what_nobody_has_heard_of_mutes_nothing(row: Inhibition) -> None:
    other = burning(row.by, SUBJECTS[row.reach], Severity.CRITICAL)
    assert not muted(row, replace(other, told=None), Severity.WARNING)
    assert muted(row, replace(other, told=Severity.WARNING), Severity.WARNING)
    assert not muted(row, replace(other, told=Severity.WARNING), Severity.CRITICAL)


@pytest.mark.parametrize("row", INHIBITIONS, ids=lambda row: f"{row.by} over {row.mutes}")
def test_once_answered_or_about_to_be_over_it_mutes_only_what_was_as_bad_by_then(row: Inhibition) -> None:
    other = burning(row.by, SUBJECTS[row.reach], Severity.CRITICAL)
    for quiet in (replace(other, answered_at=NOW), replace(other, state=AlertState.RECOVERING, clearing_since=NOW)):
        assert muted(row, quiet, Severity.CRITICAL, since=NOW - MINUTE)
        assert not muted(row, quiet, Severity.CRITICAL, since=NOW + MINUTE)


def test_no_two_alerts_of_one_subject_mute_each_other() -> None:
    on_one_subject = {(row.by, row.mutes) for row in INHIBITIONS if row.reach is Reach.SUBJECT}
    assert not on_one_subject & {(mutes, by) for by, mutes in on_one_subject}


def test_the_pool_is_not_part_of_itself() -> None:
    pool = burning("margin_ratio", "USDT pool", Severity.CRITICAL)
    mine = AlertKey("main", "margin_ratio", "USDT pool")
    assert muted_by_others(mine, Severity.WARNING, WHERE, {pool.key: pool}.get) == NOT_MUTED
