"""The alerts of everything that is watched: their records, when time alone will move them, and who answered.

Every look at anything ends in `take`; every state change leaves here as an `AlertChange`.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.machine import Advance, advance, next_look_at
from liqwatch.alerts.mute import NOT_MUTED, Mute
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.engine.composer import Composer
from liqwatch.engine.ledger import Ledger
from liqwatch.engine.looks import Look, Looks
from liqwatch.engine.mutes import Mutes
from liqwatch.model import (
    AlertChange,
    AlertKey,
    AlertRecord,
    AlertState,
    EventKind,
    HistoryEvent,
    NotifyReason,
    Silence,
)

LOOK_AGAIN_AFTER = timedelta(seconds=5)
"""When something is overdue but cannot be told yet (muted, unknown)."""


class Alarms:
    """Records by key. `records` of the store go on burning."""

    def __init__(
        self, composer: Composer, records: Iterable[AlertRecord] = (), silences: Iterable[Silence] = ()
    ) -> None:
        self.ledger = Ledger(records)
        self.silences: dict[str, Silence] = {silence.silence_id: silence for silence in silences}
        self.composer = composer
        self._looks = Looks()
        self._reached_at: dict[AlertKey, datetime] = {}
        self._mutes = Mutes(self.records, self.silences, self._looks, self._reached_at)
        self._kept: dict[AlertKey, Look] = {}
        self._due: list[tuple[datetime, int, AlertKey]] = []
        self._scheduled: dict[AlertKey, datetime] = {}
        self._order = itertools.count()

    @property
    def records(self) -> dict[AlertKey, AlertRecord]:
        """Every alert there has been."""
        return self.ledger.by_key

    def take(
        self, finding: Finding, policy: AlertPolicy, now: datetime, *, mute: Mute = NOT_MUTED
    ) -> list[AlertChange]:
        """One look. The change to be written, if anything but the figures has changed."""
        before = self.records.get(finding.key) or AlertRecord(key=finding.key)
        mute = mute.and_also(self._mutes.on(finding, before, self.composer.routing, now))
        step = advance(before, finding.verdict, policy, now, mute=mute)
        self._looks.note(finding, policy)
        self._note_level(before, step.record, now)
        self._schedule(step.record, policy, now)
        if step.record == before:
            return []
        self.ledger.put(step.record)
        return (
            [] if _is_same_but_for_figures(before, step.record) else [self._change(finding, before, step, policy, now)]
        )

    def take_event(self, finding: Finding, policy: AlertPolicy, now: datetime) -> list[AlertChange]:
        """Something that happened, and is over as soon as it is told; the next time it is told again.

        Held back, it is kept until it may be told. It waits for no hold: it is over before that ends.
        """
        key, policy = finding.key, replace(policy, hold={})
        changes = [_unanswerable(change) for change in self.take(finding, policy, now)]
        self.forget_look(key)
        record = self.records[key]
        if record.is_burning and record.told is None:
            kept = self._kept.get(key)
            if kept is None or _is_as_bad(finding, kept[0]):
                self._kept[key] = finding, policy
            return changes
        self._kept.pop(key, None)
        over = replace(record, state=AlertState.OK, severity=None, told=None)
        self.ledger.put(over)
        return [*changes, AlertChange(over)]

    def is_kept(self, key: AlertKey) -> bool:
        """Whether something that happened waits to be told."""
        return key in self._kept

    def release(self, now: datetime) -> list[AlertChange]:
        """Tell what has happened and was held back, as far as nothing holds it back any more."""
        changes: list[AlertChange] = []
        for key, (finding, policy) in list(self._kept.items()):
            record = self.records[key]
            mute = self._mutes.on(finding, record, self.composer.routing, now)
            if not mute.holds_back(NotifyReason.FIRST, record):
                changes += self.take_event(_told_late(finding, record), policy, now)
        return changes

    def due(self, now: datetime) -> Iterator[tuple[Finding, AlertPolicy]]:
        """What time alone has moved by now: the last look at it, to be taken again."""
        while self._due and self._due[0][0] <= now:
            due_at, _, key = heapq.heappop(self._due)
            if self._scheduled.get(key) != due_at:
                continue
            del self._scheduled[key]
            look = self._looks.of(key)
            if look is not None:
                yield look

    def next_due_at(self) -> datetime | None:
        """When `due` will next have something to yield."""
        return self._due[0][0] if self._due else None

    def latest(self, key: AlertKey) -> Finding | None:
        """The last look at something."""
        look = self._looks.of(key)
        return look[0] if look else None

    def policy_of(self, key: AlertKey) -> AlertPolicy:
        """How this alert behaves."""
        look = self._looks.of(key)
        return look[1] if look else AlertPolicy()

    def forget_look(self, key: AlertKey) -> None:
        """This was an event, or its subject is gone: time will not move it."""
        self._looks.forget(key)
        self._scheduled.pop(key, None)

    def forget_others(self, account: str, present: Container[str]) -> None:
        """Of an account's positions and pools only these are left: what was last seen of others is of no more use."""
        self._looks.forget_others(account, present)

    def expect(self, finding: Finding, policy: AlertPolicy, at: datetime) -> None:
        """An alert of before the start, should nobody have looked at it by then: reminders and escalation go on."""
        self._looks.note(finding, policy)
        self._push(finding.key, at)

    def keep(self, finding: Finding, policy: AlertPolicy) -> None:
        """Something that happened before the start and has not been told yet."""
        self._kept[finding.key] = finding, policy

    def burning(self) -> Iterator[AlertRecord]:
        """Every alert whose danger stands, told or not."""
        return self.ledger.burning()

    def replace_record(self, record: AlertRecord, now: datetime) -> None:
        """A record as people's answer has changed it."""
        self.ledger.put(record)
        self._schedule(record, self.policy_of(record.key), now)

    def _note_level(self, before: AlertRecord, after: AlertRecord, now: datetime) -> None:
        """Since when it is as bad as it is."""
        if not after.is_burning:
            self._reached_at.pop(after.key, None)
        elif not before.is_burning or (after.severity or 0) > (before.severity or 0):
            self._reached_at[after.key] = now

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
            self._push(record.key, due_at)

    def _push(self, key: AlertKey, due_at: datetime) -> None:
        self._scheduled[key] = due_at
        heapq.heappush(self._due, (due_at, next(self._order), key))

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


def _is_as_bad(finding: Finding, other: Finding) -> bool:
    levels = [(each.verdict.fired or 0) if each.verdict else 0 for each in (finding, other)]
    return levels[0] >= levels[1]


def _told_late(finding: Finding, record: AlertRecord) -> Finding:
    """What happened while nothing could be told, with its own time."""
    at = f"{record.started_at:%Y-%m-%d %H:%M} UTC" if record.started_at else "an unknown time"
    return replace(finding, detail=(*finding.detail, f"It happened at {at} and was held back until now."))


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
