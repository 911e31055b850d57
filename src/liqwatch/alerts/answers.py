"""What people answer to alerts, with limits that know danger: no critical alert is muted for more than an hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from liqwatch.alerts.mute import EVERYTHING, EVERYTHING_HARMLESS, NOT_MUTED, Mute
from liqwatch.model import AlertKey, AlertRecord, Severity, Silence

LONGEST_CRITICAL = timedelta(hours=1)
LONGEST_SNOOZE = timedelta(days=1)
LONGEST_SILENCE = timedelta(days=7)


def acknowledged(record: AlertRecord, who: str, now: datetime) -> AlertRecord:
    """Somebody has seen it as bad as it is now: no reminders and no escalation until it gets worse than that."""
    seen = min(record.told, record.severity) if record.told and record.severity else record.told
    return replace(record, told=seen, answered_at=now, answered_by=who, answered_room=record.room, snoozed_until=None)


def snoozed(record: AlertRecord, who: str, now: datetime, pause: timedelta) -> AlertRecord:
    """Not now: as acknowledged, until the pause is over. From critical up a pause ends after an hour."""
    until = now + min(pause, longest_snooze(record.severity))
    return replace(acknowledged(record, who, now), snoozed_until=until)


def longest_snooze(severity: Severity | None) -> timedelta:
    """How long an alert of this severity may be put off."""
    return LONGEST_CRITICAL if (severity or 0) >= Severity.CRITICAL else LONGEST_SNOOZE


def covers(silence: Silence, key: AlertKey, now: datetime) -> bool:
    """Whether a silence is in force and means this alert."""
    if not silence.began_at <= now < silence.until:
        return False
    named = ((silence.account, key.account), (silence.rule, key.rule), (silence.subject, key.subject))
    return all(not pattern or fnmatchcase(name, pattern) for pattern, name in named)


def mute_of(silence: Silence, key: AlertKey, now: datetime) -> Mute:
    """What a silence holds back now: everything in its first hour, afterwards nothing from critical up."""
    if not covers(silence, key, now):
        return NOT_MUTED
    up_to = EVERYTHING if now < silence.began_at + LONGEST_CRITICAL else EVERYTHING_HARMLESS
    return Mute(f"silenced by {silence.by} until {silence.until:%H:%M} UTC", up_to)
