"""Which rules look at what: the rules in force, and the subjects that a pool or an account offers them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from liqwatch.alerts.inhibition import FIRST_TO_TELL
from liqwatch.engine.plan import WatchPlan
from liqwatch.margin.pools import Pool
from liqwatch.model import MarginMode
from liqwatch.rules import known_rules, load_rule
from liqwatch.rules.base import RuleKind, Scope

Subject = tuple[RuleKind, str | None, str]
"""A rule, the market whose settings count (None: none), and the subject's name."""


def rules_in_force(plan: WatchPlan) -> list[RuleKind]:
    """Every rule that reads figures, compound conditions included; those that mute others first."""
    rules = [*(load_rule(kind) for kind in known_rules()), *plan.conditions]
    readers = [rule for rule in rules if rule.read is not None]
    return sorted(readers, key=lambda rule: (_rank(rule.kind), rule.kind))


def subjects_of_pool(rules: Iterable[RuleKind], pool: Pool) -> Iterator[Subject]:
    """What these rules look at in a pool. In a cross pool the pool comes first: its alarm mutes its parts."""
    only_symbol = next(iter(pool.symbols)) if len(pool.symbols) == 1 else None
    pool_first = pool.margin_mode is MarginMode.CROSS
    ordered = sorted(rules, key=lambda rule: rule.scope is not Scope.POOL) if pool_first else list(rules)
    for rule in ordered:
        if rule.scope is Scope.POOL:
            yield rule, only_symbol, pool.subject
        elif rule.scope is Scope.POSITION:
            for holding in pool.holdings:
                yield rule, holding.position.symbol, holding.position.subject


def account_subject(account: str) -> str:
    """The name under which alerts about a whole account are kept."""
    return f"account {account}"


def _rank(kind: str) -> int:
    return FIRST_TO_TELL.index(kind) if kind in FIRST_TO_TELL else len(FIRST_TO_TELL)
