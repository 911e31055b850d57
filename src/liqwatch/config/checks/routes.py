"""Channels and routes: every name leads somewhere, and critical alerts reach somebody."""

from __future__ import annotations

from collections.abc import Iterator

from liqwatch.config.checks.surroundings import Surroundings
from liqwatch.config.codes import Code
from liqwatch.config.routing import channels_for
from liqwatch.config.settings import Settings
from liqwatch.config.suggest import did_you_mean
from liqwatch.config.values import shown
from liqwatch.errors import Problem
from liqwatch.model import Severity


def check_channels(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """There should be two channels, and must be one."""
    del surroundings
    if not settings.channels:
        mend = '[channels.console] url = "console://" needs nothing'
        yield Code.NO_CHANNELS.problem("channels", "there is no channel, so nobody would be told", mend)
    elif len(settings.channels) == 1:
        message = "there is only one channel: when it fails, nobody is told"
        yield Code.SINGLE_CHANNEL.problem("channels", message, "add a second one, of another kind")


def check_routes(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """Routes name what exists, and every account's critical alerts have a way out."""
    unknown = False
    for index, route in enumerate(settings.routes):
        for place, channel in enumerate(route.channels):
            if channel not in surroundings.channel_names:
                unknown = True
                mend = did_you_mean(channel, surroundings.channel_names)
                where = f"routes[{index}].channels[{place}]"
                yield Code.UNKNOWN_CHANNEL.problem(where, f"no channel {shown(channel)}", mend)
        for place, account in enumerate(route.accounts):
            if account not in surroundings.account_names:
                unknown = True
                mend = did_you_mean(account, surroundings.account_names)
                where = f"routes[{index}].accounts[{place}]"
                yield Code.UNKNOWN_ACCOUNT.problem(where, f"no account {shown(account)}", mend)
    # A misspelt name explains an unheard account; saying both would send the reader to the wrong place.
    if settings.routes and not unknown and "channels" not in surroundings.broken_tables and settings.channels:
        yield from _unheard(settings, surroundings)


def _unheard(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    for account in surroundings.account_names:
        if not channels_for(settings, account, Severity.CRITICAL):
            mend = 'add a route with min_severity = "critical" or lower for it'
            yield Code.CRITICAL_UNHEARD.problem("routes", f"no channel for critical alerts of `{account}`", mend)
