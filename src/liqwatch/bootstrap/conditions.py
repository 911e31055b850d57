"""From settings to the user's own conditions: each a rule, and for whom it is in force."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.bootstrap.policies import escalation_of
from liqwatch.config.conditions import Condition
from liqwatch.config.per_severity import RepeatEvery
from liqwatch.config.settings import Settings
from liqwatch.engine.plan import PolicyLookup
from liqwatch.rules.base import Ladder, Level, RuleKind


def conditions_of(settings: Settings) -> tuple[RuleKind, ...]:
    """Every condition as a rule of its own, in the order of the file."""
    return tuple(_rule(condition) for condition in settings.conditions)


def condition_policies(settings: Settings, rules: tuple[RuleKind, ...]) -> Mapping[str, PolicyLookup]:
    """The policies of each condition, by its name; `rules` are those of `conditions_of`."""
    return {
        rule.kind: _lookup(settings, condition, rule)
        for condition, rule in zip(settings.conditions, rules, strict=True)
    }


def _rule(condition: Condition) -> RuleKind:
    from liqwatch.rules import compound  # noqa: PLC0415 - only a config with conditions needs it

    return compound.rule_of(
        compound.Condition(
            name=condition.name,
            severity=condition.severity,
            all_of=tuple(map(compound.parse_comparison, condition.all)),
            any_of=tuple(map(compound.parse_comparison, condition.any)),
            hold=condition.hold,
            expires_at=condition.expires,
            minimum_notional=condition.minimum_notional,
            message=condition.message,
        )
    )


def _lookup(settings: Settings, condition: Condition, rule: RuleKind) -> PolicyLookup:
    levels = tuple(Level(severity, level, level) for severity, level in rule.levels.items())
    is_stated = "repeat_every" in condition.model_fields_set
    every = condition.repeat_every if is_stated else RepeatEvery().of(condition.severity)

    @cache
    def policy(account: str) -> RulePolicy:
        alerts = AlertPolicy(
            hold={condition.severity: condition.hold},
            repeat_every={} if every is None else {condition.severity: every},
            escalation=escalation_of(settings, account),
        )
        return RulePolicy(ladder=Ladder(rule.danger, levels, rule.limit), alerts=alerts)

    def lookup(account: str, symbol: str | None, subject: str, kind: str) -> RulePolicy | None:
        del subject, kind
        is_elsewhere = condition.accounts and account not in condition.accounts
        is_another = condition.markets and symbol not in condition.markets
        return None if is_elsewhere or is_another else policy(account)

    return lookup
