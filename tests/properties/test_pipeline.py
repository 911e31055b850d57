"""The whole pipeline under any history: prices, answers, silences, restarts and failing channels.

Beside it walks a model that knows only the prices, the ladder and what people asked for. It never reads a record to
find out what is owed; it reads records and messages only to see whether what is owed was paid.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from liqwatch.alerts.answers import LONGEST_CRITICAL, acknowledged, snoozed
from liqwatch.alerts.policy import AlertPolicy, EscalationStep, RulePolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock
from liqwatch.engine.delivery.dispatch import Dispatcher
from liqwatch.engine.delivery.pace import UNHURRIED
from liqwatch.engine.plan import AccountPlan, StalenessLimits, WatchPlan
from liqwatch.engine.watch import Watch
from liqwatch.model import (
    AlertChange,
    AlertRecord,
    Delivery,
    DeliveryReport,
    Instrument,
    MarginMode,
    MarkBatch,
    Message,
    NotifyReason,
    Severity,
    Silence,
)
from liqwatch.rules.base import Ladder, Level
from liqwatch.rules.liquidation_distance import RULE
from liqwatch.stores.memory import MemoryStore
from liqwatch.testing.sights import CONTRACT, LONG, account_of
from liqwatch.testing.telemetry import SilentTelemetry

Answer = TypeVar("Answer")

START = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
VENUE, ACCOUNT = "binance_usdm", "main"
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
CHANNELS = ("first", "second", "call")
DISTANCES = (0.6, 0.26, 0.24, 0.16, 0.149, 0.09, 0.079, 0.041, 0.039, 0.01)
"""Either side of every level, so near that the loss alone would not be told again after an answer."""
HYSTERESIS = 1.1
LOOKED_AT_AGAIN = timedelta(seconds=6)
"""What was held back is looked at again every five seconds."""
HOUR = timedelta(hours=1)
EVERY = {Severity.WARNING: 2 * HOUR, Severity.CRITICAL: HOUR / 4, Severity.EMERGENCY: HOUR / 12}
ESCALATION = {severity: (EscalationStep(HOUR / 12, ("call",)),) for severity in (Severity.CRITICAL, Severity.EMERGENCY)}
LADDER = Ladder(
    RULE.danger, tuple(Level(severity, level, level * HYSTERESIS) for severity, level in sorted(RULE.levels.items()))
)
POLICY = RulePolicy(ladder=LADDER, alerts=AlertPolicy(repeat_every=EVERY, escalation=ESCALATION, flap_limit=1_000))
ROUTE = Route(min_severity=Severity.NOTICE, channels=("first", "second"))


class MoodyChannel:
    """Takes messages, refuses them, or takes them and forgets to say so. `taken` is what a person has in hand."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mood = Delivery.SENT
        self.taken: list[Message] = []

    async def prepare(self) -> str | None:
        return None

    async def send(self, message: Message) -> DeliveryReport:
        if self.mood in (Delivery.SENT, Delivery.AMBIGUOUS):
            self.taken.append(message)
        return DeliveryReport(self.mood, "as it pleases")

    async def close(self) -> None: ...


class Pipeline(RuleBasedStateMachine):
    """Two isolated longs that are liquidated a ninth below their entry, two channels and a phone call."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock(START)
        self.store = MemoryStore()
        self.channels = {name: MoodyChannel(name) for name in CHANNELS}
        self.distances: dict[str, float | None] = dict.fromkeys(SYMBOLS, 0.6)
        self.silence: Silence | None = None
        self.messages: list[tuple[str, NotifyReason, datetime]] = []
        self._start([])
        self._prices()

    def teardown(self) -> None:
        try:
            self._everything_is_paid()
        finally:
            self._run(self.store.close())
            self.loop.close()

    @rule(symbol=st.sampled_from(SYMBOLS), distance=st.sampled_from(DISTANCES))
    def the_mark_moves(self, symbol: str, distance: float) -> None:
        self.distances[symbol] = distance
        self._prices()
        self._what_is_owed_is_told(symbol)

    @rule(symbol=st.sampled_from(SYMBOLS))
    def a_fact_is_missing(self, symbol: str) -> None:
        """The contract's tiers are not known any more: nothing is told or cleared by that."""
        before = self._record(symbol)
        known = self.distances[symbol]
        self.distances[symbol] = None
        self._learn()
        after = self._record(symbol)
        if before is not None and after is not None:
            assert (after.state, after.severity) == (before.state, before.severity), "unknown never clears"
        self.distances[symbol] = known
        self._learn()
        self._prices()

    @rule(seconds=st.sampled_from([1, 20, 301, 901, 3_700]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self._write(self.watch.take_time())
        if timedelta(seconds=seconds) >= LOOKED_AT_AGAIN:
            for symbol in SYMBOLS:
                self._what_is_owed_is_told(symbol)

    @precondition(lambda self: any(record.told for record in self.watch.alarms.burning()))
    @rule(data=st.data(), pause=st.sampled_from([None, HOUR / 6, 8 * HOUR]))
    def somebody_answers(self, data: st.DataObject, pause: timedelta | None) -> None:
        burning = [record for record in self.watch.alarms.burning() if record.told]
        record = data.draw(st.sampled_from(sorted(burning, key=lambda each: str(each.key))))
        now = self.clock.now()
        after = acknowledged(record, "anna", now) if pause is None else snoozed(record, "anna", now, pause)
        self.watch.alarms.replace_record(after, now)
        self._write([AlertChange(after)])

    @rule(hours=st.sampled_from([1, 8]), subject=st.sampled_from(["", "BTC/*"]))
    def a_silence_begins(self, hours: int, subject: str) -> None:
        now = self.clock.now()
        self.silence = Silence(
            silence_id=f"s{len(self.messages)}-{now:%H%M%S}",
            began_at=now,
            until=now + hours * HOUR,
            by="ben",
            subject=subject,
        )
        self.watch.alarms.silences.clear()
        self.watch.alarms.silences[self.silence.silence_id] = self.silence
        self._write([AlertChange(None, silence=self.silence)])

    @precondition(lambda self: self.silence is not None)
    @rule()
    def the_silence_ends(self) -> None:
        assert self.silence is not None
        self.watch.alarms.silences.clear()
        self._write([AlertChange(None, ended_silence=self.silence.silence_id)])
        self.silence = None
        self.clock.advance(LOOKED_AT_AGAIN.total_seconds())
        self._write(self.watch.take_time())

    @rule(name=st.sampled_from(CHANNELS), mood=st.sampled_from([Delivery.SENT, Delivery.RETRY, Delivery.AMBIGUOUS]))
    def a_channel_changes_its_mood(self, name: str, mood: Delivery) -> None:
        self.channels[name].mood = mood

    @rule()
    def the_process_is_killed_and_started_again(self) -> None:
        self._start(self._run(self.store.load()))
        self._prices()

    @rule()
    def all_channels_are_well_and_what_is_owed_is_paid(self) -> None:
        self._everything_is_paid()

    @invariant()
    def no_reminder_comes_early(self) -> None:
        last: dict[str, datetime] = {}
        for alert_id, reason, at in self.messages:
            if reason is NotifyReason.REPEATED:
                assert at - last[alert_id] >= min(EVERY.values())
            last[alert_id] = at

    def _start(self, records: Any) -> None:
        account = AccountPlan(account=ACCOUNT, exchange=VENUE, venue=VENUE, reconcile_every=HOUR)
        plan = WatchPlan(
            accounts={ACCOUNT: account},
            policies=lambda _account, _symbol, _subject, kind: POLICY if kind == RULE.kind else None,
            staleness=StalenessLimits(mark_price=24 * HOUR, mark_price_critical=24 * HOUR, account=24 * HOUR),
            routing=Routing((ROUTE,), CHANNELS),
            margin_call_ratio=0.8,
        )
        self.watch = Watch(plan, self.clock, records, [self.silence] if self.silence else [])
        self.dispatcher = Dispatcher(
            store=self.store,
            notifiers=self.channels,
            routing=plan.routing,
            clock=self.clock,
            telemetry=SilentTelemetry(),
            paces=dict.fromkeys(CHANNELS, UNHURRIED),
        )
        positions = [
            replace(LONG, symbol=symbol, margin_mode=MarginMode.ISOLATED, isolated_wallet=6_000.0) for symbol in SYMBOLS
        ]
        self.snapshot = account_of(*positions, cross_wallets={})
        self._learn()
        self._write(self.watch.take_account(self.snapshot))

    def _learn(self) -> None:
        contracts = {symbol: self._contract(symbol) for symbol in SYMBOLS}
        self._write(self.watch.learn_instruments(ACCOUNT, contracts))

    def _contract(self, symbol: str) -> Instrument:
        contract = replace(CONTRACT, symbol=symbol)
        return contract if self.distances[symbol] is not None else replace(contract, tiers=())

    def _prices(self) -> None:
        """Marks at which the distances are what the story says."""
        self.clock.advance(0.1)
        rows = []
        for symbol in SYMBOLS:
            distance, liquidation = self.distances[symbol], self._liquidation_price(symbol)
            if distance is not None and liquidation is not None:
                rows.append((symbol, liquidation / (1.0 - distance), round(self.clock.monotonic() * 1000)))
        self._write(self.watch.take_marks(MarkBatch(VENUE, rows, self.clock.monotonic())))

    def _liquidation_price(self, symbol: str) -> float | None:
        """Isolated: equity equals maintenance where it does, whatever the mark."""
        contract = self._contract(symbol)
        if not contract.tiers:
            return None
        rate = contract.tiers[0].maintenance_margin_rate
        return (LONG.entry_price - 6_000.0) / (1.0 - rate)

    def _record(self, symbol: str) -> AlertRecord | None:
        keyed = {key.subject: record for key, record in self.watch.records.items()}
        return keyed.get(f"{symbol} long")

    def _what_is_owed_is_told(self, symbol: str) -> None:
        distance = self.distances[symbol]
        if distance is None:
            return
        owed = max((severity for severity, level in RULE.levels.items() if distance <= level), default=None)
        if owed is None or self._is_silenced(symbol, owed):
            return
        record = self._record(symbol)
        assert record is not None
        assert record.severity is not None
        assert record.severity >= owed
        assert record.told is not None, f"nobody was told of {owed.word}"
        assert record.told >= owed, "neither an answer nor a failing channel hides a worsening"

    def _is_silenced(self, symbol: str, severity: Severity) -> bool:
        silence, now = self.silence, self.clock.now()
        if silence is None or not silence.began_at <= now < silence.until + LOOKED_AT_AGAIN:
            return False
        is_meant = not silence.subject or symbol.startswith("BTC/")
        return is_meant and (
            severity < Severity.CRITICAL or now < silence.began_at + LONGEST_CRITICAL + LOOKED_AT_AGAIN
        )

    def _everything_is_paid(self) -> None:
        """Delivered ⊇ owed: with well channels, whatever was decided reaches somebody within minutes."""
        for channel in self.channels.values():
            channel.mood = Delivery.SENT
        for _ in range(40):
            self.clock.advance(5.0)
            self._run(self.dispatcher.turn())
        waiting = self._run(self.store.outbox(status="pending"))
        assert not waiting, f"at {self.clock.now()}: {waiting}"
        taken = {
            alert_id
            for channel in self.channels.values()
            for message in channel.taken
            for alert_id in message.alert_ids
        }
        for record in self.watch.alarms.burning():
            assert record.told is None or record.alert_id in taken, f"{record.key} was decided on and reached nobody"

    def _write(self, changes: list[AlertChange]) -> None:
        for change in changes:
            for notification in change.notifications[:1]:
                self.messages.append((notification.alert_id, notification.reason, notification.happened_at))
        self._run(self.store.commit(changes))
        self._run(self.dispatcher.turn())

    def _run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return self.loop.run_until_complete(work)


TestPipeline = Pipeline.TestCase
TestPipeline.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
