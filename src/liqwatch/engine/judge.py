"""Rules at work: sights in, verdicts out, each on its way into the alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.policy import RulePolicy
from liqwatch.engine.alarms import Alarms
from liqwatch.engine.plan import WatchPlan
from liqwatch.engine.rule_faults import RuleFaults
from liqwatch.engine.sights import Sights
from liqwatch.engine.subjects import Subject, account_subject, rules_in_force, subjects_of_pool
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.margin.pools import Pool
from liqwatch.model import AccountSnapshot, AlertChange, AlertKey, AlertState, Reading
from liqwatch.rules.base import Pace, RuleKind, Scope, Verdict
from liqwatch.rules.sight import Sight

LIQUIDATION_DISTANCE = "liquidation_distance"
ONLY_TICKS = frozenset({Pace.TICK})

PoolsOf = Callable[[str], Sequence[PoolHealth]]


class Judge:
    """Every rule in force, applied to pools, positions and accounts."""

    def __init__(self, plan: WatchPlan, alarms: Alarms, sights: Sights, pools_of: PoolsOf) -> None:
        """`pools_of` an account: as they were last judged."""
        self._pools_of = pools_of
        self._conditions = frozenset(rule.kind for rule in plan.conditions)
        self.rules = rules_in_force(plan)
        self.kinds = frozenset(rule.kind for rule in self.rules)
        self._plan = plan
        self._alarms = alarms
        self._sights = sights
        self._faults = RuleFaults()
        self._by_paces: dict[frozenset[Pace], list[RuleKind]] = {}

    def pool(
        self, health: PoolHealth, now: datetime, paces: frozenset[Pace], stale_seconds: float | None
    ) -> list[AlertChange]:
        """Judge a pool and its positions by the rules of these paces. `stale_seconds`: the age of its marks, if old.

        At a tick the alarms hear nothing of what is calm and was calm: only the figures have moved.
        """
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
            key, reading = AlertKey(health.pool.account, rule.kind, subject), self._faults.read(rule, sight)
            verdict = policy.ladder.judge(reading)
            if paces == ONLY_TICKS and verdict.fired is None and not self._is_awake(key):
                continue
            finding = self._finding(rule, key, sight, reading, verdict, stale_seconds)
            changes += self._alarms.take(finding, policy.alerts, now)
        return changes + self._told_faults(now)

    def account(self, pools: Sequence[PoolHealth], snapshot: AccountSnapshot, now: datetime) -> list[AlertChange]:
        """Judge an account as a whole."""
        account, changes = snapshot.account, list[AlertChange]()
        for rule in self.rules:
            subject = account_subject(account)
            policy = self._plan.policies(account, None, subject, rule.kind) if rule.scope is Scope.ACCOUNT else None
            if policy is not None:
                sight = self._sights.account_sight(pools, snapshot, policy.options, now)
                reading = self._faults.read(rule, sight)
                finding = self._finding(
                    rule, AlertKey(account, rule.kind, subject), sight, reading, policy.ladder.judge(reading), None
                )
                changes += self._alarms.take(finding, policy.alerts, now)
        return changes + self._told_faults(now)

    def readings(self, health: PoolHealth, now: datetime) -> Iterator[tuple[AlertKey, RulePolicy, RuleKind, Reading]]:
        """What the rules that follow the price read in a pool, without telling anybody."""
        by_subject = {each.position.subject: each for each in health.positions}
        for rule, symbol, subject in subjects_of_pool(self._rules_of(frozenset({Pace.TICK})), health.pool):
            policy = self._plan.policies(health.pool.account, symbol, subject, rule.kind)
            if policy is not None and rule.read is not None:
                sight = Sight(now=now, pool=health, position=by_subject.get(subject), options=policy.options)
                yield AlertKey(health.pool.account, rule.kind, subject), policy, rule, self._faults.read(rule, sight)

    def subjects_of(self, account: str, pools: Sequence[Pool]) -> dict[tuple[str, str], str | None]:
        """Everything of an account that is judged: (rule, subject) and the market whose settings count."""
        subjects: list[Subject] = [each for pool in pools for each in subjects_of_pool(self.rules, pool)]
        if pools:
            subjects += [(rule, None, account_subject(account)) for rule in self.rules if rule.scope is Scope.ACCOUNT]
        return {(rule.kind, subject): symbol for rule, symbol, subject in subjects}

    def _finding(
        self, rule: RuleKind, key: AlertKey, sight: Sight, reading: Reading, verdict: Verdict, stale: float | None
    ) -> Finding:
        is_worth_words = verdict.held is not None or verdict.unknown is not None
        said = self._faults.words(rule, sight, reading, is_worth_words=is_worth_words)
        return Finding(
            key=key,
            headline=said.headline,
            verdict=verdict,
            pool=sight.pool,
            position=sight.position,
            detail=said.detail,
            advice=said.advice,
            figures_age_seconds=stale,
        )

    def _told_faults(self, now: datetime) -> list[AlertChange]:
        news = self._faults.news()
        return [change for each in news for change in self._alarms.take_event(each, self._plan.troubles(""), now)]

    def _is_awake(self, key: AlertKey) -> bool:
        """Whether anything but a fired level could move this alert."""
        record = self._alarms.records.get(key)
        return record is not None and record.state is not AlertState.OK

    def _rules_of(self, paces: frozenset[Pace]) -> list[RuleKind]:
        if paces not in self._by_paces:
            self._by_paces[paces] = [rule for rule in self.rules if rule.pace in paces]
        return self._by_paces[paces]


def _only_position(health: PoolHealth) -> PositionHealth | None:
    """An isolated pool's single position: its figures belong into messages about the pool too."""
    return health.positions[0] if len(health.positions) == 1 else None
