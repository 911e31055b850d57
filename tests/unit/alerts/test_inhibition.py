"""Which alert makes which other superfluous, and that nothing worse is ever hidden by it."""

from __future__ import annotations

from dataclasses import replace

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


def burning(rule: str, subject: str, severity: Severity) -> AlertRecord:
    account = "" if subject == SUBJECTS[Reach.VENUE] else "main"
    return AlertRecord(key=AlertKey(account, rule, subject), state=AlertState.FIRING, severity=severity)


def muted(row: Inhibition, other: AlertRecord, severity: Severity) -> bool:
    known = {other.key: other}
    mine = AlertKey("main", row.mutes, "BTC long")
    return muted_by_others(mine, severity, WHERE, known.get) != NOT_MUTED


@pytest.mark.parametrize("row", INHIBITIONS, ids=lambda row: f"{row.by} over {row.mutes}")
def test_an_alert_at_least_as_bad_mutes_and_a_milder_or_ended_one_does_not(row: Inhibition) -> None:
    other = burning(row.by, SUBJECTS[row.reach], Severity.CRITICAL)
    assert muted(row, other, Severity.WARNING)
    assert muted(row, other, Severity.CRITICAL)
    assert not muted(row, other, Severity.EMERGENCY)
    assert not muted(row, replace(other, state=AlertState.OK), Severity.WARNING)
    assert not muted(row, replace(other, key=replace(other.key, account="another")), Severity.WARNING)


def test_no_two_alerts_of_one_subject_mute_each_other() -> None:
    on_one_subject = {(row.by, row.mutes) for row in INHIBITIONS if row.reach is Reach.SUBJECT}
    assert not on_one_subject & {(mutes, by) for by, mutes in on_one_subject}


def test_the_pool_is_not_part_of_itself() -> None:
    pool = burning("margin_ratio", "USDT pool", Severity.CRITICAL)
    mine = AlertKey("main", "margin_ratio", "USDT pool")
    assert muted_by_others(mine, Severity.WARNING, WHERE, {pool.key: pool}.get) == NOT_MUTED
