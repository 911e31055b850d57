"""Guards held to brute force: judging only what a tick touches tells exactly what judging everything tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liqwatch.alerts.answers import acknowledged
from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock
from liqwatch.engine.book import PoolKey
from liqwatch.engine.plan import AccountPlan, StalenessLimits, WatchPlan
from liqwatch.engine.watch import AT_A_TICK, Watch
from liqwatch.margin.assess import price_at_margin_ratio
from liqwatch.margin.exact_guard import ExactGuard
from liqwatch.margin.marked import MarkedPool
from liqwatch.model import (
    AccountSnapshot,
    AlertChange,
    AlertKey,
    AlertRecord,
    Instrument,
    MarginMode,
    MarkBatch,
    MarkRow,
    NotifyReason,
    Severity,
    Side,
    SnapshotSource,
)
from liqwatch.rules import load_rule
from liqwatch.rules.base import Ladder
from liqwatch.testing.strategies import SYMBOLS, alert_policies, holdings, ladders, snapshots

VENUE = "binance_usdm"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STEPS = st.sampled_from([1e-10, 1e-9, 1e-7, 1e-5, 1e-3, 0.01, 0.05, 0.3])
"""How far a mark moves, as a fraction: from float noise to a crash."""
KINDS = ("liquidation_distance", "margin_ratio", "margin_call", "figures_unknown", "leverage", "distance_in_volatility")
"""Those that follow every tick, and two that do not."""
ROUND_SECONDS = 5.0
ALMOST = 0.9999
"""So much of the way to the edge of an interval: no guard is touched."""
OFFSETS = st.sampled_from([0.0, 1e-13, -1e-13, 5e-10, -5e-10, 2e-9, -2e-9, 1e-6, -1e-6])
"""Where a mark lands beside a trigger."""

Told: TypeAlias = tuple[NotifyReason, str, tuple[str, ...]]
Account: TypeAlias = tuple[AccountSnapshot, dict[str, Instrument]]


class EveryTick(Watch):
    """The reference: every pool is judged on every tick, guards or no guards."""

    def take_marks(self, batch: MarkBatch) -> list[AlertChange]:
        self.book.apply(batch)
        now = self._clock.now()
        return [change for key in self._pools.by_key for change in self._look(key, now, AT_A_TICK)]


@dataclass(frozen=True, slots=True)
class World:
    """Two watches that differ only in how often they judge, under one clock."""

    clock: ManualClock
    guarded: Watch
    thorough: EveryTick

    def tick(self, rows: list[MarkRow], elapsed_seconds: float) -> None:
        """Both watches see the same tick and must say the same."""
        self.clock.advance(elapsed_seconds)
        assert told(self.guarded.take_time()) == told(self.thorough.take_time())
        batch = MarkBatch(VENUE, rows, self.clock.monotonic())
        assert told(self.guarded.take_marks(batch)) == told(self.thorough.take_marks(batch))
        assert states(self.guarded) == states(self.thorough)

    def everybody_is_looked_at(self) -> None:
        """The rounds of the rules that do not follow every tick."""
        self.clock.advance(ROUND_SECONDS)
        assert told(self.guarded.take_time()) == told(self.thorough.take_time())

    def answer_of_the_account(self, share: float, is_reduced: bool) -> None:
        """The venue shows that money was moved, or that every position was reduced to a share."""
        for snapshot in list(self.guarded.snapshots.values()):
            positions = [replace(each, contracts=each.contracts * share) for each in snapshot.positions]
            wallets = {currency: wallet * share for currency, wallet in snapshot.cross_wallets.items()}
            after = (
                replace(snapshot, positions=tuple(positions))
                if is_reduced
                else replace(snapshot, cross_wallets=wallets)
            )
            assert told(self.guarded.take_account(after)) == told(self.thorough.take_account(after))

    def acknowledge(self, key: AlertKey) -> None:
        """Somebody has seen it. A further loss between levels is noticed at the next round: here it never counts."""
        for watch in (self.guarded, self.thorough):
            answered = replace(acknowledged(watch.records[key], "anna", self.clock.now()), answered_room=None)
            watch.alarms.replace_record(answered, self.clock.now())

    def corner(self, owner: PoolKey, favoured: Side) -> list[MarkRow]:
        """All marks of a pool as far as its guard lets them go, for or against its positions: the worst it allows."""
        rows = []
        for holding in self.guarded.health[owner].pool.holdings:
            symbol, rises = holding.position.symbol, holding.position.side is favoured
            market = self.guarded.book._venues[VENUE][symbol]
            place = market._places.get(owner)
            edge = (place.high if rises else place.low) if place else market.price
            is_near = 0.0 < edge < 1e4 and market.price > 0
            rows.append((symbol, market.price + (edge - market.price) * ALMOST if is_near else market.price, 0))
        return [row for row in rows if row[1] > 0]

    def thresholds(self, symbol: str) -> list[float]:
        """Marks near which a guard might err: where a threshold is reached, and the edges of the intervals."""
        book = self.guarded.book
        market = book._venues[VENUE][symbol]
        found = [market.lower, market.upper]
        for owner, guard in book._guards.items():
            if isinstance(guard, ExactGuard):
                found += guard.prices.get(symbol, [])
            elif (health := self.guarded.health[owner]).marked.why_unknown is None:
                marked = MarkedPool(health.pool, book.marks(VENUE, health.pool.symbols))
                found += _thresholds_along(marked, symbol)
        return found


def told(changes: list[AlertChange]) -> list[tuple[AlertRecord, list[Told]]]:
    """Every change with what it says to whom. Words that tell a figure between two thresholds may differ."""
    lines = [
        (without_figures(change.record), [(each.reason, each.title, each.channels) for each in change.notifications])
        for change in changes
        if change.record is not None
    ]
    return sorted(lines, key=lambda line: str(line[0].key))


def states(watch: Watch) -> dict[AlertKey, AlertRecord]:
    return {key: without_figures(record) for key, record in watch.records.items()}


def without_figures(record: AlertRecord) -> AlertRecord:
    """Figures are noted at each look, and brute force looks more often."""
    return replace(record, reading=None, room=None, worst_reading=None, worst_room=None, worst_at=None)


def _thresholds_along(marked: MarkedPool, symbol: str) -> list[float]:
    """The marks of one market of a pool at which some round ratios and distances are reached, the others standing."""
    found: list[float] = []
    for holding in marked.pool.holdings:
        if holding.position.symbol == symbol:
            prices = [price_at_margin_ratio(marked, holding, ratio / 100) for ratio in (10, 30, 50, 80, 90, 100)]
            found += [price for price in prices if isinstance(price, float)]
            if isinstance(prices[-1], float):
                shocks = (1 - holding.position.side.value * distance / 100 for distance in (4, 8, 20, 60))
                found += [prices[-1] / shock for shock in shocks]
    return found


def world(accounts: list[Account], ladder_of: dict[str, Ladder], patience: AlertPolicy) -> World:
    names = [snapshot.account for snapshot, _ in accounts]
    policies = {kind: RulePolicy(ladder=ladder, alerts=patience) for kind, ladder in ladder_of.items()}
    plan = WatchPlan(
        accounts={
            name: AccountPlan(account=name, exchange=VENUE, venue=VENUE, reconcile_every=MINUTE) for name in names
        },
        policies=lambda _account, _symbol, _subject, kind: policies.get(kind),
        staleness=StalenessLimits(mark_price=MINUTE, mark_price_critical=MINUTE, account=MINUTE),
        routing=Routing((Route(min_severity=Severity.NOTICE, channels=("chat",)),), ("chat",)),
        margin_call_ratio=0.8,
    )
    clock = ManualClock(START)
    made = World(clock, Watch(plan, clock), EveryTick(plan, clock))
    for snapshot, instruments in accounts:
        for watch in (made.guarded, made.thorough):
            watch.learn_instruments(snapshot.account, instruments)
            watch.take_account(snapshot)
    return made


@st.composite
def cross_accounts(draw: st.DrawFn, name: str) -> Account:
    """One position in each of up to six markets, over one wallet from thin to ample."""
    held = [draw(holdings(symbol, MarginMode.CROSS)) for symbol in SYMBOLS[: draw(st.integers(2, 6))]]
    away = {each.position.symbol: draw(st.none() | st.integers(3, 60)) for each in held}
    positions = tuple(
        replace(each, reported_liquidation_price=far and each.entry_price * (1 - each.side.value * far / 100))
        for each, far in ((each.position, away[each.position.symbol]) for each in held)
    )
    gross = sum(position.contracts * position.entry_price for position in positions)
    snapshot = AccountSnapshot(
        account=name,
        venue=VENUE,
        positions=positions,
        cross_wallets={"USDT": gross * draw(st.integers(2, 100)) / 100},
        as_of=START,
        source=SnapshotSource.REST,
    )
    return snapshot, {each.position.symbol: each.instrument for each in held if each.instrument}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """One or two accounts, or one account three times over, under any ladders of the rules that follow every tick."""
    account = st.sampled_from([snapshots, cross_accounts])
    accounts = [draw(draw(account)(name)) for name in ("main", "second")[: draw(st.integers(1, 2))]]
    if draw(st.booleans()):
        snapshot, instruments = accounts[0]
        accounts = [(replace(snapshot, account=name), instruments) for name in ("main", "twin", "triplet")]
    ladder_of = {kind: draw(ladders(load_rule(kind).danger)) for kind in KINDS}
    made = world(accounts, ladder_of, draw(st.just(AlertPolicy()) | alert_policies()))
    made.tick([(symbol, draw(st.integers(8_000, 12_000)) / 100, 0) for symbol in SYMBOLS[:6]], 0.0)
    return made


def next_price(data: st.DataObject, made: World, symbol: str) -> float:
    """A step of some length, or a landing on, just before or just behind a threshold."""
    here = made.guarded.book.marks(VENUE, [symbol])[symbol]
    thresholds = [price for price in made.thresholds(symbol) if 0 < price < 1e4]
    lands_on_threshold: bool = data.draw(st.booleans())
    if thresholds and lands_on_threshold:
        return data.draw(st.sampled_from(thresholds)) * (1 + data.draw(OFFSETS))
    return here * (1 + data.draw(st.sampled_from([1, -1])) * data.draw(STEPS))


def walk(data: st.DataObject, made: World, ticks: int) -> None:
    held = made.guarded.book.symbols(VENUE)
    for _ in range(ticks):
        if data.draw(st.integers(0, 2)):
            moving = data.draw(st.lists(st.sampled_from(held), min_size=1, max_size=3, unique=True))
            rows = [(symbol, next_price(data, made, symbol), 0) for symbol in moving]
        else:
            rows = made.corner(
                data.draw(st.sampled_from(sorted(made.guarded.health))), data.draw(st.sampled_from(Side))
            )
        made.tick(rows, data.draw(st.sampled_from([0.0, 0.1, 1.0, 30.0])))


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_guards_tell_the_same_alerts_at_the_same_ticks_as_brute_force(data: st.DataObject) -> None:
    walk(data, data.draw(worlds()), data.draw(st.integers(1, 40)))


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_so_they_do_after_the_account_has_changed(data: st.DataObject) -> None:
    made = data.draw(worlds())
    for _ in range(3):
        walk(data, made, data.draw(st.integers(1, 8)))
        made.answer_of_the_account(data.draw(st.sampled_from([0.3, 0.9, 1.1])), data.draw(st.booleans()))
    walk(data, made, 3)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_so_they_do_after_somebody_has_answered_from_the_next_round_on(data: st.DataObject) -> None:
    made = data.draw(worlds())
    for _ in range(3):
        walk(data, made, data.draw(st.integers(1, 8)))
        made.everybody_is_looked_at()
        for key in sorted(made.guarded.records, key=str):
            if made.guarded.records[key].told and data.draw(st.booleans()):
                made.acknowledge(key)
        made.everybody_is_looked_at()
    walk(data, made, 8)
