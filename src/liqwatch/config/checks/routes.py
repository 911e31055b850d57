"""Channels and routes: every name leads somewhere, and critical alerts reach somebody."""

from __future__ import annotations

from collections.abc import Iterator

from liqwatch.config.checks.names import unknown_accounts, unknown_channels
from liqwatch.config.checks.surroundings import Surroundings
from liqwatch.config.codes import Code
from liqwatch.config.routing import channels_for
from liqwatch.config.settings import Settings
from liqwatch.config.suggest import did_you_mean
from liqwatch.config.values import shown
from liqwatch.errors import Problem
from liqwatch.model import Severity


def check_channels(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """There should be two channels, and must be one; whoever stands in for one is another."""
    if not settings.channels:
        mend = '[channels.console] url = "console://" needs nothing'
        yield Code.NO_CHANNELS.problem("channels", "there is no channel, so nobody would be told", mend)
    elif len(settings.channels) == 1:
        message = "there is only one channel: when it fails, nobody is told"
        yield Code.SINGLE_CHANNEL.problem("channels", message, "add a second one, of another kind")
    for name, channel in settings.channels.items():
        where = f"channels.{name}.fallback"
        if channel.fallback == name:
            yield Code.OWN_FALLBACK.problem(
                where, "a channel that fails cannot stand in for itself", "name another one"
            )
        elif channel.fallback is not None and channel.fallback not in surroundings.channel_names:
            guess = did_you_mean(channel.fallback, surroundings.channel_names)
            yield Code.UNKNOWN_CHANNEL.problem(where, f"no channel {shown(channel.fallback)}", guess)


def check_routes(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """Routes name what exists, and every account's critical alerts have a way out."""
    unknown = False
    for index, route in enumerate(settings.routes):
        for problem in (
            *unknown_channels(f"routes[{index}].channels", route.channels, surroundings),
            *unknown_accounts(f"routes[{index}].accounts", route.accounts, surroundings),
        ):
            unknown = True
            yield problem
    # A misspelt name explains an unheard account; saying both would send the reader to the wrong place.
    if settings.routes and not unknown and "channels" not in surroundings.broken_tables and settings.channels:
        yield from _unheard(settings, surroundings)


def check_quiet_hours(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """Quiet hours name what exists and let critical alerts through."""
    for index, quiet in enumerate(settings.quiet_hours):
        where = f"quiet_hours[{index}]"
        yield from unknown_channels(f"{where}.channels", quiet.channels, surroundings)
        yield from unknown_accounts(f"{where}.accounts", quiet.accounts, surroundings)
        if quiet.pierced_by > Severity.CRITICAL:
            mend = 'write pierced_by = "critical", or leave it out'
            yield Code.HIDES_CRITICAL.problem(f"{where}.pierced_by", "would hide critical alerts", mend)


def check_escalations(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """Escalations name what exists, and their steps follow each other."""
    for index, escalation in enumerate(settings.escalations):
        where = f"escalations[{index}]"
        yield from unknown_accounts(f"{where}.accounts", escalation.accounts, surroundings)
        earlier = None
        for place, step in enumerate(escalation.steps):
            yield from unknown_channels(f"{where}.steps[{place}].channels", step.channels, surroundings)
            if earlier is not None and step.after <= earlier:
                message = "must be later than the step before"
                mend = "all steps are counted from the first message"
                yield Code.STEP_ORDER.problem(f"{where}.steps[{place}].after", message, mend)
            earlier = step.after


def _unheard(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    for account in surroundings.account_names:
        if not channels_for(settings, account, Severity.CRITICAL):
            mend = 'add a route with min_severity = "critical" or lower for it'
            yield Code.CRITICAL_UNHEARD.problem("routes", f"no channel for critical alerts of `{account}`", mend)
