"""A rule that fails is told of, and blinds no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock
from liqwatch.engine.plan import AccountPlan, StalenessLimits, WatchPlan
from liqwatch.engine.watch import Watch
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import (
    AccountSnapshot,
    Instrument,
    MarginMode,
    MarkBatch,
    Position,
    Reading,
    Severity,
    Side,
    SnapshotSource,
)
from liqwatch.rules import load_rule
from liqwatch.rules.base import Danger, Ladder, Level, RuleKind
from liqwatch.rules.sight import Sight

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BTC, VENUE = "BTC/USDT:USDT", "binance_usdm"
CONTRACT = Instrument(
    symbol=BTC, native_symbol=BTC, settle_currency="USDT", tiers=tiers_with_deductions([(0.0, 1e12, 0.01)])
)
LADDER = Ladder(Danger.BELOW, (Level(Severity.CRITICAL, 0.08, 0.09),))


def by_nothing(_sight: Sight) -> Reading:
    return 1 / 0


def no_lines(_sight: Sight) -> tuple[str, ...]:
    return (dict[str, str]()["detail"],)


BROKEN = replace(load_rule("liquidation_distance"), kind="broken")


def watch_with(rule: RuleKind, clock: ManualClock) -> Watch:
    policy = RulePolicy(ladder=LADDER, alerts=AlertPolicy())
    minute = timedelta(minutes=1)
    plan = WatchPlan(
        accounts={"main": AccountPlan(account="main", exchange=VENUE, venue=VENUE, reconcile_every=minute)},
        policies=lambda _account, _symbol, _subject, kind: (
            policy if kind in {"liquidation_distance", "broken"} else None
        ),
        staleness=StalenessLimits(mark_price=minute, mark_price_critical=minute, account=minute),
        routing=Routing((Route(min_severity=Severity.NOTICE, channels=("chat",)),), ("chat",)),
        margin_call_ratio=0.8,
        conditions=(rule,),
    )
    return Watch(plan, clock)


@pytest.mark.parametrize(
    ("rule", "named"),
    [(replace(BROKEN, read=by_nothing), "ZeroDivisionError"), (replace(BROKEN, detail=no_lines), "KeyError")],
    ids=["its figure", "its words"],
)
def test_a_rule_that_fails_is_told_of_once_and_the_others_go_on(rule: RuleKind, named: str) -> None:
    clock = ManualClock(START)
    watch = watch_with(rule, clock)
    position = Position(
        symbol=BTC, side=Side.LONG, contracts=10.0, entry_price=100.0, margin_mode=MarginMode.ISOLATED,
        isolated_wallet=200.0,
    )  # fmt: skip
    snapshot = AccountSnapshot(
        account="main", venue=VENUE, positions=(position,), cross_wallets={}, as_of=START, source=SnapshotSource.REST
    )
    changes = watch.learn_instruments("main", {BTC: CONTRACT}) + watch.take_account(snapshot)
    changes += watch.take_marks(MarkBatch(VENUE, [(BTC, 86.0, 1)], clock.monotonic()))
    changes += watch.take_account(snapshot)
    told = [each for change in changes for each in change.notifications]
    faults = [each for each in told if "rule_failing" in each.alert_key]
    assert len(faults) == 1
    assert named in faults[0].title
    assert any(each.alert_key == f"main|liquidation_distance|{BTC} long" for each in told)
