"""What the history tells of the outbox: each message for each channel, and how each attempt at it ended."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from liqwatch.model import Delivery, DeliveryReport, EventKind, HistoryEvent, Notification, Severity

ALL_UP_TO = 10
EVERY = 100
"""A channel that is out of order for days is asked thousands of times: of the same refusals this many are noted."""


def message_line(notification: Notification, channel: str) -> HistoryEvent:
    """A message was written down for a channel."""
    return HistoryEvent(
        kind=EventKind.MESSAGE,
        at=notification.happened_at,
        alert_id=notification.alert_id,
        alert_key=notification.alert_key,
        account=notification.account,
        severity=notification.severity,
        word=notification.reason.value,
        channel=channel,
        text=notification.title,
    )


def fallback_line(row: sqlite3.Row, channel: str, at: datetime) -> HistoryEvent:
    """The message of this row was written down for one more channel."""
    text = f"in place of {row['channel']}: {row['title']}"
    return _line(row, EventKind.MESSAGE, word=row["reason"], channel=channel, at=at, text=text)


def is_worth_a_line(row: sqlite3.Row, report: DeliveryReport) -> bool:
    """Whether an attempt says anything that the lines of the earlier ones do not. `row` is as it was before."""
    is_same = report.delivery is Delivery.RETRY and row["detail"] == report.detail
    return not is_same or row["attempts"] <= ALL_UP_TO or row["attempts"] % EVERY == 0


def attempt_line(row: sqlite3.Row, report: DeliveryReport, at: datetime) -> HistoryEvent:
    """An attempt at this row has ended. `text` counts it and has the receipt and the detail, where there are any."""
    receipt = f", receipt {report.receipt}" if report.receipt else ""
    detail = f": {report.detail}" if report.detail else ""
    return end_line(row, report.delivery.value, at, f"attempt {row['attempts']}{receipt}{detail}")


def end_line(row: sqlite3.Row, word: str, at: datetime, text: str) -> HistoryEvent:
    """Something became of this row: the outcome of an attempt, or its end without one."""
    return _line(row, EventKind.ATTEMPT, word=word, channel=row["channel"], at=at, text=text)


def _line(row: sqlite3.Row, kind: EventKind, *, word: str, channel: str, at: datetime, text: str) -> HistoryEvent:
    return HistoryEvent(
        kind=kind,
        at=at,
        alert_id=row["alert_id"],
        alert_key=row["alert_key"],
        account=row["account"],
        severity=Severity(row["severity"]),
        word=word,
        channel=channel,
        text=text,
    )
