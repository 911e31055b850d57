"""From settings to who is told what, when, and in which words."""

from __future__ import annotations

from collections.abc import Mapping

from liqwatch.alerts.hours import Hours, QuietHours
from liqwatch.alerts.routing import Route, Routing
from liqwatch.alerts.voice import Voice
from liqwatch.clock import Clock
from liqwatch.config.channels import Channel, Messages
from liqwatch.config.routes import Hours as HoursSettings
from liqwatch.config.routing import effective_routes
from liqwatch.config.settings import Settings
from liqwatch.config.times import WEEKDAYS
from liqwatch.model import OutboxRow
from liqwatch.ports import Cache, ChannelOptions
from liqwatch.stores.orphans import Heirs


def routing_of(settings: Settings) -> Routing:
    """The routes in force, who is quiet when, and who stands in for whom."""
    routes = tuple(
        Route(
            min_severity=route.min_severity,
            channels=tuple(route.channels),
            accounts=frozenset(route.accounts),
            hours=hours_of(route.hours) if route.hours else None,
        )
        for route in effective_routes(settings)
    )
    return Routing(routes, tuple(settings.channels), quiet=quiet_of(settings), fallbacks=fallbacks_of(settings))


def heirs_of(routing: Routing) -> Heirs:
    """Who tells what waits for a channel that is gone: whoever is told of such things now and was not then.

    Where somebody else who was addressed is still there, and nobody is new, that is enough.
    """

    def heirs(row: OutboxRow) -> tuple[str, ...]:
        notification = row.notification
        addressed = frozenset(notification.channels)
        routed = routing.channels_for(notification.severity, notification.account)
        new = tuple(name for name in routed if name not in addressed)
        return new if new or addressed.intersection(routing.channels) else routing.channels[:1]

    return heirs


def quiet_of(settings: Settings) -> tuple[QuietHours, ...]:
    """When which channels are quiet about which accounts."""
    return tuple(
        QuietHours(
            hours=hours_of(quiet),
            channels=frozenset(quiet.channels),
            accounts=frozenset(quiet.accounts),
            pierced_by=quiet.pierced_by,
        )
        for quiet in settings.quiet_hours
    )


def fallbacks_of(settings: Settings) -> Mapping[str, str]:
    """The channel that stands in for another, where one is named."""
    return {name: channel.fallback for name, channel in settings.channels.items() if channel.fallback is not None}


def limits_of(settings: Settings) -> Mapping[str, int]:
    """The most messages that a channel may be sent in a minute, where the configuration says so."""
    return {
        name: channel.max_per_minute
        for name, channel in settings.channels.items()
        if channel.max_per_minute is not None
    }


def voices_of(settings: Settings) -> Mapping[str, Voice]:
    """How each channel is spoken to: what it says itself, else what `[messages]` says."""
    return {name: _voice(channel, settings.messages) for name, channel in settings.channels.items()}


def channel_options(
    settings: Settings, *, cache: Cache | None = None, clock: Clock | None = None
) -> Mapping[str, ChannelOptions]:
    """What each notifier is opened with, in configured order."""
    return {
        name: ChannelOptions(
            name=name,
            url=channel.url.get_secret_value(),
            timeout_seconds=channel.timeout.total_seconds(),
            allowed_users=frozenset(channel.allowed_users),
            api_url=channel.api_url or "",
            cache=cache,
            clock=clock,
        )
        for name, channel in settings.channels.items()
    }


def hours_of(hours: HoursSettings) -> Hours:
    """Hours of the day as the engine takes them."""
    return Hours(hours.zone, hours.start, hours.end, frozenset(WEEKDAYS.index(day) for day in hours.days))


def _voice(channel: Channel, messages: Messages) -> Voice:
    return Voice(
        language=messages.language if channel.language is None else channel.language,
        style=messages.style if channel.style is None else channel.style,
        privacy=messages.privacy if channel.privacy is None else channel.privacy,
        charts=messages.charts if channel.charts is None else channel.charts,
    )
