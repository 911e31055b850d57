"""From a price to a decision: marks, accounts and time in, alert changes out. Synchronous and without I/O.

The daemon, the scenarios in simulated time and the benchmarks all drive this one class.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.machine import Advance, advance, next_look_at
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.alerts.wording import body_of, last_seen, title_of
from liqwatch.clock import Clock
from liqwatch.engine.book import Book, PoolKey
from liqwatch.engine.conditions import CLOSED_BY_VENUE, CROSSED_UNSEEN, POLICY, VENUE_WARNING, trouble
from liqwatch.engine.look_back import Crossing, Extreme
from liqwatch.engine.plan import WatchPlan
from liqwatch.margin.assess import assess
from liqwatch.margin.guards import Thresholds, price_triggers
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.margin.pools import Pool, pools_of
from liqwatch.model import (
    AccountSnapshot,
    AlertChange,
    AlertKey,
    AlertRecord,
    AlertState,
    Instrument,
    MarkBatch,
    NoticeKind,
    Notification,
    NotifyReason,
    Severity,
)
from liqwatch.rules import known_rules, load_rule
from liqwatch.rules.base import RuleKind, Scope

INHIBITED_BY = {"margin_ratio": "liquidation_distance"}
"""On an isolated position both rules tell of the same danger: the second stays quiet while the first tells as much."""

LOOK_AGAIN_AFTER = timedelta(seconds=5)
"""When something is overdue but cannot be told yet (inhibited, unknown)."""

NOTICES_OF_DANGER = (NoticeKind.MARGIN_CALL, NoticeKind.LIQUIDATION_WARNING)

BURNING = (AlertState.FIRING, AlertState.RECOVERING)


class Watch:
    """Pools, their health and their alerts."""

    def __init__(self, plan: WatchPlan, clock: Clock, records: Iterable[AlertRecord] = ()) -> None:
        """`records` are what the store remembers; burning ones go on burning."""
        self.plan = plan
        self.book = Book()
        self.records: dict[AlertKey, AlertRecord] = {record.key: record for record in records}
        self.health: dict[PoolKey, PoolHealth] = {}
        self.snapshots: dict[str, AccountSnapshot] = {}
        self._clock = clock
        self._rules = [rule for rule in map(load_rule, known_rules()) if rule.scope is not Scope.FEED]
        self._rules.sort(key=lambda rule: rule.kind in INHIBITED_BY)
        self._instruments: dict[str, Mapping[str, Instrument]] = {}
        self._pools: dict[PoolKey, Pool] = {}
        self._thresholds: dict[PoolKey, Thresholds] = {}
        self._latest: dict[AlertKey, tuple[Finding, AlertPolicy]] = {}
        self._due: list[tuple[datetime, int, AlertKey]] = []
        self._scheduled: dict[AlertKey, datetime] = {}
        self._forced: dict[str, dict[str, str]] = {}
        self._order = itertools.count()

    def learn_instruments(self, account: str, instruments: Mapping[str, Instrument]) -> list[AlertChange]:
        """Contracts and tiers as this account sees them; its pools are formed anew."""
        self._instruments[account] = instruments
        snapshot = self.snapshots.get(account)
        return self.take_account(snapshot) if snapshot else []

    def take_marks(self, batch: MarkBatch) -> list[AlertChange]:
        """New marks: judge the pools whose guards were touched."""
        touched = self.book.apply(batch)
        if not touched:
            return []
        now = self._clock.now()
        return [change for key in touched if key in self._pools for change in self._judge(key, now)]

    def take_account(
        self, snapshot: AccountSnapshot, *, unconfirmed: frozenset[str] = frozenset()
    ) -> list[AlertChange]:
        """A new snapshot: form its pools, judge all of them, and close the alerts of what is gone.

        `unconfirmed` subjects are missing from the answer but not yet believed to be gone.
        """
        now = self._clock.now()
        self.snapshots[snapshot.account] = replace(snapshot, notices=())
        exchange = self.plan.accounts[snapshot.account].exchange
        instruments = self._instruments.get(snapshot.account, {})
        pools = {pool.key: pool for pool in pools_of(snapshot, instruments, exchange=exchange, on=now.date())}
        self._replace_pools(snapshot, pools)
        changes = [change for key in pools for change in self._judge(key, now, is_answer=True)]
        changes += self._tell_forced(snapshot)
        changes += self._tell_notices(snapshot)
        return changes + list(self._close_gone(snapshot.account, unconfirmed, now))

    def _tell_forced(self, snapshot: AccountSnapshot) -> list[AlertChange]:
        """What the venue closed by itself is told, alert or not; once for each time it says so."""
        known = self._forced.get(snapshot.account, {})
        self._forced[snapshot.account] = dict(snapshot.forced)
        changes: list[AlertChange] = []
        for subject, word in snapshot.forced.items():
            if known.get(subject) != word:
                finding = trouble(CLOSED_BY_VENUE, subject, word, Severity.EMERGENCY, account=snapshot.account)
                changes += self.take_event(replace(finding, detail=self._last_seen(snapshot.account, subject)), POLICY)
        return changes

    def _tell_notices(self, snapshot: AccountSnapshot) -> Iterator[AlertChange]:
        """The venue's own warnings: told as they come, whatever our figures say."""
        for notice in snapshot.notices:
            subject = notice.subject or f"account {snapshot.account}"
            severity = Severity.CRITICAL if notice.kind in NOTICES_OF_DANGER else Severity.WARNING
            headline = f"{notice.kind.value} from the venue: {notice.text}"
            finding = trouble(VENUE_WARNING, subject, headline, severity, account=snapshot.account)
            yield from self.take_event(replace(finding, detail=self._last_seen(snapshot.account, subject)), POLICY)

    def look_back(self, venue: str, symbol: str, seen: Sequence[Extreme]) -> list[AlertChange]:
        """What a market's extremes in a gap would have crossed: told once, late, and said to be late."""
        changes: list[AlertChange] = []
        for pool in [pool for pool in self._pools.values() if pool.venue == venue and symbol in pool.symbols]:
            for subject, crossing in self._crossed(pool, symbol, seen).items():
                finding = trouble(CROSSED_UNSEEN, subject, crossing.text, crossing.severity, account=pool.account)
                changes += self.take_event(finding, POLICY)
        return changes

    def _crossed(self, pool: Pool, symbol: str, seen: Sequence[Extreme]) -> dict[str, Crossing]:
        """The worst crossing of each subject that its alert does not tell already."""
        worst: dict[str, Crossing] = {}
        for extreme in seen:
            health = assess(pool, {**self.book.marks(pool.venue, pool.symbols), symbol: extreme.mark_price})
            by_subject = {each.position.subject: each for each in health.positions}
            for rule, market, subject in self._subjects(pool, is_answer=False):
                policy = self.plan.policies(pool.account, market, subject, rule.kind)
                if policy is None or rule.read is None:
                    continue
                reading = rule.read(health, None if rule.scope is Scope.POOL else by_subject.get(subject))
                fired = policy.ladder.judge(reading).fired
                told = self.records.get(AlertKey(pool.account, rule.kind, subject))
                known = max((told.severity if told else None) or 0, worst[subject].severity if subject in worst else 0)
                if fired is not None and fired > known:
                    worst[subject] = Crossing(fired, extreme, rule.headline(reading))
        return worst

    def is_critical(self, account: str) -> bool:
        """Whether a critical or worse alert burns on an account: what concerns it is asked more often then."""
        return any(
            record.state in BURNING and (record.severity or 0) >= Severity.CRITICAL
            for key, record in self.records.items()
            if key.account == account
        )

    def _last_seen(self, account: str, subject: str) -> tuple[str, ...]:
        """The last figures of a position that is gone."""
        for finding, _ in self._latest.values():
            if finding.key.account == account and finding.key.subject == subject and finding.position:
                return (last_seen(finding.position),)
        return ()

    def take_finding(self, finding: Finding, policy: AlertPolicy) -> list[AlertChange]:
        """A look at something that is not a pool: a stream's age, a channel, the store."""
        return list(self._advance(finding, policy, self._clock.now()))

    def take_event(self, finding: Finding, policy: AlertPolicy) -> list[AlertChange]:
        """Something that happened, and is over as soon as it is told; the next time it is told again."""
        changes = self.take_finding(finding, policy)
        over = replace(self.records[finding.key], state=AlertState.OK, severity=None, told=None)
        self.records[finding.key] = over
        del self._latest[finding.key]
        self._scheduled.pop(finding.key, None)
        return [*changes, AlertChange(over)]

    def take_time(self) -> list[AlertChange]:
        """Whatever is due by now: holds that ended, reminders."""
        now = self._clock.now()
        changes: list[AlertChange] = []
        while self._due and self._due[0][0] <= now:
            due_at, _, key = heapq.heappop(self._due)
            if self._scheduled.get(key) != due_at:
                continue
            del self._scheduled[key]
            finding, policy = self._latest.get(key, (None, None))
            if finding is None or policy is None:
                continue
            if finding.pool is not None and finding.pool.pool.key in self._pools:
                changes += self._judge(finding.pool.pool.key, now)
            else:
                changes += self._advance(finding, policy, now)
        return changes

    def next_due_at(self) -> datetime | None:
        """When `take_time` will next have something to do."""
        return self._due[0][0] if self._due else None

    def burning_subjects(self, account: str) -> frozenset[str]:
        """Positions of this account with an alert that people believe to be burning."""
        kinds = {rule.kind for rule in self._rules if rule.scope is Scope.POSITION}
        return frozenset(
            key.subject
            for key, record in self.records.items()
            if key.account == account and key.rule in kinds and record.told
        )

    def close_removed_accounts(self) -> list[AlertChange]:
        """End the alerts of accounts that the plan no longer has."""
        now, accounts = self._clock.now(), {"", *self.plan.accounts}
        gone = [key for key, record in self.records.items() if key.account not in accounts and record.told]
        findings = [Finding(key=key, headline="no longer watched", verdict=None) for key in gone]
        return [change for finding in findings for change in self._advance(finding, AlertPolicy(), now)]

    def present_health(self) -> list[PoolHealth]:
        """Every pool at the marks of this moment: for people who look, not for alerts.

        `health` may be older where no guard was touched; nothing that matters to an alert has changed there.
        """
        return [assess(pool, self.book.marks(pool.venue, pool.symbols)) for pool in self._pools.values()]

    def critical_symbols(self) -> frozenset[str]:
        """Markets on which a critical alert, or a worse one, burns."""
        symbols: set[str] = set()
        for key, record in self.records.items():
            finding, _ = self._latest.get(key, (None, None))
            if record.state in BURNING and (record.severity or 0) >= Severity.CRITICAL and finding and finding.pool:
                symbols |= finding.pool.pool.symbols
        return frozenset(symbols)

    def _replace_pools(self, snapshot: AccountSnapshot, pools: Mapping[PoolKey, Pool]) -> None:
        for key in [key for key in self._pools if key[0] == snapshot.account]:
            old = self._pools.pop(key)
            self.book.release(key, old.venue, old.symbols)
            if key not in pools:
                self.health.pop(key, None)
        self._pools.update(pools)
        wanted = {symbol for pool in pools.values() for symbol in pool.symbols}
        self.book.open(snapshot.venue, wanted, self._clock.monotonic())
        still = {symbol for pool in self._pools.values() if pool.venue == snapshot.venue for symbol in pool.symbols}
        self.book.close(snapshot.venue, [name for name in self.book.symbols(snapshot.venue) if name not in still])
        self._thresholds.update({key: self._thresholds_of(pool) for key, pool in pools.items()})

    def _thresholds_of(self, pool: Pool) -> Thresholds:
        distances: dict[str, tuple[float, ...]] = {}
        ratios: tuple[float, ...] = ()
        for rule, symbol, subject in self._subjects(pool):
            policy = self.plan.policies(pool.account, symbol, subject, rule.kind)
            if policy is None or not rule.follows_price:
                continue
            if rule.scope is Scope.POSITION:
                distances[subject] = (*distances.get(subject, ()), *policy.ladder.thresholds())
            else:
                ratios += policy.ladder.thresholds()
        return Thresholds(distances=distances, ratios=ratios)

    def _subjects(self, pool: Pool, *, is_answer: bool = True) -> Iterator[tuple[RuleKind, str | None, str]]:
        """Every (rule, symbol, subject) that this pool is judged by; some only by a fresh account answer."""
        only_symbol = next(iter(pool.symbols)) if len(pool.symbols) == 1 else None
        for rule in self._rules:
            if rule.scope is Scope.ANSWER and not is_answer:
                continue
            if rule.scope is Scope.POOL:
                yield rule, only_symbol, pool.subject
            else:
                for holding in pool.holdings:
                    yield rule, holding.position.symbol, holding.position.subject

    def _judge(self, key: PoolKey, now: datetime, *, is_answer: bool = False) -> list[AlertChange]:
        pool = self._pools[key]
        marks = self.book.marks(pool.venue, pool.symbols)
        health = assess(pool, marks)
        self.health[key] = health
        by_subject = {each.position.subject: each for each in health.positions}
        age = self._age_if_stale(pool)
        changes: list[AlertChange] = []
        for rule, symbol, subject in self._subjects(pool, is_answer=is_answer):
            policy = self.plan.policies(pool.account, symbol, subject, rule.kind)
            if policy is not None and rule.read is not None:
                position = None if rule.scope is Scope.POOL else by_subject.get(subject)
                reading = rule.read(health, position)
                finding = Finding(
                    key=AlertKey(pool.account, rule.kind, subject),
                    headline=rule.headline(reading),
                    verdict=policy.ladder.judge(reading),
                    pool=health,
                    position=position or _only_position(health),
                    detail=rule.detail(health, position) if rule.detail else (),
                    figures_age_seconds=age,
                )
                changes += self._advance(finding, policy.alerts, now)
        self.book.guard(key, pool.venue, price_triggers(health, self._thresholds[key]))
        return changes

    def _age_if_stale(self, pool: Pool) -> float | None:
        """The age of the pool's oldest mark, where it is beyond the limit that staleness is told at."""
        now = self._clock.monotonic()
        age = max(self.book.mark_age_seconds(pool.venue, symbol, now) for symbol in pool.symbols)
        return age if age >= self.plan.staleness.mark_price.total_seconds() else None

    def _close_gone(self, account: str, unconfirmed: frozenset[str], now: datetime) -> Iterator[AlertChange]:
        """Alerts of positions and pools that no longer exist, and of rules that are switched off for them."""
        mine = [pool for pool in self._pools.values() if pool.account == account]
        present = {(rule.kind, subject): symbol for pool in mine for rule, symbol, subject in self._subjects(pool)}
        kinds = {rule.kind for rule in self._rules}
        for key in [key for key in self.records if key.account == account and key.rule in kinds]:
            is_gone = (key.rule, key.subject) not in present
            if key.subject in unconfirmed or not (is_gone or self._is_off(key, present[key.rule, key.subject])):
                continue
            headline = self._why_gone(account, key.subject) if is_gone else "no longer watched"
            detail = self._last_seen(account, key.subject) if is_gone else ()
            finding = Finding(key=key, headline=headline, verdict=None, detail=detail)
            yield from self._advance(finding, AlertPolicy(), now)

    def _why_gone(self, account: str, subject: str) -> str:
        forced = self.snapshots[account].forced.get(subject)
        return forced or "position closed: no longer at the venue"

    def _is_off(self, key: AlertKey, symbol: str | None) -> bool:
        return self.plan.policies(key.account, symbol, key.subject, key.rule) is None

    def _advance(self, finding: Finding, policy: AlertPolicy, now: datetime) -> Iterator[AlertChange]:
        before = self.records.get(finding.key) or AlertRecord(key=finding.key)
        step = advance(before, finding.verdict, policy, now, is_inhibited=self._is_inhibited(finding, before))
        self._latest[finding.key] = (finding, policy)
        self._schedule(step.record, policy, now)
        if step.record != before:
            self.records[finding.key] = step.record
            yield self._change(finding, step, policy, now)

    def _schedule(self, record: AlertRecord, policy: AlertPolicy, now: datetime) -> None:
        """See to it that `take_time` looks at this record when time alone changes something for it."""
        due_at = next_look_at(record, policy)
        known = self._scheduled.get(record.key)
        if due_at is None:
            self._scheduled.pop(record.key, None)
            return
        if due_at <= now:
            if known is not None and known > now:
                return
            due_at = now + LOOK_AGAIN_AFTER
        if known != due_at:
            self._scheduled[record.key] = due_at
            heapq.heappush(self._due, (due_at, next(self._order), record.key))

    def _is_inhibited(self, finding: Finding, before: AlertRecord) -> bool:
        if finding.key.rule not in INHIBITED_BY:
            return False
        other = self.records.get(replace(finding.key, rule=INHIBITED_BY[finding.key.rule]))
        fired = finding.verdict.fired if finding.verdict else None
        mine = max(fired or 0, before.severity or 0)
        return bool(other and other.state in BURNING and (other.severity or 0) >= mine > 0)

    def _change(self, finding: Finding, step: Advance, policy: AlertPolicy, now: datetime) -> AlertChange:
        record, reason = step.record, step.reason
        if reason is None:
            return AlertChange(record)
        severity = (record.peak if reason is NotifyReason.RESOLVED else record.severity) or Severity.NOTICE
        expires_after = policy.expires_after.get(severity)
        notification = Notification(
            dedup_key=record.dedup_key,
            alert_key=str(record.key),
            alert_id=record.alert_id,
            account=record.key.account,
            severity=severity,
            reason=reason,
            title=title_of(finding, record, reason),
            body=body_of(finding, record, now, margin_call_ratio=self.plan.margin_call_ratio),
            happened_at=now,
            expires_at=now + expires_after if expires_after else None,
        )
        return AlertChange(record, notification, self.plan.routing.channels_for(severity, record.key.account))


def _only_position(health: PoolHealth) -> PositionHealth | None:
    """An isolated pool's single position: its figures belong into messages about the pool too."""
    return health.positions[0] if len(health.positions) == 1 else None
