"""Between two turning points of an alert, no look can find anything but other figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from liqwatch.alerts.answers import acknowledged
from liqwatch.alerts.machine import Advance, advance
from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.engine.turning_points import turning_points
from liqwatch.model import AlertKey, AlertRecord, AlertState, Severity
from liqwatch.rules.base import Danger, Ladder, Level
from liqwatch.testing.strategies import alert_policies, ladders

KEY = AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long")
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
READINGS = st.integers(1, 130).map(lambda percent: percent / 100 + 0.0013)
"""None of them on a level."""


@st.composite
def rule_policies(draw: st.DrawFn) -> RulePolicy:
    ladder = draw(ladders(draw(st.sampled_from(Danger))))
    limit = draw(st.none() | st.just(1.0)) if ladder.danger is Danger.ABOVE else None
    return RulePolicy(ladder=replace(ladder, limit=limit), alerts=draw(st.just(AlertPolicy()) | alert_policies()))


def without_figures(step: Advance) -> Advance:
    record = replace(step.record, reading=None, room=None, worst_reading=None, worst_room=None, worst_at=None)
    return replace(step, record=record)


@given(data=st.data(), policy=rule_policies(), readings=st.lists(READINGS, min_size=1, max_size=8), other=READINGS)
def test_a_reading_on_this_side_of_every_turning_point_changes_nothing(
    data: st.DataObject, policy: RulePolicy, readings: list[float], other: float
) -> None:
    record, now = AlertRecord(key=KEY), START
    for reading in readings:
        now += timedelta(seconds=data.draw(st.sampled_from([0, 4, 40])))
        record = advance(record, policy.ladder.judge(reading), policy.alerts, now).record
        if record.told and data.draw(st.booleans()):
            record = acknowledged(record, "anna", now)
            record = advance(record, policy.ladder.judge(reading), policy.alerts, now).record
    near, far = sorted((readings[-1], other))
    if not any(near <= point <= far for point in turning_points(record, policy)):
        here, there = (advance(record, policy.ladder.judge(each), policy.alerts, now) for each in (readings[-1], other))
        assert without_figures(there) == without_figures(here)


LADDER = Ladder(
    Danger.BELOW,
    (Level(Severity.NOTICE, 0.25, 0.275), Level(Severity.WARNING, 0.15, 0.165), Level(Severity.CRITICAL, 0.08, 0.088)),
)
POLICY = RulePolicy(ladder=LADDER, alerts=AlertPolicy())


def burning(severity: Severity, state: AlertState = AlertState.FIRING) -> AlertRecord:
    return AlertRecord(key=KEY, state=state, severity=severity, told=severity, room=0.12)


def test_what_is_at_rest_waits_for_its_levels_to_fire() -> None:
    assert list(turning_points(None, POLICY)) == [0.25, 0.15, 0.08]


def test_what_burns_waits_for_a_worse_level_and_for_the_end_of_its_own() -> None:
    assert list(turning_points(burning(Severity.WARNING), POLICY)) == [0.08, 0.165]
    assert list(turning_points(burning(Severity.CRITICAL), POLICY)) == [0.088]


def test_what_recovers_waits_for_any_level_to_hold_again() -> None:
    assert list(turning_points(burning(Severity.CRITICAL, AlertState.RECOVERING), POLICY)) == [0.275]


def test_what_was_answered_waits_for_a_further_share_of_its_room_to_be_lost() -> None:
    *_, deeper = turning_points(acknowledged(burning(Severity.WARNING), "anna", START), POLICY)
    assert deeper == 0.12 * 0.75
