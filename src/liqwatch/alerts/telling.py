"""Whether people must be told now, and why: the decision is never a bare yes.

An answer (ack, snooze) stops reminders and escalation. It holds only while the danger stays what it was: a worse
level, or a further share of the room lost, is told at once, whatever was answered.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from liqwatch.alerts.policy import AlertPolicy
from liqwatch.model import AlertRecord, AlertState, NotifyReason, Severity
from liqwatch.rules.base import Verdict

ALARMS_ANEW = frozenset({NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.DEEPENED, NotifyReason.SNOOZE_ENDED})
"""Reasons after which escalation begins again and earlier answers no longer hold."""


def reason_to_tell(
    before: AlertRecord, after: AlertRecord, verdict: Verdict | None, policy: AlertPolicy, now: datetime
) -> NotifyReason | None:
    """Why to tell people of the record as it is after a look; None: there is nothing to tell."""
    if after.state is AlertState.OK and before.is_burning:
        return NotifyReason.RESOLVED if after.told else None
    if after.state is not AlertState.FIRING or after.severity is None:
        return None
    if after.told is None:
        is_seen = verdict is not None and verdict.unknown is None
        return NotifyReason.FIRST if is_seen else None
    if after.severity > after.told:
        return NotifyReason.WORSENED
    is_answered = after.answered_at is not None
    return _despite_the_answer(after, policy, now) if is_answered else _reminder(after, policy, now)


def told(record: AlertRecord, reason: NotifyReason, policy: AlertPolicy, now: datetime) -> AlertRecord:
    """The record once people are told for this reason."""
    record = replace(record, sequence=record.sequence + 1, notified_at=now)
    if reason is NotifyReason.RESOLVED:
        return replace(record, told=None)
    if reason in ALARMS_ANEW:
        return replace(
            record, told=record.severity, alarmed_at=now, escalated=0,
            answered_at=None, answered_by="", answered_room=None, snoozed_until=None,
        )  # fmt: skip
    if reason is NotifyReason.ESCALATED:
        return replace(record, escalated=steps_due(record, policy, now))
    return record


def due_at(record: AlertRecord, policy: AlertPolicy) -> datetime | None:
    """When a firing alert will have something to tell though nothing changes; in the past: it is held back now."""
    if record.severity is None:
        return None
    if record.told is None or record.severity > record.told:
        return record.started_at
    if record.answered_at is not None:
        return record.snoozed_until
    times = [time for time in (_repeat_at(record, policy), _escalation_at(record, policy)) if time is not None]
    return min(times, default=None)


def steps_due(record: AlertRecord, policy: AlertPolicy, now: datetime) -> int:
    """How many steps of its escalation an alert has reached."""
    steps = policy.escalation.get(record.severity or Severity.NOTICE, ())
    alarmed_at = record.alarmed_at
    return 0 if alarmed_at is None else sum(alarmed_at + step.after <= now for step in steps)


def escalated_channels(record: AlertRecord, policy: AlertPolicy) -> tuple[str, ...]:
    """Whom the steps done so far have added."""
    steps = policy.escalation.get(record.severity or Severity.NOTICE, ())
    return tuple(channel for step in steps[: record.escalated] for channel in step.channels)


def has_deepened(record: AlertRecord, policy: AlertPolicy) -> bool:
    """Whether a further share of the room is lost since the answer."""
    if record.room is None or record.answered_room is None:
        return False
    lost = record.answered_room - record.room
    return lost > 0 and lost >= policy.deeper_by * abs(record.answered_room)


def _despite_the_answer(record: AlertRecord, policy: AlertPolicy, now: datetime) -> NotifyReason | None:
    if has_deepened(record, policy):
        return NotifyReason.DEEPENED
    is_over = record.snoozed_until is not None and record.snoozed_until <= now
    return NotifyReason.SNOOZE_ENDED if is_over else None


def _reminder(record: AlertRecord, policy: AlertPolicy, now: datetime) -> NotifyReason | None:
    if steps_due(record, policy, now) > record.escalated:
        return NotifyReason.ESCALATED
    repeat_at = _repeat_at(record, policy)
    return NotifyReason.REPEATED if repeat_at is not None and repeat_at <= now else None


def _repeat_at(record: AlertRecord, policy: AlertPolicy) -> datetime | None:
    every = policy.repeat_every.get(record.severity or Severity.NOTICE)
    return record.notified_at + every if every and record.notified_at else None


def _escalation_at(record: AlertRecord, policy: AlertPolicy) -> datetime | None:
    steps = policy.escalation.get(record.severity or Severity.NOTICE, ())
    if record.alarmed_at is None or record.escalated >= len(steps):
        return None
    return record.alarmed_at + steps[record.escalated].after
