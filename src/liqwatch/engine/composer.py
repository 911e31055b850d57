"""From a decision to the words on each channel: who is told, in which voice, with which picture, until when."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.machine import Advance
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.alerts.routing import Routing
from liqwatch.alerts.telling import escalated_channels
from liqwatch.alerts.voice import Translate, Voice
from liqwatch.alerts.wording import Words, compose
from liqwatch.engine.picture import chart_of
from liqwatch.model import AlertRecord, Chart, Notification, NotifyReason, Severity

Closes = Callable[[str, str], Sequence[tuple[float, float]]]
"""(venue, symbol) → (epoch seconds, mark) of the last hours."""

DEFAULT_VOICE = Voice()


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Something to tell that is no alert. `name` makes it unique: told again under the same name, it is told once."""

    name: str
    words: Callable[[Voice, Translate], Words]
    severity: Severity = Severity.NOTICE
    account: str = ""
    is_silent: bool = True


class Composer:
    """Words for alerts and announcements."""

    def __init__(
        self,
        routing: Routing,
        voices: Mapping[str, Voice],
        translate: Callable[[str], Translate],
        margin_call_ratio: float,
    ) -> None:
        """`voices` by channel; `translate` gives the translation into a language."""
        self.routing = routing
        self.closes: Closes | None = None
        self._voices = voices
        self._translate = translate
        self._margin_call_ratio = margin_call_ratio

    def compose(
        self, finding: Finding, before: AlertRecord, step: Advance, policy: AlertPolicy, now: datetime
    ) -> tuple[Notification, ...]:
        """One notification for each voice that is told of this step."""
        record, reason = step.record, step.reason or NotifyReason.FIRST
        severity = (record.peak if reason is NotifyReason.RESOLVED else record.severity) or Severity.NOTICE
        expires_after = policy.expires_after.get(severity)
        told = self._everybody(before, severity, policy) if reason is NotifyReason.RESOLVED else None
        by_voice = self._by_voice(told or self._told(record, severity, policy, now))
        chart = self._chart(finding, reason) if any(voice.takes_chart for voice in by_voice) else None
        return tuple(
            Notification(
                dedup_key=record.dedup_key,
                alert_key=str(record.key),
                alert_id=record.alert_id,
                account=record.key.account,
                severity=severity,
                reason=reason,
                title=words.title,
                body=words.body,
                happened_at=now,
                channels=channels,
                expires_at=now + expires_after if expires_after else None,
                is_silent=reason is NotifyReason.RESOLVED,
                can_be_answered=reason is not NotifyReason.RESOLVED and record.is_burning,
                chart=chart if voice.takes_chart else None,
            )
            for voice, channels in by_voice.items()
            for words in (self._words(finding, before, record, reason, now, voice),)
        )

    def announce(
        self, announcement: Announcement, now: datetime, channels: Sequence[str] | None = None
    ) -> tuple[Notification, ...]:
        """Something that is no alert, told to these channels, or to everybody who is told of its account."""
        if channels is None:
            channels = self.routing.channels_for(Severity.CRITICAL, announcement.account)
        name = f"announcement|{announcement.name}"
        return tuple(
            Notification(
                dedup_key=name,
                alert_key=name,
                alert_id=hashlib.sha256(name.encode()).hexdigest()[:6],
                account=announcement.account,
                severity=announcement.severity,
                reason=NotifyReason.ANNOUNCED,
                title=spoken.title,
                body=spoken.body,
                happened_at=now,
                channels=told,
                is_silent=announcement.is_silent,
            )
            for voice, told in self._by_voice(channels).items()
            for spoken in (announcement.words(voice, self._translate(voice.language)),)
        )

    def _told(self, record: AlertRecord, severity: Severity, policy: AlertPolicy, now: datetime) -> tuple[str, ...]:
        """Who belongs to the severity, and whom the escalation has added, but for who is to be left in peace now."""
        account = record.key.account
        first = self.routing.channels_for(severity, account, now)
        more = escalated_channels(record, policy)
        awake = [name for name in more if not self.routing.is_quiet(name, severity, account, now)]
        return tuple(dict.fromkeys((*first, *awake)))

    def _everybody(self, before: AlertRecord, peak: Severity, policy: AlertPolicy) -> tuple[str, ...]:
        """Whoever may have heard of an alert that is over, at whatever hour: an all-clear makes no sound."""
        first = self.routing.channels_for(peak, before.key.account)
        woken = escalated_channels(before, policy), escalated_channels(replace(before, severity=peak), policy)
        return tuple(dict.fromkeys((*first, *woken[0], *woken[1])))

    def _by_voice(self, channels: Sequence[str]) -> dict[Voice, tuple[str, ...]]:
        grouped: dict[Voice, list[str]] = defaultdict(list)
        for channel in channels:
            grouped[self._voices.get(channel, DEFAULT_VOICE)].append(channel)
        return {voice: tuple(names) for voice, names in grouped.items()}

    def _words(
        self,
        finding: Finding,
        before: AlertRecord,
        record: AlertRecord,
        reason: NotifyReason,
        now: datetime,
        voice: Voice,
    ) -> Words:
        return compose(
            finding,
            record,
            reason,
            now,
            before=before,
            voice=voice,
            translate=self._translate(voice.language),
            margin_call_ratio=self._margin_call_ratio,
        )

    def _chart(self, finding: Finding, reason: NotifyReason) -> Chart | None:
        if self.closes is None or reason is NotifyReason.RESOLVED or finding.position is None or finding.pool is None:
            return None
        marks = self.closes(finding.pool.pool.venue, finding.position.position.symbol)
        return chart_of(finding.position, marks, finding.ladder)
