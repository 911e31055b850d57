"""From settings to what is sent by the clock: digest, self-test, heartbeat."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from liqwatch.alerts.schedule_plan import DigestPlan, HeartbeatPlan, SelfTestPlan
from liqwatch.config.chores import OFF, WEEKLY, Heartbeat
from liqwatch.config.settings import Settings
from liqwatch.config.times import WEEKDAYS

FAIL = "/fail"
"""What healthchecks.io and its kin expect at the end of the URL for "something is wrong"."""


def digest_of(settings: Settings) -> DigestPlan | None:
    """The digest, where one is wanted."""
    digest = settings.digest
    if digest.every == OFF:
        return None
    return DigestPlan(
        at=digest.at,
        zone=digest.zone,
        channels=_in_order(settings, digest.channels),
        weekday=WEEKDAYS.index(digest.weekday) if digest.every == WEEKLY else None,
    )


def self_test_of(settings: Settings) -> SelfTestPlan | None:
    """The daily self-test, unless it is switched off."""
    test = settings.self_test
    return (
        SelfTestPlan(at=test.at, zone=test.zone, channels=_in_order(settings, test.channels)) if test.enabled else None
    )


def heartbeat_of(settings: Settings) -> HeartbeatPlan | None:
    """The heartbeat, where a URL is given."""
    heartbeat = settings.heartbeat
    url = heartbeat.url.get_secret_value() if heartbeat.url else ""
    if not url:
        return None
    return HeartbeatPlan(
        url=url, every=heartbeat.every, fail_url=_fail_url(url, heartbeat), allow_private=heartbeat.allow_private
    )


def _fail_url(url: str, heartbeat: Heartbeat) -> str | None:
    if heartbeat.fail_url is not None:
        return heartbeat.fail_url.get_secret_value() or None
    parts = urlsplit(url)
    if parts.query:
        # A service that is told by parameters would take the same ones at another path for a sign of life.
        return None
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + FAIL))


def _in_order(settings: Settings, named: tuple[str, ...]) -> tuple[str, ...]:
    """These channels (none named: all) in configured order."""
    return tuple(name for name in settings.channels if not named or name in named)
