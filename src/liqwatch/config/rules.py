"""The `[rules.…]` tables: what fires, when it clears, how long it must last and how often it is repeated.

One table for each file in `rules/`, made from what the file exports. The same tables stand under `rules` of a
market, an account or a typed position; there, only the keys that are set count (`policies.py` lays them over).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, create_model

from liqwatch.config.per_severity import (
    CLEAR_SHOWN,
    CLEARS,
    LEVELS,
    Clear,
    Hold,
    HoldTable,
    Levels,
    RepeatEvery,
    RepeatTable,
    as_factor,
)
from liqwatch.config.table import Table
from liqwatch.config.units import option_type
from liqwatch.config.values import Duration, Fraction, Period, SeverityWord, Shown, one_of
from liqwatch.model import Severity
from liqwatch.rules import known_rules, load_rule
from liqwatch.rules.base import Profile, RuleKind, Scope, Unit

NOT_TABLES = {"compound"}
"""Kinds that are configured elsewhere: `[[conditions]]`."""

ProfileWord = Annotated[
    Profile, BeforeValidator(one_of({profile.value: profile for profile in Profile})), Shown("careful, normal or bold")
]


class Rule(Table):
    """What every kind of rule can be told."""

    enabled: bool = Field(default=True, description="Switches the rule on or off.")


class LastingRule(Rule):
    """A rule whose alerts last: they can end, be told again, flap and be acknowledged."""

    clear_hold: Duration = Field(default=timedelta(0), description="How long it must be over before the all-clear.")
    repeat_every: RepeatTable = Field(
        default=RepeatEvery(), description="How often a lasting alert is told again: one duration, or one per severity."
    )
    flap_limit: int = Field(
        default=3, ge=1, description="Firings, each soon after the all-clear before it, that make an alert flap."
    )
    flap_window: Duration = Field(default=timedelta(minutes=30), description="How soon after an all-clear is too soon.")
    flap_clear_hold: Duration = Field(
        default=timedelta(minutes=15), description="How long the all-clear of a flapping alert waits."
    )
    deeper_by: Fraction = Field(
        default=0.25, description="Share of what was left that may be lost after an ack before it is told all the same."
    )


class LadderRule(LastingRule):
    """A rule that compares one figure with a ladder of levels."""

    levels: Levels = Field(default=Levels(), description="The figure at which each severity fires.")
    clear: Annotated[Clear, CLEAR_SHOWN] = Field(
        default=Clear(),
        description="Where an alert ends: one factor by which the fire level is moved to the safe side "
        "(fire 8 %, factor 10 %: clears above 8.8 %), or one level per severity.",
    )
    hold: HoldTable = Field(
        default=Hold(),
        description="How long a level must be breached before the first message: one duration, or one per severity. "
        "Once an alert has been told, worse levels are told at once.",
    )


class YesNoRule(LastingRule):
    """A rule that is breached or not."""

    hold: Duration = Field(default=timedelta(0), description="How long it must last before it is told.")
    severity: SeverityWord = Field(default=Severity.WARNING, description="How bad that is.")


class EventRule(Rule):
    """A rule about something that happens once, as bad as it is."""

    min_severity: SeverityWord = Field(default=Severity.NOTICE, description="Least severity that is told.")


class DataStalenessRule(LastingRule):
    """How old data may become before that itself is told."""

    mark_price: Period = Field(default=timedelta(seconds=15), description="Greatest age of a mark price.")
    mark_price_critical: Period = Field(
        default=timedelta(seconds=5), description="Greatest age of a mark price while a critical alert lasts."
    )
    account: Period = Field(default=timedelta(seconds=60), description="Greatest age of an account's figures.")


WRITTEN_OUT: Mapping[str, type[Rule]] = {"data_staleness": DataStalenessRule}
"""Kinds that have keys of their own instead of a ladder."""


RULE_KINDS: Mapping[str, RuleKind] = {kind: load_rule(kind) for kind in known_rules() if kind not in NOT_TABLES}
"""Every kind of rule that has a table, by name."""


def default_levels(kind: RuleKind, profile: Profile) -> dict[str, Any]:
    """What a profile puts into the table of a rule: its levels, or its one severity."""
    levels = kind.levels_in(profile)
    if kind.unit is Unit.YES_NO:
        return {"min_severity" if kind.scope is Scope.FEED else "severity": max(levels)}
    # The defaults are figures already, so nothing of them is parsed.
    named = {severity.word: levels.get(severity) for severity in Severity}
    return {"levels": LEVELS[kind.unit].model_construct(None, **named)}


def _table_of(kind: RuleKind) -> type[Rule]:
    if kind.kind in WRITTEN_OUT:
        return WRITTEN_OUT[kind.kind]
    base, fields = _fields(kind, default_levels(kind, Profile.NORMAL))
    if not kind.default_enabled:
        fields["enabled"] = (bool, _like(Rule, "enabled", default=False))
    for name, option in kind.options.items():
        fields[name] = (option_type(option.unit), Field(default=option.default, description=option.description))
    name = "".join(part.title() for part in kind.kind.split("_"))
    return create_model(f"{name}Rule", __base__=base, __doc__=kind.docs, **fields)


def _fields(kind: RuleKind, defaults: Mapping[str, Any]) -> tuple[type[Rule], dict[str, Any]]:
    if kind.unit is not Unit.YES_NO:
        return LadderRule, _ladder_fields(kind, defaults)
    if kind.scope is Scope.FEED:
        least = _like(EventRule, "min_severity", default=defaults["min_severity"])
        return EventRule, {"min_severity": (SeverityWord, least)}
    return YesNoRule, _yes_no_fields(kind, defaults)


def _ladder_fields(kind: RuleKind, defaults: Mapping[str, Any]) -> dict[str, Any]:
    clear = CLEARS[kind.unit]
    fields: dict[str, Any] = {
        "levels": (LEVELS[kind.unit], _like(LadderRule, "levels", default=defaults["levels"])),
        "clear": (
            Annotated[clear, BeforeValidator(as_factor), CLEAR_SHOWN],
            _like(LadderRule, "clear", default=clear(factor=kind.clear_factor)),
        ),
    }
    if kind.hold:
        hold = Hold.model_construct(None, **dict.fromkeys((severity.word for severity in Severity), kind.hold))
        fields["hold"] = (HoldTable, _like(LadderRule, "hold", default=hold))
    return fields


def _yes_no_fields(kind: RuleKind, defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "hold": (Duration, _like(YesNoRule, "hold", default=kind.hold or timedelta(0))),
        "severity": (SeverityWord, _like(YesNoRule, "severity", default=defaults["severity"])),
    }


def _like(base: type[Rule], name: str, *, default: object) -> Any:  # noqa: ANN401 - what pydantic takes for a field
    """The same field with another default."""
    return Field(default=default, description=base.model_fields[name].description)


class RulesBase(Table):
    """One table for each kind of rule, and the profile that their ladders start from."""

    profile: ProfileWord = Field(
        default=Profile.NORMAL,
        description="How early all ladders warn. The strongest place that names one decides; every level that is set "
        "anywhere is laid over it.",
    )

    def of(self, kind: str) -> Rule:
        """The table of one kind."""
        table: Rule = getattr(self, kind)
        return table


def _rule_fields() -> dict[str, Any]:
    return {
        name: (table, Field(default=table(), description=f"{kind.figure[:1].upper()}{kind.figure[1:]}."))
        for name, kind, table in ((name, kind, _table_of(kind)) for name, kind in RULE_KINDS.items())
    }


if TYPE_CHECKING:
    Rules: TypeAlias = RulesBase
else:
    Rules = create_model("Rules", __base__=RulesBase, __doc__=RulesBase.__doc__, **_rule_fields())
