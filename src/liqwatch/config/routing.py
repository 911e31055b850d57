"""Which channels an alert goes to. One place, so that `check` and the daemon cannot disagree."""

from __future__ import annotations

from liqwatch.config.routes import Route
from liqwatch.config.settings import Settings
from liqwatch.model import Severity


def effective_routes(settings: Settings) -> tuple[Route, ...]:
    """The configured routes, or the one that stands in for none: everything from `warning` up to every channel."""
    return settings.routes or (Route(channels=tuple(settings.channels)),)


def channels_for(settings: Settings, account: str, severity: Severity) -> tuple[str, ...]:
    """The configured channels an alert goes to, each once, in the order of the routes.

    `account` "" is the daemon itself: its trouble concerns everybody, whatever accounts a route names.
    """
    names = [
        channel
        for route in effective_routes(settings)
        if route.min_severity <= severity and (not account or not route.accounts or account in route.accounts)
        for channel in route.channels
        if channel in settings.channels
    ]
    return tuple(dict.fromkeys(names))
