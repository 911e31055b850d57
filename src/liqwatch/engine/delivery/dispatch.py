"""From the outbox to people: one worker per channel, so that no channel waits for another.

A channel that refuses is tried again with growing pauses; after the third refusal the next channel stands in, and the
failure is itself told. An attempt whose answer was lost is repeated once, with the same id, and then handed on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from liqwatch.alerts.routing import Routing
from liqwatch.alerts.speaker import ENGLISH_SPEAKER, Speaker
from liqwatch.clock import Clock
from liqwatch.engine.delivery.channel_queue import ChannelQueue, Surroundings, most_stuck, try_turn
from liqwatch.engine.delivery.outcome import StandIn, may_have_arrived
from liqwatch.engine.delivery.pace import PaceLimits
from liqwatch.engine.delivery.self_test import try_channels
from liqwatch.errors import StoreError
from liqwatch.model import Delivery, DeliveryReport, Notification, OutboxRow, Severity
from liqwatch.ports import Notifier, Store, Telemetry

log = structlog.get_logger(__name__)

IDLE_SECONDS = 1.0
SHORTEST_WAIT_SECONDS = 0.005
STUCK_AFTER_SECONDS = 180.0
"""No pause of a pace and no attempt lasts so long: whatever waits longer is not being looked after."""

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

    def __init__(  # noqa: PLR0913  # the collaborators of delivery, wired once in bootstrap
        self,
        *,
        store: Store,
        notifiers: Mapping[str, Notifier],
        routing: Routing,
        clock: Clock,
        telemetry: Telemetry,
        told: ChannelTold | None = None,
        observe: Callable[[Outcome], None] | None = None,
        paces: Mapping[str, PaceLimits] | None = None,
        speakers: Mapping[str, Speaker] | None = None,
    ) -> None:
        """Nothing runs until `run`. `paces` and `speakers` of channels that have others than the usual ones."""
        self._notifiers = notifiers
        self._routing = routing
        self._clock = clock
        self.told = told
        self.observe = observe
        self._news = {name: asyncio.Event() for name in notifiers}
        around = Surroundings(
            store=store,
            clock=clock,
            telemetry=telemetry,
            stand_in=self._stand_in_for,
            attempted=self._attempted,
            is_asleep=self._is_asleep,
        )
        limits, voices, usual = paces or {}, speakers or {}, PaceLimits()
        self._queues = {
            name: ChannelQueue(notifier, limits.get(name, usual), voices.get(name, ENGLISH_SPEAKER), around)
            for name, notifier in notifiers.items()
        }

    def wake(self, channels: Sequence[str]) -> None:
        """There is something new in the outbox for these channels."""
        for name in channels:
            if name in self._news:
                self._queues[name].wake()
                self._news[name].set()

    def stuck_seconds(self) -> float:
        """For how long a message has been due on some channel without any attempt."""
        return most_stuck(self._queues)

    def is_moving(self, limit_seconds: float = STUCK_AFTER_SECONDS) -> bool:
        """Whether no due message has waited so long without an attempt: the outside heartbeat hangs on it."""
        return self.stuck_seconds() < limit_seconds

    def troubles(self) -> Sequence[str]:
        """What somebody outside has to know, because nobody could be told of it: no channel is left that works."""
        return ("every channel",) if self._queues and all(each.is_failing for each in self._queues.values()) else ()

    async def prepare(self) -> None:
        """Let every channel load what its first message would otherwise wait for; a dead one is told now."""
        for name, notifier in self._notifiers.items():
            why_dead = await notifier.prepare()
            if why_dead:
                self._queues[name].is_dead = True
            if why_dead and self.told:
                await self.told(name, DeliveryReport(Delivery.DEAD, why_dead), 1)

    async def run(self) -> None:
        """Serve every channel for ever; at the end, what waits in hand is put back."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for name, queue in self._queues.items():
                    tasks.create_task(self._serve(queue), name=f"channel:{name}")
        finally:
            await self._put_back()

    async def turn(self) -> int:
        """One message on every channel whose pace allows it (simulated time); how many were attempted."""
        async with asyncio.TaskGroup() as tasks:
            turns = [tasks.create_task(try_turn(queue), name=f"turn:{name}") for name, queue in self._queues.items()]
        return sum(each.result() for each in turns)

    async def flush(self) -> None:
        """A last time over every channel (shutdown): what is under way ends, what is due is attempted once."""
        async with asyncio.TaskGroup() as tasks:
            for name, queue in self._queues.items():
                tasks.create_task(_flush(queue), name=f"flush:{name}")

    async def send_unsaved(self, notification: Notification) -> bool:
        """Try once, without the outbox: the store is failing and a person must still be told. No channel waits.

        Whether any channel has, or may have, taken it. Where all who are meant refuse, everybody else is told what is
        critical.
        """
        reports = await self._unsaved_on(notification.channels, notification)
        has_failed = not any(may_have_arrived(report) or report.is_own_pause for report in reports)
        if has_failed and notification.severity >= Severity.CRITICAL:
            others = [name for name in self._notifiers if name not in notification.channels]
            reports = await self._unsaved_on(others, notification)
        return any(map(may_have_arrived, reports))

    async def self_test(self, channels: Collection[str] = ()) -> Mapping[str, DeliveryReport]:
        """A silent message to these channels (none named: to every one), outside the outbox.

        Whoever fails twice in a row is told through the others. Takes a minute then.
        """
        tests = {name: queue.test for name, queue in self._queues.items() if not channels or name in channels}
        return await try_channels(tests, self._clock, self.told)

    async def _unsaved_on(self, channels: Sequence[str], notification: Notification) -> list[DeliveryReport]:
        async with asyncio.TaskGroup() as tasks:
            attempts = [
                tasks.create_task(self._queues[name].unsaved.send(notification), name=f"unsaved:{name}")
                for name in channels
                if name in self._queues
            ]
        return [attempt.result() for attempt in attempts]

    async def _serve(self, queue: ChannelQueue) -> None:
        while True:
            self._news[queue.name].clear()
            if not await try_turn(queue):
                await self._wait(queue)

    async def _wait(self, queue: ChannelQueue) -> None:
        """Until there is news, or until a pause may have ended."""
        pause = queue.pause_seconds()
        seconds = min(IDLE_SECONDS, max(pause, SHORTEST_WAIT_SECONDS)) if pause else IDLE_SECONDS
        try:
            async with asyncio.timeout(seconds):
                await self._news[queue.name].wait()
        except TimeoutError:
            return

    async def _put_back(self) -> None:
        for queue in self._queues.values():
            try:
                await queue.put_back()
            except StoreError as error:
                log.error("outbox_not_put_back", channel=queue.name, error=str(error))  # noqa: TRY400  # told, not traced

    def _stand_in_for(self, name: str) -> StandIn:
        def stand_in(row: OutboxRow, is_given_up: bool) -> str | None:
            notification = row.notification
            told = (*notification.channels, *self._routing.channels_for(notification.severity, notification.account))
            asleep = [other for other in self._notifiers if self._is_asleep(other, notification)]
            # Who is to be left in peace is woken for nothing mild that may still arrive where it was meant for.
            found = self._routing.next_after(name, (*told, *asleep))
            return found or (self._routing.next_after(name, told) if is_given_up else None)

        return stand_in

    def _is_asleep(self, name: str, notification: Notification) -> bool:
        """Whether this channel is to be left in peace about such things now."""
        return self._routing.is_quiet(name, notification.severity, notification.account, self._clock.now())

    async def _attempted(self, name: str, rows: Sequence[OutboxRow], report: DeliveryReport, failures: int) -> None:
        outcome = report.delivery.value
        for row in rows:
            log.info("delivery", channel=name, alert=row.notification.alert_id, outcome=outcome, detail=report.detail)
            if self.observe:
                self.observe(Outcome(channel=name, row=row, report=report, at=self._clock.now()))
        if report.delivery is not Delivery.SENT:
            # Perhaps one of them stands in.
            self.wake([other for other in self._notifiers if other != name])
        if self.told:
            await self.told(name, report, failures)


async def _flush(queue: ChannelQueue) -> None:
    while await try_turn(queue, is_last=True):
        pass
