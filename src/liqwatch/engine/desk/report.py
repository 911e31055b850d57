"""Alerts, silences, history and outbox as plain values, ready for JSON. Keys are stable; times are ISO 8601 in UTC."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from liqwatch.alerts.answers import covers
from liqwatch.alerts.finding import Finding
from liqwatch.model import AlertRecord, HistoryEvent, OutboxEntry, Severity, Silence

SCHEMA = 1


def alert_object(
    record: AlertRecord, silences: Iterable[Silence], now: datetime, finding: Finding | None = None
) -> dict[str, Any]:
    """One alert. `told` null: nobody has heard of it; `headline` null: not looked at since the start."""
    return {
        "id": record.alert_id,
        "account": record.key.account,
        "rule": record.key.rule,
        "subject": record.key.subject,
        "state": record.state.value,
        "severity": severity_word(record.severity),
        "peak": severity_word(record.peak),
        "told": severity_word(record.told),
        "headline": finding.headline if finding else None,
        "reading": _finite(record.reading),
        "worst_reading": _finite(record.worst_reading),
        "worst_at": time(record.worst_at),
        "started_at": time(record.started_at),
        "notified_at": time(record.notified_at),
        "ended_at": time(record.ended_at),
        "escalated": record.escalated,
        "answer": _answer(record),
        "answered_by": record.answered_by or None,
        "answered_at": time(record.answered_at),
        "snoozed_until": time(record.snoozed_until),
        "silenced_by": [each.silence_id for each in silences if covers(each, record.key, now)],
    }


def silence_object(silence: Silence) -> dict[str, Any]:
    """One silence."""
    return {
        "id": silence.silence_id,
        "began_at": time(silence.began_at),
        "until": time(silence.until),
        "by": silence.by,
        "account": silence.account,
        "rule": silence.rule,
        "subject": silence.subject,
        "comment": silence.comment,
    }


def event_object(event: HistoryEvent) -> dict[str, Any]:
    """One line of the history."""
    return {
        "at": time(event.at),
        "kind": event.kind.value,
        "word": event.word,
        "alert_id": event.alert_id,
        "account": event.account,
        "alert_key": event.alert_key,
        "severity": severity_word(event.severity),
        "channel": event.channel,
        "who": event.who,
        "reading": _finite(event.reading),
        "text": event.text,
    }


def outbox_object(entry: OutboxEntry) -> dict[str, Any]:
    """One message on one channel."""
    return {
        "row": entry.row_id,
        "channel": entry.channel,
        "status": entry.status,
        "alert_id": entry.alert_id,
        "alert_key": entry.alert_key,
        "severity": severity_word(entry.severity),
        "reason": entry.reason,
        "title": entry.title,
        "attempts": entry.attempts,
        "happened_at": time(entry.happened_at),
        "next_attempt_at": time(entry.next_attempt_at),
        "settled_at": time(entry.settled_at),
        "detail": entry.detail,
        "receipt": entry.receipt,
    }


def severity_word(severity: Severity | None) -> str | None:
    """The level's name."""
    return severity.word if severity is not None else None


def time(moment: datetime | None) -> str | None:
    """ISO 8601, UTC."""
    return moment.astimezone(UTC).isoformat() if moment is not None else None


def _answer(record: AlertRecord) -> str | None:
    if record.answered_at is None:
        return None
    return "ack" if record.is_acked else "snooze"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
