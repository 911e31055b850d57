"""A message on its way to a person, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from liqwatch.model.alert import NotifyReason, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What is to be told, once per channel. `happened_at` is when it became true.

    `expires_at` None: must arrive, however late. `dedup_key` makes a repeated write harmless.
    """

    dedup_key: str
    alert_key: str
    alert_id: str
    account: str
    severity: Severity
    reason: NotifyReason
    title: str
    body: str
    happened_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One notification for one channel, as leased from the store."""

    row_id: int
    channel: str
    attempts: int
    notification: Notification


class Delivery(Enum):
    """How one attempt ended."""

    SENT = "sent"
    RETRY = "retry"
    """The channel is unwell; try again later."""
    DEAD = "dead"
    """Trying again cannot help: wrong token, no target."""
    EXPIRED = "expired"
    """Too old to be useful; never chosen for critical and worse."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The outcome of one attempt; `detail` is redacted text for people."""

    delivery: Delivery
    detail: str = ""
    retry_after_seconds: float | None = None
