"""What one evaluation wants written down, and what became of a delivery: the two store transactions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from liqwatch.model.alert import AlertRecord, Severity
from liqwatch.model.history import HistoryEvent, Silence
from liqwatch.model.notification import DeliveryReport, Notification


@dataclass(frozen=True, slots=True)
class AlertChange:
    """New alert state, and the messages it causes, if any: stored together or not at all.

    Several notifications are one message in several wordings (language, style), each for other channels.
    `record` None: something is told that is no alert (a silence, a digest). `events` are lines of the history;
    a line for each message is written by the store itself. `silence` begins, `ended_silence` (an id) ends.
    """

    record: AlertRecord | None
    notifications: tuple[Notification, ...] = ()
    events: tuple[HistoryEvent, ...] = ()
    silence: Silence | None = None
    ended_silence: str | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """Everybody who is told."""
        return tuple(channel for notification in self.notifications for channel in notification.channels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The end of one delivery attempt.

    With `next_attempt_at` the row stays open and is tried again then. `fallback_channel` opens the
    same notification for one more channel in the same transaction.
    """

    row_id: int
    report: DeliveryReport
    settled_at: datetime
    next_attempt_at: datetime | None = None
    fallback_channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStatus:
    """What still has to be delivered."""

    pending: int
    oldest_pending_at: datetime | None
    dead: int
    sent: int
    expired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One message on one channel, as people ask for it (`liqwatch outbox`).

    `status` is `pending`, `sent`, `dead`, `expired` or `superseded` (a newer message told the same and more).
    """

    row_id: int
    channel: str
    status: str
    alert_id: str
    alert_key: str
    severity: Severity
    reason: str
    title: str
    attempts: int
    happened_at: datetime
    next_attempt_at: datetime | None = None
    settled_at: datetime | None = None
    detail: str = ""
    receipt: str = ""
