"""One channel's way from the outbox to people: lease what is due, send one message, settle it.

The outbox is the queue; in hand is only what is about to be told. Rows are leased when a message may go out, all of
them, so that one message tells everything. While the pace makes them wait, single rows are taken to see whether
something worse has come that may go first.

Repeats. Rows whose attempt may have arrived go out again in the same company under the same message id, so that
whoever received both can tell. Companions are remembered here; after a restart the rows that were under way when the
process died are exactly those that come back as repeats, so that together they have the same id again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from liqwatch.alerts.speaker import Speaker
from liqwatch.clock import Clock
from liqwatch.engine.delivery_outcome import (
    LONGEST_PAUSE_SECONDS,
    StandIn,
    blames_length,
    may_have_arrived,
    obeyed_seconds,
    settlement_of,
)
from liqwatch.engine.envelope import message_of, ranked, worst_of
from liqwatch.engine.pace import Pace, PaceLimits
from liqwatch.engine.self_test import message_for_test
from liqwatch.errors import StoreError
from liqwatch.model import Delivery, DeliveryReport, Message, Notification, OutboxRow, Settlement, Severity
from liqwatch.ports import Notifier, Store, Telemetry

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=120)
"""Longer than the longest pause of a storm and the longest attempt."""
ROWS_AT_ONCE = 1_000
DIGEST_ABOVE = 3
"""Up to so many are told one by one; more are told together."""
PROBES_IN_HAND = 20
UNSURE_LIMIT = 10_000

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


@dataclass(slots=True)
class _Group:
    """Rows that go into one message; `message_id` of an earlier attempt at it."""

    rows: list[OutboxRow] = field(default_factory=list)
    message_id: str = ""


class ChannelQueue:
    """One channel. Turns exclude one another."""

    def __init__(self, notifier: Notifier, limits: PaceLimits, speaker: Speaker, surroundings: Surroundings) -> None:
        self.name = notifier.name
        self.failures = 0
        self._notifier = notifier
        self._speaker = speaker
        self._pace = Pace(limits)
        self._around = surroundings
        self._turn = asyncio.Lock()
        self._hand: dict[int, OutboxRow] = {}
        self._unsure: dict[int, str] = {}
        self._unsettled: list[Settlement] = []
        self._most_rows: int | None = None
        self._waiting_since: float | None = None

    def wake(self) -> None:
        """There is something new: the clock of `stuck_seconds` begins, unless it runs."""
        if self._waiting_since is None:
            self._waiting_since = self._around.clock.monotonic()

    def stuck_seconds(self) -> float:
        """For how long something waits here without any attempt having been made."""
        return 0.0 if self._waiting_since is None else self._around.clock.monotonic() - self._waiting_since

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
            group = self._next_group()
            if not group.rows:
                self._waiting_since, self._most_rows = None, None
                return False
            self.wake()
            if self._pace.closed_for(now) or (not is_last and self._ready_at(now) > now):
                return False
            await self._attempt(group)
            return True

    async def test(self) -> DeliveryReport:
        """Send one silent message that stands in no outbox, in this channel's words."""
        async with self._turn:
            return await self.send(message_for_test(self.name, self._around.clock.now(), self._speaker))

    async def send_unsaved(self, notification: Notification) -> DeliveryReport:
        """Try once what could not be stored; no turn is waited for."""
        row = OutboxRow(row_id=0, channel=self.name, attempts=1, notification=notification)
        return await self.send(message_of([row], self._around.clock.now(), speaker=self._speaker))

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
        return report

    def _ready_at(self, now: float) -> float:
        return self._pace.ready_at(now, waiting=len(self._hand), worst=worst_of(self._hand.values()))

    async def _fill(self, now: float, *, takes_all: bool) -> None:
        """Lease what the next message tells; while nothing may go out, a single row that might be worse."""
        if self._pace.closed_for(now):
            return
        may_go = takes_all or self._pace.ready_at(now, waiting=len(self._hand), worst=Severity.NOTICE) <= now
        limit = (ROWS_AT_ONCE if may_go else min(PROBES_IN_HAND, len(self._hand) + 1)) - len(self._hand)
        if limit > 0:
            for row in await self._lease(limit):
                self._hand[row.row_id] = row

    async def _lease(self, limit: int) -> Sequence[OutboxRow]:
        now = self._around.clock.now()
        return await self._around.store.lease(self.name, now=now, until=now + LEASE, limit=limit)

    def _next_group(self) -> _Group:
        """The most urgent group; what was never tried goes before a repeat that is as urgent."""
        fresh = ranked(row for row in self._hand.values() if not row.is_repeat)
        groups = [self._cut(fresh), *self._repeats()]
        return max(groups, key=lambda group: worst_of(group.rows) if group.rows else 0)

    def _cut(self, fresh: list[OutboxRow]) -> _Group:
        if len(self._hand) <= DIGEST_ABOVE:
            return _Group(fresh[:1])
        return _Group(fresh[: self._most_rows])

    def _repeats(self) -> Iterable[_Group]:
        groups: dict[str, _Group] = {}
        for row in ranked(row for row in self._hand.values() if row.is_repeat):
            message_id = self._unsure.get(row.row_id, "")
            groups.setdefault(message_id, _Group(message_id=message_id)).rows.append(row)
        return [_Group(group.rows[: self._most_rows], group.message_id) for group in groups.values()]

    async def _attempt(self, group: _Group) -> None:
        clock, waiting = self._around.clock, len(self._hand)
        self._observe_ages(group.rows)
        message = message_of(group.rows, clock.now(), group.message_id, self._speaker)
        report = await self.send(message)
        for row in group.rows:
            self._hand.pop(row.row_id, None)
        arrived, now = may_have_arrived(report), clock.monotonic()
        self._pace.attempted(now, waiting=waiting, worst=worst_of(group.rows), may_have_arrived=arrived)
        if (pause := obeyed_seconds(report)) is not None:
            self._pace.close(now + pause)
        self._waiting_since = now if self._hand else None
        if blames_length(report) and len(group.rows) > 1:
            await self._halve(group.rows, report)
            return
        self.failures = 0 if report.delivery is Delivery.SENT else self.failures + 1
        settlements = [self._settlement(row, report) for row in group.rows]
        self._remember_unsure(message.message_id, settlements, report)
        try:
            await self._settle(settlements)
        finally:
            await self._around.attempted(self.name, group.rows, report, self.failures)

    def _observe_ages(self, rows: Iterable[OutboxRow]) -> None:
        now = self._around.clock.now()
        for row in rows:
            age = (now - row.notification.happened_at).total_seconds()
            if row.attempts == 1:
                self._around.telemetry.observe("alert_first_attempt_seconds", age, channel=self.name)

    def _settlement(self, row: OutboxRow, report: DeliveryReport) -> Settlement:
        stand_in = self._around.stand_in(self.name)
        return settlement_of(row, report, self._around.clock.now(), failures=self.failures, stand_in=stand_in)

    async def _halve(self, rows: Sequence[OutboxRow], report: DeliveryReport) -> None:
        """Too much for one message: due again at once, half of them at a time."""
        self._most_rows = max(1, len(rows) // 2)
        log.warning("message_too_long", channel=self.name, rows=len(rows), detail=report.detail)
        now = self._around.clock.now()
        again = replace(report, delivery=Delivery.RETRY, retry_after_seconds=None)
        await self._settle(
            [Settlement(row_id=row.row_id, report=again, settled_at=now, next_attempt_at=now) for row in rows]
        )

    async def _hand_over(self, seconds: float) -> None:
        """The service wants a long silence: what is due is told by a stand-in meanwhile."""
        report = DeliveryReport(Delivery.RETRY, "the service has asked to be left alone", seconds)
        rows = [*self._hand.values(), *await self._lease(ROWS_AT_ONCE)]
        self._hand.clear()
        self._waiting_since = None
        if rows:
            await self._settle([self._settlement(row, report) for row in rows])
            await self._around.attempted(self.name, rows, report, self.failures)

    async def _settle(self, settlements: Sequence[Settlement]) -> None:
        """Write how attempts ended, those first that could not be written before."""
        self._unsettled = [*self._unsettled, *settlements][-ROWS_AT_ONCE:]
        if self._unsettled:
            await self._around.store.settle(self._unsettled)
            self._unsettled = []

    def _remember_unsure(self, message_id: str, settlements: Sequence[Settlement], report: DeliveryReport) -> None:
        """Who has to go out together again; forgotten when a row has ended."""
        for settlement in settlements:
            if settlement.next_attempt_at is None:
                self._unsure.pop(settlement.row_id, None)
            elif report.delivery is Delivery.AMBIGUOUS:
                self._unsure[settlement.row_id] = message_id
        while len(self._unsure) > UNSURE_LIMIT:
            del self._unsure[next(iter(self._unsure))]


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
