"""One channel's way from the outbox to people: lease what is due, send one message, settle it.

The outbox is the queue; in hand is only what is about to be told. Rows are leased when a message may go out, all of
them, so that one message tells everything. While the pace makes them wait, only what is worse than all of them is taken
as well: it may go first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from liqwatch.alerts.safe import safe
from liqwatch.alerts.speaker import Speaker
from liqwatch.clock import Clock
from liqwatch.engine.delivery.envelope import message_of, worst_of
from liqwatch.engine.delivery.hand import Group, Hand
from liqwatch.engine.delivery.outcome import (
    LONGEST_PAUSE_SECONDS,
    STAND_IN_AFTER_FAILURES,
    StandIn,
    may_have_arrived,
    obeyed_seconds,
    pause_seconds,
    settlement_of,
)
from liqwatch.engine.delivery.pace import Pace, PaceLimits
from liqwatch.engine.delivery.self_test import message_for_test
from liqwatch.engine.delivery.unsaved import Unsaved
from liqwatch.errors import StoreError
from liqwatch.model import Delivery, DeliveryReport, Message, Notification, OutboxRow, Settlement, Severity
from liqwatch.ports import Notifier, Store, Telemetry
from liqwatch.redaction import redact

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=120)
"""Longer than the longest pause of a storm and the longest attempt. What is not attempted is put back at the end."""
ROWS_AT_ONCE = 1_000
LONGEST_DETAIL = 300

Attempted = Callable[[str, Sequence[OutboxRow], DeliveryReport, int], Awaitable[None]]
"""(channel, rows told, outcome, consecutive failures)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all channels share."""

    store: Store
    clock: Clock
    telemetry: Telemetry
    stand_in: Callable[[str], StandIn]
    attempted: Attempted
    is_asleep: Callable[[str, Notification], bool] = lambda _channel, _notification: False
    """Whether a channel is to be left in peace about such things now."""


class ChannelQueue:
    """One channel. Turns exclude one another."""

    def __init__(self, notifier: Notifier, limits: PaceLimits, speaker: Speaker, surroundings: Surroundings) -> None:
        self.name = notifier.name
        self.failures = 0
        self.is_dead = False
        self._notifier = notifier
        self._speaker = speaker
        self._pace = Pace(limits)
        self._around = surroundings
        self._turn = asyncio.Lock()
        self._hand = Hand()
        self._unsettled: list[Settlement] = []
        self._waiting_since: float | None = None
        self.unsaved = Unsaved(self.name, self.send_unsaved)

    def wake(self) -> None:
        """There is something new: the clock of `stuck_seconds` begins, unless it runs."""
        if self._waiting_since is None:
            self._waiting_since = self._around.clock.monotonic()

    def stuck_seconds(self) -> float:
        """For how long something waits here without any attempt having been made."""
        return 0.0 if self._waiting_since is None else self._around.clock.monotonic() - self._waiting_since

    @property
    def is_failing(self) -> bool:
        """Whether nobody was reached lately: refused for good, or too often in a row."""
        return self.is_dead or self.failures >= STAND_IN_AFTER_FAILURES

    def pause_seconds(self) -> float:
        """How long what is in hand has to wait by the pace; 0 when nothing is in hand."""
        now = self._around.clock.monotonic()
        return max(0.0, self._ready_at(now) - now) if self._hand else 0.0

    async def turn(self, *, is_last: bool = False) -> bool:
        """One message, where one is due and the pace allows it; whether an attempt was made.

        `is_last`: the process ends, only what the service itself has forbidden still waits.

        Raises:
            StoreError: the outbox cannot be read or written.
        """
        async with self._turn:
            await self._settle([])
            now = self._around.clock.monotonic()
            if self._pace.closed_for(now) > LONGEST_PAUSE_SECONDS:
                await self._hand_over(self._pace.closed_for(now))
                return False
            await self._fill(now, takes_all=is_last)
            group = self._hand.next_group()
            if not group.rows:
                self._waiting_since = None
                return False
            self.wake()
            if self._pace.closed_for(now) or (not is_last and self._ready_at(now) > now):
                return False
            await self._attempt(group)
            return True

    async def put_back(self) -> None:
        """The end: what is in hand and was not attempted is due for whoever comes next."""
        async with self._turn:
            if rows := self._hand.empty():
                await self._around.store.put_back([row.row_id for row in rows])

    async def test(self) -> DeliveryReport:
        """Send one silent message that stands in no outbox, in this channel's words."""
        async with self._turn:
            report = await self.send(message_for_test(self.name, self._around.clock.now(), self._speaker))
            self._note(report)
            return report

    async def send_unsaved(self, notifications: Sequence[Notification]) -> DeliveryReport:
        """Try once what could not be stored, in one message. No turn is waited for; the pace is kept all the same."""
        rows = [
            OutboxRow(row_id=number, channel=self.name, attempts=1, notification=each)
            for number, each in enumerate(notifications)
        ]
        clock = self._around.clock
        now, worst = clock.monotonic(), worst_of(rows)
        if (pause := self._pace.ready_at(now, waiting=len(rows), worst=worst) - now) > 0:
            return DeliveryReport(Delivery.RETRY, "waits for its turn", pause, is_own_pause=True)
        report = await self.send(message_of(rows, clock.now(), speaker=self._speaker))
        self._note(report)
        self._keep_pace(rows, report, len(rows))
        if report.delivery is Delivery.RETRY and not report.is_own_pause and obeyed_seconds(report) is None:
            # There is no row to note its next attempt in.
            self._pace.close(clock.monotonic() + pause_seconds(self.failures))
        return report

    async def send(self, message: Message) -> DeliveryReport:
        """One attempt, counted and measured; a notifier's own bug is a refusal, never the end of the others."""
        clock, telemetry = self._around.clock, self._around.telemetry
        began = clock.monotonic()
        try:
            report = await self._notifier.send(message)
        except Exception as error:  # noqa: BLE001 - one channel's bug must not stop the daemon
            log.error("channel_broken", channel=self.name, error=type(error).__name__)  # noqa: TRY400  # may hold secrets
            report = DeliveryReport(Delivery.RETRY, f"failed with {type(error).__name__}")
        telemetry.observe("delivery_seconds", clock.monotonic() - began, channel=self.name)
        telemetry.count("deliveries_total", channel=self.name, outcome=report.delivery.value)
        # What a service says goes into the log, the history, a terminal and other people's messages.
        return replace(report, detail=safe(redact(report.detail), LONGEST_DETAIL), receipt=safe(report.receipt))

    def _ready_at(self, now: float) -> float:
        return self._pace.ready_at(now, waiting=len(self._hand), worst=self._hand.worst or Severity.NOTICE)

    async def _fill(self, now: float, *, takes_all: bool) -> None:
        """Lease what the next message tells; while nothing may go out, a single row, and what is worse than it."""
        if self._pace.closed_for(now):
            return
        may_go = takes_all or self._pace.ready_at(now, waiting=len(self._hand), worst=Severity.NOTICE) <= now
        if may_go:
            await self._lease(ROWS_AT_ONCE - len(self._hand))
        else:
            await self._lease(1, above=self._hand.worst)

    async def _lease(self, limit: int, *, above: Severity | None = None) -> None:
        if limit > 0:
            now, store = self._around.clock.now(), self._around.store
            self._hand.take(await store.lease(self.name, now=now, until=now + LEASE, limit=limit, above=above))

    async def _attempt(self, group: Group) -> None:
        waiting = len(self._hand)
        self._observe_ages(group.rows)
        message = self._message_of(group)
        # What is under way is not in hand: should the end come now, it may have arrived.
        self._hand.drop(group.rows)
        report = await self.send(message)
        self._keep_pace(group.rows, report, waiting)
        if self._hand.is_too_much(group.rows, report):
            await self._again(group.rows, report)
            return
        self._note(report)
        settlements = [self._settlement(row, report) for row in group.rows]
        self._hand.remember_unsure(message.message_id, settlements, report)
        try:
            await self._settle(settlements)
        finally:
            await self._around.attempted(self.name, group.rows, report, self.failures)

    def _message_of(self, group: Group) -> Message:
        """What could be told only now, in somebody's quiet hours, wakes nobody."""
        message = message_of(group.rows, self._around.clock.now(), group.message_id, self._speaker)
        is_silent = all(
            row.notification.is_silent or self._around.is_asleep(self.name, row.notification) for row in group.rows
        )
        return replace(message, is_silent=is_silent)

    def _keep_pace(self, rows: Sequence[OutboxRow], report: DeliveryReport, waiting: int) -> None:
        now = self._around.clock.monotonic()
        self._waiting_since = now if self._hand else None
        if report.is_own_pause:
            # The service has not been asked; something urgent may pass all the same.
            return
        self._pace.attempted(now, waiting=waiting, worst=worst_of(rows), may_have_arrived=may_have_arrived(report))
        if (pause := obeyed_seconds(report)) is not None:
            self._pace.close(now + pause)

    def _note(self, report: DeliveryReport) -> None:
        """How the channel is doing. Waiting for our own pace says nothing about it."""
        if not report.is_own_pause:
            self.failures = 0 if report.delivery is Delivery.SENT else self.failures + 1
            self.is_dead = report.delivery is Delivery.DEAD

    def _observe_ages(self, rows: Iterable[OutboxRow]) -> None:
        now = self._around.clock.now()
        for row in rows:
            age = (now - row.notification.happened_at).total_seconds()
            if row.attempts == 1:
                self._around.telemetry.observe("alert_first_attempt_seconds", age, channel=self.name)

    def _settlement(self, row: OutboxRow, report: DeliveryReport) -> Settlement:
        stand_in = self._around.stand_in(self.name)
        return settlement_of(row, report, self._around.clock.now(), failures=self.failures, stand_in=stand_in)

    async def _again(self, rows: Sequence[OutboxRow], report: DeliveryReport) -> None:
        """Too much for one message: due again at once, half of them at a time."""
        log.warning("message_too_long", channel=self.name, rows=len(rows), detail=report.detail)
        now = self._around.clock.now()
        again = replace(report, delivery=Delivery.RETRY, retry_after_seconds=None)
        await self._settle(
            [Settlement(row_id=row.row_id, report=again, settled_at=now, next_attempt_at=now) for row in rows]
        )

    async def _hand_over(self, seconds: float) -> None:
        """The service wants a long silence: what is due is told by a stand-in meanwhile."""
        report = DeliveryReport(Delivery.RETRY, "the service has asked to be left alone", seconds)
        await self._lease(ROWS_AT_ONCE)
        self._waiting_since = None
        if rows := self._hand.empty():
            await self._settle([self._settlement(row, report) for row in rows])
            await self._around.attempted(self.name, rows, report, self.failures)

    async def _settle(self, settlements: Sequence[Settlement]) -> None:
        """Write how attempts ended, those first that could not be written before."""
        self._unsettled = [*self._unsettled, *settlements][-ROWS_AT_ONCE:]
        if self._unsettled:
            await self._around.store.settle(self._unsettled)
            self._unsettled = []


def most_stuck(queues: Mapping[str, ChannelQueue]) -> float:
    """The longest wait of any channel, in seconds."""
    return max((queue.stuck_seconds() for queue in queues.values()), default=0.0)


async def try_turn(queue: ChannelQueue, *, is_last: bool = False) -> bool:
    """A turn; none while the outbox cannot be read or written, which is told by whoever writes to it."""
    try:
        return await queue.turn(is_last=is_last)
    except StoreError as error:
        log.error("outbox_unreadable", channel=queue.name, error=str(error))  # noqa: TRY400  # told, not traced
        queue.wake()
        return False
