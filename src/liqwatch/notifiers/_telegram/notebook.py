"""What a chat must remember over a restart: in memory for speed, in the cache for good.

A cache that fails costs a button its meaning after a restart, never a message.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog

from liqwatch.clock import Clock
from liqwatch.errors import LiqwatchError
from liqwatch.ports import Cache

_log = structlog.get_logger(__name__)

IN_MEMORY = 1000
SWEEP_EVERY = timedelta(hours=1)


class Notebook:
    """Small objects by name, each with the moment it was last written."""

    def __init__(self, cache: Cache | None, clock: Clock) -> None:
        """Without a cache everything ends with the process."""
        self._cache = cache
        self._clock = clock
        self._pages: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._swept_at = clock.now()

    def jot(self, name: str, page: Mapping[str, Any]) -> None:
        """Keep in memory only: for what must not wait for a disk."""
        self._pages[name] = (self._clock.now().timestamp(), json.dumps(page))
        self._pages.move_to_end(name)
        while len(self._pages) > IN_MEMORY:
            self._pages.popitem(last=False)

    async def write(self, name: str, page: Mapping[str, Any]) -> None:
        """Keep for good, as far as that is possible."""
        self.jot(name, page)
        if self._cache is None:
            return
        try:
            await self._cache.remember(name, json.dumps(page), self._clock.now())
        except LiqwatchError as error:
            _log.warning("telegram_not_remembered", name=name.partition(":")[0], error=str(error))

    async def read(self, name: str, *, younger_than: timedelta) -> dict[str, Any] | None:
        """What was written under that name, unless that was too long ago."""
        moment, text = self._pages.get(name) or await self._recall(name)
        if not text or self._clock.now().timestamp() - moment >= younger_than.total_seconds():
            return None
        try:
            page = json.loads(text)
        except ValueError:
            return None
        return page if isinstance(page, dict) else None

    async def tear_out(self, name: str) -> None:
        """Forget one page."""
        self._pages.pop(name, None)
        await self._forget(name, timedelta(seconds=-1))

    async def sweep(self, ages: Mapping[str, timedelta]) -> None:
        """Now and then: forget pages whose name begins so and that are older than that."""
        now = self._clock.now()
        if now - self._swept_at < SWEEP_EVERY:
            return
        self._swept_at = now
        for prefix, age in ages.items():
            await self._forget(prefix, age)

    async def _recall(self, name: str) -> tuple[float, str]:
        if self._cache is None:
            return 0.0, ""
        try:
            found = await self._cache.recall(name)
        except LiqwatchError as error:
            _log.warning("telegram_not_recalled", name=name.partition(":")[0], error=str(error))
            return 0.0, ""
        return (found[1].timestamp(), found[0]) if found else (0.0, "")

    async def _forget(self, prefix: str, age: timedelta) -> None:
        if self._cache is None:
            return
        try:
            await self._cache.forget(prefix, self._clock.now() - age)
        except LiqwatchError as error:
            _log.warning("telegram_not_forgotten", name=prefix.partition(":")[0], error=str(error))
