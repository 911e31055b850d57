"""Which channels hear of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liqwatch.model import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Everything from `min_severity` up, of these accounts (none named: all), goes to every channel listed."""

    min_severity: Severity
    channels: tuple[str, ...]
    accounts: frozenset[str] = frozenset()

    def takes(self, severity: Severity, account: str) -> bool:
        """Whether a message belongs here; the daemon's own troubles (account "") belong to every route."""
        return severity >= self.min_severity and (not self.accounts or not account or account in self.accounts)


@dataclass(frozen=True, slots=True)
class Routing:
    """The routes, and the order in which channels stand in for one another."""

    routes: tuple[Route, ...]
    channels: tuple[str, ...]

    def channels_for(self, severity: Severity, account: str) -> tuple[str, ...]:
        """Channels in configured order, each once. Nothing fits: every channel (fail open) from critical up."""
        wanted = {name for route in self.routes if route.takes(severity, account) for name in route.channels}
        if not wanted and severity >= Severity.CRITICAL:
            return self.channels
        return tuple(name for name in self.channels if name in wanted)

    def next_after(self, failed: str, addressed: Sequence[str]) -> str | None:
        """The stand-in for a channel that refuses: the next in configured order not yet addressed."""
        start = self.channels.index(failed) + 1 if failed in self.channels else 0
        rotation = self.channels[start:] + self.channels[:start]
        return next((name for name in rotation if name != failed and name not in addressed), None)
