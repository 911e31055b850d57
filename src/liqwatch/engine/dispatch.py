"""From the outbox to people: lease, send, settle, one worker per channel so that no channel waits for another.

A channel that refuses is tried again with growing pauses; after the third refusal the next channel
stands in, and the failure is itself told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from liqwatch.alerts.digest import digest
from liqwatch.alerts.routing import Routing
from liqwatch.alerts.wording import late_note
from liqwatch.clock import Clock
from liqwatch.errors import StoreError
from liqwatch.model import Delivery, DeliveryReport, Notification, NotifyReason, OutboxRow, Settlement, Severity
from liqwatch.ports import Notifier, Store, Telemetry

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
IDLE_SECONDS = 1.0
ROWS_AT_ONCE = 50
DIGEST_ABOVE = 3
STAND_IN_AFTER_ATTEMPTS = 3
LONGEST_PAUSE_SECONDS = 30.0

ChannelTold = Callable[[str, DeliveryReport, int], Awaitable[None]]
"""(channel, outcome, consecutive failures): told after every attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What happened to one attempt, for the demo, the status and the log."""

    channel: str
    row: OutboxRow
    report: DeliveryReport
    at: datetime


class Dispatcher:
    """One worker task per channel over one outbox."""

    def __init__(  # noqa: PLR0913  # the six collaborators of delivery, wired once in bootstrap
        self,
        *,
        store: Store,
        notifiers: Mapping[str, Notifier],
        routing: Routing,
        clock: Clock,
        telemetry: Telemetry,
        told: ChannelTold | None = None,
        observe: Callable[[Outcome], None] | None = None,
    ) -> None:
        """Nothing runs until `run`."""
        self._store = store
        self._notifiers = notifiers
        self._routing = routing
        self._clock = clock
        self._telemetry = telemetry
        self.told = told
        self.observe = observe
        self._news = {name: asyncio.Event() for name in notifiers}
        self._turns = {name: asyncio.Lock() for name in notifiers}
        self._failures = dict.fromkeys(notifiers, 0)

    def wake(self, channels: Sequence[str]) -> None:
        """There is something new in the outbox for these channels."""
        for name in channels:
            if name in self._news:
                self._news[name].set()

    async def prepare(self) -> None:
        """Let every channel load what its first message would otherwise wait for; a dead one is told now."""
        for name, notifier in self._notifiers.items():
            why_dead = await notifier.prepare()
            if why_dead and self.told:
                await self.told(name, DeliveryReport(Delivery.DEAD, why_dead), 1)

    async def run(self) -> None:
        """Serve every channel for ever."""
        async with asyncio.TaskGroup() as tasks:
            for name in self._notifiers:
                tasks.create_task(self._serve(name), name=f"channel:{name}")

    async def flush(self) -> None:
        """One last pass over every channel (shutdown): what is under way ends, what is due is attempted once."""
        async with asyncio.TaskGroup() as tasks:
            for name in self._notifiers:
                tasks.create_task(self._try_pass(name), name=f"flush:{name}")

    async def send_unsaved(self, notification: Notification, channels: Sequence[str]) -> bool:
        """Try once, without the outbox: the store is failing and a person must still be told. No channel waits."""
        async with asyncio.TaskGroup() as tasks:
            attempts = [
                tasks.create_task(self._send_unsaved(name, notification), name=f"unsaved:{name}")
                for name in channels
                if name in self._notifiers
            ]
        return any(attempt.result() for attempt in attempts)

    async def _send_unsaved(self, name: str, notification: Notification) -> bool:
        report = await self._attempt(name, notification.title, notification.body, notification)
        log.warning("sent_unsaved", channel=name, alert=notification.alert_id, outcome=report.delivery.value)
        return report.delivery is Delivery.SENT

    async def _serve(self, name: str) -> None:
        while True:
            self._news[name].clear()
            if not await self._try_pass(name):
                await self._wait(name)

    async def _wait(self, name: str) -> None:
        """Until there is news, or until a pause may have ended."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._news[name].wait()
        except TimeoutError:
            return

    async def _try_pass(self, name: str) -> int:
        """A pass, once the one before it has ended; none while the outbox cannot be read."""
        try:
            async with self._turns[name]:
                return await self._pass(name)
        except StoreError as error:
            log.error("outbox_unreadable", channel=name, error=str(error))  # noqa: TRY400  # told, not traced
            return 0

    async def _pass(self, name: str) -> int:
        """Lease what is due, attempt it, settle it; how many rows were attempted."""
        now = self._clock.now()
        rows = await self._store.lease(name, now=now, until=now + LEASE, limit=ROWS_AT_ONCE)
        groups = [tuple(rows)] if len(rows) > DIGEST_ABOVE else [(row,) for row in rows]
        for group in groups:
            report = await self._send(name, group)
            await self._store.settle([self._settlement(name, row, report) for row in group])
            await self._after(name, group, report)
        return len(rows)

    async def _send(self, name: str, rows: Sequence[OutboxRow]) -> DeliveryReport:
        first = rows[0].notification
        title, body = (first.title, first.body) if len(rows) == 1 else digest([row.notification for row in rows])
        note = late_note(min(row.notification.happened_at for row in rows), self._clock.now())
        return await self._attempt(name, title, f"{note}\n{body}" if note else body, first)

    async def _attempt(self, name: str, title: str, body: str, notification: Notification) -> DeliveryReport:
        began = self._clock.monotonic()
        age = (self._clock.now() - notification.happened_at).total_seconds()
        self._telemetry.observe("alert_first_attempt_seconds", age, channel=name)
        is_over = notification.reason is NotifyReason.RESOLVED
        severity = Severity.NOTICE if is_over else notification.severity
        report = await self._notifiers[name].send(title=title, body=body, severity=severity)
        self._telemetry.observe("delivery_seconds", self._clock.monotonic() - began, channel=name)
        self._telemetry.count("deliveries_total", channel=name, outcome=report.delivery.value)
        return report

    def _settlement(self, name: str, row: OutboxRow, report: DeliveryReport) -> Settlement:
        now = self._clock.now()
        next_attempt_at, fallback = None, None
        if report.delivery is Delivery.RETRY:
            next_attempt_at = now + timedelta(seconds=report.retry_after_seconds or pause_seconds(row.attempts))
        gives_up = report.delivery is Delivery.DEAD
        if gives_up or (report.delivery is Delivery.RETRY and row.attempts == STAND_IN_AFTER_ATTEMPTS):
            notification = row.notification
            addressed = self._routing.channels_for(notification.severity, notification.account)
            fallback = self._routing.next_after(name, addressed)
        return Settlement(
            row_id=row.row_id,
            report=report,
            settled_at=now,
            next_attempt_at=next_attempt_at,
            fallback_channel=fallback,
        )

    async def _after(self, name: str, rows: Sequence[OutboxRow], report: DeliveryReport) -> None:
        self._failures[name] = 0 if report.delivery is Delivery.SENT else self._failures[name] + 1
        outcome = report.delivery.value
        for row in rows:
            log.info("delivery", channel=name, alert=row.notification.alert_id, outcome=outcome, detail=report.detail)
            if self.observe:
                self.observe(Outcome(channel=name, row=row, report=report, at=self._clock.now()))
        if report.delivery is not Delivery.SENT:
            self.wake([other for other in self._notifiers if other != name])
        if self.told:
            await self.told(name, report, self._failures[name])


def pause_seconds(attempts: int) -> float:
    """The pause after the n-th refusal: 1, 2, 4, … up to 30 seconds."""
    return float(min(LONGEST_PAUSE_SECONDS, 2 ** (attempts - 1)))
