"""How patient an alert is, and how insistent: values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from liqwatch.model import Severity
from liqwatch.rules.base import Ladder

NO_TIME = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """`hold`: how long a level must be breached before the first message; worsening never waits.

    `clear_hold`: how long it must be over before the all-clear. `repeat_every`: reminders while it
    lasts; a severity without an entry is told once. `expires_after`: when an undelivered message has
    lost its use; critical and worse never expire.
    """

    hold: Mapping[Severity, timedelta] = field(default_factory=dict)
    clear_hold: timedelta = NO_TIME
    repeat_every: Mapping[Severity, timedelta] = field(default_factory=dict)
    expires_after: Mapping[Severity, timedelta] = field(
        default_factory=lambda: {Severity.NOTICE: timedelta(hours=1), Severity.WARNING: timedelta(hours=6)}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePolicy:
    """One rule as configured for one subject: where its levels stand and how its alerts behave."""

    ladder: Ladder
    alerts: AlertPolicy
