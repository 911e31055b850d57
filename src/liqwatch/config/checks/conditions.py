"""Conditions: each has a name of its own, compares something, and holds for accounts that exist."""

from __future__ import annotations

from collections.abc import Iterator

from liqwatch.config.checks.names import unknown_accounts
from liqwatch.config.checks.surroundings import Surroundings
from liqwatch.config.codes import Code
from liqwatch.config.rules import RULE_KINDS
from liqwatch.config.settings import Settings
from liqwatch.errors import Problem


def check_conditions(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """Look at every condition; its comparisons have been read before."""
    first: dict[str, str] = {}
    for index, condition in enumerate(settings.conditions):
        where = f"conditions[{index}]"
        if first.setdefault(condition.name, where) != where:
            message = f"`{condition.name}` is already the name of {first[condition.name]}"
            yield Code.DUPLICATE_NAME.problem(f"{where}.name", message, "messages go by the name: give it another one")
        elif condition.name in RULE_KINDS:
            yield Code.DUPLICATE_NAME.problem(f"{where}.name", f"`{condition.name}` is a rule", "give it another name")
        if not condition.all and not condition.any:
            mend = 'such as all = ["liquidation_distance < 12%", "margin_ratio > 60%"]'
            yield Code.NO_COMPARISON.problem(where, "has neither `all` nor `any`, so it would never fire", mend)
        yield from unknown_accounts(f"{where}.accounts", condition.accounts, surroundings)
