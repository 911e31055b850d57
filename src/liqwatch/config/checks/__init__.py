"""What the shape of the file cannot tell: whether its parts fit each other. Each check returns every finding.

A check is run only while the tables it needs are sound, so that one mistake is not told twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from liqwatch.config.checks.accounts import check_accounts
from liqwatch.config.checks.chores import check_chores, check_heartbeat
from liqwatch.config.checks.conditions import check_conditions
from liqwatch.config.checks.ladders import check_ladders
from liqwatch.config.checks.routes import check_channels, check_escalations, check_quiet_hours, check_routes
from liqwatch.config.checks.staleness import check_staleness
from liqwatch.config.checks.surroundings import Surroundings
from liqwatch.config.settings import Settings
from liqwatch.errors import Problem

__all__ = ["Surroundings", "run_checks"]


@dataclass(frozen=True, slots=True)
class Check:
    """A function that looks for trouble, and the tables that must be free of other trouble first."""

    find: Callable[[Settings, Surroundings], Iterator[Problem]]
    needs: frozenset[str]


CHECKS = (
    Check(check_accounts, frozenset()),
    Check(check_channels, frozenset({"channels"})),
    Check(check_routes, frozenset({"routes"})),
    Check(check_quiet_hours, frozenset({"quiet_hours"})),
    Check(check_escalations, frozenset({"escalations"})),
    Check(check_chores, frozenset({"digest", "self_test"})),
    Check(check_heartbeat, frozenset({"heartbeat"})),
    Check(check_conditions, frozenset({"conditions"})),
    Check(check_staleness, frozenset({"rules", "markets"})),
    Check(check_ladders, frozenset({"rules", "markets"})),
)


def run_checks(settings: Settings, surroundings: Surroundings) -> list[Problem]:
    """Every problem and warning of a configuration whose shape is right."""
    return [
        problem
        for check in CHECKS
        if not check.needs & surroundings.broken_tables
        for problem in check.find(settings, surroundings)
    ]
