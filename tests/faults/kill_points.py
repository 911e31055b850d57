"""One small story of the real pipeline, killed at any point: watch → recorder → SQLite (FULL) → dispatcher → files.

Run as a script it serves lines `<kill at> <directory>` from standard input: the story is played in a forked child
that kills itself (SIGKILL) when its event loop has scheduled something for the `kill at`-th time; 0: never. Then it
prints `killed` or `done`. What was delivered stands in the folder, one JSON line a message.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextvars import Context
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import SystemClock
from liqwatch.engine.delivery.dispatch import Dispatcher
from liqwatch.engine.delivery.pace import UNHURRIED
from liqwatch.engine.plan import AccountPlan, StalenessLimits, WatchPlan
from liqwatch.engine.record import Recorder
from liqwatch.engine.watch import Watch
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import (
    AccountSnapshot,
    Delivery,
    DeliveryReport,
    Instrument,
    MarginMode,
    MarkBatch,
    Message,
    Position,
    Severity,
    Side,
    SnapshotSource,
)
from liqwatch.rules import load_rule
from liqwatch.rules.base import Ladder, Level
from liqwatch.stores.sqlite import SqliteStore
from liqwatch.testing.telemetry import SilentTelemetry

VENUE, ACCOUNT = "binance_usdm", "main"
CHANNELS = ("steady", "forgetful")
HOUR = timedelta(hours=1)
PATH: tuple[Mapping[str, float], ...] = (
    {"BTC/USDT:USDT": 130.0, "ETH/USDT:USDT": 130.0},
    {"BTC/USDT:USDT": 98.0},
    {"BTC/USDT:USDT": 92.0, "ETH/USDT:USDT": 86.5},
    {"BTC/USDT:USDT": 84.5},
    {"ETH/USDT:USDT": 130.0},
    {"BTC/USDT:USDT": 130.0},
)
"""Marks, step by step: one market falls level by level, the other jumps; both come back."""


class KillingLoop(asyncio.SelectorEventLoop):
    """Counts everything that is scheduled: every point at which a task can be waiting."""

    def __init__(self, kill_at: int) -> None:
        super().__init__()
        self._left = kill_at

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def call_soon(  # type: ignore[override]  # the parent's type variables say no more
        self, callback: Callable[..., object], *arguments: Any, context: Context | None = None
    ) -> asyncio.Handle:
        self._count()
        return super().call_soon(callback, *arguments, context=context)

    def call_soon_threadsafe(  # type: ignore[override]  # as above
        self, callback: Callable[..., object], *arguments: Any, context: Context | None = None
    ) -> asyncio.Handle:
        self._count()
        return super().call_soon_threadsafe(callback, *arguments, context=context)


class FileChannel:
    """Takes a message when its line is on the disk. The forgetful one has its first answer lost."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self._file = directory / f"{name}.jsonl"

    async def prepare(self) -> str | None:
        return None

    async def send(self, message: Message) -> DeliveryReport:
        loses_answer = self.name == "forgetful" and not self._file.exists()
        line = {"id": message.message_id, "alerts": message.alert_ids, "text": f"{message.title}\n{message.body}"}
        await asyncio.to_thread(self._write, json.dumps(line) + "\n")
        return DeliveryReport(Delivery.AMBIGUOUS if loses_answer else Delivery.SENT, receipt="taken")

    async def close(self) -> None: ...

    def _write(self, line: str) -> None:
        with self._file.open("a") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


class World:
    """How far the marks have come; it does not die with the process."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def step(self) -> int:
        return int(self._file.read_text() or 0) if self._file.exists() else 0

    @step.setter
    def step(self, index: int) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(index))
        fresh.replace(self._file)


async def play(directory: Path) -> None:
    """The rest of the story, from the step at which the last process was killed."""
    clock, telemetry = SystemClock(), SilentTelemetry()
    store = SqliteStore(directory / "state.sqlite3")
    await store.open()
    watch = Watch(_plan(), clock, await store.load())
    dispatcher = Dispatcher(
        store=store,
        notifiers={name: FileChannel(name, directory) for name in CHANNELS},
        routing=watch.plan.routing,
        clock=clock,
        telemetry=telemetry,
        paces=dict.fromkeys(CHANNELS, UNHURRIED),
    )
    recorder = Recorder(store, dispatcher, telemetry)
    async with asyncio.TaskGroup() as tasks:
        back = [tasks.create_task(recorder.run()), tasks.create_task(dispatcher.run())]
        await _walk(watch, recorder, World(directory / "step"), clock)
        while (await store.outbox_status()).pending:
            await clock.sleep(0.01)
        for task in back:
            task.cancel()
    await store.close()


async def _walk(watch: Watch, recorder: Recorder, world: World, clock: SystemClock) -> None:
    """The world goes on where it is, whatever becomes of us: a step is over when what it causes is decided."""
    begun = world.step
    await recorder.record(watch.learn_instruments(ACCOUNT, _instruments()))
    await recorder.record(watch.take_account(_snapshot()))
    marks = {symbol: price for step in PATH[: begun + 1] for symbol, price in step.items()}
    for index in range(begun, len(PATH)):
        world.step = index
        marks |= PATH[index]
        rows = [(symbol, price, index) for symbol, price in marks.items()]
        await recorder.record(watch.take_marks(MarkBatch(VENUE, rows, clock.monotonic())))
        await recorder.drain()
    world.step = len(PATH)


def _plan() -> WatchPlan:
    rule = load_rule("liquidation_distance")
    levels = tuple(Level(severity, value, value * 1.1) for severity, value in sorted(rule.levels.items()))
    policy = RulePolicy(ladder=Ladder(rule.danger, levels), alerts=AlertPolicy())
    account = AccountPlan(account=ACCOUNT, exchange=VENUE, venue=VENUE, reconcile_every=HOUR)
    return WatchPlan(
        accounts={ACCOUNT: account},
        policies=lambda _account, _symbol, _subject, kind: policy if kind == rule.kind else None,
        staleness=StalenessLimits(mark_price=HOUR, mark_price_critical=HOUR, account=HOUR),
        routing=Routing((Route(min_severity=Severity.NOTICE, channels=CHANNELS),), CHANNELS),
        margin_call_ratio=0.8,
    )


def _instruments() -> dict[str, Instrument]:
    tiers = tiers_with_deductions([(0.0, 1e12, 0.01)])
    return {
        symbol: Instrument(symbol=symbol, native_symbol=symbol, settle_currency="USDT", price_tick=0.01, tiers=tiers)
        for symbol in PATH[0]
    }


def _snapshot() -> AccountSnapshot:
    positions = tuple(
        Position(
            symbol=symbol,
            side=Side.LONG,
            contracts=10.0,
            entry_price=100.0,
            margin_mode=MarginMode.ISOLATED,
            isolated_wallet=200.0,
        )
        for symbol in PATH[0]
    )
    return AccountSnapshot(
        account=ACCOUNT,
        venue=VENUE,
        positions=positions,
        cross_wallets={},
        as_of=datetime(2026, 11, 20, tzinfo=UTC),
        source=SnapshotSource.REST,
    )


def _child(kill_at: int, directory: Path) -> None:
    loop = KillingLoop(kill_at)
    asyncio.set_event_loop(loop)
    loop.run_until_complete(play(directory))
    os._exit(0)


def main() -> None:
    """One forked child a line."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for line in sys.stdin:
        kill_at, _, directory = line.strip().partition(" ")
        child = os.fork()
        if child == 0:
            _child(int(kill_at), Path(directory))
        _, status = os.waitpid(child, 0)
        ended = "done" if status == 0 else "killed" if os.WIFSIGNALED(status) else f"failed {status}"
        sys.stdout.write(f"{ended}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
