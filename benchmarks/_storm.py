"""Alerts on their way in one process: watch, recorder, durable store, dispatcher, a channel that stamps arrivals."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from _children import Child
from _market import first_price, symbol
from _portfolios import VENUE, Portfolio, fill, first_rows, long_at, plan_for

from liqwatch.clock import Clock, ManualClock, SystemClock
from liqwatch.engine.delivery.dispatch import Dispatcher
from liqwatch.engine.delivery.pace import UNHURRIED, PaceLimits
from liqwatch.engine.record import Recorder
from liqwatch.engine.watch import Watch
from liqwatch.model import AlertChange, Delivery, DeliveryReport, MarkBatch, MarkRow, Message, Severity
from liqwatch.notifiers import open_channel
from liqwatch.ports import ChannelOptions, Notifier
from liqwatch.stores.sqlite import SqliteStore
from liqwatch.testing.telemetry import SilentTelemetry

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))

CHANNEL = "console"
CROSSINGS = 300
BEATS = 10
BEAT_SECONDS = 0.1
MINUTE_SECONDS = 60
CRASH = 0.73
"""Times the first price: from 33 % to 8 % from liquidation, past three levels at once."""
PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 1.2
"""A channel speaks once a second at most; a hanging send goes on for three."""


@dataclass(slots=True)
class Arrivals:
    """A channel that takes everything at once; when the first attempt at each alert began, and every message."""

    clock: Clock
    expected: int = CROSSINGS
    name: str = CHANNEL
    first: dict[str, float] = field(default_factory=dict)
    messages: list[tuple[float, Severity]] = field(default_factory=list)
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    async def prepare(self) -> None:
        """Nothing to load."""

    async def send(self, message: Message) -> DeliveryReport:
        """Stamp it."""
        now = self.clock.monotonic()
        self.messages.append((now, message.severity))
        for alert_id in message.alert_ids:
            self.first.setdefault(alert_id, now)
        if len(self.first) >= self.expected:
            self.complete.set()
        return DeliveryReport(Delivery.SENT)

    async def close(self) -> None:
        """Nothing to give back."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What stands between a decision and the channels."""

    store: SqliteStore
    dispatcher: Dispatcher
    recorder: Recorder


def crashing_watch(clock: Clock, channels: Sequence[str] = (CHANNEL,)) -> Watch:
    """So many isolated longs, one to a market, a third of the way from liquidation."""
    portfolio = Portfolio((long_at("storm", [(symbol(index), first_price(index)) for index in range(CROSSINGS)]),))
    watch = Watch(plan_for(portfolio, channels), clock)
    fill(watch, portfolio)
    return watch


def beats() -> list[list[MarkRow]]:
    """All marks, ten times in a second: each time another tenth of the positions crosses."""
    prices, found = {name: price for name, price, _ in first_rows()}, list[list[MarkRow]]()
    share = CROSSINGS // BEATS
    for beat in range(BEATS):
        for index in range(beat * share, (beat + 1) * share):
            prices[symbol(index)] = first_price(index) * CRASH
        found.append([(name, price, 0) for name, price in prices.items()])
    return found


@asynccontextmanager
async def pipeline(
    path: Path, watch: Watch, notifiers: Mapping[str, Notifier], clock: Clock, paces: Mapping[str, PaceLimits]
) -> AsyncIterator[Pipeline]:
    """A durable store in a file, and what the daemon has around it; nothing runs yet."""
    store, telemetry = SqliteStore(path), SilentTelemetry()
    await store.open()
    dispatcher = Dispatcher(
        store=store, notifiers=notifiers, routing=watch.plan.routing, clock=clock, telemetry=telemetry, paces=paces
    )
    try:
        yield Pipeline(store, dispatcher, Recorder(store, dispatcher, telemetry))
    finally:
        await store.close()


@asynccontextmanager
async def running(parts: Pipeline) -> AsyncIterator[None]:
    """Recorder and dispatcher at work, until the block ends."""
    async with asyncio.TaskGroup() as tasks:
        at_work = [tasks.create_task(parts.recorder.run()), tasks.create_task(parts.dispatcher.run())]
        try:
            yield
        finally:
            for task in at_work:
                task.cancel()


async def storm_latencies(path: Path) -> list[float]:
    """Seconds from the tick that crosses to the first delivery attempt, one for each of the positions."""
    clock = SystemClock()
    watch, arrivals = crashing_watch(clock), Arrivals(clock)
    async with pipeline(path, watch, {CHANNEL: arrivals}, clock, {CHANNEL: UNHURRIED}) as parts, running(parts):
        ticked_at = dict[str, float]()
        for rows in beats():
            began = clock.monotonic()
            changes = watch.take_marks(MarkBatch(VENUE, rows, began))
            ticked_at |= dict.fromkeys(alert_ids(changes), began)
            await parts.recorder.record(changes)
            await clock.sleep(max(0.0, began + BEAT_SECONDS - clock.monotonic()))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await arrivals.complete.wait()
    return [arrivals.first[alert_id] - began for alert_id, began in ticked_at.items()]


async def paced_storm(path: Path) -> tuple[int, float]:
    """The same storm in simulated time on a channel with the usual pace: its first minute.

    How many messages there were, and when the first of them came (seconds). Raises ValueError unless each of the
    positions has been told of.
    """
    clock = ManualClock(SystemClock().now())
    watch, arrivals = crashing_watch(clock), Arrivals(clock)
    coming = beats()
    async with pipeline(path, watch, {CHANNEL: arrivals}, clock, {}) as parts, asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(parts.recorder.run())
        for step in range(round(MINUTE_SECONDS / BEAT_SECONDS)):
            if step < len(coming):
                await parts.recorder.record(watch.take_marks(MarkBatch(VENUE, coming[step], clock.monotonic())))
                await parts.recorder.drain()
            await parts.dispatcher.turn()
            clock.advance(BEAT_SECONDS)
        writing.cancel()
    if len(arrivals.first) != CROSSINGS:
        raise ValueError(f"told of {len(arrivals.first)} positions, not of {CROSSINGS}")
    return len(arrivals.messages), arrivals.messages[0][0]


async def lone_delay(path: Path, sinks: Child, urls: Sequence[str]) -> float:
    """Seconds from a decision to its arrival at the last of these hooks, while the others hang already."""
    clock, names = SystemClock(), [f"hook{number}" for number in range(len(urls))]
    watch = crashing_watch(clock, names)
    notifiers = {name: open_channel(ChannelOptions(name=name, url=url)) for name, url in zip(names, urls, strict=True)}
    async with pipeline(path, watch, notifiers, clock, {}) as parts:
        await parts.dispatcher.prepare()
        async with running(parts):
            for index in range(2):
                await clock.sleep(PAUSE_SECONDS)
                began = clock.monotonic()
                rows = [(symbol(index), first_price(index) * CRASH, 0)]
                await parts.recorder.record(watch.take_marks(MarkBatch(VENUE, rows, began)))
                arrived = (await asyncio.to_thread(sinks.line)).at
    return arrived - began


def alert_ids(changes: Sequence[AlertChange]) -> list[str]:
    """The alerts that these changes tell of."""
    return [each.alert_id for change in changes for each in change.notifications]
