"""What has happened to alerts, and what people have said to them: facts that are only ever added to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from liqwatch.model.alert import Severity


class EventKind(Enum):
    """Kinds of lines in the history of alerts."""

    TRANSITION = "transition"
    MESSAGE = "message"
    ATTEMPT = "attempt"
    ANSWER = "answer"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEvent:
    """One line: what, when, about which alert, by whom ("" for liqwatch itself).

    `alert_id` "" where no single alert is meant. `text` is what people read; figures stand in `reading`.
    """

    kind: EventKind
    at: datetime
    alert_id: str = ""
    alert_key: str = ""
    account: str = ""
    severity: Severity | None = None
    word: str = ""
    """The state reached, the reason of a message, the outcome of an attempt, or the answer given."""
    channel: str = ""
    who: str = ""
    reading: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Alerts that match are not told until `until`; empty matchers match everything.

    Matchers are shell patterns (`BTC/*`). From critical up a silence holds for an hour at most.
    """

    silence_id: str
    began_at: datetime
    until: datetime
    by: str
    account: str = ""
    rule: str = ""
    subject: str = ""
    comment: str = ""
