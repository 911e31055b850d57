"""Digest, self-test and heartbeat: channels that exist, and an address that is safe to call."""

from __future__ import annotations

from collections.abc import Iterator

from liqwatch.config.addresses import unsafe_reason
from liqwatch.config.checks.names import unknown_channels
from liqwatch.config.checks.surroundings import Surroundings
from liqwatch.config.codes import Code
from liqwatch.config.settings import Settings
from liqwatch.errors import Problem


def check_chores(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """Digest and self-test go to channels that exist."""
    yield from unknown_channels("digest.channels", settings.digest.channels, surroundings)
    yield from unknown_channels("self_test.channels", settings.self_test.channels, surroundings)


def check_heartbeat(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """What is called every minute is encrypted and outside, unless that was thought about."""
    del surroundings
    heartbeat = settings.heartbeat
    if heartbeat.allow_private:
        return
    for key, secret in (("url", heartbeat.url), ("fail_url", heartbeat.fail_url)):
        reason = unsafe_reason(secret.get_secret_value()) if secret and secret.get_secret_value() else None
        if reason:
            mend = "begin it with https://" if "encrypted" in reason else "name a host outside"
            yield Code.BAD_ADDRESS.problem(f"heartbeat.{key}", reason, f"{mend}, or set allow_private = true")
