"""The harness of the stories: one account, its people, and a clock that moves only when the story says so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeAlias

import pytest

from liqwatch import languages
from liqwatch.alerts.hours import QuietHours
from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.alerts.voice import Voice
from liqwatch.clock import ManualClock
from liqwatch.config.policies import RuleSettings, rule_settings
from liqwatch.config.settings import Settings
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
    FundingRate,
    Instrument,
    LeverageTier,
    MarginMode,
    MarkBatch,
    MarkCandle,
    NotifyReason,
    OutboxRow,
    Position,
    RestingOrder,
    Settlement,
    Severity,
    Side,
    Silence,
    SnapshotSource,
)
from liqwatch.rules import load_rule
from liqwatch.rules.base import Ladder, Level, RuleKind
from liqwatch.stores.memory import MemoryStore
from liqwatch.testing.telemetry import SilentTelemetry

VENUE, ACCOUNT, PERSON = "binance_usdm", "main", "person"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONE_PERCENT = tiers_with_deductions([(0.0, 1e12, 0.01)])
DEFAULTS = Settings()
MINUTE_SECONDS = 60.0

Told: TypeAlias = tuple[NotifyReason, Severity, str]


class SilentWorld(SilentTelemetry):
    """Counters, gauges, a supervisor and a dispatcher that nobody looks at."""

    def ready(self) -> None: ...

    def alive(self) -> None: ...

    def status(self, text: str) -> None: ...

    def reloading(self) -> None: ...

    def stopping(self) -> None: ...

    def wake(self, channels: Iterable[str]) -> None: ...

    async def send_unsaved(self, notification: object) -> bool:
        return False


class Postman(Protocol):
    """Who carries what is in the outbox."""

    async def deliver(self) -> None:
        """As much as may go out now."""
        ...


@dataclass
class AtOnce:
    """Every channel is well: whatever is due has arrived in the same moment."""

    story: Scenario

    async def deliver(self) -> None:
        for channel in self.story.routing.channels:
            await self._deliver_to(channel)

    async def _deliver_to(self, channel: str) -> None:
        store, now = self.story.store, self.story.clock.now()
        rows = await store.lease(channel, now=now, until=now + timedelta(minutes=1), limit=1000)
        sent = DeliveryReport(Delivery.SENT)
        await store.settle([Settlement(row_id=row.row_id, report=sent, settled_at=now) for row in rows])
        self.story.heard.extend(sorted(rows, key=lambda row: row.row_id))


class Scenario:
    """A watch, its store, and what people hear.

    Everything above the constructor's last line may be set before the story begins; `begin` then makes the watch anew.
    """

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.store = MemoryStore()
        self.rules = {"liquidation_distance", "figures_unknown"}
        self.patience = AlertPolicy()
        self.settings = DEFAULTS
        self.routing = Routing((Route(min_severity=Severity.NOTICE, channels=(PERSON,)),), (PERSON,))
        self.voices: Mapping[str, Voice] = {}
        self.conditions: tuple[RuleKind, ...] = ()
        self.contracts: dict[str, Instrument] = {}
        self.positions: dict[str, Position] = {}
        self.cross_wallets: dict[str, float] = {}
        self.marks: dict[str, float] = {}
        self.heard: list[OutboxRow] = []
        self.is_outbox_moving = True
        self.postman: Postman = AtOnce(self)
        self._known_settings: dict[tuple[int, str | None, str], RuleSettings] = {}
        self._make_watch([])

    def begin(self, at: datetime | None = None) -> None:
        """The watch with everything that the story has set; its clock shows `at`."""
        if at is not None:
            self.clock = ManualClock(at.astimezone(UTC))
        self._make_watch([])

    def routes(self, *routes: Route, quiet: tuple[QuietHours, ...] = (), **more: Any) -> None:
        """Whom to tell of what. Channels stand in for one another in the order in which the routes name them."""
        channels = dict.fromkeys(channel for route in routes for channel in route.channels)
        self.routing = Routing(tuple(routes), tuple(channels), quiet=quiet, **more)

    @property
    def watch(self) -> Watch:
        """The watch of the present process: another one after a restart."""
        return self._watch

    @property
    def troubles(self) -> Sequence[str]:
        """What stands against trusting the silence, as of the last turn."""
        return self._selfwatch.troubles

    def lists(self, symbol: str, tiers: tuple[LeverageTier, ...] = ONE_PERCENT) -> None:
        """The venue has such a market."""
        self.contracts[symbol] = Instrument(
            symbol=symbol, native_symbol=symbol, settle_currency="USDT", price_tick=0.01, tiers=tiers
        )

    def hold(
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
        **more: Any,
    ) -> str:
        """A position of the account's next answer; its subject. It is liquidated about 19 % from its entry."""
        self.lists(symbol, tiers)
        opened = Position(
            symbol=symbol,
            side=side,
            contracts=contracts,
            entry_price=entry_price,
            margin_mode=margin_mode,
            isolated_wallet=margin if margin_mode is MarginMode.ISOLATED else None,
            reported_liquidation_price=reported_liquidation_price,
            **more,
        )
        self.positions[opened.subject] = opened
        return opened.subject

    async def position(self, symbol: str, side: Side = Side.LONG, **more: Any) -> None:
        """Open a position, or change it (see `hold`)."""
        self.hold(symbol, side, **more)
        await self.answered()

    async def closed(self, subject: str, **more: Any) -> None:
        """A position is gone from the venue's answer, with what else that says (fields of the snapshot)."""
        del self.positions[subject]
        await self.answered(**more)

    async def flipped(self, subject: str) -> None:
        """A position turned over to the other side, in one answer."""
        before = self.positions.pop(subject)
        side = Side.SHORT if before.side is Side.LONG else Side.LONG
        after = replace(before, side=side)
        self.positions[after.subject] = after
        await self.answered()

    async def tiers_arrive(self, symbol: str, tiers: tuple[LeverageTier, ...]) -> None:
        """The venue's leverage tiers of a market become known."""
        self.contracts[symbol] = replace(self.contracts[symbol], tiers=tiers)
        await self._write(self._watch.learn_instruments(ACCOUNT, self.contracts))

    def orders(self, *orders: RestingOrder) -> None:
        """The orders that wait at the venue, as they are read now."""
        self._watch.sights.learn_orders(ACCOUNT, orders)

    def funding(self, **rates: float) -> None:
        """Funding rates by coin: `funding(BTC=0.0001)`."""
        known = {f"{coin}/USDT:USDT": rate for coin, rate in rates.items()}
        self._watch.sights.learn_funding(VENUE, {s: FundingRate(symbol=s, rate=rate) for s, rate in known.items()})

    def history(self, symbol: str, *, swing: float, price: float = 130.0, minutes: int = 600) -> None:
        """The minutes before now: the mark went up and down by that fraction in each of them."""
        now = self.clock.now()
        candles = [
            MarkCandle(
                opened_at=now - timedelta(minutes=ago), high=price * (1 + swing / 2), low=price * (1 - swing / 2)
            )
            for ago in range(1, minutes + 1)
        ]
        self._watch.sights.learn_candles(VENUE, symbol, candles)

    async def mark(self, symbol: str, *prices: float) -> None:
        """Marks of one market, one after the other, a tenth of a second apart."""
        for price in prices:
            await self.advance(0.1)
            await self.marked({symbol: price})

    async def marked(self, prices: Mapping[str, float]) -> None:
        """Marks of several markets in one frame of the stream."""
        self.marks.update(prices)
        now = self.clock.monotonic()
        rows = [(symbol, price, round(now * 1000)) for symbol, price in prices.items()]
        await self._write(self._watch.take_marks(MarkBatch(VENUE, rows, now)))

    async def advance(self, seconds: float) -> None:
        """Let time pass without prices; the daemon turns once a second, and exactly when something is due."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            turn = min(1.0, end - self.clock.monotonic())
            due_at = self._watch.next_due_at()
            if due_at is not None and due_at > self.clock.now():
                turn = min(turn, (due_at - self.clock.now()).total_seconds())
            self.clock.advance(turn)
            await self.turn()

    async def still(self, seconds: float, *, step: float = 1.0) -> None:
        """Let time pass while every mark keeps arriving unchanged."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.clock.advance(min(step, end - self.clock.monotonic()))
            await self.marked(dict(self.marks))
            await self.turn()

    async def until(self, moment: datetime, *, step: float = MINUTE_SECONDS) -> None:
        """A still market until that moment, looked at once a minute."""
        await self.still((moment.astimezone(UTC) - self.clock.now()).total_seconds(), step=step)

    async def restart(self, *, down_for_seconds: float = 0.0) -> None:
        """The process ends and another begins with what the store remembers; marks come anew."""
        self.clock.advance(down_for_seconds)
        remembered = self._watch.sights.saved()
        self._make_watch(await self.store.load(), await self.store.silences())
        self._watch.sights.restore(remembered)
        await self.answered()

    def told(self, rule: str = "", channel: str = "") -> list[Told]:
        """What people have heard since this was last asked; of one rule or on one channel, where one is named."""
        heard = [
            (row.notification.reason, row.notification.severity, row.notification.alert_key.split("|")[2])
            for row in self.heard
            if rule in {"", row.notification.alert_key.split("|")[1]} and channel in {"", row.channel}
        ]
        self.heard.clear()
        return heard

    def said(self, rule: str) -> str:
        """Title and body of the last message about a rule."""
        notification = [row.notification for row in self.heard if f"|{rule}|" in row.notification.alert_key][-1]
        return f"{notification.title}\n{notification.body}"

    def state_of(self, rule: str, subject: str) -> str:
        """The state of one alert, in a word."""
        records = {(record.key.rule, record.key.subject): record for record in self._watch.records.values()}
        return records[rule, subject].state.value

    async def answered(self, **more: Any) -> None:
        """The account as it is, with what else the venue says of it (fields of the snapshot)."""
        snapshot = AccountSnapshot(
            account=ACCOUNT,
            venue=VENUE,
            positions=tuple(self.positions.values()),
            cross_wallets=dict(self.cross_wallets),
            as_of=self.clock.now(),
            source=SnapshotSource.STREAM,
            **more,
        )
        changes = self._watch.learn_instruments(ACCOUNT, self.contracts)
        await self._write(changes + self._watch.take_account(snapshot))

    async def looked_back(self, symbol: str, *candles: MarkCandle) -> None:
        """A gap of a market's prices is read back from its mark candles."""
        seen = extremes(candles, START - timedelta(days=1))
        await self._write(self._watch.look_back(VENUE, symbol, seen))

    async def turn(self) -> None:
        """What the daemon does once a second."""
        changes = self._watch.take_time()
        ages = list(self._selfwatch.ages())
        for finding in findings(ages, self._watch.records):
            changes += self._watch.take_finding(finding, self._watch.plan.staleness.alerts)
        self._selfwatch._report(ages)
        await self._write(changes)

    def _make_watch(self, records: Iterable[AlertRecord], silences: Iterable[Silence] = ()) -> None:
        minute, silent = timedelta(minutes=1), SilentWorld()
        account = AccountPlan(account=ACCOUNT, exchange=VENUE, venue=VENUE, reconcile_every=minute)
        plan = WatchPlan(
            accounts={ACCOUNT: account},
            policies=self._policy,
            staleness=StalenessLimits(
                mark_price=timedelta(seconds=15), mark_price_critical=timedelta(seconds=5), account=minute
            ),
            routing=self.routing,
            margin_call_ratio=0.8,
            voices=self.voices,
            translate=languages.load,
            conditions=self.conditions,
        )
        self._watch = Watch(plan, self.clock, records, silences)
        self._selfwatch = SelfWatch(
            watch=self._watch,
            recorder=Recorder(self.store, silent, silent),
            accounts={},
            service=silent,
            clock=self.clock,
            telemetry=silent,
            is_outbox_moving=lambda: self.is_outbox_moving,
        )

    def _policy(self, _account: str, symbol: str | None, _subject: str, kind: str) -> RulePolicy | None:
        """The ladder and options that the rule has by default, or by the story's settings; the story's patience."""
        own = {rule.kind: rule for rule in self.conditions}
        if kind in own:
            return self._policy_of_condition(own[kind])
        if kind not in self.rules:
            return None
        rule, stated = load_rule(kind), self._stated(symbol, kind)
        levels = tuple(Level(each, stated.levels[each], stated.clear[each]) for each in sorted(stated.levels))
        patience = replace(self.patience, hold={**stated.hold, **self.patience.hold})
        return RulePolicy(ladder=Ladder(rule.danger, levels, rule.limit), alerts=patience, options=stated.options)

    def _stated(self, symbol: str | None, kind: str) -> RuleSettings:
        """What the story's settings say of a rule, remembered."""
        key = (id(self.settings), symbol, kind)
        if key not in self._known_settings:
            self._known_settings[key] = rule_settings(self.settings, ACCOUNT, symbol, None, kind)
        return self._known_settings[key]

    def _policy_of_condition(self, rule: RuleKind) -> RulePolicy:
        levels = tuple(Level(severity, level, level) for severity, level in rule.levels.items())
        hold = dict.fromkeys(rule.levels, rule.hold) if rule.hold else {}
        return RulePolicy(ladder=Ladder(rule.danger, levels, rule.limit), alerts=replace(self.patience, hold=hold))

    async def _write(self, changes: list[AlertChange]) -> None:
        """Save, then deliver what may go out."""
        if changes:
            await self.store.commit(changes)
        await self.postman.deliver()


@pytest.fixture
async def story() -> AsyncIterator[Scenario]:
    """A story about to begin."""
    scenario = Scenario()
    yield scenario
    await scenario.store.close()
