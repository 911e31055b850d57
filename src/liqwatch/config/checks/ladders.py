"""Ladders of levels: in order, each level reachable, each clear level on the safe side. Overrides count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from liqwatch.config.checks.surroundings import Surroundings
from liqwatch.config.codes import Code
from liqwatch.config.policies import SAFE_DIRECTION, RuleSettings, rule_settings
from liqwatch.config.rules import RULE_KINDS, LadderRule, Rules
from liqwatch.config.settings import Settings
from liqwatch.config.units import figure_text
from liqwatch.errors import Problem
from liqwatch.rules.base import Danger, RuleKind

# What a safer level is in the words of the figure: farther from liquidation, or less of equity in use.
SAFER = {Danger.BELOW: "greater", Danger.ABOVE: "less"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something with a ladder: `layers` are the overrides that make it differ, `path` is the last one."""

    path: str
    layers: tuple[Rules, ...]
    account: str = ""
    symbol: str | None = None
    position_index: int | None = None


def check_ladders(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """Look at every ladder that results from laying overrides over each other."""
    del surroundings
    kinds = [kind for kind in RULE_KINDS.values() if isinstance(settings.rules.of(kind.kind), LadderRule)]
    told = set()
    for subject in _subjects(settings):
        for kind in kinds:
            # What nobody has touched is the rule's own, which its tests look after.
            if not all(_touches_ladder(rules, kind) for rules in subject.layers):
                continue
            ladder = rule_settings(settings, subject.account, subject.symbol, subject.position_index, kind.kind)
            for problem in _check_ladder(f"{subject.path}.{kind.kind}", ladder, kind):
                if (problem.path, problem.code) not in told:
                    told.add((problem.path, problem.code))
                    yield problem


def _subjects(settings: Settings) -> Iterator[Subject]:
    yield Subject(path="rules", layers=(settings.rules,))
    for symbol, market in settings.markets.items():
        yield Subject(path=f'markets."{symbol}".rules', layers=(market.rules,), symbol=symbol)
    for name, account in settings.accounts.items():
        path = f"accounts.{name}"
        yield Subject(path=f"{path}.rules", layers=(account.rules,), account=name)
        for symbol, market in settings.markets.items():
            layers = (market.rules, account.rules)
            yield Subject(path=f"{path}.rules", layers=layers, account=name, symbol=symbol)
        for index, position in enumerate(account.positions):
            yield Subject(
                path=f"{path}.positions[{index}].rules",
                layers=(position.rules,),
                account=name,
                symbol=position.symbol,
                position_index=index,
            )


def _touches_ladder(rules: Rules, kind: RuleKind) -> bool:
    if "profile" in rules.model_fields_set:
        return True
    return kind.kind in rules.model_fields_set and bool({"levels", "clear"} & rules.of(kind.kind).model_fields_set)


def _check_ladder(path: str, ladder: RuleSettings, kind: RuleKind) -> Iterator[Problem]:
    yield from _check_order(path, ladder, kind)
    for severity, level in ladder.levels.items():
        clear = ladder.clear[severity]
        if (clear - level) * SAFE_DIRECTION[kind.danger] <= 0:
            texts = figure_text(clear, kind.unit), figure_text(level, kind.unit)
            message = f"{texts[0]} must be {SAFER[kind.danger]} than the level itself ({texts[1]})"
            mend = "otherwise the alert would flap, or never end"
            yield Code.CLEAR_SIDE.problem(f"{path}.clear.{severity.word}", message, mend)
        if kind.limit is not None and kind.danger is Danger.ABOVE and level > kind.limit:
            message = (
                f"{figure_text(level, kind.unit)} is beyond {figure_text(kind.limit, kind.unit)}: all is lost by then"
            )
            yield Code.BEYOND_LIMIT.problem(f"{path}.levels.{severity.word}", message, "choose an earlier level")


def _check_order(path: str, ladder: RuleSettings, kind: RuleKind) -> Iterator[Problem]:
    for (milder, level), (worse, worse_level) in pairwise(ladder.levels.items()):
        where = f"{path}.levels.{milder.word}"
        texts = figure_text(level, kind.unit), figure_text(worse_level, kind.unit)
        if level == worse_level:
            message = f"is never seen: {worse.word} fires at the same {texts[0]}"
            yield Code.LEVEL_HIDDEN.problem(where, message, 'move one of them, or set one to "off"')
        elif (level - worse_level) * SAFE_DIRECTION[kind.danger] < 0:
            message = f"{texts[0]} must be {SAFER[kind.danger]} than {worse.word} ({texts[1]})"
            yield Code.LADDER_ORDER.problem(where, message, "a milder level fires earlier")
