"""The rule settings that hold for one subject, as plain data: global, then market, account and position laid over.

A later layer changes only the keys it sets, down to the single level of a ladder. What nobody sets comes from the
profile that the strongest layer names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, reduce
from typing import TypeAlias

from liqwatch.config.per_severity import RepeatEvery
from liqwatch.config.rules import (
    RULE_KINDS,
    DataStalenessRule,
    EventRule,
    LadderRule,
    LastingRule,
    Rule,
    Rules,
    YesNoRule,
    default_levels,
)
from liqwatch.config.settings import Settings
from liqwatch.config.table import lay_over
from liqwatch.model import Severity
from liqwatch.rules.base import Danger, Profile, RuleKind

RepeatIntervals: TypeAlias = Mapping[Severity, timedelta | None]

# Which way a figure moves when it gets safer: a distance grows, a margin ratio shrinks.
SAFE_DIRECTION: Mapping[Danger, int] = {Danger.BELOW: 1, Danger.ABOVE: -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How any alert behaves. `repeat_every` names every severity; None: never repeated. `deeper_by` is a fraction."""

    clear_hold: timedelta
    repeat_every: RepeatIntervals
    flap_limit: int
    flap_window: timedelta
    flap_clear_hold: timedelta
    deeper_by: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """One rule for one subject. `levels`, `clear` (in the rule's unit) and `hold` have the same keys.

    `options` are the rule's own settings, in their units (durations in seconds).
    """

    enabled: bool
    levels: Mapping[Severity, float]
    clear: Mapping[Severity, float]
    hold: Mapping[Severity, timedelta]
    patience: Patience
    options: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class StalenessSettings:
    """Greatest ages of data; `mark_price_critical` holds while a critical alert lasts."""

    enabled: bool
    mark_price: timedelta
    mark_price_critical: timedelta
    account: timedelta
    patience: Patience


def rule_settings(
    settings: Settings, account: str, symbol: str | None, position_index: int | None, kind: str
) -> RuleSettings:
    """The rule `kind` for a position, a market of an account, or a whole account.

    `account` "" is the daemon itself. `symbol` None: no market's overrides count. `position_index` counts
    the account's typed positions from 0; None: no position's overrides count. `kind` is one of `RULE_KINDS`.
    """
    rule_kind = RULE_KINDS[kind]
    rule = effective_rule(settings, account, symbol, position_index, kind)
    levels, clear, hold = _ladder(rule, rule_kind)
    return RuleSettings(
        enabled=rule.enabled,
        levels=levels,
        clear=clear,
        hold=hold,
        patience=_patience(rule),
        options={name: getattr(rule, name) for name in rule_kind.options},
    )


def staleness_settings(
    settings: Settings, account: str, symbol: str | None = None, position_index: int | None = None
) -> StalenessSettings:
    """How old data may be; arguments as for `rule_settings`."""
    rule = effective_rule(settings, account, symbol, position_index, "data_staleness")
    if not isinstance(rule, DataStalenessRule):
        raise TypeError("the table of data_staleness is of another kind")
    return StalenessSettings(
        enabled=rule.enabled,
        mark_price=rule.mark_price,
        mark_price_critical=rule.mark_price_critical,
        account=rule.account,
        patience=_patience(rule),
    )


def effective_rule(settings: Settings, account: str, symbol: str | None, position_index: int | None, kind: str) -> Rule:
    """The table of one rule with every key set; arguments as for `rule_settings`."""
    layers = [layer for _, layer in _layers(settings, account, symbol, position_index)]
    named = [layer.profile for layer in layers if "profile" in layer.model_fields_set]
    said = [layer.of(kind) for layer in layers if kind in layer.model_fields_set]
    return reduce(lay_over, said, _untouched(kind, named[-1] if named else Profile.NORMAL))


def narrowest(
    settings: Settings, account: str, symbol: str | None, position_index: int | None, kind: str
) -> tuple[str, str | None, int | None]:
    """Account, symbol and position as far as they matter to this rule: many subjects share one answer."""
    places = {place for place, layer in _layers(settings, account, symbol, position_index) if says(layer, kind)}
    return (
        account if places & {"account", "position"} else "",
        symbol if "market" in places else None,
        position_index if "position" in places else None,
    )


def says(rules: Rules, kind: str) -> bool:
    """Whether a layer changes anything of a rule."""
    return bool({"profile", kind} & rules.model_fields_set)


def _layers(
    settings: Settings, account: str, symbol: str | None, position_index: int | None
) -> Iterator[tuple[str, Rules]]:
    yield "rules", settings.rules
    if symbol in settings.markets:
        yield "market", settings.markets[symbol].rules
    if account in settings.accounts:
        yield "account", settings.accounts[account].rules
        if position_index is not None:
            yield "position", settings.accounts[account].positions[position_index].rules


@cache
def _untouched(kind: str, profile: Profile) -> Rule:
    """The table of a rule as a profile has it."""
    table = Rules().of(kind)
    is_plain = profile is Profile.NORMAL or isinstance(table, DataStalenessRule)
    return table if is_plain else table.model_copy(update=default_levels(RULE_KINDS[kind], profile))


def _ladder(
    rule: Rule, kind: RuleKind
) -> tuple[Mapping[Severity, float], Mapping[Severity, float], Mapping[Severity, timedelta]]:
    if isinstance(rule, LadderRule):
        levels = {severity: level for severity in Severity if (level := rule.levels.of(severity)) is not None}
        clear = {severity: _clear_level(rule, severity, level, kind.danger) for severity, level in levels.items()}
        return levels, clear, {severity: rule.hold.of(severity) for severity in levels}
    if isinstance(rule, YesNoRule):
        breached = {rule.severity: max(kind.levels.values())}
        return breached, breached, {rule.severity: rule.hold}
    if isinstance(rule, EventRule):
        happened = {rule.min_severity: max(kind.levels.values())}
        return happened, happened, {}
    return kind.levels, kind.levels, {}


def _clear_level(rule: LadderRule, severity: Severity, level: float, danger: Danger) -> float:
    stated = rule.clear.of(severity)
    return level * (1 + SAFE_DIRECTION[danger] * rule.clear.factor) if stated is None else stated


def _patience(rule: Rule) -> Patience:
    if not isinstance(rule, LastingRule):
        # An event is over as soon as it has been told.
        rule = LastingRule(repeat_every=RepeatEvery(warning=None, critical=None, emergency=None))
    return Patience(
        clear_hold=rule.clear_hold,
        repeat_every=repeat_intervals(rule.repeat_every),
        flap_limit=rule.flap_limit,
        flap_window=rule.flap_window,
        flap_clear_hold=rule.flap_clear_hold,
        deeper_by=rule.deeper_by,
    )


def repeat_intervals(table: RepeatEvery) -> RepeatIntervals:
    """The repeat interval of every severity."""
    return {severity: table.of(severity) for severity in Severity}
