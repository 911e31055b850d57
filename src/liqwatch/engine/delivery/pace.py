"""How often a channel may speak.

Two rules hold at once. A channel makes at most `max_per_minute` attempts a minute, whatever happens: services ban
those who do not stop (Telegram takes 20 a minute in a group). And in a storm people get few messages, each with
everything that waits in it: the first at once, the next after 1, 3, 10 and 20 seconds, five in any minute. The gaps
grow because the first two messages decide whether somebody gets up, while the later ones are read by somebody who
already sits at the screen. The last place of a minute is kept for something worse than all that has been told.

Out of a storm each message stands alone, a second after the one before it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from liqwatch.model import Severity

MINUTE_SECONDS = 60.0
PRELUDE_SECONDS = 10.0
"""Messages so shortly before a storm belong to it: it was seen from its first rows on."""
PRELUDE_MESSAGES = 2
"""So many of them at most, or a busy minute would hold back the news of a storm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceLimits:
    """What one channel is to be spared.

    `gaps_seconds`: the pause before the n-th message of a storm's minute; there are no more than it has entries.
    `storm_above`: so many messages waiting at once are not yet a storm.
    """

    gaps_seconds: tuple[float, ...] = (0.0, 1.0, 3.0, 10.0, 20.0)
    max_per_minute: int = 20
    storm_above: int = 3

    @property
    def shortest_gap_seconds(self) -> float:
        """Between any two messages."""
        return self.gaps_seconds[1]


UNHURRIED = PaceLimits(gaps_seconds=(0.0,) * 10_000, max_per_minute=10_000)
"""For a channel that wakes nobody and bans nobody: standard output."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message that has, or may have, arrived."""

    at: float
    worst: Severity


class Pace:
    """The memory of one channel's last minute. Times are monotonic seconds."""

    def __init__(self, limits: PaceLimits) -> None:
        self._limits = limits
        self._attempts: deque[float] = deque(maxlen=limits.max_per_minute)
        self._told: deque[Told] = deque()
        self._closed_until = 0.0
        self._storm_began = 0.0
        self._storm_ends = 0.0

    def ready_at(self, now: float, *, waiting: int, worst: Severity) -> float:
        """The earliest moment for the next message, while so many wait and this is the worst of them."""
        at = self._closed_until
        if self._attempts:
            at = max(at, self._attempts[-1] + self._limits.shortest_gap_seconds)
        if len(self._attempts) == self._limits.max_per_minute:
            at = max(at, self._attempts[0] + MINUTE_SECONDS)
        if waiting > self._limits.storm_above or now < self._storm_ends:
            at = max(at, self._in_storm(now, worst))
        return at

    def closed_for(self, now: float) -> float:
        """For how many seconds the service has asked to be left alone."""
        return max(0.0, self._closed_until - now)

    def close(self, until: float) -> None:
        """Say nothing before that moment."""
        self._closed_until = max(self._closed_until, until)

    def attempted(self, now: float, *, waiting: int, worst: Severity, may_have_arrived: bool) -> None:
        """A message has gone out while so many waited. What was refused wakes nobody, but counts for the service."""
        self._attempts.append(now)
        if not may_have_arrived:
            return
        if waiting > self._limits.storm_above:
            if now >= self._storm_ends:
                self._storm_began = now
            self._storm_ends = now + MINUTE_SECONDS
        self._told.append(Told(now, worst))
        while self._told[0].at <= now - MINUTE_SECONDS:
            self._told.popleft()

    def _in_storm(self, now: float, worst: Severity) -> float:
        """By the gap that belongs to the number of messages told in the last minute of this storm."""
        told, gaps = self._told_in_storm(now), self._limits.gaps_seconds
        if not told:
            return now
        if len(told) >= len(gaps):
            return told[-len(gaps)].at + MINUTE_SECONDS
        worst_told = max(each.worst for each in told)
        if worst > worst_told:
            return told[-1].at + self._limits.shortest_gap_seconds
        if len(told) == len(gaps) - 1 and worst_told < max(Severity):
            return told[0].at + MINUTE_SECONDS
        return told[-1].at + gaps[len(told)]

    def _told_in_storm(self, now: float) -> list[Told]:
        began = self._storm_began if now < self._storm_ends else now
        recent = [each for each in self._told if each.at > now - MINUTE_SECONDS]
        before = [each for each in recent if began - PRELUDE_SECONDS <= each.at < began]
        return [*before[-PRELUDE_MESSAGES:], *(each for each in recent if each.at >= began)]
