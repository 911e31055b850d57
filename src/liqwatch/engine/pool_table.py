"""The margin pools of every account, and the guards of each in the book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from liqwatch.engine.book import Book, PoolKey
from liqwatch.engine.pegs import Reference, references
from liqwatch.engine.plan import WatchPlan
from liqwatch.engine.subjects import rules_in_force, subjects_of_pool
from liqwatch.margin.guards import Thresholds, price_triggers
from liqwatch.margin.health import PoolHealth
from liqwatch.margin.pools import Pool, pools_of
from liqwatch.model import AccountSnapshot, Instrument
from liqwatch.rules.base import Pace, Scope


class PoolTable:
    """Pools by account and subject; a new answer of an account replaces all of its pools."""

    def __init__(self, plan: WatchPlan, book: Book) -> None:
        """No pool yet."""
        self.by_key: dict[PoolKey, Pool] = {}
        self.health: dict[PoolKey, PoolHealth] = {}
        self.references: dict[str, Mapping[str, Reference]] = {}
        """By account and coin, the market that prices a coin behind it."""
        self._keys: dict[str, tuple[PoolKey, ...]] = {}
        self._plan = plan
        self._book = book
        self._rules = [rule for rule in rules_in_force(plan) if rule.pace is Pace.TICK]
        self._thresholds: dict[PoolKey, Thresholds] = {}

    def replace(
        self, snapshot: AccountSnapshot, instruments: Mapping[str, Instrument], now: datetime, monotonic: float
    ) -> list[PoolKey]:
        """Form an account's pools anew, follow the markets they need and no others; their keys."""
        exchange = self._plan.accounts[snapshot.account].exchange
        pools = {pool.key: pool for pool in pools_of(snapshot, instruments, exchange=exchange, on=now.date())}
        for key in self._keys.get(snapshot.account, ()):
            old = self.by_key.pop(key)
            self._book.release(key, old.venue, old.symbols)
            if key not in pools:
                self.health.pop(key, None)
                self._thresholds.pop(key, None)
        self.by_key.update(pools)
        self._keys[snapshot.account] = tuple(pools)
        self.references[snapshot.account] = references(snapshot, pools.values(), instruments)
        still = self._followed(snapshot.venue)
        self._book.open(snapshot.venue, still, monotonic)
        self._book.close(snapshot.venue, [name for name in self._book.symbols(snapshot.venue) if name not in still])
        self._thresholds.update({key: self._thresholds_of(pool) for key, pool in pools.items()})
        return list(pools)

    def _followed(self, venue: str) -> set[str]:
        """Every market of a venue in which somebody holds something, or that prices what somebody stands on."""
        pools = [pool for pool in self.by_key.values() if pool.venue == venue]
        accounts = {pool.account for pool in pools}
        held = {symbol for pool in pools for symbol in pool.symbols}
        return held | {each.symbol for account in accounts for each in self.references.get(account, {}).values()}

    def guard(self, key: PoolKey, health: PoolHealth) -> None:
        """Set the prices at which this pool must be judged again."""
        self._book.guard(key, health.pool.venue, price_triggers(health, self._thresholds[key]))

    def of(self, account: str) -> list[Pool]:
        """The pools of one account."""
        return [self.by_key[key] for key in self._keys.get(account, ())]

    def health_of(self, account: str) -> list[PoolHealth]:
        """The pools of one account as last judged."""
        return [self.health[key] for key in self._keys.get(account, ()) if key in self.health]

    def holding(self, venue: str, symbol: str) -> Iterator[Pool]:
        """The pools with a position in a market."""
        return (pool for pool in list(self.by_key.values()) if pool.venue == venue and symbol in pool.symbols)

    def _thresholds_of(self, pool: Pool) -> Thresholds:
        distances: dict[str, tuple[float, ...]] = {}
        ratios: tuple[float, ...] = ()
        for rule, symbol, subject in subjects_of_pool(self._rules, pool):
            policy = self._plan.policies(pool.account, symbol, subject, rule.kind)
            if policy is None or rule.guard is None:
                continue
            values = tuple(rule.guard(pool, value) for value in policy.ladder.thresholds())
            known = tuple(value for value in values if value is not None)
            if rule.scope is Scope.POSITION:
                distances[subject] = (*distances.get(subject, ()), *known)
            else:
                ratios += known
        return Thresholds(distances=distances, ratios=ratios)
