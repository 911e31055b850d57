"""Every rule: ladders in order, careful before normal before bold, and words for whatever is read."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from liqwatch.model import UNREACHABLE, Reading, Unknown
from liqwatch.rules import known_rules, load_rule
from liqwatch.rules.base import Danger, Levels, Profile, RuleKind

KINDS = [
    "deterioration",
    "distance_in_volatility",
    "drawdown",
    "exposure",
    "funding",
    "funding_overheated",
    "leverage",
    "tier_change",
]


def is_no_later(rule: RuleKind, early: Levels, late: Levels) -> bool:
    """Whether every level that both name is reached by the early one first."""
    sign = 1 if rule.danger is Danger.ABOVE else -1
    return all(sign * early[severity] <= sign * late[severity] for severity in early.keys() & late.keys())


@pytest.mark.parametrize("kind", KINDS)
def test_careful_warns_first_and_bold_last(kind: str) -> None:
    rule = load_rule(kind)
    careful, normal, bold = (rule.levels_in(profile) for profile in Profile)
    assert is_no_later(rule, careful, normal)
    assert is_no_later(rule, normal, bold)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("profile", Profile)
def test_a_worse_level_needs_a_worse_reading(kind: str, profile: Profile) -> None:
    rule = load_rule(kind)
    levels = rule.levels_in(profile)
    values = [levels[severity] for severity in sorted(levels)]
    assert all(mild < bad if rule.danger is Danger.ABOVE else mild > bad for mild, bad in pairwise(values))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reading", [Unknown("x"), UNREACHABLE, -0.1, 0.0, 0.05, 1.0, 250.0, math.inf])
def test_every_reading_has_a_headline(kind: str, reading: Reading) -> None:
    rule = load_rule(kind)
    text = rule.headline(reading)
    assert text
    assert "\n" not in text
    assert not isinstance(reading, Unknown) or text.endswith("unknown: x")


def test_the_rules_are_found_by_the_names_of_their_files() -> None:
    assert set(KINDS) <= set(known_rules())
    assert all(load_rule(kind).kind == kind and load_rule(kind).docs for kind in KINDS)
