"""The request weight an address has used this minute, as the venue states it, shared by all who ask one host."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from liqwatch.clock import Clock

SLOW_DOWN_ABOVE = 0.8
MINUTE_SECONDS = 60.0


class WeightBudget:
    """Below the threshold no pause; from there to the limit an ever larger part of what is left of the minute."""

    def __init__(self, clock: Clock, header: str, limit: float) -> None:
        """`header` (lower case) carries the weight used so far, `limit` is what a minute allows."""
        self._clock = clock
        self._header = header
        self._limit = limit
        self._used = 0.0
        self._minute = -1

    def note(self, headers: Mapping[str, str]) -> None:
        """Read the venue's own count from an answer."""
        for name, value in headers.items():
            if name.lower() == self._header and value.strip().isdigit():
                self._used = float(value)
                self._minute = self._current_minute()

    def pause_seconds(self) -> float:
        """How long to wait before the next request."""
        if self._current_minute() != self._minute:
            return 0.0
        excess = (self._used / self._limit - SLOW_DOWN_ABOVE) / (1.0 - SLOW_DOWN_ABOVE)
        if excess <= 0.0:
            return 0.0
        return min(1.0, excess) * (MINUTE_SECONDS - self._clock.now().timestamp() % MINUTE_SECONDS)

    def _current_minute(self) -> int:
        return int(self._clock.now().timestamp() // MINUTE_SECONDS)


_budgets: WeakKeyDictionary[Clock, dict[str, WeightBudget]] = WeakKeyDictionary()


def weight_budget(clock: Clock, url: str, *, header: str, limit: float) -> WeightBudget:
    """The budget of the host in `url`, the same one for every account that shares the clock."""
    budgets = _budgets.setdefault(clock, {})
    return budgets.setdefault(urlsplit(url).netloc, WeightBudget(clock, header, limit))
