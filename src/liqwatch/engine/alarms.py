"""The alerts of everything that is watched: their records, when time alone will move them, and who answered.

Every look at anything ends in `take`; every state change leaves here as an `AlertChange`.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from liqwatch.alerts.answers import mute_of
from liqwatch.alerts.finding import Finding
from liqwatch.alerts.inhibition import Whereabouts, muted_by_others
from liqwatch.alerts.machine import Advance, advance, next_look_at
from liqwatch.alerts.mute import EVERYTHING_HARMLESS, NOT_MUTED, Mute
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.engine.composer import Composer
from liqwatch.model import (
    AlertChange,
    AlertKey,
    AlertRecord,
    AlertState,
    EventKind,
    HistoryEvent,
    Severity,
    Silence,
)

LOOK_AGAIN_AFTER = timedelta(seconds=5)
"""When something is overdue but cannot be told yet (muted, unknown)."""


class Alarms:
    """Records by key. `records` of the store go on burning."""

    def __init__(
        self, composer: Composer, records: Iterable[AlertRecord] = (), silences: Iterable[Silence] = ()
    ) -> None:
        self.records: dict[AlertKey, AlertRecord] = {record.key: record for record in records}
        self.silences: dict[str, Silence] = {silence.silence_id: silence for silence in silences}
        self.composer = composer
        self._latest: dict[AlertKey, tuple[Finding, AlertPolicy]] = {}
        self._due: list[tuple[datetime, int, AlertKey]] = []
        self._scheduled: dict[AlertKey, datetime] = {}
        self._order = itertools.count()

    def take(
        self, finding: Finding, policy: AlertPolicy, now: datetime, *, mute: Mute = NOT_MUTED
    ) -> list[AlertChange]:
        """One look. The change to be written, if anything but the figures has changed."""
        before = self.records.get(finding.key) or AlertRecord(key=finding.key)
        mute = mute.and_also(self._mute_of(finding, before, now))
        step = advance(before, finding.verdict, policy, now, mute=mute)
        self._latest[finding.key] = (finding, policy)
        self._schedule(step.record, policy, now)
        if step.record == before:
            return []
        self.records[finding.key] = step.record
        return (
            [] if _is_same_but_for_figures(before, step.record) else [self._change(finding, before, step, policy, now)]
        )

    def take_event(self, finding: Finding, policy: AlertPolicy, now: datetime) -> list[AlertChange]:
        """Something that happened, and is over as soon as it is told; the next time it is told again."""
        changes = [_unanswerable(change) for change in self.take(finding, policy, now)]
        over = replace(self.records[finding.key], state=AlertState.OK, severity=None, told=None)
        self.records[finding.key] = over
        self.forget_look(finding.key)
        return [*changes, AlertChange(over)]

    def due(self, now: datetime) -> Iterator[tuple[Finding, AlertPolicy]]:
        """What time alone has moved by now: the last look at it, to be taken again."""
        while self._due and self._due[0][0] <= now:
            due_at, _, key = heapq.heappop(self._due)
            if self._scheduled.get(key) != due_at:
                continue
            del self._scheduled[key]
            latest = self._latest.get(key)
            if latest is not None:
                yield latest

    def next_due_at(self) -> datetime | None:
        """When `due` will next have something to yield."""
        return self._due[0][0] if self._due else None

    def latest(self, key: AlertKey) -> Finding | None:
        """The last look at something."""
        found = self._latest.get(key)
        return found[0] if found else None

    def latest_of(self, account: str, subject: str) -> Finding | None:
        """The last look of any rule at a position."""
        for finding, _ in self._latest.values():
            if finding.key.account == account and finding.key.subject == subject and finding.position:
                return finding
        return None

    def policy_of(self, key: AlertKey) -> AlertPolicy:
        """How this alert behaves."""
        found = self._latest.get(key)
        return found[1] if found else AlertPolicy()

    def forget_look(self, key: AlertKey) -> None:
        """This was an event: time will not move it."""
        self._latest.pop(key, None)
        self._scheduled.pop(key, None)

    def burning(self) -> Iterator[AlertRecord]:
        """Every alert whose danger stands, told or not."""
        return (record for record in self.records.values() if record.is_burning)

    def replace_record(self, record: AlertRecord, now: datetime) -> None:
        """A record as people's answer has changed it."""
        self.records[record.key] = record
        self._schedule(record, self.policy_of(record.key), now)

    def _mute_of(self, finding: Finding, before: AlertRecord, now: datetime) -> Mute:
        key = finding.key
        fired = finding.verdict.fired if finding.verdict else None
        severity = Severity(max(fired or 0, before.severity or 0) or Severity.NOTICE)
        pool = finding.pool.pool if finding.pool else None
        where = Whereabouts(pool.subject, pool.venue) if pool else Whereabouts()
        mute = muted_by_others(key, severity, where, self.records.get)
        for silence in self.silences.values():
            mute = mute.and_also(mute_of(silence, key, now))
        if self.composer.routing.must_wait(severity, key.account, now):
            mute = mute.and_also(Mute("quiet hours", EVERYTHING_HARMLESS))
        return mute

    def _schedule(self, record: AlertRecord, policy: AlertPolicy, now: datetime) -> None:
        """See to it that this record is looked at when time alone changes something for it."""
        due_at = next_look_at(record, policy)
        known = self._scheduled.get(record.key)
        if due_at is None:
            self._scheduled.pop(record.key, None)
            return
        if due_at <= now:
            if known is not None and known > now:
                return
            due_at = now + LOOK_AGAIN_AFTER
        if known != due_at:
            self._scheduled[record.key] = due_at
            heapq.heappush(self._due, (due_at, next(self._order), record.key))

    def _change(
        self, finding: Finding, before: AlertRecord, step: Advance, policy: AlertPolicy, now: datetime
    ) -> AlertChange:
        record = step.record
        notifications = () if step.reason is None else self.composer.compose(finding, before, step, policy, now)
        return AlertChange(record, notifications, events=tuple(_transition(finding, before, record, now)))


def _unanswerable(change: AlertChange) -> AlertChange:
    """An event is over before anybody can answer it."""
    notifications = tuple(replace(each, can_be_answered=False) for each in change.notifications)
    return replace(change, notifications=notifications)


def _is_same_but_for_figures(before: AlertRecord, after: AlertRecord) -> bool:
    return before == replace(
        after, reading=before.reading, room=before.room, worst_reading=before.worst_reading,
        worst_room=before.worst_room, worst_at=before.worst_at,
    )  # fmt: skip


def _transition(finding: Finding, before: AlertRecord, after: AlertRecord, now: datetime) -> Iterator[HistoryEvent]:
    """A line of the history where state or severity changed."""
    if (before.state, before.severity, before.episode) != (after.state, after.severity, after.episode):
        yield HistoryEvent(
            kind=EventKind.TRANSITION,
            at=now,
            alert_id=after.alert_id,
            alert_key=str(after.key),
            account=after.key.account,
            severity=after.severity,
            word=after.state.value,
            reading=after.reading,
            text=finding.headline,
        )
