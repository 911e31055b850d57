"""The daily proof that every channel still reaches somebody, made before it is needed. Silent, outside the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import structlog

from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.wording.announcements import self_test
from liqwatch.clock import Clock
from liqwatch.engine.delivery.outcome import STAND_IN_AFTER_FAILURES
from liqwatch.model import Delivery, DeliveryReport, Message, Severity

log = structlog.get_logger(__name__)

SECOND_TRY_AFTER_SECONDS = 60.0

TryChannel = Callable[[], Awaitable[DeliveryReport]]
TellOutcome = Callable[[str, DeliveryReport, int], Awaitable[None]]


async def try_channels(
    channels: Mapping[str, TryChannel], clock: Clock, tell: TellOutcome | None
) -> Mapping[str, DeliveryReport]:
    """The last report of every channel; one that fails is asked a second time, and only then told."""
    async with asyncio.TaskGroup() as tasks:
        attempts = {
            name: tasks.create_task(_try(name, channel, clock), name=f"self-test:{name}")
            for name, channel in channels.items()
        }
    reports = {name: attempt.result() for name, attempt in attempts.items()}
    for name, report in reports.items():
        if tell is not None:
            # Two tests in vain weigh as much as the refusals after which a channel counts as broken.
            await tell(name, report, 0 if report.delivery is Delivery.SENT else STAND_IN_AFTER_FAILURES)
    return reports


def message_for_test(channel: str, now: datetime, speaker: Speaker) -> Message:
    """The message of one day; both attempts have the same id."""
    title, body = words_of(channel, now, speaker)
    return Message(
        message_id=f"self-test-{channel}-{now:%Y-%m-%d}",
        title=title,
        body=body,
        severity=Severity.NOTICE,
        is_silent=True,
    )


def words_of(channel: str, now: datetime, speaker: Speaker) -> tuple[str, str]:
    """Title and body in the channel's own voice."""
    words = self_test(channel, now, voice=speaker.voice, translate=speaker.translate)
    return words.title, words.body


async def _try(name: str, channel: TryChannel, clock: Clock) -> DeliveryReport:
    report = await channel()
    if report.delivery is not Delivery.SENT:
        log.warning("self_test_failed", channel=name, outcome=report.delivery.value, detail=report.detail)
        await clock.sleep(SECOND_TRY_AFTER_SECONDS)
        report = await channel()
    return report
