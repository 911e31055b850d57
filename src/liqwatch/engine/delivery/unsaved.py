"""What one channel tells while nothing can be stored: in memory, and what comes at the same time in one message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from liqwatch.model import DeliveryReport, Notification

log = structlog.get_logger(__name__)

SendTogether = Callable[[Sequence[Notification]], Awaitable[DeliveryReport]]


@dataclass(slots=True)
class _Waiting:
    notification: Notification
    report: DeliveryReport | None = None


class Unsaved:
    """One attempt at a time; who comes meanwhile goes together into the next."""

    def __init__(self, channel: str, send_together: SendTogether) -> None:
        """`send_together` makes one attempt at several notifications."""
        self._channel = channel
        self._send_together = send_together
        self._waiting: list[_Waiting] = []
        self._turn = asyncio.Lock()

    async def send(self, notification: Notification) -> DeliveryReport:
        """How the attempt ended that this notification was part of."""
        mine = _Waiting(notification)
        self._waiting.append(mine)
        await _breath()
        async with self._turn:
            if mine.report is None:
                mine.report = await self._attempt()
        return mine.report

    async def _attempt(self) -> DeliveryReport:
        company, self._waiting = self._waiting, []
        report = await self._send_together([each.notification for each in company])
        for each in company:
            each.report = report
        if not report.is_own_pause:
            ids = sorted({each.notification.alert_id for each in company})
            log.warning("sent_unsaved", channel=self._channel, alerts=ids, outcome=report.delivery.value)
        return report


async def _breath() -> None:
    """Let those come who are just about to: a crowd that sets out together shall arrive together."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_soon(over.set)
    await over.wait()
