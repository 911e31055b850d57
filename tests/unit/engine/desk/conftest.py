"""A desk over a real watch and a store in memory, and what can happen to its positions and alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock
from liqwatch.engine.desk import Desk
from liqwatch.engine.desk.silences import SilenceWish
from liqwatch.engine.plan import AccountPlan, StalenessLimits, WatchPlan
from liqwatch.engine.record import Recorder
from liqwatch.engine.selfwatch import SelfWatch
from liqwatch.engine.watch import Watch
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import (
    AccountSnapshot,
    AlertKey,
    AlertRecord,
    Instrument,
    MarginMode,
    MarkBatch,
    Position,
    Severity,
    Side,
    SnapshotSource,
)
from liqwatch.ports import Conversation
from liqwatch.rules.base import CALM, Verdict
from liqwatch.stores.memory import MemoryStore
from liqwatch.testing.telemetry import SilentTelemetry

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
VENUE, ACCOUNT = "binance_usdm", "main"
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG = f"{BTC} long"
KEY = AlertKey(ACCOUNT, "liquidation_distance", LONG)
CHANNELS = ("chat", "mail")
DAY = 24 * 60


class Quiet(SilentTelemetry):
    """Counters, a supervisor and a dispatcher that nobody looks at."""

    def ready(self) -> None: ...

    def alive(self) -> None: ...

    def status(self, text: str) -> None: ...

    def reloading(self) -> None: ...

    def stopping(self) -> None: ...

    def wake(self, channels: Sequence[str]) -> None: ...

    async def send_unsaved(self, notification: object) -> bool:
        return False


class Office:
    """A desk over a real watch and a store in memory. `told` writes down what was decided and reads it back."""

    def __init__(self, chats: Iterable[Conversation] = ()) -> None:
        quiet, minute = Quiet(), timedelta(minutes=1)
        account = AccountPlan(account=ACCOUNT, exchange=VENUE, venue=VENUE, reconcile_every=minute)
        plan = WatchPlan(
            accounts={ACCOUNT: account},
            policies=lambda _account, _symbol, _subject, _kind: None,
            staleness=StalenessLimits(mark_price=minute, mark_price_critical=minute, account=minute),
            routing=Routing((Route(min_severity=Severity.NOTICE, channels=CHANNELS),), CHANNELS),
            margin_call_ratio=0.8,
        )
        self.clock = ManualClock(START)
        self.store = MemoryStore()
        self.watch = Watch(plan, self.clock)
        self.recorder = Recorder(self.store, quiet, quiet)
        selfwatch = SelfWatch(
            watch=self.watch,
            recorder=self.recorder,
            accounts={},
            service=quiet,
            clock=self.clock,
            telemetry=quiet,
        )
        conversations = {chat.name: chat for chat in chats}
        self.desk = Desk(
            watch=self.watch,
            recorder=self.recorder,
            selfwatch=selfwatch,
            store=self.store,
            clock=self.clock,
            conversations=conversations,
        )

    def look(self, distance: float, severity: Severity | None, key: AlertKey = KEY) -> AlertRecord:
        """One look at a subject, as a rule takes it."""
        verdict = Verdict(fired=severity, held=severity, reading=distance, room=distance) if severity else CALM
        finding = Finding(key=key, headline=f"{distance:.0%} to liquidation", verdict=verdict)
        self.watch.take_finding(finding, AlertPolicy())
        return self.watch.records[key]

    def hold(self, symbol: str, *, mark: float) -> None:
        """An isolated long of 10 at 100 with 200 of margin, liquidated at about 80.8."""
        contract = Instrument(
            symbol=symbol,
            native_symbol=symbol,
            settle_currency="USDT",
            price_tick=0.01,
            tiers=tiers_with_deductions([(0.0, 1e12, 0.01)]),
        )
        held = Position(
            symbol=symbol,
            side=Side.LONG,
            contracts=10.0,
            entry_price=100.0,
            margin_mode=MarginMode.ISOLATED,
            isolated_wallet=200.0,
        )
        before = self.watch.snapshots.get(ACCOUNT)
        positions = (*(before.positions if before else ()), held)
        known = {position.symbol: replace(contract, symbol=position.symbol) for position in positions}
        snapshot = AccountSnapshot(
            account=ACCOUNT,
            venue=VENUE,
            positions=positions,
            cross_wallets={},
            as_of=self.clock.now(),
            source=SnapshotSource.STREAM,
        )
        self.watch.learn_instruments(ACCOUNT, known)
        self.watch.take_account(snapshot)
        self.watch.take_marks(MarkBatch(VENUE, [(symbol, mark, 1)], self.clock.monotonic()))

    async def told(self, asked: Awaitable[str]) -> str:
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self.recorder.run())
            text = await asked
            await self.recorder.drain()
            writing.cancel()
        return text

    async def silence(
        self, minutes: int = 60, *, account: str = "", rule: str = "", subject: str = "", comment: str = ""
    ) -> str:
        wish = SilenceWish(who="anna", minutes=minutes, account=account, rule=rule, subject=subject, comment=comment)

        async def begun() -> str:
            return (await self.desk.begin_silence(wish)).text

        return await self.told(begun())

    async def command(self, line: str) -> str:
        name, *arguments = line.split()
        return await self.told(self.desk.command(name, arguments, who="anna"))


@pytest.fixture
def office() -> Office:
    """A desk without conversations."""
    return Office()


@pytest.fixture
def opened() -> Callable[..., Office]:
    """Opens desks, with conversations if need be."""
    return Office
