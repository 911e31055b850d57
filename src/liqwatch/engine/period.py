"""The digest: a day or a week in one silent message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from liqwatch.alerts.schedule_plan import DigestPlan
from liqwatch.alerts.wording.announcements import Period, period_digest
from liqwatch.clock import Clock
from liqwatch.engine.composer import Announcement
from liqwatch.engine.record import Recorder
from liqwatch.engine.watch import Watch
from liqwatch.model import AlertChange, EventKind, HistoryEvent, NotifyReason, Severity
from liqwatch.ports import Archive, Store

MOST_EVENTS = 100_000
ALARMS = frozenset(reason.value for reason in NotifyReason) - {
    NotifyReason.RESOLVED.value,
    NotifyReason.ANNOUNCED.value,
}


async def send_digest(  # noqa: PLR0913 - what a digest is made of, and its way out
    plan: DigestPlan, since: datetime, *, watch: Watch, archive: Archive, store: Store, recorder: Recorder, clock: Clock
) -> None:
    """Tell what has happened since then, what burns and who is nearest to liquidation."""
    now = clock.now()
    events = await archive.events(since=since, limit=MOST_EVENTS)
    period = Period(
        since=since,
        fired=told_by_severity(events),
        burning=[record for record in watch.alarms.burning() if record.told],
        positions=[position for health in watch.present_health() for position in health.positions],
        undelivered=(await store.outbox_status()).dead,
    )
    announcement = Announcement(
        name=f"digest|{now.isoformat()}",
        words=lambda voice, translate: period_digest(period, now, voice=voice, translate=translate),
    )
    await recorder.record([AlertChange(None, watch.alarms.composer.announce(announcement, now, plan.channels))])


def told_by_severity(events: Iterable[HistoryEvent]) -> dict[Severity, int]:
    """How many alerts were told, each once, by the worst level it was told at. Endings and announcements are none."""
    worst: dict[str, Severity] = {}
    for event in events:
        if event.kind is EventKind.MESSAGE and event.word in ALARMS and event.severity is not None:
            worst[event.alert_id] = max(worst.get(event.alert_id, event.severity), event.severity)
    return dict(Counter(worst.values()))
