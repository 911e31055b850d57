"""The one gate through which alert state changes.

Each look at a subject yields a cue; (state, cue) finds a step in the table; steps are taken until one
rests. Whether a message goes out is decided once, at the end, from what people were last told.

- Level-triggered: only the present verdict and the record matter, so a restart changes nothing.
- Worsening passes at once; a jump over several levels is one message.
- Unknown never clears, and never starts a new alarm.
- An inhibited alert changes state in silence; when the inhibition ends it is told, if it still burns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from liqwatch.alerts.policy import NO_TIME, AlertPolicy
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
    SETTLED = "over for the whole clear hold time"
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
    is_inhibited: bool = False,
) -> Advance:
    """Take one look. `verdict` None: the subject is gone (position closed, account removed)."""
    before = record
    while True:
        cue = cue_for(record, verdict, policy, now)
        record = _step(record, cue, verdict, now)
        if cue not in MOVING:
            break
    reason = _reason(before, record, verdict, policy, now)
    if reason is None or (is_inhibited and reason is not NotifyReason.RESOLVED):
        return Advance(record)
    return Advance(_told(record, reason, now), reason)


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
        return record.clearing_since + policy.clear_hold
    if record.state is FIRING and record.notified_at and record.severity:
        every = policy.repeat_every.get(record.severity)
        return record.notified_at + every if every else None
    return None


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
    return Cue.SETTLED if now - since >= policy.clear_hold else Cue.WAITING


def _step(record: AlertRecord, cue: Cue, verdict: Verdict | None, now: datetime) -> AlertRecord:
    state = TRANSITIONS[record.state, cue]
    if state is OK:
        return _at_rest(record)
    fired, held = (verdict.fired, verdict.held) if verdict else (None, None)
    if state is PENDING:
        severity = fired or record.severity
        return replace(record, state=PENDING, severity=severity, pending_since=record.pending_since or now)
    if cue is Cue.HELD:
        return replace(
            record, state=FIRING, severity=fired, peak=fired, told=None, episode=record.episode + 1, sequence=0,
            started_at=now, pending_since=None, notified_at=None,
        )  # fmt: skip
    if cue is Cue.WORSE:
        peak = max(record.peak or Severity.NOTICE, fired or Severity.NOTICE)
        return replace(record, state=FIRING, severity=fired, peak=peak, clearing_since=None)
    if cue is Cue.EASED:
        told = min(record.told, held) if record.told and held else record.told
        return replace(record, state=FIRING, severity=held, told=told, clearing_since=None)
    clearing_since = (record.clearing_since or now) if state is RECOVERING else None
    return replace(record, state=state, clearing_since=clearing_since)


def _at_rest(record: AlertRecord) -> AlertRecord:
    """Back to OK; episode, peak and told stay so that the all-clear can name what is over."""
    return replace(record, state=OK, severity=None, pending_since=None, clearing_since=None)


def _reason(
    before: AlertRecord, after: AlertRecord, verdict: Verdict | None, policy: AlertPolicy, now: datetime
) -> NotifyReason | None:
    if after.state is OK and before.state in (FIRING, RECOVERING):
        return NotifyReason.RESOLVED if after.told else None
    if after.state is not FIRING or after.severity is None:
        return None
    is_seen = verdict is not None and verdict.unknown is None
    if after.told is None:
        return NotifyReason.FIRST if is_seen else None
    if after.severity > after.told:
        return NotifyReason.WORSENED
    due_at = next_look_at(after, policy)
    return NotifyReason.REPEATED if due_at is not None and due_at <= now else None


def _told(record: AlertRecord, reason: NotifyReason, now: datetime) -> AlertRecord:
    told = None if reason is NotifyReason.RESOLVED else record.severity
    return replace(record, told=told, sequence=record.sequence + 1, notified_at=now)
