"""Guards held to brute force: judging only what a tick touches tells exactly what judging everything tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock
from liqwatch.engine.plan import AccountPlan, StalenessLimits, WatchPlan
from liqwatch.engine.watch import AT_A_TICK, Watch
from liqwatch.model import (
    AccountSnapshot,
    AlertChange,
    AlertKey,
    AlertRecord,
    Instrument,
    MarkBatch,
    MarkRow,
    NotifyReason,
    Severity,
)
from liqwatch.rules import load_rule
from liqwatch.rules.base import Ladder
from liqwatch.testing.strategies import SYMBOLS, alert_policies, ladders, snapshots

VENUE = "binance_usdm"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STEPS = st.sampled_from([1e-10, 1e-9, 1e-7, 1e-5, 1e-3, 0.01, 0.05, 0.3])
"""How far a mark moves, as a fraction: from float noise to a crash."""
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

    def triggers(self, symbol: str) -> list[float]:
        return list(self.guarded.book._venues[VENUE][symbol].triggers)


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
def worlds(draw: st.DrawFn) -> World:
    accounts = [draw(snapshots(name)) for name in ("main", "second")[: draw(st.integers(1, 2))]]
    kinds = ("liquidation_distance", "margin_ratio", "figures_unknown")
    ladder_of = {kind: draw(ladders(load_rule(kind).danger)) for kind in kinds}
    made = world(accounts, ladder_of, draw(st.just(AlertPolicy()) | alert_policies()))
    made.tick([(symbol, draw(st.integers(8_000, 12_000)) / 100, 0) for symbol in SYMBOLS[:3]], 0.0)
    return made


def next_price(data: st.DataObject, made: World, symbol: str) -> float:
    """A step of some length, or a landing on, just before or just behind a trigger."""
    here = made.guarded.book.marks(VENUE, [symbol])[symbol]
    triggers = [price for price in made.triggers(symbol) if 0 < price < 1e4]
    lands_on_trigger: bool = data.draw(st.booleans())
    if triggers and lands_on_trigger:
        return data.draw(st.sampled_from(triggers)) * (1 + data.draw(OFFSETS))
    return here * (1 + data.draw(st.sampled_from([1, -1])) * data.draw(STEPS))


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_guards_tell_the_same_alerts_at_the_same_ticks_as_brute_force(data: st.DataObject) -> None:
    made = data.draw(worlds())
    held = made.guarded.book.symbols(VENUE)
    for index in range(data.draw(st.integers(1, 40))):
        moving = data.draw(st.lists(st.sampled_from(held), min_size=1, max_size=3, unique=True))
        rows = [(symbol, next_price(data, made, symbol), index) for symbol in moving]
        made.tick(rows, data.draw(st.sampled_from([0.0, 0.1, 1.0, 30.0])))
    assert states(made.guarded) == states(made.thorough)
