"""A clock that was set back: what an alert remembers as later than now would make it wait for that moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from liqwatch.model import AlertRecord, AlertState


def not_in_the_future(record: AlertRecord, now: datetime) -> AlertRecord:
    """The record by a clock that was set back: what is said to have begun later begins now, so that nothing waits.

    A pause that was cut to an hour for a critical alert is no longer than that by the new clock, either.
    """
    if record.state is AlertState.OK:
        return record
    moments = (record.pending_since, record.clearing_since, record.started_at, record.alarmed_at, record.notified_at)
    if all(moment is None or moment <= now for moment in (*moments, record.answered_at)):
        return record
    pending_since, clearing_since, started_at, alarmed_at, notified_at = (_earlier(each, now) for each in moments)
    until, answered_at = record.snoozed_until, record.answered_at
    if until is not None and answered_at is not None and answered_at > now:
        until = now + (until - answered_at)
    return replace(
        record, pending_since=pending_since, clearing_since=clearing_since, started_at=started_at,
        alarmed_at=alarmed_at, notified_at=notified_at, answered_at=_earlier(answered_at, now), snoozed_until=until,
    )  # fmt: skip


def _earlier(moment: datetime | None, now: datetime) -> datetime | None:
    return None if moment is None else min(moment, now)
