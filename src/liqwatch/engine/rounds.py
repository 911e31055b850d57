"""Whose turn it is to be looked at: every account once in a few seconds, a slice of them each turn."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence

from liqwatch.engine.book import PoolKey

EVERY_SECONDS = 5.0
MOST_AT_ONCE = 100
"""Positions in one turn: beyond that the rounds take longer, so that no turn holds up the prices."""


class Rounds:
    """Accounts in turn. Every account comes up once in `EVERY_SECONDS`, or later where very much is held."""

    def __init__(self) -> None:
        """Nobody to look at yet."""
        self._keys: dict[str, Sequence[PoolKey]] = {}
        self._positions: dict[str, int] = {}
        self._queue: deque[str] = deque()
        self._last_monotonic: float | None = None

    def follow(self, account: str, keys: Sequence[PoolKey], positions: int) -> None:
        """An account, its pools and the number of its positions, as they are now."""
        if account not in self._keys:
            self._queue.append(account)
        self._keys[account], self._positions[account] = keys, positions

    def due(self, monotonic: float) -> Iterator[tuple[str, Sequence[PoolKey]]]:
        """The accounts whose turn has come since this was last asked."""
        last, self._last_monotonic = self._last_monotonic, monotonic
        if last is None or not self._queue:
            return
        share = min(1.0, (monotonic - last) / EVERY_SECONDS)
        if share <= 0:
            return
        looked_at = 0
        for _ in range(math.ceil(share * len(self._queue))):
            account = self._queue[0]
            self._queue.rotate(-1)
            yield account, self._keys[account]
            looked_at += self._positions[account]
            if looked_at >= MOST_AT_ONCE:
                return
