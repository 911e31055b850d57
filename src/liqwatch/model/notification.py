"""A message on its way to a person, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from liqwatch.model.alert import NotifyReason, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a small picture shows: the mark of the last hours, the liquidation price, the levels of the ladder.

    `marks` are (epoch seconds, price), oldest first; `levels` are (severity, price).
    """

    title: str
    marks: tuple[tuple[float, float], ...]
    liquidation_price: float | None = None
    levels: tuple[tuple[Severity, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What is to be told to these channels, in one wording. `happened_at` is when it became true.

    `expires_at` None: must arrive, however late. (`dedup_key`, channel) names a row for ever, so that a repeated
    write is harmless. `is_silent`: nobody needs to be woken (all-clear, digest, self-test, quiet hours).
    `can_be_answered`: an alert that people may acknowledge or snooze.
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
    channels: tuple[str, ...] = ()
    expires_at: datetime | None = None
    is_silent: bool = False
    can_be_answered: bool = False
    chart: Chart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One notification for one channel, as leased from the store. `attempts` counts the one now beginning.

    `follows` is the receipt of the last message about the same episode on this channel. `is_repeat`: an earlier
    attempt may have arrived.
    """

    row_id: int
    channel: str
    attempts: int
    notification: Notification
    follows: str | None = None
    is_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel is handed: one notification, or several told together.

    `message_id` is the same for every attempt at the same words (SMTP Message-ID). `alert_ids` are the alerts told;
    `answerable_id` the one that buttons may be put under. `follows` is the receipt of the last message about the
    same alert on this channel, so that it can be edited in place or answered in its thread.
    """

    message_id: str
    title: str
    body: str
    severity: Severity
    alert_ids: tuple[str, ...] = ()
    answerable_id: str | None = None
    follows: str | None = None
    is_over: bool = False
    is_silent: bool = False
    chart: Chart | None = None


class Delivery(Enum):
    """How one attempt ended."""

    SENT = "sent"
    RETRY = "retry"
    """The channel is unwell; try again later."""
    AMBIGUOUS = "ambiguous"
    """It may have arrived: the answer was lost. Sent once more with the same id; then the next channel stands in."""
    DEAD = "dead"
    """Trying again cannot help: wrong token, no target."""
    EXPIRED = "expired"
    """Too old to be useful; never chosen for critical and worse."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The outcome of one attempt; `detail` is redacted text for people.

    `receipt` is the service's own name of the message, where it gives one. `is_own_pause`: the service was not even
    asked, because it would have refused so many messages; that is no failure of the channel.
    """

    delivery: Delivery
    detail: str = ""
    retry_after_seconds: float | None = None
    receipt: str = ""
    is_own_pause: bool = False
