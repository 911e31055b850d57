from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from liqwatch.config import LoadedSettings
from liqwatch.config.policies import SAFE_DIRECTION
from liqwatch.config.rules import RULE_KINDS, LadderRule, Rules
from liqwatch.config.units import written
from liqwatch.errors import ConfigError, Problem
from liqwatch.model import Severity
from liqwatch.rules.base import RuleKind, Unit

LADDERS = [kind for name, kind in RULE_KINDS.items() if isinstance(Rules().of(name), LadderRule)]
GOOD = """
[accounts.paper]
exchange = "demo"
[[accounts.paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
contracts = 1
entry_price = 60000
leverage = 10
maintenance_margin_rate = "0.4%"
[channels.chat]
url = "console://"
[channels.mail]
url = "console://"
"""
Load = Callable[[str], LoadedSettings]

by_kind = pytest.mark.parametrize("kind", LADDERS, ids=lambda kind: kind.kind)


def text(value: float, kind: RuleKind) -> str:
    return written(value, kind.unit) if kind.unit is Unit.MULTIPLE else f'"{written(value, kind.unit)}"'


def rule(kind: RuleKind, keys: str) -> str:
    return f"{GOOD}[rules.{kind.kind}]\n{keys}\n"


def problems_of(load: Load, config: str) -> dict[str, Problem]:
    with pytest.raises(ConfigError) as refusal:
        load(config)
    assert refusal.value.worst_exit_code == 3
    return {f"{problem.path} {problem.code}": problem for problem in refusal.value.problems}


def neighbours(kind: RuleKind) -> tuple[tuple[Severity, float], tuple[Severity, float]]:
    return next(pairwise(sorted(kind.levels.items())))


@by_kind
def test_levels_out_of_order_are_refused(load: Load, kind: RuleKind) -> None:
    (milder, level), (worse, worse_level) = neighbours(kind)
    swapped = f"levels = {{ {milder.word} = {text(worse_level, kind)}, {worse.word} = {text(level, kind)} }}"
    problem = problems_of(load, rule(kind, swapped))[f"rules.{kind.kind}.levels.{milder.word} LW-CFG-021"]
    assert f"must be {'greater' if SAFE_DIRECTION[kind.danger] > 0 else 'less'} than {worse.word}" in problem.message


@by_kind
def test_a_level_that_an_equal_one_hides_is_refused(load: Load, kind: RuleKind) -> None:
    (milder, _), (_, worse_level) = neighbours(kind)
    equal = f"levels = {{ {milder.word} = {text(worse_level, kind)} }}"
    assert f"rules.{kind.kind}.levels.{milder.word} LW-CFG-023" in problems_of(load, rule(kind, equal))


@by_kind
def test_a_clear_level_on_the_wrong_side_is_refused(load: Load, kind: RuleKind) -> None:
    severity, level = max(kind.levels.items())
    beyond = level * (1 - 0.1 * SAFE_DIRECTION[kind.danger])
    problems = problems_of(load, rule(kind, f"clear = {{ {severity.word} = {text(beyond, kind)} }}"))
    assert list(problems) == [f"rules.{kind.kind}.clear.{severity.word} LW-CFG-022"]


@by_kind
def test_the_ladder_of_the_file_can_be_written_out(load: Load, kind: RuleKind) -> None:
    levels = ", ".join(f"{severity.word} = {text(level, kind)}" for severity, level in kind.levels.items())
    loaded = load(rule(kind, f"levels = {{ {levels} }}"))
    assert loaded.settings.rules.of(kind.kind) == Rules().of(kind.kind)


@by_kind
def test_levels_of_one_position_are_judged_with_those_of_the_rest(load: Load, kind: RuleKind) -> None:
    (milder, _), (_, worse_level) = neighbours(kind)
    override = f"rules.{kind.kind}.levels.{milder.word} = {text(worse_level, kind)}"
    config = GOOD.replace("leverage = 10", f"leverage = 10\n{override}")
    assert list(problems_of(load, config)) == [
        f"accounts.paper.positions[0].rules.{kind.kind}.levels.{milder.word} LW-CFG-023"
    ]
