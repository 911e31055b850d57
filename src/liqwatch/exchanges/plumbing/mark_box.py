"""The place between the mark stream and a consumer that may be slower: newest price per symbol wins."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from liqwatch.exchanges.plumbing.pump import BoxClosed
from liqwatch.model import MarkBatch, MarkRow, PublicLiquidation
from liqwatch.ports import Telemetry

MOST_LIQUIDATIONS = 500
"""Of other people's liquidations the latest so many wait for a slow consumer."""


class MarkBox:
    """Holds at most one batch. A frame that finds one waiting is merged into it, and that is counted."""

    def __init__(self, venue: str, telemetry: Telemetry) -> None:
        """`venue` labels batches and counts."""
        self._venue = venue
        self._telemetry = telemetry
        self._waiting: MarkBatch | None = None
        self._failure: Exception | None = None
        self._ready = asyncio.Event()

    def put(
        self,
        rows: Sequence[MarkRow],
        received_monotonic: float,
        liquidations: Sequence[PublicLiquidation] = (),
    ) -> None:
        """Leave what one frame says; nothing is also news: the stream is alive."""
        if self._waiting is not None:
            liquidations = [*self._waiting.liquidations, *liquidations][-MOST_LIQUIDATIONS:]
        if self._waiting is not None and rows:
            rows = self._merged(self._waiting.rows, rows)
        elif self._waiting is not None:
            rows = self._waiting.rows
        self._waiting = MarkBatch(self._venue, rows, received_monotonic, liquidations)
        self._ready.set()

    def _merged(self, older: Sequence[MarkRow], newer: Sequence[MarkRow]) -> Sequence[MarkRow]:
        latest = {row[0]: row for row in older}
        overtaken = sum(row[0] in latest for row in newer)
        if overtaken:
            self._telemetry.count("rows_conflated_total", overtaken, venue=self._venue)
        latest.update((row[0], row) for row in newer)
        return list(latest.values())

    def fail(self, error: Exception) -> None:
        """The next `take` raises this."""
        self._failure = error
        self._ready.set()

    def _taken_failure(self, failure: Exception) -> Exception:
        """A failure is told once, and a new iteration begins afresh; an end is for good."""
        if not isinstance(failure, BoxClosed):
            self._failure = self._waiting = None
            self._ready.clear()
        return failure

    async def take(self) -> MarkBatch:
        """Wait for the next batch."""
        await self._ready.wait()
        if self._failure is not None:
            raise self._taken_failure(self._failure)
        batch, self._waiting = self._waiting, None
        self._ready.clear()
        if batch is None:
            return await self.take()
        return batch
