"""Ladders of levels: in order, each level reachable, each clear level on the safe side. Overrides count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

from liqwatch.config.checks.surroundings import Surroundings
from liqwatch.config.codes import Code
from liqwatch.config.policies import SAFE_DIRECTION, LadderKind, RuleSettings, rule_settings
from liqwatch.config.rules import Rules
from liqwatch.config.settings import Settings
from liqwatch.errors import Problem

# What a safer level is in the words of the figure: farther from liquidation, or less of equity in use.
SAFER = {1: "greater", -1: "less"}


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
    told = set()
    for subject in _subjects(settings):
        for kind in get_args(LadderKind):
            if not all(_touches_ladder(rules, kind) for rules in subject.layers):
                continue
            ladder = rule_settings(settings, subject.account, subject.symbol, subject.position_index, kind)
            for problem in _check_ladder(f"{subject.path}.{kind}", ladder, SAFE_DIRECTION[kind]):
                if (problem.path, problem.code) not in told:
                    told.add((problem.path, problem.code))
                    yield problem


def _subjects(settings: Settings) -> Iterator[Subject]:
    yield Subject(path="rules", layers=())
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


def _touches_ladder(rules: Rules, kind: LadderKind) -> bool:
    return bool({"levels", "clear"} & getattr(rules, kind).model_fields_set)


def _check_ladder(path: str, ladder: RuleSettings, safe_direction: int) -> Iterator[Problem]:
    safer = SAFER[safe_direction]
    for (milder, level), (worse, worse_level) in pairwise(ladder.levels.items()):
        where = f"{path}.levels.{milder.word}"
        if level == worse_level:
            message = f"is never seen: {worse.word} fires at the same {_percent(level)}"
            yield Code.LEVEL_HIDDEN.problem(where, message, 'move one of them, or set one to "off"')
        elif (level - worse_level) * safe_direction < 0:
            message = f"{_percent(level)} must be {safer} than {worse.word} ({_percent(worse_level)})"
            yield Code.LADDER_ORDER.problem(where, message, "a milder level fires earlier")
    for severity, level in ladder.levels.items():
        clear = ladder.clear[severity]
        if (clear - level) * safe_direction <= 0:
            message = f"{_percent(clear)} must be {safer} than the level itself ({_percent(level)})"
            mend = "otherwise the alert would flap, or never end"
            yield Code.CLEAR_SIDE.problem(f"{path}.clear.{severity.word}", message, mend)


def _percent(fraction: float) -> str:
    return f"{fraction * 100:g} %"
