"""The one gate through which alert state changes.

Each look at a subject yields a cue; (state, cue) finds a step in the table; steps are taken until one
rests. Whether a message goes out is decided once, at the end, from what people were last told (`telling`).

- Level-triggered: only the present verdict and the record matter, so a restart changes nothing.
- Worsening passes at once; a jump over several levels is one message.
- Unknown never clears, and never starts a new alarm.
- A muted alert changes state in silence; when the mute ends it is told, if it still burns.
- An alert that flaps keeps burning longer: its all-clear waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from liqwatch.alerts.mute import NOT_MUTED, Mute
from liqwatch.alerts.policy import NO_TIME, AlertPolicy
from liqwatch.alerts.setback import not_in_the_future
from liqwatch.alerts.telling import due_at, reason_to_tell, told
from liqwatch.model import AlertRecord, AlertState, NotifyReason, Severity
from liqwatch.rules.base import Verdict


class Cue(Enum):
    """What one look means to a record in its present state."""

    CALM = "nothing breached"
    BREACHED = "a level is breached"
    HELD = "breached for the whole hold time"
    WORSE = "a worse level than the present one is breached"
    STEADY = "the present level is not over"
    EASED = "the present level is over, a milder one is not"
    CLEARED = "every level is over"
    SETTLED = "over for the whole clear hold time (longer for an alert that flaps)"
    WAITING = "a hold time is running"
    UNKNOWN = "the figure cannot be known"
    GONE = "the subject no longer exists"


OK, PENDING, FIRING, RECOVERING = AlertState.OK, AlertState.PENDING, AlertState.FIRING, AlertState.RECOVERING

TRANSITIONS: Mapping[tuple[AlertState, Cue], AlertState] = {
    (OK, Cue.CALM): OK,
    (OK, Cue.UNKNOWN): OK,
    (OK, Cue.GONE): OK,
    (OK, Cue.BREACHED): PENDING,
    (PENDING, Cue.CALM): OK,
    (PENDING, Cue.WAITING): PENDING,
    (PENDING, Cue.UNKNOWN): PENDING,
    (PENDING, Cue.GONE): OK,
    (PENDING, Cue.HELD): FIRING,
    (FIRING, Cue.STEADY): FIRING,
    (FIRING, Cue.WORSE): FIRING,
    (FIRING, Cue.EASED): FIRING,
    (FIRING, Cue.UNKNOWN): FIRING,
    (FIRING, Cue.CLEARED): RECOVERING,
    (FIRING, Cue.GONE): OK,
    (RECOVERING, Cue.WAITING): RECOVERING,
    (RECOVERING, Cue.UNKNOWN): RECOVERING,
    (RECOVERING, Cue.WORSE): FIRING,
    (RECOVERING, Cue.STEADY): FIRING,
    (RECOVERING, Cue.EASED): FIRING,
    (RECOVERING, Cue.SETTLED): OK,
    (RECOVERING, Cue.GONE): OK,
}

MOVING = frozenset({Cue.BREACHED, Cue.HELD, Cue.CLEARED})
"""Cues after which the new state is looked at again in the same breath."""


@dataclass(frozen=True, slots=True)
class Advance:
    """The record after one look, and why to tell people, if so."""

    record: AlertRecord
    reason: NotifyReason | None = None


def advance(
    record: AlertRecord,
    verdict: Verdict | None,
    policy: AlertPolicy,
    now: datetime,
    *,
    mute: Mute = NOT_MUTED,
) -> Advance:
    """Take one look. `verdict` None: the subject is gone (position closed, account removed)."""
    before, record = record, not_in_the_future(record, now)
    while True:
        cue = cue_for(record, verdict, policy, now)
        record = _step(record, cue, verdict, policy, now)
        if cue not in MOVING:
            break
    record = _with_figures(record, verdict, now)
    reason = reason_to_tell(before, record, verdict, policy, now)
    if reason is None:
        return Advance(record)
    if mute.holds_back(reason, record):
        return Advance(replace(record, told=None) if reason is NotifyReason.RESOLVED else record)
    return Advance(told(record, reason, policy, now), reason)


def cue_for(record: AlertRecord, verdict: Verdict | None, policy: AlertPolicy, now: datetime) -> Cue:
    """What this verdict means to this record."""
    if verdict is None:
        return Cue.GONE
    if verdict.unknown is not None:
        return Cue.UNKNOWN
    if record.state is OK:
        return Cue.CALM if verdict.fired is None else Cue.BREACHED
    if record.state is PENDING:
        return _pending_cue(record, verdict, policy, now)
    return _burning_cue(record, verdict, policy, now)


def next_look_at(record: AlertRecord, policy: AlertPolicy) -> datetime | None:
    """When time alone will change something for this record."""
    if record.state is PENDING and record.pending_since and record.severity:
        return record.pending_since + policy.hold.get(record.severity, NO_TIME)
    if record.state is RECOVERING and record.clearing_since:
        return record.clearing_since + clear_hold(record, policy)
    return due_at(record, policy) if record.state is FIRING else None


def clear_hold(record: AlertRecord, policy: AlertPolicy) -> timedelta:
    """How long the danger must be over before the all-clear: longer for an alert that keeps coming back."""
    is_flapping = record.flaps >= policy.flap_limit
    return max(policy.clear_hold, policy.flap_clear_hold) if is_flapping else policy.clear_hold


def _pending_cue(record: AlertRecord, verdict: Verdict, policy: AlertPolicy, now: datetime) -> Cue:
    if verdict.fired is None:
        return Cue.CALM
    since = record.pending_since or now
    return Cue.HELD if now - since >= policy.hold.get(verdict.fired, NO_TIME) else Cue.WAITING


def _burning_cue(record: AlertRecord, verdict: Verdict, policy: AlertPolicy, now: datetime) -> Cue:
    present = record.severity or Severity.NOTICE
    if verdict.fired is not None and verdict.fired > present:
        return Cue.WORSE
    if verdict.held is not None:
        return Cue.EASED if verdict.held < present else Cue.STEADY
    if record.state is FIRING:
        return Cue.CLEARED
    since = record.clearing_since or now
    return Cue.SETTLED if now - since >= clear_hold(record, policy) else Cue.WAITING


def _step(record: AlertRecord, cue: Cue, verdict: Verdict | None, policy: AlertPolicy, now: datetime) -> AlertRecord:
    state = TRANSITIONS[record.state, cue]
    if state is OK:
        return _at_rest(record, now)
    fired, held = (verdict.fired, verdict.held) if verdict else (None, None)
    if state is PENDING:
        severity = fired or record.severity
        return replace(record, state=PENDING, severity=severity, pending_since=record.pending_since or now)
    if cue is Cue.HELD:
        return _ignited(record, fired, policy, now)
    if cue is Cue.WORSE:
        return _worsened(record, fired or Severity.NOTICE, policy, now)
    if cue is Cue.EASED:
        return _eased(record, held, policy)
    clearing_since = (record.clearing_since or now) if state is RECOVERING else None
    return replace(record, state=state, clearing_since=clearing_since)


def _ignited(record: AlertRecord, fired: Severity | None, policy: AlertPolicy, now: datetime) -> AlertRecord:
    """A new episode begins. One that follows the last too soon is a flap."""
    is_flap = record.ended_at is not None and now - record.ended_at < policy.flap_window
    return AlertRecord(
        key=record.key,
        state=FIRING,
        severity=fired,
        peak=fired,
        episode=record.episode + 1,
        started_at=now,
        flaps=record.flaps + 1 if is_flap else 0,
    )


def _worsened(record: AlertRecord, fired: Severity, policy: AlertPolicy, now: datetime) -> AlertRecord:
    """A worse level. Back to one that this episode has known already, and soon after the last message: a flap.

    Not so soon, it is news again, whatever an alert that flapped has kept as told.
    """
    peak = record.peak or Severity.NOTICE
    is_soon = record.notified_at is not None and now - record.notified_at < policy.flap_window
    flaps = (record.flaps + 1 if is_soon else 0) if fired <= peak else record.flaps
    known = record.told if is_soon or record.told is None else min(record.told, record.severity or record.told)
    return replace(
        record, state=FIRING, severity=fired, peak=max(peak, fired), told=known, clearing_since=None, flaps=flaps
    )  # fmt: skip


def _eased(record: AlertRecord, held: Severity | None, policy: AlertPolicy) -> AlertRecord:
    """A milder level holds. What was told sinks with it, so that the next worsening is told again, unless it flaps."""
    is_flapping = record.flaps >= policy.flap_limit
    told_level = min(record.told, held) if record.told and held and not is_flapping else record.told
    return replace(record, state=FIRING, severity=held, told=told_level, clearing_since=None)


def _at_rest(record: AlertRecord, now: datetime) -> AlertRecord:
    """Back to OK; episode, peak and told stay so that the all-clear can name what is over."""
    if record.state is OK:
        return record
    ended_at = now if record.is_burning else record.ended_at
    return replace(
        record, state=OK, severity=None, pending_since=None, clearing_since=None, ended_at=ended_at,
        answered_at=None, answered_by="", answered_room=None, snoozed_until=None, escalated=0, alarmed_at=None,
    )  # fmt: skip


def _with_figures(record: AlertRecord, verdict: Verdict | None, now: datetime) -> AlertRecord:
    """Remember the reading, and the worst of a burning episode. A figure that is unknown leaves the last one."""
    if verdict is None or verdict.unknown is not None or not record.is_burning or verdict.reading is None:
        return record
    record = replace(record, reading=verdict.reading, room=verdict.room)
    is_worst = record.worst_room is None or (verdict.room is not None and verdict.room < record.worst_room)
    if not is_worst:
        return record
    return replace(record, worst_reading=verdict.reading, worst_room=verdict.room, worst_at=now)
