"""Data that should arrive does not: silence is told, never mistaken for calm.

The reading is the age of a stream in seconds; the engine measures it with the monotonic clock.
"""

from __future__ import annotations

from liqwatch.model import Reading, Severity
from liqwatch.rules.base import Danger, RuleKind, Scope, Unit


def headline(reading: Reading) -> str:
    """How old, in half a sentence."""
    return f"no data for {reading:.0f} s" if isinstance(reading, float) else "age of data unknown"


RULE = RuleKind(
    kind="data_staleness",
    scope=Scope.FEED,
    danger=Danger.ABOVE,
    unit=Unit.SECONDS,
    figure="age of a stream",
    docs="How long a mark price, a venue's stream or an account's figures have not been renewed.",
    levels={Severity.WARNING: 15.0},
    headline=headline,
)
