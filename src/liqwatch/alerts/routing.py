"""Which channels hear of what, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from liqwatch.alerts.hours import Hours, QuietHours
from liqwatch.model import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Everything from `min_severity` up, of these accounts (none named: all), goes to every channel listed.

    With `hours` the route is open only then (somebody's working hours), but for what is critical.
    """

    min_severity: Severity
    channels: tuple[str, ...]
    accounts: frozenset[str] = frozenset()
    hours: Hours | None = None

    def takes(self, severity: Severity, account: str, now: datetime | None = None) -> bool:
        """Whether a message belongs here; the daemon's own troubles (account "") belong to every route."""
        is_open = self.hours is None or now is None or severity >= Severity.CRITICAL or self.hours.covers(now)
        is_meant = not self.accounts or not account or account in self.accounts
        return is_open and is_meant and severity >= self.min_severity


@dataclass(frozen=True, slots=True)
class Routing:
    """The routes, the order in which channels stand in for one another, and when which of them must be quiet."""

    routes: tuple[Route, ...]
    channels: tuple[str, ...]
    quiet: tuple[QuietHours, ...] = ()
    fallbacks: Mapping[str, str] = field(default_factory=dict)

    def channels_for(self, severity: Severity, account: str, now: datetime | None = None) -> tuple[str, ...]:
        """Channels in configured order, each once. Nothing fits: every channel (fail open) from critical up.

        `now` None: whoever is ever told, whatever the hour.
        """
        wanted = {name for route in self.routes if route.takes(severity, account, now) for name in route.channels}
        if not wanted and severity >= Severity.CRITICAL:
            return self.channels
        if now is not None:
            wanted = {name for name in wanted if not self.is_quiet(name, severity, account, now)}
        return tuple(name for name in self.channels if name in wanted)

    def must_wait(self, severity: Severity, account: str, now: datetime) -> bool:
        """Whether everybody who would be told is to be left in peace now."""
        return not self.channels_for(severity, account, now) and bool(self.channels_for(severity, account))

    def is_quiet(self, channel: str, severity: Severity, account: str, now: datetime) -> bool:
        """Whether a message of that severity is not to reach this channel now."""
        return any(each.holds_back(now, severity, account, channel) for each in self.quiet)

    def next_after(self, failed: str, addressed: Sequence[str]) -> str | None:
        """The stand-in for a channel that refuses: the one named for it, else the next in order not yet addressed."""
        named = self.fallbacks.get(failed)
        if named is not None and named not in addressed:
            return named
        start = self.channels.index(failed) + 1 if failed in self.channels else 0
        rotation = self.channels[start:] + self.channels[:start]
        return next((name for name in rotation if name != failed and name not in addressed), None)
