"""The harness of the stories: one account, one person, and a clock that moves only when the story says so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest

from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock
from liqwatch.engine.look_back import extremes
from liqwatch.engine.plan import AccountPlan, StalenessLimits, WatchPlan
from liqwatch.engine.record import Recorder
from liqwatch.engine.selfwatch import SelfWatch, findings
from liqwatch.engine.watch import Watch
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import (
    AccountSnapshot,
    AlertChange,
    AlertRecord,
    Delivery,
    DeliveryReport,
    Instrument,
    LeverageTier,
    MarginMode,
    MarkBatch,
    MarkCandle,
    NotifyReason,
    OutboxRow,
    Position,
    Settlement,
    Severity,
    Side,
    SnapshotSource,
)
from liqwatch.rules import load_rule
from liqwatch.rules.base import Danger, Ladder, Level
from liqwatch.stores.memory import MemoryStore
from liqwatch.testing.telemetry import SilentTelemetry

VENUE, ACCOUNT, PERSON = "binance_usdm", "main", "person"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONE_PERCENT = tiers_with_deductions([(0.0, 1e12, 0.01)])
HYSTERESIS = 0.1
"""A level is over when the reading is this fraction of it on the safe side."""

Told: TypeAlias = tuple[NotifyReason, Severity, str]


class SilentWorld(SilentTelemetry):
    """Counters, gauges, a supervisor and a dispatcher that nobody looks at."""

    def ready(self) -> None: ...

    def alive(self) -> None: ...

    def status(self, text: str) -> None: ...

    def reloading(self) -> None: ...

    def stopping(self) -> None: ...

    def wake(self, channels: Iterable[str]) -> None: ...

    async def send_unsaved(self, notification: object, channels: object) -> bool:
        return False


class Scenario:
    """A watch, its store, and what a person hears. `rules` and `patience` may be changed before the story begins."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.store = MemoryStore()
        self.rules = {"liquidation_distance", "figures_unknown"}
        self.patience = AlertPolicy()
        self.contracts: dict[str, Instrument] = {}
        self.positions: dict[str, Position] = {}
        self.cross_wallets: dict[str, float] = {}
        self.heard: list[OutboxRow] = []
        self._watch = self._new_watch([])

    @property
    def watch(self) -> Watch:
        """The watch of the present process: another one after a restart."""
        return self._watch

    async def position(
        self,
        symbol: str,
        side: Side = Side.LONG,
        *,
        contracts: float = 10.0,
        entry_price: float = 100.0,
        margin: float | None = 200.0,
        margin_mode: MarginMode = MarginMode.ISOLATED,
        reported_liquidation_price: float | None = None,
        tiers: tuple[LeverageTier, ...] = ONE_PERCENT,
    ) -> None:
        """Open a position, or change it. Without further words it is liquidated about 19 % from its entry."""
        self.contracts[symbol] = Instrument(
            symbol=symbol, native_symbol=symbol, settle_currency="USDT", price_tick=0.01, tiers=tiers
        )
        opened = Position(
            symbol=symbol,
            side=side,
            contracts=contracts,
            entry_price=entry_price,
            margin_mode=margin_mode,
            isolated_wallet=margin if margin_mode is MarginMode.ISOLATED else None,
            reported_liquidation_price=reported_liquidation_price,
        )
        self.positions[opened.subject] = opened
        await self._account_answers()

    async def closed(self, subject: str) -> None:
        """The venue says that a position is gone."""
        del self.positions[subject]
        await self._account_answers()

    async def flipped(self, subject: str) -> None:
        """A position turned over to the other side, in one answer."""
        before = self.positions.pop(subject)
        side = Side.SHORT if before.side is Side.LONG else Side.LONG
        after = replace(before, side=side)
        self.positions[after.subject] = after
        await self._account_answers()

    async def tiers_arrive(self, symbol: str, tiers: tuple[LeverageTier, ...]) -> None:
        """The venue's leverage tiers of a market become known."""
        self.contracts[symbol] = replace(self.contracts[symbol], tiers=tiers)
        await self._write(self._watch.learn_instruments(ACCOUNT, self.contracts))

    async def mark(self, symbol: str, *prices: float) -> None:
        """Marks of one market, one after the other, a tenth of a second apart."""
        for price in prices:
            await self.advance(0.1)
            milliseconds = round(self.clock.monotonic() * 1000)
            batch = MarkBatch(VENUE, [(symbol, price, milliseconds)], self.clock.monotonic())
            await self._write(self._watch.take_marks(batch))

    async def advance(self, seconds: float) -> None:
        """Let time pass; the daemon turns once a second, and exactly when something is due."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            turn = min(1.0, end - self.clock.monotonic())
            due_at = self._watch.next_due_at()
            if due_at is not None and due_at > self.clock.now():
                turn = min(turn, (due_at - self.clock.now()).total_seconds())
            self.clock.advance(turn)
            await self._turn()

    async def restart(self, *, down_for_seconds: float = 0.0) -> None:
        """The process ends and another begins with what the store remembers; marks come anew."""
        self.clock.advance(down_for_seconds)
        self._watch = self._new_watch(await self.store.load())
        await self._account_answers()

    def told(self) -> list[Told]:
        """What the person has heard since this was last asked."""
        heard = [
            (row.notification.reason, row.notification.severity, row.notification.alert_key.split("|")[2])
            for row in self.heard
        ]
        self.heard.clear()
        return heard

    def state_of(self, rule: str, subject: str) -> str:
        """The state of one alert, in a word."""
        records = {(record.key.rule, record.key.subject): record for record in self._watch.records.values()}
        return records[rule, subject].state.value

    def _new_watch(self, records: Iterable[AlertRecord]) -> Watch:
        minute = timedelta(minutes=1)
        account = AccountPlan(account=ACCOUNT, exchange=VENUE, venue=VENUE, reconcile_every=minute)
        plan = WatchPlan(
            accounts={ACCOUNT: account},
            policies=self._policy,
            staleness=StalenessLimits(
                mark_price=timedelta(seconds=15), mark_price_critical=timedelta(seconds=5), account=minute
            ),
            routing=Routing((Route(min_severity=Severity.NOTICE, channels=(PERSON,)),), (PERSON,)),
            margin_call_ratio=0.8,
        )
        return Watch(plan, self.clock, records)

    def _policy(self, _account: str, _symbol: str | None, _subject: str, kind: str) -> RulePolicy | None:
        if kind not in self.rules:
            return None
        rule = load_rule(kind)
        away = 1 + HYSTERESIS if rule.danger is Danger.BELOW else 1 - HYSTERESIS
        levels = tuple(Level(severity, value, value * away) for severity, value in sorted(rule.default_levels.items()))
        patience = replace(self.patience, hold={**rule.default_hold, **self.patience.hold})
        return RulePolicy(ladder=Ladder(rule.danger, levels), alerts=patience)

    async def answered(self, **more: Any) -> None:
        """The account as it is, with what else the venue says of it (fields of the snapshot)."""
        await self._account_answers(**more)

    async def looked_back(self, symbol: str, *candles: MarkCandle) -> None:
        """A gap of a market's prices is read back from its mark candles."""
        seen = extremes(candles, START - timedelta(days=1))
        await self._write(self._watch.look_back(VENUE, symbol, seen))

    async def _account_answers(self, **more: Any) -> None:
        snapshot = AccountSnapshot(
            account=ACCOUNT,
            venue=VENUE,
            positions=tuple(self.positions.values()),
            cross_wallets=self.cross_wallets,
            as_of=self.clock.now(),
            source=SnapshotSource.STREAM,
            **more,
        )
        changes = self._watch.learn_instruments(ACCOUNT, self.contracts)
        await self._write(changes + self._watch.take_account(snapshot))

    async def _turn(self) -> None:
        await self._write(self._watch.take_time())
        silent = SilentWorld()
        recorder = Recorder(self.store, silent, silent)
        selfwatch = SelfWatch(
            watch=self._watch, recorder=recorder, accounts={}, service=silent, clock=self.clock, telemetry=silent
        )
        for finding in findings(selfwatch.ages(), self._watch.records):
            await self._write(self._watch.take_finding(finding, AlertPolicy()))

    async def _write(self, changes: list[AlertChange]) -> None:
        """Save, then deliver at once: the person's channel is well."""
        await self.store.commit(changes)
        now = self.clock.now()
        rows = await self.store.lease(PERSON, now=now, until=now + timedelta(minutes=1), limit=100)
        sent = DeliveryReport(Delivery.SENT)
        await self.store.settle([Settlement(row_id=row.row_id, report=sent, settled_at=now) for row in rows])
        self.heard.extend(sorted(rows, key=lambda row: row.row_id))


@pytest.fixture
async def story() -> AsyncIterator[Scenario]:
    """A story about to begin."""
    scenario = Scenario()
    yield scenario
    await scenario.store.close()
