"""What is sent by the clock instead of by danger: values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta, tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPlan:
    """A silent summary to each of `channels`, at `at` on the wall clock of `zone`.

    Every day, or where `weekday` is set (0 is Monday), on that day of the week only.
    """

    at: time
    zone: tzinfo
    channels: tuple[str, ...]
    weekday: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestPlan:
    """A silent message to each of `channels`, every day at `at` on the wall clock of `zone`."""

    at: time
    zone: tzinfo
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatPlan:
    """`url` is called every so often while all is well, `fail_url` (None: nothing) when it is not. Both are secrets.

    Unless `allow_private`, a host that resolves to a private or link-local address is to be refused; loopback is not.
    """

    url: str = field(repr=False)
    every: timedelta
    fail_url: str | None = field(default=None, repr=False)
    allow_private: bool = False
