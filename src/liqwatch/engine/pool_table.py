"""The margin pools of every account, and the guards of each in the book."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from liqwatch.alerts.policy import RulePolicy
from liqwatch.engine.book import Book, PoolKey
from liqwatch.engine.pegs import Reference, references
from liqwatch.engine.plan import WatchPlan
from liqwatch.engine.subjects import rules_in_force, subjects_of_pool
from liqwatch.engine.turning_points import turning_points
from liqwatch.margin.guards import Guard, Thresholds, guard_of
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.margin.pools import Pool, pools_of
from liqwatch.model import AccountSnapshot, AlertKey, AlertRecord, Instrument
from liqwatch.rules.base import Pace, Scope


class PoolTable:
    """Pools by account and subject; a new answer of an account replaces all of its pools."""

    def __init__(self, plan: WatchPlan, book: Book, records: Mapping[AlertKey, AlertRecord] | None = None) -> None:
        """No pool yet. `records`: the alerts as they stand, which tell what the guards must watch for."""
        self.by_key: dict[PoolKey, Pool] = {}
        self.health: dict[PoolKey, PoolHealth] = {}
        self.references: dict[str, Mapping[str, Reference]] = {}
        """By account and coin, the market that prices a coin behind it."""
        self._keys: dict[str, tuple[PoolKey, ...]] = {}
        self._plan = plan
        self._book = book
        self._rules = [rule for rule in rules_in_force(plan) if rule.pace is Pace.TICK and rule.guard is not None]
        self._records = records
        self._guards: dict[PoolKey, Guard] = {}
        self._followed: dict[str, frozenset[str]] = {}
        self._followers: dict[str, Counter[str]] = {}

    def replace(
        self, snapshot: AccountSnapshot, instruments: Mapping[str, Instrument], now: datetime, monotonic: float
    ) -> list[PoolKey]:
        """Form an account's pools anew, follow the markets they need and no others; their keys."""
        exchange = self._plan.accounts[snapshot.account].exchange
        pools = {pool.key: pool for pool in pools_of(snapshot, instruments, exchange=exchange, on=now.date())}
        for key in self._keys.get(snapshot.account, ()):
            old = self.by_key.pop(key)
            self._book.release(key, old.venue, old.symbols)
            self._guards.pop(key, None)
            if key not in pools:
                self.health.pop(key, None)
        self.by_key.update(pools)
        self._keys[snapshot.account] = tuple(pools)
        self.references[snapshot.account] = references(snapshot, pools.values(), instruments)
        self._follow(snapshot.account, snapshot.venue, pools.values(), monotonic)
        return list(pools)

    def _follow(self, account: str, venue: str, pools: Iterable[Pool], monotonic: float) -> None:
        """Follow what the account holds, and what prices what it stands on; no longer what nobody needs any more."""
        needed = {symbol for pool in pools for symbol in pool.symbols}
        if needed:
            needed |= {each.symbol for each in self.references[account].values()}
        before, followers = self._followed.get(account, frozenset()), self._followers.setdefault(venue, Counter())
        followers.update(needed - before)
        followers.subtract(before - needed)
        self._followed[account] = frozenset(needed)
        self._book.open(venue, needed, monotonic)
        self._book.close(venue, [symbol for symbol in before - needed if not followers[symbol]])

    def guard(self, key: PoolKey, health: PoolHealth) -> None:
        """Set the marks between which this pool need not be judged again, as its alerts stand now."""
        guard = self._guards.get(key)
        if guard is None:
            guard = guard_of(health)
            if health.marked.why_unknown is None:
                self._guards[key] = guard
        self._book.guard(health.pool, guard, self._thresholds_of(health.pool))

    def of(self, account: str) -> list[Pool]:
        """The pools of one account."""
        return [self.by_key[key] for key in self._keys.get(account, ())]

    def health_of(self, account: str) -> list[PoolHealth]:
        """The pools of one account as last judged."""
        return [self.health[key] for key in self._keys.get(account, ()) if key in self.health]

    def positions_of(self, account: str) -> dict[str, PositionHealth]:
        """The positions of one account as last judged, by subject."""
        return {each.position.subject: each for health in self.health_of(account) for each in health.positions}

    def holding(self, venue: str, symbol: str) -> Iterator[Pool]:
        """The pools with a position in a market."""
        return (pool for pool in list(self.by_key.values()) if pool.venue == venue and symbol in pool.symbols)

    def _thresholds_of(self, pool: Pool) -> Thresholds:
        distances: defaultdict[str, list[float]] = defaultdict(list)
        ratios: list[float] = []
        for rule, symbol, subject in subjects_of_pool(self._rules, pool):
            policy = self._plan.policies(pool.account, symbol, subject, rule.kind)
            if policy is None or rule.guard is None:
                continue
            watched = distances[subject] if rule.scope is Scope.POSITION else ratios
            for reading in self._turning_points(AlertKey(pool.account, rule.kind, subject), policy):
                value = rule.guard(pool, reading)
                if value is not None:
                    watched.append(value)
        return Thresholds(distances=distances, ratios=ratios)

    def _turning_points(self, key: AlertKey, policy: RulePolicy) -> Iterable[float]:
        """Of an alert whose record is not at hand: everything that could ever change it."""
        if self._records is None:
            return policy.ladder.thresholds()
        return turning_points(self._records.get(key), policy)
