"""From settings to the rules in force: what fires for whom, how patient its alerts are, who else is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from liqwatch.alerts.policy import AlertPolicy, EscalationStep, RulePolicy
from liqwatch.config.policies import (
    Patience,
    RepeatIntervals,
    RuleSettings,
    StalenessSettings,
    narrowest,
    rule_settings,
    staleness_settings,
)
from liqwatch.config.routes import Escalation
from liqwatch.config.rules import RULE_KINDS
from liqwatch.config.settings import Settings
from liqwatch.engine.plan import PolicyLookup, StalenessLimits
from liqwatch.model import Severity
from liqwatch.rules.base import Ladder, Level, RuleKind

NEVER = timedelta(days=36_500)
"""A limit that no age reaches: staleness switched off."""

Escalations = Mapping[Severity, tuple[EscalationStep, ...]]


def policies_of(settings: Settings, conditions: Mapping[str, PolicyLookup] | None = None) -> PolicyLookup:
    """The lookup of rule policies, with all overrides laid over; remembered, for it is asked at every judgement.

    `conditions` answer for the kinds that no file has.
    """
    indices = {
        (name, f"{position.symbol} {position.side.word}"): index
        for name, account in settings.accounts.items()
        for index, position in enumerate(account.positions)
    }
    own = conditions or {}

    @cache
    def resolved(
        place: tuple[str, str | None, int | None], kind: str, escalations: tuple[int, ...]
    ) -> RulePolicy | None:
        account, symbol, index = place
        rule = rule_settings(settings, account, symbol, index, kind)
        return rule_policy(rule, RULE_KINDS[kind], _steps(settings, escalations))

    @cache
    def lookup(account: str, symbol: str | None, subject: str, kind: str) -> RulePolicy | None:
        if kind in own:
            return own[kind](account, symbol, subject, kind)
        place = narrowest(settings, account, symbol, indices.get((account, subject)), kind)
        return resolved(place, kind, _meant(settings, account))

    return lookup


def rule_policy(rule: RuleSettings, kind: RuleKind, escalation: Escalations) -> RulePolicy | None:
    """A rule as the engine takes it; None where it is off."""
    if not rule.enabled:
        return None
    levels = tuple(Level(severity, rule.levels[severity], rule.clear[severity]) for severity in sorted(rule.levels))
    return RulePolicy(
        ladder=Ladder(kind.danger, levels, kind.limit),
        alerts=_alerts(rule.patience, rule.hold, escalation),
        options=rule.options,
    )


def staleness_of(settings: Settings) -> StalenessLimits:
    """How old data may be; its alerts escalate as those of every account do."""
    rule: StalenessSettings = staleness_settings(settings, "")
    everybody = tuple(index for index, each in enumerate(settings.escalations) if not each.accounts)
    return StalenessLimits(
        mark_price=rule.mark_price if rule.enabled else NEVER,
        mark_price_critical=rule.mark_price_critical if rule.enabled else NEVER,
        account=rule.account if rule.enabled else NEVER,
        alerts=_alerts(rule.patience, {}, _steps(settings, everybody)),
    )


def escalation_of(settings: Settings, account: str) -> Escalations:
    """The steps of each severity for an account; the daemon's own troubles ("") are everybody's.

    Of several escalations the one from the worst severity holds, those of the same severity together.
    """
    return _steps(settings, _meant(settings, account))


def intervals(repeat_every: RepeatIntervals) -> dict[Severity, timedelta]:
    """The repeat intervals without those that never come."""
    return {severity: every for severity, every in repeat_every.items() if every is not None}


def _alerts(patience: Patience, hold: Mapping[Severity, timedelta], escalation: Escalations) -> AlertPolicy:
    return AlertPolicy(
        hold=hold,
        clear_hold=patience.clear_hold,
        repeat_every=intervals(patience.repeat_every),
        flap_limit=patience.flap_limit,
        flap_window=patience.flap_window,
        flap_clear_hold=patience.flap_clear_hold,
        deeper_by=patience.deeper_by,
        escalation=escalation,
    )


def _meant(settings: Settings, account: str) -> tuple[int, ...]:
    """The escalations that an account takes part in, by number."""
    return tuple(
        index
        for index, each in enumerate(settings.escalations)
        if not each.accounts or not account or account in each.accounts
    )


def _steps(settings: Settings, indices: tuple[int, ...]) -> dict[Severity, tuple[EscalationStep, ...]]:
    chosen = [settings.escalations[index] for index in indices]
    by_severity = {severity: _of_worst(chosen, severity) for severity in Severity}
    return {severity: steps for severity, steps in by_severity.items() if steps}


def _of_worst(escalations: list[Escalation], severity: Severity) -> tuple[EscalationStep, ...]:
    worst = max((each.severity for each in escalations if each.severity <= severity), default=None)
    told: dict[timedelta, dict[str, None]] = {}
    for step in (step for each in escalations if each.severity is worst for step in each.steps):
        told.setdefault(step.after, {}).update(dict.fromkeys(step.channels))
    return tuple(EscalationStep(after, tuple(told[after])) for after in sorted(told))
