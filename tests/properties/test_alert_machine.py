"""The life of an alert over any history: what people are told, and what they are never told."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from liqwatch.alerts.answers import LONGEST_CRITICAL, acknowledged, snoozed
from liqwatch.alerts.machine import MOVING, TRANSITIONS, Advance, Cue, advance, clear_hold, cue_for, next_look_at
from liqwatch.alerts.mute import EVERYTHING, NOT_MUTED, Mute
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.alerts.telling import ALARMS_ANEW
from liqwatch.model import AlertChange, AlertKey, AlertRecord, AlertState, NotifyReason, Severity
from liqwatch.rules.base import CALM, Verdict
from liqwatch.stores.memory import MemoryStore
from liqwatch.testing.strategies import alert_policies, verdicts

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long")
SPANS = st.sampled_from([0, 1, 5, 20, 30, 90, 400]).map(lambda count: timedelta(seconds=count))
SEVERITIES = [None, *Severity]
PATIENT = AlertPolicy(
    hold=dict.fromkeys(Severity, timedelta(minutes=1)),
    clear_hold=timedelta(minutes=1),
    repeat_every=dict.fromkeys(Severity, timedelta(minutes=5)),
)
IMPATIENT = AlertPolicy()

Look = tuple[timedelta, Verdict | None, bool]
"""Time since the look before, what was seen (None: the subject is gone), and whether another alert mutes this one."""

looks = st.lists(st.tuples(SPANS, st.none() | verdicts() | verdicts() | verdicts(), st.booleans()), max_size=40)
MUTED = Mute("another alert tells it", EVERYTHING)
ANSWERED_FOR = [timedelta(seconds=30), timedelta(minutes=30), timedelta(hours=9)]


def exactly(severity: Severity) -> Verdict:
    return Verdict(fired=severity, held=severity)


def steps(history: Sequence[Look], policy: AlertPolicy) -> list[Advance]:
    record, now, taken = AlertRecord(key=KEY), START, []
    for span, verdict, is_muted in history:
        now += span
        taken.append(advance(record, verdict, policy, now, mute=MUTED if is_muted else NOT_MUTED))
        record = taken[-1].record
    return taken


class LifeOfAnAlert(RuleBasedStateMachine):
    """Beside the machine walks what a person knows: the level last heard, when, what was answered, when all was over.

    The person never reads the record: whatever is owed is reckoned from the looks alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.record = AlertRecord(key=KEY)
        self.policy = AlertPolicy()
        self.heard: Severity | None = None
        self.heard_at = START
        self.alarmed_at = START
        self.steps_heard = 0
        self.over_since: datetime | None = None
        self.answered_room: float | None = None
        self.quiet_until: datetime | None = None
        self.is_answered = False
        self.names: set[str] = set()

    @initialize(policy=alert_policies())
    def choose_policy(self, policy: AlertPolicy) -> None:
        self.policy = policy

    @rule(span=SPANS)
    def time_passes(self, span: timedelta) -> None:
        self.now += span

    @rule()
    def time_passes_until_something_is_due(self) -> None:
        self.now = max(self.now, next_look_at(self.record, self.policy) or self.now)

    @rule(verdict=verdicts(), is_muted=st.sampled_from([False, False, True]))
    def the_market_is_looked_at(self, verdict: Verdict, *, is_muted: bool) -> None:
        self._look(verdict, is_muted=is_muted)

    @rule()
    def the_same_look_again_says_nothing_new(self) -> None:
        severity = self.record.severity
        if self.record.state is AlertState.FIRING and severity is not None:
            same = Verdict(severity, severity, reading=self.record.reading, room=self.record.room)
            self._look(same, is_muted=False)
            assert advance(self.record, same, self.policy, self.now) == Advance(self.record)

    @rule()
    def the_subject_is_gone(self) -> None:
        self._look(None, is_muted=False)
        assert self.record.state is AlertState.OK
        assert self.heard is None

    @precondition(lambda self: self.record.is_burning and self.heard is not None)
    @rule()
    def somebody_acknowledges(self) -> None:
        self.record = acknowledged(self.record, "anna", self.now)
        self.is_answered, self.answered_room, self.quiet_until = True, self.record.room, None

    @precondition(lambda self: self.record.is_burning and self.heard is not None)
    @rule(pause=st.sampled_from(ANSWERED_FOR))
    def somebody_snoozes(self, pause: timedelta) -> None:
        self.record = snoozed(self.record, "anna", self.now, pause)
        self.is_answered, self.answered_room, self.quiet_until = True, self.record.room, self.record.snoozed_until
        assert self.quiet_until is not None
        if (self.record.severity or 0) >= Severity.CRITICAL:
            assert self.quiet_until <= self.now + LONGEST_CRITICAL

    @rule()
    def the_process_is_killed_and_started_again(self) -> None:
        """What is remembered is what was stored: nothing outside the record counts."""
        self.record = replace(self.record)

    def _look(self, verdict: Verdict | None, *, is_muted: bool) -> None:
        before = self.record
        self._remember(verdict)
        step = advance(before, verdict, self.policy, self.now, mute=MUTED if is_muted else NOT_MUTED)
        self.record = step.record
        if verdict is not None and verdict.unknown is not None:
            assert (step.record.state, step.record.severity) == (before.state, before.severity)
            assert step.reason not in (NotifyReason.FIRST, NotifyReason.RESOLVED)
        if not is_muted:
            self._nothing_is_kept_back(step, verdict)
        self._hear(before, step, verdict, is_muted=is_muted)

    def _remember(self, verdict: Verdict | None) -> None:
        if verdict is None or verdict.unknown is None:
            is_over = verdict is None or verdict.held is None
            self.over_since = (self.over_since or self.now) if is_over else None

    def _nothing_is_kept_back(self, step: Advance, verdict: Verdict | None) -> None:
        """Unless muted, people know a level at least as bad as the present one after every look that shows one."""
        record = step.record
        if record.state is AlertState.FIRING and verdict is not None and verdict.unknown is None:
            assert record.told is not None
            assert record.severity is not None
            assert record.told >= record.severity
            assert record.told == record.severity or record.flaps >= self.policy.flap_limit
        if verdict is not None and verdict.fired is not None and self.heard is not None:
            assert record.severity is not None
            assert record.severity >= verdict.fired, "worsening passes at once, whatever the hold times and answers"
        self._no_answer_hides_a_loss(step, verdict)

    def _no_answer_hides_a_loss(self, step: Advance, verdict: Verdict | None) -> None:
        is_lost = (
            self.is_answered
            and self.answered_room is not None
            and verdict is not None
            and verdict.room is not None
            and verdict.room <= self.answered_room * (1 - self.policy.deeper_by) - 1e-9
        )
        if is_lost and step.record.state is AlertState.FIRING:
            assert step.reason in (NotifyReason.DEEPENED, NotifyReason.WORSENED, NotifyReason.FIRST)

    def _hear(self, before: AlertRecord, step: Advance, verdict: Verdict | None, *, is_muted: bool) -> None:
        record, reason = step.record, step.reason
        if reason is None:
            self._forget_what_is_over(record)
            return
        assert record.dedup_key not in self.names
        self.names.add(record.dedup_key)
        if reason is NotifyReason.RESOLVED:
            assert self.heard is not None
            assert self.over_since is not None
            assert verdict is None or self.now - self.over_since >= clear_hold(before, self.policy)
            self.heard, self.is_answered = None, False
            return
        assert not is_muted
        assert record.severity is not None
        self._one_of_the_burning(reason, record)
        self.heard_at = self.now
        if reason in ALARMS_ANEW:
            self.heard, self.alarmed_at, self.steps_heard, self.is_answered = record.severity, self.now, 0, False

    def _forget_what_is_over(self, record: AlertRecord) -> None:
        if not record.is_burning:
            self.heard, self.is_answered = None, False
        elif self.heard is not None and record.severity is not None and record.flaps < self.policy.flap_limit:
            self.heard = min(self.heard, record.severity)

    def _one_of_the_burning(self, reason: NotifyReason, record: AlertRecord) -> None:
        severity = record.severity or Severity.NOTICE
        if reason is NotifyReason.FIRST:
            assert self.heard is None
            return
        assert self.heard is not None
        if reason is NotifyReason.WORSENED:
            assert severity > self.heard
        elif reason is NotifyReason.DEEPENED:
            assert self.is_answered
        elif reason is NotifyReason.SNOOZE_ENDED:
            assert self.quiet_until is not None
            assert self.now >= self.quiet_until
        else:
            assert not self.is_answered, "an answer stops reminders and escalation"
            self._reminder(reason, severity)

    def _reminder(self, reason: NotifyReason, severity: Severity) -> None:
        if reason is NotifyReason.ESCALATED:
            due = sum(self.alarmed_at + step.after <= self.now for step in self.policy.escalation[severity])
            assert due > self.steps_heard
            self.steps_heard = due
        else:
            assert reason is NotifyReason.REPEATED
            assert self.now - self.heard_at >= self.policy.repeat_every[severity], "no reminder comes early"


TestLifeOfAnAlert = LifeOfAnAlert.TestCase


@given(policy=alert_policies(), history=looks)
def test_an_episode_has_one_first_and_at_most_one_all_clear_after_it(policy: AlertPolicy, history: list[Look]) -> None:
    episodes: dict[int, list[NotifyReason]] = {}
    for step in steps(history, policy):
        if step.reason is not None:
            episodes.setdefault(step.record.episode, []).append(step.reason)
    for reasons in episodes.values():
        assert reasons[0] is NotifyReason.FIRST
        assert reasons.count(NotifyReason.FIRST) == 1
        assert NotifyReason.RESOLVED not in reasons[:-1]


@given(policy=alert_policies(), history=looks)
def test_no_message_is_told_before_the_hold_time_of_its_level(policy: AlertPolicy, history: list[Look]) -> None:
    free = [(span, verdict, False) for span, verdict, _ in history]
    now, state, since = START, AlertState.OK, None
    for (span, verdict, _), step in zip(free, steps(free, policy), strict=True):
        now += span
        if state in (AlertState.OK, AlertState.PENDING) and (verdict is None or verdict.unknown is None):
            since = (since or now) if verdict and verdict.fired else None
        if step.reason is NotifyReason.FIRST:
            assert since is not None
            assert step.record.severity is not None
            assert now - since >= policy.hold[step.record.severity]
            since = None
        state = step.record.state


@given(policy=alert_policies(), history=looks)
async def test_a_restart_at_any_point_changes_nothing(policy: AlertPolicy, history: list[Look]) -> None:
    store = MemoryStore()
    for step in steps(history, policy):
        await store.commit([AlertChange(step.record)])
        assert await store.load() == [step.record]
    await store.close()


def test_every_cue_in_every_state_has_a_row_and_every_row_can_happen() -> None:
    seen = set()
    looked = [None, Verdict(unknown="none")]
    looked += [Verdict(fired, held) for fired, held in itertools.product(SEVERITIES, SEVERITIES)]
    for state, severity, policy, verdict in itertools.product(AlertState, SEVERITIES, (PATIENT, IMPATIENT), looked):
        record = AlertRecord(
            key=KEY, state=state, severity=severity, pending_since=START, clearing_since=START, notified_at=START
        )
        seen.add((state, cue_for(record, verdict, policy, START)))
    assert seen == set(TRANSITIONS)


def test_no_chain_of_moving_cues_runs_in_a_circle() -> None:
    moves = {state: TRANSITIONS[state, cue] for state, cue in TRANSITIONS if cue in MOVING}
    for start in AlertState:
        state, visited = start, [start]
        while state in moves:
            state = moves[state]
            assert state not in visited
            visited.append(state)


def test_a_jump_over_several_levels_is_one_message_of_the_worst() -> None:
    step = advance(AlertRecord(key=KEY), exactly(Severity.EMERGENCY), IMPATIENT, START)
    assert (step.reason, step.record.severity, step.record.sequence) == (NotifyReason.FIRST, Severity.EMERGENCY, 1)
    assert advance(step.record, exactly(Severity.EMERGENCY), IMPATIENT, START).reason is None


@given(policy=alert_policies(), worst=st.sampled_from([each for each in Severity if each > Severity.NOTICE]))
def test_once_firing_a_worse_level_passes_whatever_the_patience(policy: AlertPolicy, worst: Severity) -> None:
    firing = AlertRecord(
        key=KEY, state=AlertState.FIRING, severity=Severity.NOTICE, peak=Severity.NOTICE, told=Severity.NOTICE,
        episode=1, sequence=1, started_at=START, notified_at=START,
    )  # fmt: skip
    for record in (firing, replace(firing, state=AlertState.RECOVERING, clearing_since=START)):
        step = advance(record, exactly(worst), policy, START)
        assert (step.reason, step.record.severity) == (NotifyReason.WORSENED, worst)


@given(severity=st.sampled_from(Severity), policy=alert_policies())
def test_a_muted_alert_is_told_when_the_mute_ends_while_it_burns(severity: Severity, policy: AlertPolicy) -> None:
    record = advance(AlertRecord(key=KEY), exactly(severity), policy, START, mute=MUTED).record
    held = START + policy.hold[severity]
    quiet = advance(record, exactly(severity), policy, held, mute=MUTED)
    assert (quiet.reason, quiet.record.state) == (None, AlertState.FIRING)
    later = held + timedelta(seconds=1)
    assert advance(quiet.record, exactly(severity), policy, later).reason is NotifyReason.FIRST
    assert advance(quiet.record, CALM, policy, later + policy.clear_hold).reason is None


def test_unknown_neither_ends_a_hold_nor_a_clear_hold() -> None:
    unknown = Verdict(unknown="none")
    pending = advance(AlertRecord(key=KEY), exactly(Severity.WARNING), PATIENT, START).record
    later = START + timedelta(minutes=2)
    assert advance(pending, unknown, PATIENT, later) == Advance(pending)
    assert cue_for(replace(pending, state=AlertState.RECOVERING), unknown, PATIENT, later) is Cue.UNKNOWN
