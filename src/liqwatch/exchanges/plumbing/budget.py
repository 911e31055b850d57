"""How much may be asked of one host, shared by all accounts behind one address: weight used, and bans obeyed.

Venues count by address, so one refusal silences every account on that host until its end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from liqwatch.clock import Clock
from liqwatch.errors import ExchangeBlocked

SLOW_DOWN_ABOVE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a window allows, in the venue's weights.

    `header` (lower case) carries the weight used so far, where the venue states it.
    """

    limit: float = 600.0
    window_seconds: float = 60.0
    header: str = ""


class RequestBudget:
    """Counts our own requests and believes the venue's count where it is higher.

    Below four fifths of the limit no pause; from there an ever larger part of what is left of the window.
    """

    def __init__(self, clock: Clock, budget: Budget) -> None:
        """Nothing used yet."""
        self._clock = clock
        self._budget = budget
        self._spent: deque[tuple[float, float]] = deque()
        self._stated = 0.0
        self._stated_window = -1
        self._blocked_until = float("-inf")

    def spend(self, weight: float) -> None:
        """One request goes out."""
        self._spent.append((self._clock.monotonic(), weight))

    def note(self, headers: Mapping[str, str]) -> None:
        """Read the venue's own count from an answer."""
        for name, value in headers.items():
            if self._budget.header and name.lower() == self._budget.header and value.strip().isdigit():
                self._stated = float(value)
                self._stated_window = self._window()

    def block(self, seconds: float) -> None:
        """The venue has shut this address out; nobody asks before the end."""
        self._blocked_until = max(self._blocked_until, self._clock.monotonic() + seconds)

    def refuse_if_blocked(self) -> None:
        """Raise ExchangeBlocked while a ban lasts: asking on would prolong it."""
        left = self._blocked_until - self._clock.monotonic()
        if left > 0:
            until = (self._clock.now() + timedelta(seconds=left)).astimezone(UTC)
            raise ExchangeBlocked(f"this address is banned until {until:%H:%M:%S} UTC", retry_after_seconds=left)

    def pause_seconds(self) -> float:
        """How long to wait before the next request."""
        used = max(self._used(), self._stated if self._window() == self._stated_window else 0.0)
        excess = (used / self._budget.limit - SLOW_DOWN_ABOVE) / (1.0 - SLOW_DOWN_ABOVE)
        if excess <= 0.0:
            return 0.0
        window = self._budget.window_seconds
        return min(1.0, excess) * (window - _epoch(self._clock.now()) % window)

    def _used(self) -> float:
        oldest = self._clock.monotonic() - self._budget.window_seconds
        while self._spent and self._spent[0][0] <= oldest:
            self._spent.popleft()
        return sum(weight for _, weight in self._spent)

    def _window(self) -> int:
        return int(_epoch(self._clock.now()) // self._budget.window_seconds)


def _epoch(moment: datetime) -> float:
    return moment.timestamp()


_budgets: WeakKeyDictionary[Clock, dict[str, RequestBudget]] = WeakKeyDictionary()


def request_budget(clock: Clock, url: str, budget: Budget) -> RequestBudget:
    """The budget of the host in `url`, the same one for every account and market that shares the clock."""
    budgets = _budgets.setdefault(clock, {})
    return budgets.setdefault(urlsplit(url).netloc, RequestBudget(clock, budget))
