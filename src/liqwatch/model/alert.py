"""What is remembered of an alert between two looks at the market."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum


class Severity(IntEnum):
    """How bad; larger is worse."""

    NOTICE = 1
    WARNING = 2
    CRITICAL = 3
    EMERGENCY = 4

    @property
    def word(self) -> str:
        """The name as written in config files and messages."""
        return self.name.lower()


class AlertState(Enum):
    """OK: nothing to tell. PENDING: breached, hold time running. FIRING: told.

    RECOVERING: back past the clear level, clear hold running.
    """

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"


class NotifyReason(Enum):
    """Why a message goes out. The decision is never a bare yes."""

    FIRST = "first"
    WORSENED = "worsened"
    DEEPENED = "deepened"
    """After an ack or a snooze a further share of the room was lost, on the same level."""
    SNOOZE_ENDED = "snooze ended"
    REPEATED = "repeated"
    ESCALATED = "escalated"
    """Nobody has acknowledged it: the next step of the escalation is told too."""
    RESOLVED = "resolved"
    ANNOUNCED = "announced"
    """Not an alert: a silence began, an alert was acknowledged, a digest, a self-test."""


@dataclass(frozen=True, slots=True)
class AlertKey:
    """One alert: an account ("" for the daemon itself), a rule kind and the subject it judges."""

    account: str
    rule: str
    subject: str

    def __str__(self) -> str:
        """Stable text form, used as the store's primary key."""
        return f"{self.account}|{self.rule}|{self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """The whole memory of one alert; everything else is derived from the market.

    `episode` counts firings, `sequence` the messages within one, so that (key, episode, sequence)
    names a message for ever. `severity` is the present level, `peak` the worst of the episode,
    `told` the level people last heard of (None: this episode has not been told yet).
    `reading` is the figure of the last look, `worst_reading` the worst of the episode and `worst_at` its moment.
    `room` is what is left before the worst, in the rule's own unit: it shrinks as danger grows.
    `alarmed_at` is when the told level was first told: escalation counts from there, `escalated` steps are done.
    `answered_*` is what people said to it: `snoozed_until` None with `answered_at` means acknowledged.
    `flaps` counts firings that followed an all-clear too soon.
    """

    key: AlertKey
    state: AlertState = AlertState.OK
    severity: Severity | None = None
    peak: Severity | None = None
    told: Severity | None = None
    episode: int = 0
    sequence: int = 0
    started_at: datetime | None = None
    pending_since: datetime | None = None
    clearing_since: datetime | None = None
    notified_at: datetime | None = None
    ended_at: datetime | None = None
    reading: float | None = None
    room: float | None = None
    worst_reading: float | None = None
    worst_room: float | None = None
    worst_at: datetime | None = None
    alarmed_at: datetime | None = None
    escalated: int = 0
    flaps: int = 0
    answered_at: datetime | None = None
    answered_by: str = ""
    answered_room: float | None = None
    snoozed_until: datetime | None = None

    @property
    def is_burning(self) -> bool:
        """Whether the danger stands, told or not."""
        return self.state in (AlertState.FIRING, AlertState.RECOVERING)

    @property
    def is_acked(self) -> bool:
        """Acknowledged for as long as it gets no worse."""
        return self.answered_at is not None and self.snoozed_until is None

    @property
    def alert_id(self) -> str:
        """Short id printed in every message of an episode; the same after a restart."""
        text = f"{self.key}|{self.episode}"
        return hashlib.sha256(text.encode()).hexdigest()[:6]

    @property
    def dedup_key(self) -> str:
        """Names the latest message; a message with the same name is never stored twice."""
        return f"{self.key}|{self.episode}|{self.sequence}"
