"""Chores by APScheduler: nothing that an alert waits for. A late chore is run late, never dropped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from liqwatch.ports import Telemetry
from liqwatch.redaction import redact

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every so often."""

    name: str
    every: timedelta
    work: Callable[[], Awaitable[None]]


def start_chores(chores: list[Chore], telemetry: Telemetry) -> AsyncIOScheduler:
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
        jitter = int(chore.every.total_seconds() / 20) or None
        scheduler.add_job(chore.work, "interval", seconds=chore.every.total_seconds(), id=chore.name, jitter=jitter)
    scheduler.start()
    return scheduler
