"""How patient an alert is, and how insistent: values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from liqwatch.model import Severity
from liqwatch.rules.base import Ladder

NO_TIME = timedelta(0)


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """So long after a level was first told, and while nobody has acknowledged it, these channels are told as well."""

    after: timedelta
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """`hold`: how long a level must be breached before the first message; worsening never waits.

    `clear_hold`: how long it must be over before the all-clear. `repeat_every`: reminders while it
    lasts and nobody has acknowledged it; a severity without an entry is told once. `expires_after`: when an
    undelivered message has lost its use; critical and worse never expire.
    `flap_limit` firings, each within `flap_window` of the all-clear before it, make an alert flap: from then on the
    all-clear waits for `flap_clear_hold`. `deeper_by`: the share of its room that may be lost after an ack or a
    snooze before it is told all the same. `escalation`: steps in the order of their times.
    """

    hold: Mapping[Severity, timedelta] = field(default_factory=dict)
    clear_hold: timedelta = NO_TIME
    repeat_every: Mapping[Severity, timedelta] = field(default_factory=dict)
    expires_after: Mapping[Severity, timedelta] = field(
        default_factory=lambda: {Severity.NOTICE: timedelta(hours=1), Severity.WARNING: timedelta(hours=6)}
    )
    flap_limit: int = 3
    flap_window: timedelta = timedelta(minutes=30)
    flap_clear_hold: timedelta = timedelta(minutes=15)
    deeper_by: float = 0.25
    escalation: Mapping[Severity, tuple[EscalationStep, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePolicy:
    """One rule as configured for one subject: where its levels stand and how its alerts behave.

    `options` are the rule's own further settings, by name, in their units.
    """

    ladder: Ladder
    alerts: AlertPolicy
    options: Mapping[str, float] = field(default_factory=dict)
