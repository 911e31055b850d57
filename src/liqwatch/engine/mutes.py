"""What holds an alert's messages back at this moment: other alerts that tell it already, silences, quiet hours.

Another alert tells it only where people hear that one: it was told as badly, is not silenced itself, its figure is
known, and since it was answered, or began to be over, this one has not got worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from liqwatch.alerts.answers import LONGEST_CRITICAL, mute_of
from liqwatch.alerts.finding import Finding
from liqwatch.alerts.inhibition import Whereabouts, muted_by_others
from liqwatch.alerts.mute import EVERYTHING_HARMLESS, NOT_MUTED, Mute
from liqwatch.alerts.routing import Routing
from liqwatch.engine.looks import Looks
from liqwatch.model import AlertKey, AlertRecord, AlertState, Severity, Silence


class Mutes:
    """The mutes on every alert; it looks at what it is given, and changes none of it."""

    def __init__(
        self,
        records: Mapping[AlertKey, AlertRecord],
        silences: Mapping[str, Silence],
        looks: Looks,
        reached_at: Mapping[AlertKey, datetime],
    ) -> None:
        """`reached_at`: since when an alert is as bad as it is, where that is known."""
        self._records = records
        self._silences = silences
        self._looks = looks
        self._reached_at = reached_at

    def on(self, finding: Finding, before: AlertRecord, routing: Routing, now: datetime) -> Mute:
        """What holds back a message about what was just seen; `before` is the record as it was until now."""
        verdict = finding.verdict
        if before.state is AlertState.OK and (verdict is None or verdict.fired is None):
            return NOT_MUTED
        severity = severity_after(finding, before)
        is_news = not before.is_burning or severity > (before.severity or 0)
        since = now if is_news else self._reached_at.get(before.key) or before.started_at or now
        pool = finding.pool.pool if finding.pool else None
        where = Whereabouts(pool.subject, pool.venue) if pool else Whereabouts()

        def find(key: AlertKey) -> AlertRecord | None:
            return self._heard(key, now)

        mute = muted_by_others(finding.key, severity, where, find, since=since)
        silenced = self._silenced(finding.key, now)
        is_unheard = (before.told or 0) < severity and now - since >= LONGEST_CRITICAL
        if not (is_unheard and severity >= Severity.CRITICAL):
            # However often silences are renewed: nothing critical goes unheard for more than an hour.
            mute = mute.and_also(silenced)
        if routing.must_wait(severity, finding.key.account, now):
            mute = mute.and_also(Mute("quiet hours", EVERYTHING_HARMLESS))
        return mute

    def _heard(self, key: AlertKey, now: datetime) -> AlertRecord | None:
        """An alert that people hear: neither silenced nor without a figure."""
        record = self._records.get(key)
        if record is None or not record.is_burning:
            return None
        look = self._looks.of(key)
        if look is not None and look[0].verdict is not None and look[0].verdict.unknown is not None:
            return None
        up_to = self._silenced(key, now).up_to
        return None if up_to is not None and (record.severity or 0) <= up_to else record

    def _silenced(self, key: AlertKey, now: datetime) -> Mute:
        mute = NOT_MUTED
        for silence in self._silences.values():
            mute = mute.and_also(mute_of(silence, key, now))
        return mute


def severity_after(finding: Finding, before: AlertRecord) -> Severity:
    """How bad the alert is once this look is taken: worse at once, milder where only a milder level still holds."""
    verdict, present = finding.verdict, before.severity
    if verdict is None or verdict.unknown is not None:
        return present or Severity.NOTICE
    held = min(present, verdict.held) if present and verdict.held else present
    return Severity(max(verdict.fired or 0, held or 0) or Severity.NOTICE)
