"""Nothing is hidden by what is hidden itself: other alerts, silences, quiet hours, restarts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from liqwatch.alerts.answers import acknowledged
from liqwatch.alerts.hours import Hours, QuietHours
from liqwatch.alerts.policy import AlertPolicy, EscalationStep, RulePolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock
from liqwatch.engine.conditions import CHANNEL_FAILING, DATA_STALENESS, trouble
from liqwatch.engine.plan import AccountPlan, StalenessLimits, WatchPlan
from liqwatch.engine.selfwatch import findings
from liqwatch.engine.watch import Watch
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import (
    AccountSnapshot,
    AlertChange,
    AlertKey,
    AlertRecord,
    AlertState,
    Instrument,
    MarginMode,
    MarkBatch,
    Notification,
    NotifyReason,
    OrderKind,
    Position,
    RestingOrder,
    Severity,
    Side,
    Silence,
    SnapshotSource,
)
from liqwatch.rules.base import Danger, Ladder, Level

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BTC, ETH, POOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "cross USDT"
LONG, VENUE, HOUR = f"{BTC} long", "binance_usdm", timedelta(hours=1)
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
FIRST, WORSENED, RESOLVED = NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.RESOLVED
DISTANCE, RATIO, CLOSED = "liquidation_distance", "margin_ratio", "position_closed"
TIERS = tiers_with_deductions([(0.0, 1e12, 0.01)])
CONTRACTS = {
    symbol: Instrument(symbol=symbol, native_symbol=symbol, settle_currency="USDT", price_tick=0.01, tiers=TIERS)
    for symbol in (BTC, ETH)
}
BELOW = Ladder(Danger.BELOW, (Level(WARNING, 0.15, 0.165), Level(CRITICAL, 0.08, 0.088), Level(EMERGENCY, 0.04, 0.044)))
ABOVE = Ladder(Danger.ABOVE, (Level(WARNING, 0.1, 0.09), Level(CRITICAL, 0.2, 0.18), Level(EMERGENCY, 0.3, 0.27)), 1.0)
PATIENCE = AlertPolicy()
EVERYBODY = Routing((Route(min_severity=NOTICE, channels=("chat",)),), ("chat",))

Heard = tuple[str, NotifyReason, Severity]


class World:
    """One account, its watch, and what people hear."""

    def __init__(self, *rules: str, patience: AlertPolicy = PATIENCE, routing: Routing = EVERYBODY) -> None:
        self.rules = set(rules)
        self.patience = patience
        self.routing = routing
        self.clock = ManualClock(START)
        self.positions: list[Position] = []
        self.wallets = {"USDT": 0.0}
        self.notifications: list[Notification] = []
        self.stored: dict[AlertKey, AlertRecord] = {}
        self.watch = self.begun()

    def begun(self, records: Iterable[AlertRecord] = (), silences: Iterable[Silence] = ()) -> Watch:
        plan = WatchPlan(
            accounts={
                "main": AccountPlan(account="main", exchange=VENUE, venue=VENUE, reconcile_every=timedelta(seconds=20))
            },
            policies=self._policy,
            staleness=StalenessLimits(
                mark_price=timedelta(seconds=15),
                mark_price_critical=timedelta(seconds=5),
                account=timedelta(seconds=60),
            ),
            routing=self.routing,
            margin_call_ratio=0.8,
        )
        return Watch(plan, self.clock, records, silences)

    def hold(self, symbol: str, mode: MarginMode = MarginMode.ISOLATED, reported: float | None = None) -> None:
        self.positions.append(
            Position(
                symbol=symbol,
                side=Side.LONG,
                contracts=10.0,
                entry_price=100.0,
                margin_mode=mode,
                isolated_wallet=200.0 if mode is MarginMode.ISOLATED else None,
                reported_liquidation_price=reported,
            )
        )

    def answered(self, **forced: str) -> None:
        """The account as it is; `forced`: what the venue has closed, by coin."""
        snapshot = AccountSnapshot(
            account="main",
            venue=VENUE,
            positions=tuple(self.positions),
            cross_wallets=self.wallets,
            as_of=self.clock.now(),
            source=SnapshotSource.REST,
            forced={f"{coin}/USDT:USDT long": word for coin, word in forced.items()},
        )
        self.hear(self.watch.learn_instruments("main", CONTRACTS) + self.watch.take_account(snapshot))

    def marked(self, **prices: float) -> None:
        self.clock.advance(0.1)
        now = self.clock.monotonic()
        rows = [(f"{coin}/USDT:USDT", price, round(now * 1000)) for coin, price in prices.items()]
        self.hear(self.watch.take_marks(MarkBatch(VENUE, rows, now)))

    def passes(self, seconds: float, step: float = 5.0) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.clock.advance(min(step, end - self.clock.monotonic()))
            self.hear(self.watch.take_time())

    def hear(self, changes: Iterable[AlertChange]) -> None:
        for change in changes:
            self.notifications.extend(change.notifications)
            if change.record is not None:
                self.stored[change.record.key] = change.record

    def heard(self) -> list[Heard]:
        told = [(each.alert_key.split("|")[1], each.reason, each.severity) for each in self.notifications]
        self.notifications.clear()
        return told

    def silence(self, rule: str = "", hours: float = 1.0) -> None:
        now = self.clock.now()
        until = now + timedelta(hours=hours)
        silence = Silence(silence_id=f"{now}", began_at=now, until=until, by="anna", rule=rule)
        self.watch.alarms.silences[silence.silence_id] = silence

    def acknowledge(self, rule: str, subject: str) -> None:
        record = self.watch.records[AlertKey("main", rule, subject)]
        self.watch.alarms.replace_record(acknowledged(record, "anna", self.clock.now()), self.clock.now())

    def restart(self, *, down_for_seconds: float = 0.0) -> None:
        silences = list(self.watch.alarms.silences.values())
        self.clock.advance(down_for_seconds)
        self.watch = self.begun(self.stored.values(), silences)

    def state(self, rule: str, subject: str) -> AlertState:
        return self.watch.records[AlertKey("main", rule, subject)].state

    def _policy(self, _account: str, _symbol: str | None, _subject: str, kind: str) -> RulePolicy | None:
        ladders: Mapping[str, Ladder] = {
            DISTANCE: BELOW,
            RATIO: ABOVE,
            CLOSED: Ladder(Danger.ABOVE, (Level(NOTICE, 1.0, 1.0),)),
            "adl_rank": Ladder(Danger.ABOVE, (Level(WARNING, 0.75, 0.7),)),
        }
        return RulePolicy(ladder=ladders[kind], alerts=self.patience) if kind in self.rules else None


def pool_of_two(world: World, reported: float | None = None) -> None:
    """A cross pool at a margin ratio of 32 %, an emergency here; both of its positions are 4.2 % from liquidation."""
    world.wallets = {"USDT": 62.0}
    world.hold(BTC, MarginMode.CROSS, reported)
    world.hold(ETH, MarginMode.CROSS)
    world.answered()
    world.marked(BTC=130.0, ETH=130.0)
    assert world.heard() == []
    world.marked(BTC=100.0, ETH=100.0)


def test_the_alarm_of_a_pool_speaks_for_its_positions() -> None:
    world = World(DISTANCE, RATIO)
    pool_of_two(world)
    assert world.heard() == [(RATIO, FIRST, EMERGENCY)]
    assert world.state(DISTANCE, LONG) is AlertState.FIRING


def test_the_alarm_of_a_pool_that_is_silenced_silences_nobody_else() -> None:
    world = World(DISTANCE, RATIO)
    world.silence(RATIO)
    pool_of_two(world)
    assert world.heard() == [(DISTANCE, FIRST, CRITICAL)] * 2
    assert world.state(RATIO, POOL) is AlertState.FIRING


def test_a_silence_that_begins_later_leaves_the_positions_their_voice() -> None:
    world = World(DISTANCE, RATIO)
    pool_of_two(world)
    world.heard()
    world.silence(RATIO)
    world.passes(11.0)
    assert world.heard() == [(DISTANCE, FIRST, CRITICAL)] * 2


def test_an_acknowledged_alarm_of_a_pool_keeps_speaking_for_what_was_as_bad_by_then() -> None:
    world = World(DISTANCE, RATIO)
    pool_of_two(world)
    world.heard()
    world.acknowledge(RATIO, POOL)
    world.passes(60.0)
    assert world.heard() == []


def test_a_position_that_gets_worse_after_the_pools_alarm_was_acknowledged_is_told() -> None:
    world = World(DISTANCE, RATIO)
    pool_of_two(world)
    world.heard()
    world.acknowledge(RATIO, POOL)
    world.wallets = {"USDT": 55.0}
    world.clock.advance(1.0)
    world.answered()
    assert world.heard() == [(DISTANCE, FIRST, EMERGENCY)] * 2


def test_an_alarm_of_a_pool_whose_figure_is_unknown_speaks_for_nobody() -> None:
    world = World(DISTANCE, RATIO)
    pool_of_two(world, reported=95.0)
    world.heard()
    world.wallets = {}
    world.answered()
    assert world.state(RATIO, POOL) is AlertState.FIRING
    assert world.heard() == [(DISTANCE, FIRST, CRITICAL)]


def test_what_happens_in_a_silence_is_told_when_it_ends_with_its_own_time() -> None:
    world = World(CLOSED)
    world.hold(BTC)
    world.answered()
    world.marked(BTC=130.0)
    world.silence()
    world.positions.clear()
    world.answered(BTC="liquidated at 80.5")
    world.passes(3_590.0, step=60.0)
    assert world.notifications == []
    world.passes(20.0)
    (told,) = world.notifications
    assert (told.reason, told.severity, told.can_be_answered) == (FIRST, EMERGENCY, False)
    assert "liquidated at 80.5" in told.title
    assert "It happened at 2026-11-20 12:00 UTC and was held back until now." in told.body
    world.passes(600.0)
    assert len(world.notifications) == 1
    assert world.state(CLOSED, LONG) is AlertState.OK


def test_what_happens_in_quiet_hours_is_there_in_the_morning() -> None:
    quiet = QuietHours(hours=Hours(UTC, time(11), time(13)))
    world = World(CLOSED, routing=replace(EVERYBODY, quiet=(quiet,)))
    world.hold(BTC)
    world.answered()
    world.marked(BTC=130.0)
    world.watch.sights.learn_orders("main", ())
    world.clock.advance(1.0)
    world.positions.clear()
    world.answered()
    world.passes(3_500.0, step=60.0)
    assert world.heard() == []
    world.passes(120.0)
    assert [reason for _, reason, _ in world.heard()] == [FIRST]


def test_what_was_held_back_is_told_after_a_restart_too() -> None:
    world = World(CLOSED)
    world.hold(BTC)
    world.answered()
    world.silence()
    world.positions.clear()
    world.answered(BTC="liquidated at 80.5")
    world.restart()
    world.answered()
    world.passes(3_590.0, step=60.0)
    assert world.heard() == []
    world.passes(20.0)
    assert world.heard() == [(CLOSED, FIRST, EMERGENCY)]


def test_an_end_that_nobody_has_been_told_of_does_not_swallow_the_end_of_the_alert() -> None:
    world = World(DISTANCE, CLOSED)
    world.hold(BTC)
    world.answered()
    world.marked(BTC=130.0)
    world.marked(BTC=81.5)
    assert world.heard() == [(DISTANCE, FIRST, EMERGENCY)]
    world.silence()
    world.positions.clear()
    world.answered(BTC="liquidated at 80.5")
    assert world.heard() == [(DISTANCE, RESOLVED, EMERGENCY)]


def test_silences_that_are_renewed_hide_nothing_critical_for_more_than_an_hour() -> None:
    world = World(DISTANCE)
    world.hold(BTC)
    world.answered()
    world.marked(BTC=130.0)
    world.silence()
    world.marked(BTC=86.0)
    world.passes(3_540.0, step=60.0)
    world.silence()
    assert world.heard() == []
    world.passes(120.0, step=10.0)
    assert world.heard() == [(DISTANCE, FIRST, CRITICAL)]


def test_reminders_and_escalation_go_on_after_a_restart_while_the_account_cannot_be_read() -> None:
    steps = (EscalationStep(timedelta(minutes=5), ("phone",)),)
    routing = Routing((Route(min_severity=NOTICE, channels=("chat",)),), ("chat", "phone"))
    world = World(DISTANCE, patience=AlertPolicy(escalation={CRITICAL: steps}), routing=routing)
    world.hold(BTC)
    world.answered()
    world.marked(BTC=130.0)
    world.marked(BTC=86.0)
    world.notifications.clear()
    world.restart(down_for_seconds=60.0)
    world.passes(240.0)
    (told,) = world.notifications
    assert (told.reason, told.channels) == (NotifyReason.ESCALATED, ("chat", "phone"))
    assert "not looked at since the start" in told.title + told.body


def test_one_empty_answer_after_a_restart_ends_neither_a_pool_nor_its_positions() -> None:
    world = World(DISTANCE, RATIO)
    pool_of_two(world)
    world.restart()
    assert world.watch.burning_subjects("main") >= {POOL, LONG}


@pytest.mark.parametrize(
    "key",
    [
        AlertKey("main", "a condition of last week", LONG),
        AlertKey("sold", DISTANCE, LONG),
        AlertKey("", CHANNEL_FAILING, "channel pager"),
    ],
    ids=["condition", "account", "channel"],
)
@pytest.mark.parametrize("told", [CRITICAL, None])
def test_alerts_of_what_the_plan_no_longer_has_are_ended(key: AlertKey, told: Severity | None) -> None:
    world = World(DISTANCE)
    record = AlertRecord(key=key, state=AlertState.FIRING, severity=CRITICAL, peak=CRITICAL, told=told, episode=1)
    world.stored = {key: record}
    world.restart()
    world.hear(world.watch.close_removed_accounts())
    assert world.watch.records[key].state is AlertState.OK
    assert [reason for _, reason, _ in world.heard()] == ([RESOLVED] if told else [])


def test_a_stream_is_not_called_unfollowed_before_all_accounts_are_read() -> None:
    stale = trouble(DATA_STALENESS, "mark prices of binance_usdm", "silent", WARNING).key
    assert list(findings([], [stale], is_all_known=False)) == []
    assert [finding.verdict for finding in findings([], [stale], is_all_known=True)] == [None]


def test_alerts_that_no_look_at_a_pool_judges_are_reminded_of_all_the_same() -> None:
    patience = AlertPolicy(repeat_every={WARNING: timedelta(minutes=1)})
    world = World("adl_rank", patience=patience)
    world.hold(BTC)
    world.positions[0] = replace(world.positions[0], adl_rank=4.0)
    world.answered()
    world.marked(BTC=130.0)
    world.answered()
    assert world.heard() == [("adl_rank", FIRST, WARNING)]
    world.passes(70.0)
    assert world.heard() == [("adl_rank", NotifyReason.REPEATED, WARNING)]


def test_a_stop_that_was_last_read_before_the_end_explains_it() -> None:
    world = World(CLOSED, DISTANCE)
    stop = RestingOrder(symbol=BTC, order_side=Side.SHORT, kind=OrderKind.STOP, trigger_price=95.0, is_reduce_only=True)
    world.hold(BTC)
    world.answered()
    world.marked(BTC=100.0)
    world.watch.sights.learn_orders("main", [stop])
    world.clock.advance(300.0)
    world.watch.sights.learn_orders("main", [stop])
    world.clock.advance(20.0)
    world.answered()
    world.marked(BTC=94.9)
    world.positions.clear()
    world.clock.advance(20.0)
    world.answered()
    assert any("stopped by its stop order at 95" in each.title for each in world.notifications)


def test_an_all_clear_reaches_whoever_was_told_however_late_it_is() -> None:
    quiet = QuietHours(hours=Hours(UTC, time(12, 30), time(18)))
    steps = (EscalationStep(timedelta(minutes=5), ("phone",)),)
    routing = Routing((Route(min_severity=NOTICE, channels=("chat",)),), ("chat", "phone"), quiet=(quiet,))
    world = World(DISTANCE, patience=AlertPolicy(escalation={WARNING: steps}), routing=routing)
    world.hold(BTC)
    world.answered()
    world.marked(BTC=130.0)
    world.marked(BTC=93.0)
    world.passes(3_600.0, step=60.0)
    world.notifications.clear()
    world.marked(BTC=130.0)
    (told,) = world.notifications
    assert (told.reason, told.channels, told.is_silent) == (RESOLVED, ("chat", "phone"), True)


def test_an_escalation_of_a_warning_leaves_a_channel_in_quiet_hours_alone() -> None:
    quiet = QuietHours(hours=Hours(UTC, time(11), time(13)), channels=frozenset({"phone"}))
    steps = (EscalationStep(timedelta(minutes=5), ("phone",)),)
    routing = Routing((Route(min_severity=NOTICE, channels=("chat",)),), ("chat", "phone"), quiet=(quiet,))
    patience = AlertPolicy(escalation={WARNING: steps, CRITICAL: steps})
    for mark, told in ((93.0, [("chat",)]), (86.0, [("chat", "phone")])):
        world = World(DISTANCE, patience=patience, routing=routing)
        world.hold(BTC)
        world.answered()
        world.marked(BTC=130.0)
        world.marked(BTC=mark)
        world.passes(310.0)
        assert [each.channels for each in world.notifications if each.reason is NotifyReason.ESCALATED] == told


def test_a_liquidation_right_after_the_mark_reached_its_price_is_not_called_the_users_own_doing() -> None:
    """Nobody looked in between, and with the position the market is followed no longer."""
    world = World(CLOSED, DISTANCE)
    world.watch.sights.learn_orders("main", ())
    world.hold(BTC)
    world.answered()
    world.marked(BTC=130.0)
    world.passes(60.0)
    world.marked(BTC=80.5)
    world.positions.clear()
    world.answered()
    assert any("probably liquidated" in each.title for each in world.notifications)


def test_a_size_that_differs_by_rounding_alone_has_not_shrunk() -> None:
    world = World(CLOSED)
    world.hold(BTC)
    world.positions[0] = replace(world.positions[0], contracts=0.1 + 0.2)
    world.answered()
    world.positions[0] = replace(world.positions[0], contracts=0.3)
    world.answered()
    assert world.heard() == []


def test_what_happens_waits_for_no_hold() -> None:
    world = World(CLOSED, patience=AlertPolicy(hold=dict.fromkeys(Severity, timedelta(minutes=1))))
    world.hold(BTC)
    world.answered()
    world.positions.clear()
    world.answered(BTC="liquidated at 80.5")
    assert world.heard() == [(CLOSED, FIRST, EMERGENCY)]


def test_contracts_that_are_the_same_for_an_account_do_not_have_it_judged_again() -> None:
    world = World(DISTANCE)
    world.hold(BTC)
    world.answered()
    judged = world.watch.health["main", LONG]
    assert world.watch.learn_instruments("main", dict(CONTRACTS)) == []
    assert world.watch.health["main", LONG] is judged
    dearer = {**CONTRACTS, BTC: replace(CONTRACTS[BTC], tiers=tiers_with_deductions([(0.0, 1e12, 0.02)]))}
    world.watch.learn_instruments("main", dearer)
    assert world.watch.health["main", LONG] is not judged


def test_markets_that_nobody_holds_are_forgotten_after_a_day() -> None:
    world = World(DISTANCE)
    world.hold(BTC)
    world.answered()
    world.marked(BTC=130.0)
    world.watch.sights.forget_old(world.clock.now())
    assert len(world.watch.sights.closes(VENUE, BTC)) == 1
    world.clock.advance(86_400.0 + 120.0)
    world.watch.sights.forget_old(world.clock.now())
    assert (VENUE, BTC) not in world.watch.sights._markets
