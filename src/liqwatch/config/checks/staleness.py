"""Greatest ages of data hold for the whole daemon: streams are shared by accounts, so that no override could count."""

from __future__ import annotations

from collections.abc import Iterator

from liqwatch.config.checks.surroundings import Surroundings
from liqwatch.config.codes import Code
from liqwatch.config.rules import Rules
from liqwatch.config.settings import Settings
from liqwatch.errors import Problem

KIND = "data_staleness"


def check_staleness(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """Warn of ages that are set where they do not count."""
    del surroundings
    for path, rules in _overrides(settings):
        if KIND in rules.model_fields_set:
            message = "has no effect here: streams are shared, so only [rules.data_staleness] counts"
            yield Code.NO_EFFECT.problem(f"{path}.rules.{KIND}", message, "move it to [rules.data_staleness]")


def _overrides(settings: Settings) -> Iterator[tuple[str, Rules]]:
    for symbol, market in settings.markets.items():
        yield f'markets."{symbol}"', market.rules
    for name, account in settings.accounts.items():
        yield f"accounts.{name}", account.rules
        for index, position in enumerate(account.positions):
            yield f"accounts.{name}.positions[{index}]", position.rules
