"""Rules at work: sights in, verdicts out, each on its way into the alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.policy import RulePolicy
from liqwatch.engine.alarms import Alarms
from liqwatch.engine.plan import WatchPlan
from liqwatch.engine.sights import Sights
from liqwatch.engine.subjects import Subject, account_subject, rules_in_force, subjects_of_pool
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.margin.pools import Pool
from liqwatch.model import AccountSnapshot, AlertChange, AlertKey, Reading
from liqwatch.rules.base import Pace, RuleKind, Scope
from liqwatch.rules.sight import Sight

LIQUIDATION_DISTANCE = "liquidation_distance"
PoolsOf = Callable[[str], Sequence[PoolHealth]]


class Judge:
    """Every rule in force, applied to pools, positions and accounts."""

    def __init__(self, plan: WatchPlan, alarms: Alarms, sights: Sights, pools_of: PoolsOf) -> None:
        """`pools_of` an account: as they were last judged."""
        self._pools_of = pools_of
        self._conditions = frozenset(rule.kind for rule in plan.conditions)
        self.rules = rules_in_force(plan)
        self._plan = plan
        self._alarms = alarms
        self._sights = sights
        self._by_paces: dict[frozenset[Pace], list[RuleKind]] = {}

    def pool(
        self, health: PoolHealth, now: datetime, paces: frozenset[Pace], stale_seconds: float | None
    ) -> list[AlertChange]:
        """Judge a pool and its positions by the rules of these paces. `stale_seconds`: the age of its marks, if old."""
        by_subject = {each.position.subject: each for each in health.positions}
        changes: list[AlertChange] = []
        for rule, symbol, subject in subjects_of_pool(self._rules_of(paces), health.pool):
            policy = self._plan.policies(health.pool.account, symbol, subject, rule.kind)
            if policy is None:
                continue
            position = by_subject.get(subject) or _only_position(health)
            look = self._sights.glance if rule.pace is Pace.TICK else self._sights.sight
            sight = look(health, position, policy.options, now)
            if rule.kind in self._conditions:
                sight = replace(sight, pools=self._pools_of(health.pool.account))
            finding = _finding(rule, subject, sight, policy, stale_seconds)
            changes += self._alarms.take(finding, policy.alerts, now)
        return changes

    def account(self, pools: Sequence[PoolHealth], snapshot: AccountSnapshot, now: datetime) -> list[AlertChange]:
        """Judge an account as a whole."""
        account, changes = snapshot.account, list[AlertChange]()
        for rule in self.rules:
            subject = account_subject(account)
            policy = self._plan.policies(account, None, subject, rule.kind) if rule.scope is Scope.ACCOUNT else None
            if policy is not None:
                sight = self._sights.account_sight(pools, snapshot, policy.options, now)
                changes += self._alarms.take(_finding(rule, subject, sight, policy, None), policy.alerts, now)
        return changes

    def readings(self, health: PoolHealth, now: datetime) -> Iterator[tuple[AlertKey, RulePolicy, RuleKind, Reading]]:
        """What the rules that follow the price read in a pool, without telling anybody."""
        by_subject = {each.position.subject: each for each in health.positions}
        for rule, symbol, subject in subjects_of_pool(self._rules_of(frozenset({Pace.TICK})), health.pool):
            policy = self._plan.policies(health.pool.account, symbol, subject, rule.kind)
            if policy is not None and rule.read is not None:
                sight = Sight(now=now, pool=health, position=by_subject.get(subject), options=policy.options)
                yield AlertKey(health.pool.account, rule.kind, subject), policy, rule, rule.read(sight)

    def subjects_of(self, account: str, pools: Sequence[Pool]) -> dict[tuple[str, str], str | None]:
        """Everything of an account that is judged: (rule, subject) and the market whose settings count."""
        subjects: list[Subject] = [each for pool in pools for each in subjects_of_pool(self.rules, pool)]
        if pools:
            subjects += [(rule, None, account_subject(account)) for rule in self.rules if rule.scope is Scope.ACCOUNT]
        return {(rule.kind, subject): symbol for rule, symbol, subject in subjects}

    def _rules_of(self, paces: frozenset[Pace]) -> list[RuleKind]:
        if paces not in self._by_paces:
            self._by_paces[paces] = [rule for rule in self.rules if rule.pace in paces]
        return self._by_paces[paces]


def _finding(rule: RuleKind, subject: str, sight: Sight, policy: RulePolicy, stale_seconds: float | None) -> Finding:
    reading = rule.read(sight) if rule.read else 0.0
    verdict = policy.ladder.judge(reading)
    is_worth_words = verdict.held is not None or verdict.unknown is not None
    return Finding(
        key=AlertKey(sight.pool.pool.account, rule.kind, subject),
        headline=rule.headline(reading),
        verdict=verdict,
        pool=sight.pool,
        position=sight.position,
        detail=rule.detail(sight) if rule.detail and is_worth_words else (),
        advice=rule.advice(sight) if rule.advice and is_worth_words else None,
        figures_age_seconds=stale_seconds,
        ladder=policy.ladder if rule.kind == LIQUIDATION_DISTANCE else None,
    )


def _only_position(health: PoolHealth) -> PositionHealth | None:
    """An isolated pool's single position: its figures belong into messages about the pool too."""
    return health.positions[0] if len(health.positions) == 1 else None
