"""What people are told when the present cannot be seen, or when the venue has acted by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock
from liqwatch.engine.plan import AccountPlan, StalenessLimits, WatchPlan
from liqwatch.engine.watch import Watch
from liqwatch.model import (
    AccountSnapshot,
    AlertChange,
    Instrument,
    LeverageTier,
    MarginMode,
    MarkBatch,
    NotifyReason,
    Position,
    Severity,
    Side,
    SnapshotSource,
)
from liqwatch.rules.base import Danger, Ladder, Level

START = datetime(2026, 11, 25, 3, tzinfo=UTC)
BTC = Instrument(
    symbol="BTC/USDT:USDT",
    native_symbol="BTCUSDT",
    settle_currency="USDT",
    tiers=(LeverageTier(notional_floor=0, notional_cap=1e9, maintenance_margin_rate=0.004),),
)
LONG = Position(
    symbol=BTC.symbol,
    side=Side.LONG,
    contracts=1.0,
    entry_price=100.0,
    margin_mode=MarginMode.ISOLATED,
    isolated_wallet=10.0,
)
REPEATING = RulePolicy(
    ladder=Ladder(Danger.BELOW, (Level(Severity.CRITICAL, 0.08, 0.09),)),
    alerts=AlertPolicy(repeat_every={Severity.CRITICAL: timedelta(seconds=30)}),
)

POLICIES = {
    "liquidation_distance": REPEATING,
    "position_closed": RulePolicy(ladder=Ladder(Danger.ABOVE, ()), alerts=AlertPolicy()),
}


def watch_on(clock: ManualClock) -> Watch:
    plan = WatchPlan(
        accounts={
            "main": AccountPlan(
                account="main", exchange="binance_usdm", venue="v", reconcile_every=timedelta(seconds=20)
            )
        },
        policies=lambda _account, _symbol, _subject, kind: POLICIES.get(kind),
        staleness=StalenessLimits(
            mark_price=timedelta(seconds=15), mark_price_critical=timedelta(seconds=5), account=timedelta(seconds=60)
        ),
        routing=Routing((Route(min_severity=Severity.NOTICE, channels=("chat",)),), ("chat",)),
        margin_call_ratio=0.8,
    )
    watch = Watch(plan, clock)
    watch.learn_instruments("main", {BTC.symbol: BTC})
    return watch


def account(*positions: Position, forced: str | None = None) -> AccountSnapshot:
    return AccountSnapshot(
        account="main",
        venue="v",
        positions=positions,
        cross_wallets={},
        as_of=START,
        source=SnapshotSource.REST,
        forced={LONG.subject: forced} if forced else {},
    )


def titles(changes: list[AlertChange]) -> list[str]:
    return [notification.title for change in changes for notification in change.notifications]


def test_what_the_venue_closes_is_told_once_each_time_it_happens_alert_or_not() -> None:
    watch = watch_on(ManualClock(START))
    watch.take_account(account(LONG))
    (told,) = titles(watch.take_account(account(forced="liquidated by the venue")))
    assert told == f"🆘 EMERGENCY · {LONG.subject} · liquidated by the venue"
    assert titles(watch.take_account(account(forced="liquidated by the venue"))) == []
    assert titles(watch.take_account(account(LONG))) == []
    assert titles(watch.take_account(account(forced="liquidated by the venue"))) == [told]


def test_a_reminder_without_a_fresh_price_does_not_speak_of_the_present() -> None:
    clock = ManualClock(START)
    watch = watch_on(clock)
    watch.take_account(account(LONG))
    (first,) = watch.take_marks(MarkBatch("v", [(BTC.symbol, 95.0, 1)], clock.monotonic()))
    assert "last known" not in first.notifications[0].title
    clock.advance(31)
    (reminder,) = watch.take_time()
    (told,) = reminder.notifications
    assert told.reason is NotifyReason.REPEATED
    assert "last known: 4.9% to liquidation" in told.title
    assert "No mark price for 31 s: these are the last known figures." in told.body
