"""A channel that fails is itself told, through the others, once; and so is its recovery."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock, SystemClock
from liqwatch.engine.absence import Absence
from liqwatch.engine.daemon import Daemon, Parts
from liqwatch.engine.delivery.dispatch import Dispatcher
from liqwatch.engine.desk.front import Desk
from liqwatch.engine.plan import StalenessLimits, WatchPlan
from liqwatch.engine.record import Recorder
from liqwatch.engine.selfwatch import SelfWatch
from liqwatch.engine.watch import Watch
from liqwatch.model import Delivery, Severity
from liqwatch.testing.sinks import ScriptedChannel
from liqwatch.testing.telemetry import SilentTelemetry

if TYPE_CHECKING:
    from tests.unit.engine.conftest import BreakableStore

MINUTE = timedelta(minutes=1)


class NoService:
    """No supervisor."""

    def ready(self) -> None: ...

    def alive(self) -> None: ...

    def status(self, text: str) -> None: ...

    def reloading(self) -> None: ...

    def stopping(self) -> None: ...


@pytest.fixture(autouse=True)
def _thaw() -> Iterator[None]:
    """The daemon freezes its heap when it is ready; the rest of the suite shall not inherit that."""
    yield
    gc.unfreeze()


@asynccontextmanager
async def daemon_with(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry, *notifiers: ScriptedChannel
) -> AsyncIterator[Daemon]:
    """A running daemon that watches nothing and has these channels, all addressed from notice up."""
    names = tuple(notifier.name for notifier in notifiers)
    routing = Routing((Route(min_severity=Severity.NOTICE, channels=names),), names)
    plan = WatchPlan(
        accounts={},
        policies=lambda *_: None,
        staleness=StalenessLimits(mark_price=MINUTE, mark_price_critical=MINUTE, account=MINUTE),
        routing=routing,
        margin_call_ratio=0.8,
    )
    watch, service = Watch(plan, clock), NoService()
    dispatcher = Dispatcher(
        store=store,
        notifiers={notifier.name: notifier for notifier in notifiers},
        routing=routing,
        clock=clock,
        telemetry=telemetry,
    )
    recorder = Recorder(store, dispatcher, telemetry)
    selfwatch = SelfWatch(
        watch=watch, recorder=recorder, accounts={}, service=service, clock=clock, telemetry=telemetry
    )
    parts = Parts(
        watch=watch,
        recorder=recorder,
        dispatcher=dispatcher,
        selfwatch=selfwatch,
        venues={},
        accounts={},
        store=store,
        service=service,
        clock=clock,
        telemetry=telemetry,
        absence=Absence(watch=watch, recorder=recorder, venues={}, cache=store, clock=clock),
        desk=Desk(watch=watch, recorder=recorder, selfwatch=selfwatch, store=store, clock=clock, conversations={}),
    )
    daemon, stop = Daemon(parts), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(daemon.run(stop))
        yield daemon
        stop.set()


async def until(daemon: Daemon, clock: ManualClock, condition: Callable[[], bool]) -> None:
    """Let simulated time pass until it is so."""
    async with asyncio.timeout(10.0):
        while not condition():
            clock.advance(0.25)
            daemon._parts.dispatcher.wake(["chat", "mail"])
            await SystemClock().sleep(0.001)


async def test_a_dead_channel_is_told_through_the_other_and_so_is_its_recovery(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry
) -> None:
    chat, mail = ScriptedChannel("chat", Delivery.DEAD, Delivery.DEAD), ScriptedChannel("mail")
    async with daemon_with(store, clock, telemetry, chat, mail) as daemon:
        await daemon.tell("config_rejected", "config", "not taken over", Severity.WARNING)
        await until(daemon, clock, lambda: any("channel chat" in title for title in mail.titles))
        await daemon.tell("config_rejected", "config of another file", "not taken over", Severity.WARNING)
        await until(daemon, clock, lambda: any("RESOLVED · channel chat" in title for title in mail.titles))
    failures = [title for title in mail.titles if "CRITICAL · channel chat" in title]
    assert failures == ["🔴 CRITICAL · channel chat · does not take messages: as scripted"]
    assert chat.titles[-1].startswith("✅ RESOLVED · channel chat · delivers again")


async def test_a_channel_that_only_stumbles_is_not_told(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry
) -> None:
    chat, mail = ScriptedChannel("chat", Delivery.RETRY, Delivery.RETRY), ScriptedChannel("mail")
    async with daemon_with(store, clock, telemetry, chat, mail) as daemon:
        await daemon.tell("config_rejected", "config", "not taken over", Severity.WARNING)
        await until(daemon, clock, lambda: len(chat.messages) >= 3)
    assert [title for title in mail.titles if "channel chat" in title] == []


async def test_the_third_refusal_in_a_row_is_told(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry
) -> None:
    chat, mail = ScriptedChannel("chat", *[Delivery.RETRY] * 3), ScriptedChannel("mail")
    async with daemon_with(store, clock, telemetry, chat, mail) as daemon:
        await daemon.tell("config_rejected", "config", "not taken over", Severity.WARNING)
        await until(daemon, clock, lambda: len(chat.messages) >= 3)
        await until(daemon, clock, lambda: any("CRITICAL · channel chat" in title for title in mail.titles))
    assert sum("CRITICAL · channel chat" in title for title in mail.titles) == 1


async def test_a_self_test_that_fails_twice_is_told_through_the_other_channel(
    store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry
) -> None:
    chat, mail = ScriptedChannel("chat", Delivery.RETRY, Delivery.RETRY), ScriptedChannel("mail")
    async with daemon_with(store, clock, telemetry, chat, mail) as daemon, asyncio.TaskGroup() as tasks:
        tasks.create_task(daemon._parts.dispatcher.self_test())
        await until(daemon, clock, lambda: any("CRITICAL · channel chat" in title for title in mail.titles))
    assert len(chat.titles) >= 2
    assert chat.messages[0].is_silent
