"""Chores by APScheduler: nothing that an alert waits for. A late chore is run late, never dropped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import time, timedelta, tzinfo

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from liqwatch.ports import Telemetry
from liqwatch.redaction import redact

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every so often."""

    name: str
    every: timedelta
    work: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class DailyChore:
    """Something to do at a time of day on the wall clock of a zone; on one day of the week (0: Monday), if named."""

    name: str
    at: time
    zone: tzinfo
    work: Callable[[], Awaitable[None]]
    weekday: int | None = None


def start_chores(chores: Sequence[Chore | DailyChore], telemetry: Telemetry) -> AsyncIOScheduler:
    """Begin; the caller shuts the scheduler down. Failures are counted and logged, the next turn tries again."""
    scheduler = AsyncIOScheduler(
        timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )

    def on_trouble(event: JobExecutionEvent) -> None:
        telemetry.count("chore_failures_total", chore=event.job_id)
        error = getattr(event, "exception", None)
        log.warning("chore_failed", chore=event.job_id, error=redact(str(error)) if error else "did not run")

    scheduler.add_listener(on_trouble, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
    for chore in chores:
        if isinstance(chore, DailyChore):
            trigger = CronTrigger(
                hour=chore.at.hour, minute=chore.at.minute, day_of_week=chore.weekday, timezone=chore.zone
            )
            scheduler.add_job(chore.work, trigger, id=chore.name)
            continue
        jitter = int(chore.every.total_seconds() / 20) or None
        scheduler.add_job(chore.work, "interval", seconds=chore.every.total_seconds(), id=chore.name, jitter=jitter)
    scheduler.start()
    return scheduler
