"""The place between the mark streams and a consumer that may be slower: newest price per symbol wins."""

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
        self._rows: Sequence[MarkRow] | None = None
        self._merged: dict[str, MarkRow] = {}
        self._received_monotonic = 0.0
        self._liquidations: list[PublicLiquidation] = []
        self._failure: Exception | None = None
        self._ready = asyncio.Event()

    def put(
        self,
        rows: Sequence[MarkRow],
        received_monotonic: float,
        liquidations: Sequence[PublicLiquidation] = (),
    ) -> None:
        """Leave what one frame says; nothing is also news: the stream is alive."""
        if liquidations:
            self._liquidations = [*self._liquidations, *liquidations][-MOST_LIQUIDATIONS:]
        if self._rows is None:
            self._rows = rows
            self._ready.set()
        elif rows:
            self._merge(rows)
        self._received_monotonic = received_monotonic

    def _merge(self, newer: Sequence[MarkRow]) -> None:
        merged = self._merged
        if not merged and self._rows:
            merged.update((row[0], row) for row in self._rows)
        before = len(merged)
        merged.update((row[0], row) for row in newer)
        overtaken = before + len(newer) - len(merged)
        if overtaken:
            self._telemetry.count("rows_conflated_total", overtaken, venue=self._venue)

    def fail(self, error: Exception) -> None:
        """The next `take` raises this."""
        self._failure = error
        self._ready.set()

    def _taken_failure(self, failure: Exception) -> Exception:
        """A failure is told once, and a new iteration begins afresh; an end is for good."""
        if not isinstance(failure, BoxClosed):
            self._failure = None
            self._empty()
        return failure

    def _empty(self) -> None:
        self._rows, self._merged, self._liquidations = None, {}, []
        self._ready.clear()

    async def take(self) -> MarkBatch:
        """Wait for the next batch."""
        await self._ready.wait()
        if self._failure is not None:
            raise self._taken_failure(self._failure)
        rows = list(self._merged.values()) if self._merged else self._rows
        batch = MarkBatch(self._venue, rows or (), self._received_monotonic, self._liquidations)
        self._empty()
        return batch
