"""The rule settings that hold for one subject, as plain data: global, then market, account and position laid over.

A later layer changes only the keys it sets, down to the single level of a ladder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import Literal, TypeAlias

from liqwatch.config.rules import Ladder, RepeatEvery, Rules
from liqwatch.config.settings import Settings
from liqwatch.config.table import lay_over
from liqwatch.model import Severity

LadderKind: TypeAlias = Literal["liquidation_distance", "margin_ratio"]
DoubtKind: TypeAlias = Literal["figures_unknown", "figures_disagree"]
RepeatIntervals: TypeAlias = Mapping[Severity, timedelta | None]

# Which way a figure moves when it gets safer: a distance grows, a margin ratio shrinks.
SAFE_DIRECTION: Mapping[LadderKind, int] = {"liquidation_distance": 1, "margin_ratio": -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """A ladder for one subject. Levels are fractions; `levels`, `clear` and `hold` have the same keys.

    `repeat_every` names every severity; None: never repeated.
    """

    enabled: bool
    levels: Mapping[Severity, float]
    clear: Mapping[Severity, float]
    hold: Mapping[Severity, timedelta]
    clear_hold: timedelta
    repeat_every: RepeatIntervals


@dataclass(frozen=True, slots=True, kw_only=True)
class StalenessSettings:
    """Greatest ages of data; `mark_price_critical` holds while a critical alert lasts."""

    enabled: bool
    mark_price: timedelta
    mark_price_critical: timedelta
    account: timedelta
    repeat_every: RepeatIntervals


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtSettings:
    """How long figures may be in doubt (unknown, or differing), and how bad it is afterwards."""

    enabled: bool
    hold: timedelta
    severity: Severity
    repeat_every: RepeatIntervals


def effective_rules(settings: Settings, account: str, symbol: str | None, position_index: int | None) -> Rules:
    """Every rule table for one subject, all keys set; arguments as for `rule_settings`."""
    return reduce(lay_over, _layers(settings, account, symbol, position_index), Rules())


def rule_settings(
    settings: Settings, account: str, symbol: str | None, position_index: int | None, kind: LadderKind
) -> RuleSettings:
    """The ladder `kind` for a position, a market of an account, or a whole account.

    `account` "" is the daemon itself. `symbol` None: no market's overrides count. `position_index` counts
    the account's typed positions from 0; None: no position's overrides count.
    """
    rules = effective_rules(settings, account, symbol, position_index)
    return ladder_settings(rules.liquidation_distance if kind == "liquidation_distance" else rules.margin_ratio, kind)


def staleness_settings(
    settings: Settings, account: str, symbol: str | None = None, position_index: int | None = None
) -> StalenessSettings:
    """How old data may be; arguments as for `rule_settings`."""
    rule = effective_rules(settings, account, symbol, position_index).data_staleness
    return StalenessSettings(
        enabled=rule.enabled,
        mark_price=rule.mark_price,
        mark_price_critical=rule.mark_price_critical,
        account=rule.account,
        repeat_every=_repeat_intervals(rule.repeat_every),
    )


def doubt_settings(
    settings: Settings, account: str, symbol: str | None, position_index: int | None, kind: DoubtKind
) -> DoubtSettings:
    """How long figures may be in doubt; arguments as for `rule_settings`."""
    rules = effective_rules(settings, account, symbol, position_index)
    rule = rules.figures_unknown if kind == "figures_unknown" else rules.figures_disagree
    return DoubtSettings(
        enabled=rule.enabled,
        hold=rule.hold,
        severity=rule.severity,
        repeat_every=_repeat_intervals(rule.repeat_every),
    )


def ladder_settings(ladder: Ladder, kind: LadderKind) -> RuleSettings:
    """A ladder table in which every key is set, as plain data."""
    levels = {severity: level for severity in Severity if (level := ladder.levels.of(severity)) is not None}
    return RuleSettings(
        enabled=ladder.enabled,
        levels=levels,
        clear={severity: _clear_level(ladder, severity, level, kind) for severity, level in levels.items()},
        hold={severity: ladder.hold.of(severity) for severity in levels},
        clear_hold=ladder.clear_hold,
        repeat_every=_repeat_intervals(ladder.repeat_every),
    )


def _layers(settings: Settings, account: str, symbol: str | None, position_index: int | None) -> Iterator[Rules]:
    yield settings.rules
    if symbol in settings.markets:
        yield settings.markets[symbol].rules
    if account in settings.accounts:
        yield settings.accounts[account].rules
        if position_index is not None:
            yield settings.accounts[account].positions[position_index].rules


def _clear_level(ladder: Ladder, severity: Severity, level: float, kind: LadderKind) -> float:
    stated = ladder.clear.of(severity)
    return level * (1 + SAFE_DIRECTION[kind] * ladder.clear.factor) if stated is None else stated


def _repeat_intervals(table: RepeatEvery) -> RepeatIntervals:
    return {severity: table.of(severity) for severity in Severity}
