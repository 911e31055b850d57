"""The beat that is missed outside when we fall silent: sent only while the watch can be trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from liqwatch.clock import Clock
from liqwatch.ports import Pulse, Telemetry

log = structlog.get_logger(__name__)

Troubles = Callable[[], Sequence[str]]
"""What stands against all being well; empty when nothing does."""


class Heartbeat:
    """Calls outside every so often. In trouble it says so at once, and then keeps silent until all is well again."""

    def __init__(
        self, *, pulse: Pulse, troubles: Troubles, every_seconds: float, clock: Clock, telemetry: Telemetry
    ) -> None:
        """Nothing runs until `run`."""
        self._pulse = pulse
        self._troubles = troubles
        self._every_seconds = every_seconds
        self._clock = clock
        self._telemetry = telemetry
        self._told: tuple[str, ...] = ()

    async def run(self, ready: asyncio.Event) -> None:
        """Beat for ever, once all is known: a daemon that dies again and again after its start must be missed."""
        await ready.wait()
        while True:
            await self.beat()
            await self._clock.sleep(self._every_seconds)

    async def beat(self) -> None:
        """One beat, or one cry for help."""
        troubles = tuple(self._troubles())
        self._telemetry.count("heartbeats_total", outcome="trouble" if troubles else "well")
        if not troubles:
            await self._pulse.beat()
        elif troubles != self._told:
            text = "; ".join(troubles)
            log.warning("heartbeat_withheld", why=text)
            await self._pulse.fail(text)
        self._told = troubles
