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
    REPEATED = "repeated"
    RESOLVED = "resolved"


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

    @property
    def alert_id(self) -> str:
        """Short id printed in every message of an episode; the same after a restart."""
        text = f"{self.key}|{self.episode}"
        return hashlib.sha256(text.encode()).hexdigest()[:6]

    @property
    def dedup_key(self) -> str:
        """Names the latest message; a message with the same name is never stored twice."""
        return f"{self.key}|{self.episode}|{self.sequence}"
