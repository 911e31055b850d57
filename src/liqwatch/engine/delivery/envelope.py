"""Outbox rows to the message a channel is handed: one alone, or several told together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from liqwatch.alerts.digest import digest
from liqwatch.alerts.speaker import ENGLISH_SPEAKER, Speaker
from liqwatch.alerts.wording.late import REPEAT_NOTE, late_note
from liqwatch.model import Message, Notification, NotifyReason, OutboxRow, Severity

ID_LENGTH = 32


def message_id_of(notifications: Iterable[Notification]) -> str:
    """Names these words for ever: the same for every attempt, on every channel, after every restart."""
    keys = "\n".join(sorted({each.dedup_key for each in notifications}))
    return hashlib.sha256(keys.encode()).hexdigest()[:ID_LENGTH]


def weight(notification: Notification) -> Severity:
    """How urgent it is to be told of this now; an all-clear never is."""
    return Severity.NOTICE if notification.reason is NotifyReason.RESOLVED else notification.severity


def ranked(rows: Iterable[OutboxRow]) -> list[OutboxRow]:
    """The worst first, then the oldest; all-clears last."""

    def rank(row: OutboxRow) -> tuple[bool, int, int]:
        notification = row.notification
        return (notification.reason is NotifyReason.RESOLVED, -notification.severity, row.row_id)

    return sorted(rows, key=rank)


def worst_of(rows: Iterable[OutboxRow]) -> Severity:
    """The most urgent of some rows; NOTICE without any."""
    return max((weight(row.notification) for row in rows), default=Severity.NOTICE)


def message_of(
    rows: Sequence[OutboxRow], now: datetime, message_id: str = "", speaker: Speaker = ENGLISH_SPEAKER
) -> Message:
    """Everything these rows tell, in one message that says when it comes late or perhaps a second time.

    `message_id` is that of an earlier attempt at the same words, where there was one. Buttons belong to the worst
    alert that can be answered. Several alerts have no single thread to be answered in.
    """
    order = ranked(rows)
    notifications = [row.notification for row in order]
    first = notifications[0]
    title, body = (first.title, first.body) if len(order) == 1 else digest(notifications, speaker)
    oldest_at = min(each.happened_at for each in notifications)
    repeat = speaker.say(REPEAT_NOTE) if any(row.is_repeat for row in order) else None
    notes = (late_note(oldest_at, now, speaker), repeat)
    return Message(
        message_id=message_id or message_id_of(notifications),
        title=title,
        body="\n".join([*(note for note in notes if note), body]),
        severity=worst_of(order),
        alert_ids=tuple(dict.fromkeys(each.alert_id for each in notifications if each.alert_id)),
        answerable_id=next((each.alert_id for each in notifications if each.can_be_answered), None),
        follows=order[0].follows if len(order) == 1 else None,
        is_over=all(each.reason is NotifyReason.RESOLVED for each in notifications),
        is_silent=all(each.is_silent for each in notifications),
        chart=first.chart,
    )
