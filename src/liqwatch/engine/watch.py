"""From a price to a decision: marks, accounts and time in, alert changes out. Synchronous and without I/O.

The daemon, the scenarios in simulated time and the benchmarks all drive this one class. What the alerts
then do is `alarms`' business, what rules may look at `sights`', which pools there are `pools`'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.clock import Clock
from liqwatch.engine import happenings
from liqwatch.engine.alarms import Alarms
from liqwatch.engine.book import Book, PoolKey
from liqwatch.engine.composer import Composer
from liqwatch.engine.ending_watch import EndingWatch, Present, Turn
from liqwatch.engine.judge import Judge
from liqwatch.engine.look_back import Extreme, crossings
from liqwatch.engine.plan import WatchPlan
from liqwatch.engine.pool_table import PoolTable
from liqwatch.engine.remembered import remembered, removed
from liqwatch.engine.rounds import Rounds
from liqwatch.engine.sights import Sights
from liqwatch.margin.assess import assess
from liqwatch.margin.health import PoolHealth
from liqwatch.model import (
    AccountSnapshot,
    AlertChange,
    AlertKey,
    AlertRecord,
    Instrument,
    MarkBatch,
    Severity,
    Silence,
)
from liqwatch.rules.base import Pace, Scope

AT_A_TICK = frozenset({Pace.TICK})
AT_A_LOOK = frozenset({Pace.TICK, Pace.LOOK})
AT_AN_ANSWER = frozenset(Pace)

Contracts: TypeAlias = tuple[tuple[Instrument | None, ...], int]


class Watch:
    """Pools, their health and their alerts."""

    def __init__(
        self, plan: WatchPlan, clock: Clock, records: Iterable[AlertRecord] = (), silences: Iterable[Silence] = ()
    ) -> None:
        """`records` are what the store remembers; burning ones go on burning."""
        self.plan = plan
        self.book = Book()
        self.sights = Sights(self.book, clock)
        composer = Composer(plan.routing, plan.voices, plan.translate, plan.margin_call_ratio)
        composer.closes = self.sights.closes
        self.alarms = Alarms(composer, records, silences)
        self.snapshots: dict[str, AccountSnapshot] = {}
        self._clock = clock
        self._pools = PoolTable(plan, self.book, self.alarms.records)
        self._judge = Judge(plan, self.alarms, self.sights, self._pools.health_of)
        self._rounds = Rounds()
        self._instruments: dict[str, Mapping[str, Instrument]] = {}
        self._formed_with: dict[str, Contracts] = {}
        self._endings = EndingWatch(plan, self.alarms, self.sights, self._judge.kinds)
        remembered(self.plan, self.alarms, self._judge.kinds, clock.now())

    @property
    def records(self) -> dict[AlertKey, AlertRecord]:
        """Every alert there has been."""
        return self.alarms.records

    @property
    def health(self) -> dict[PoolKey, PoolHealth]:
        """Every pool as it was last judged."""
        return self._pools.health

    def learn_instruments(self, account: str, instruments: Mapping[str, Instrument]) -> list[AlertChange]:
        """Contracts and tiers as this account sees them; where they have changed for it, its pools are formed anew."""
        self._instruments[account] = instruments
        snapshot = self.snapshots.get(account)
        if snapshot is None or self._formed_with.get(account) == _contracts_of(snapshot, instruments):
            return []
        return self.take_account(snapshot)

    def take_marks(self, batch: MarkBatch) -> list[AlertChange]:
        """New marks: judge the pools whose guards were touched."""
        touched = self.book.apply(batch)
        if not touched:
            return []
        now = self._clock.now()
        return [change for key in touched if key in self._pools.by_key for change in self._look(key, now, AT_A_TICK)]

    def take_account(
        self, snapshot: AccountSnapshot, *, unconfirmed: frozenset[str] = frozenset()
    ) -> list[AlertChange]:
        """A new snapshot: form its pools, judge all of them, and close the alerts of what is gone.

        `unconfirmed` subjects are missing from the answer but not yet believed to be gone.
        """
        now, account = self._clock.now(), snapshot.account
        turn = Turn(
            before=self.snapshots.get(account),
            after=snapshot,
            last_seen=self._pools.positions_of(account),
            unconfirmed=unconfirmed,
        )
        self.snapshots[account] = replace(snapshot, notices=())
        self.sights.note_snapshot(snapshot, now)
        self._endings.note_last_marks(turn, now)
        changes = self._look_at_new_pools(snapshot, now)
        changes += self._look_at_account(account, now)
        changes += self._tell_notices(snapshot)
        return [*changes, *self._endings.take(turn, lambda: self._present(account), now)]

    def look_back(self, venue: str, symbol: str, seen: Sequence[Extreme]) -> list[AlertChange]:
        """What a market's extremes in a gap would have crossed: told once, late, and said to be late."""
        now, changes = self._clock.now(), list[AlertChange]()
        for pool in self._pools.holding(venue, symbol):
            marks = self.book.marks(pool.venue, pool.symbols)
            looks = [(extreme, assess(pool, {**marks, symbol: extreme.mark_price})) for extreme in seen]
            for subject, crossing in crossings(
                looks, lambda health: self._judge.readings(health, now), self.records
            ).items():
                changes += self.take_event(happenings.crossed_unseen(pool.account, subject, crossing))
        return changes

    def is_critical(self, account: str) -> bool:
        """Whether a critical or worse alert burns on an account: what concerns it is asked more often then."""
        return any(
            record.is_burning and (record.severity or 0) >= Severity.CRITICAL
            for record in map(self.records.__getitem__, self.alarms.ledger.of_account(account))
        )

    def critical_symbols(self) -> frozenset[str]:
        """Markets on which a critical alert, or a worse one, burns."""
        symbols: set[str] = set()
        for record in self.alarms.burning():
            finding = self.alarms.latest(record.key)
            if (record.severity or 0) >= Severity.CRITICAL and finding and finding.pool:
                symbols |= finding.pool.pool.symbols
        return frozenset(symbols)

    def take_finding(self, finding: Finding, policy: AlertPolicy | None = None) -> list[AlertChange]:
        """A look at something that is not a pool: a stream's age, a channel, the store. No policy: that of troubles."""
        return self.alarms.take(finding, policy or self.plan.troubles(finding.key.account), self._clock.now())

    def take_event(self, finding: Finding, policy: AlertPolicy | None = None) -> list[AlertChange]:
        """Something that happened, and is over as soon as it is told; the next time it is told again."""
        return self.alarms.take_event(finding, policy or self.plan.troubles(finding.key.account), self._clock.now())

    def take_time(self) -> list[AlertChange]:
        """Whatever is due by now: holds that ended, reminders, and the pools whose turn it is to be looked at."""
        now = self._clock.now()
        changes = [*self._look_at_due(now), *self.alarms.release(now)]
        for account, keys in self._rounds.due(self._clock.monotonic()):
            changes += [
                change for key in keys if key in self._pools.by_key for change in self._look(key, now, AT_A_LOOK)
            ]
            changes += self._look_at_account(account, now)
        return changes

    def next_due_at(self) -> datetime | None:
        """When `take_time` will next have something to do beside its rounds."""
        return self.alarms.next_due_at()

    def burning_subjects(self, account: str) -> frozenset[str]:
        """Positions and pools of this account with an alert that burns or that people believe to be burning."""
        kinds = {rule.kind for rule in self._judge.rules if rule.scope is not Scope.ACCOUNT}
        keys = [key for key in self.alarms.ledger.of_account(account) if key.rule in kinds]
        return frozenset(key.subject for key in keys if self.records[key].is_burning or self.records[key].told)

    def close_removed_accounts(self) -> list[AlertChange]:
        """End the alerts of accounts, channels, rules and conditions that the plan no longer has."""
        now = self._clock.now()
        return [
            change
            for key in removed(self.plan, self.alarms, self._judge.kinds)
            for change in self.alarms.take(happenings.ended(key, None, None, is_gone=False), AlertPolicy(), now)
        ]

    def present_health(self) -> list[PoolHealth]:
        """Every pool at the marks of this moment: for people who look, not for alerts.

        `health` may be older where no guard was touched; nothing that matters to an alert has changed there.
        """
        return [assess(pool, self.book.marks(pool.venue, pool.symbols)) for pool in self._pools.by_key.values()]

    def _look(self, key: PoolKey, now: datetime, paces: frozenset[Pace]) -> list[AlertChange]:
        """Judge one pool and set its guards anew."""
        pool = self._pools.by_key[key]
        health = assess(pool, self.book.marks(pool.venue, pool.symbols))
        self._pools.health[key] = health
        if Pace.LOOK in paces:
            self.sights.note_health(health, now)
        else:
            # What a level was reached at must be known when the position is gone a moment later.
            self.sights.note_marks(pool.venue, pool.symbols, now)
        changes = self._judge.pool(health, now, paces, self._age_if_stale(key))
        self._pools.guard(key, health)
        return changes

    def _look_at_new_pools(self, snapshot: AccountSnapshot, now: datetime) -> list[AlertChange]:
        """Form an account's pools anew, and judge all of them."""
        account, instruments = snapshot.account, self._instruments.get(snapshot.account, {})
        self._formed_with[account] = _contracts_of(snapshot, instruments)
        keys = self._pools.replace(snapshot, instruments, now, self._clock.monotonic())
        self._rounds.follow(account, keys, len(snapshot.positions))
        return [change for key in keys for change in self._look(key, now, AT_AN_ANSWER)]

    def _look_at_due(self, now: datetime) -> Iterator[AlertChange]:
        """What time alone has moved. Every pool is looked at once, however many of its alerts are due."""
        seen: set[PoolKey] = set()
        for finding, policy in list(self.alarms.due(now)):
            key = finding.pool.pool.key if finding.pool is not None else None
            if key in self._pools.by_key and key not in seen:
                seen.add(key)
                yield from self._look(key, now, AT_A_LOOK)
            if self.alarms.latest(finding.key) is finding:
                # Not part of a look at the pool: measured elsewhere, or only when the account answers.
                yield from self.alarms.take(finding, policy, now)

    def _look_at_account(self, account: str, now: datetime) -> list[AlertChange]:
        pools, snapshot = self._pools.health_of(account), self.snapshots.get(account)
        if not pools or snapshot is None:
            return []
        self.sights.note_equity(snapshot, pools, now)
        self.sights.note_references(account, snapshot.venue, self._pools.references.get(account, {}), now)
        return self._judge.account(pools, snapshot, now)

    def _age_if_stale(self, key: PoolKey) -> float | None:
        """The age of the pool's oldest mark, where it is beyond the limit that staleness is told at."""
        pool, now = self._pools.by_key[key], self._clock.monotonic()
        age = max(self.book.mark_age_seconds(pool.venue, symbol, now) for symbol in pool.symbols)
        return age if age >= self.plan.staleness.mark_price.total_seconds() else None

    def _tell_notices(self, snapshot: AccountSnapshot) -> list[AlertChange]:
        """The venue's own warnings: told as they come, whatever our figures say."""
        changes: list[AlertChange] = []
        for notice in snapshot.notices:
            last = self._pools.positions_of(snapshot.account).get(notice.subject)
            changes += self.take_event(happenings.venue_warning(snapshot.account, notice, last))
        return changes

    def _present(self, account: str) -> Present:
        return self._judge.subjects_of(account, self._pools.of(account))


def _contracts_of(snapshot: AccountSnapshot, instruments: Mapping[str, Instrument]) -> Contracts:
    """The contracts of what is held, and how many others there are: one of them may price a coin."""
    return tuple(instruments.get(position.symbol) for position in snapshot.positions), len(instruments)
