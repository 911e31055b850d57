"""What one evaluation wants written down, and what became of a delivery: the two store transactions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from liqwatch.model.alert import AlertRecord
from liqwatch.model.notification import DeliveryReport, Notification


@dataclass(frozen=True, slots=True)
class AlertChange:
    """New alert state, and the message it causes, if any: stored together or not at all."""

    record: AlertRecord
    notification: Notification | None = None
    channels: tuple[str, ...] = ()


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
