"""REST beside the stream: a market that its stream is silent about is asked for, and a deaf stream is found out.

Venues acknowledge subscriptions that they never serve, and quiet markets push nothing for half a minute: only a
second source tells the two apart.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

import structlog

from liqwatch.clock import Clock
from liqwatch.errors import ExchangeBlocked, ExchangeError
from liqwatch.exchanges.plumbing.mark_router import MarkRouter
from liqwatch.model import MarkRow
from liqwatch.ports import Telemetry

LOOK_EVERY_SECONDS = 2.5
QUIET_AFTER_SECONDS = 5.0
DEAF_AFTER_SECONDS = 15.0
DEAF_SHARE = 0.001
"""A mark that has moved by a tenth of a percent while its stream said nothing for that long was not quiet."""

log = structlog.get_logger(__name__)


class MarkAnchor:
    """Looks every few seconds for markets whose stream does not speak."""

    def __init__(
        self,
        router: MarkRouter,
        ask: Callable[[Collection[str]], Awaitable[Sequence[MarkRow]]],
        clock: Clock,
        telemetry: Telemetry,
        venue: str,
    ) -> None:
        """`ask` gets marks over REST."""
        self._router = router
        self._ask = ask
        self._clock = clock
        self._telemetry = telemetry
        self._venue = venue
        self._symbols: tuple[str, ...] = ()
        self._asked_at: dict[str, float] = {}

    def watch(self, symbols: Iterable[str]) -> None:
        """Replace the wanted markets."""
        self._symbols = tuple(symbols)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self._clock.sleep(LOOK_EVERY_SECONDS)
            now = self._clock.monotonic()
            quiet = self._router.ledger.quiet(self._symbols, now, QUIET_AFTER_SECONDS)
            due = [symbol for symbol in quiet if now - self._asked_at.get(symbol, -math.inf) >= QUIET_AFTER_SECONDS]
            if due:
                self._asked_at = dict.fromkeys(quiet, now)
                await self._stand_in(quiet)

    async def _stand_in(self, quiet: list[str]) -> None:
        try:
            rows = await self._ask(quiet)
        except ExchangeBlocked as error:
            await self._clock.sleep(error.retry_after_seconds)
            return
        except ExchangeError as error:
            log.debug("quiet_marks_not_asked", venue=self._venue, why=error.message)
            return
        self._telemetry.count("rest_marks_total", len(rows), venue=self._venue)
        ledger, now = self._router.ledger, self._clock.monotonic()
        deaf = set(ledger.quiet(self._symbols, now, DEAF_AFTER_SECONDS))
        if ledger.moved_silently([row for row in rows if row[0] in deaf], DEAF_SHARE):
            log.warning("mark_stream_deaf", venue=self._venue, markets=len(deaf))
            self._router.redial()
        still_quiet = set(ledger.quiet(quiet, now, QUIET_AFTER_SECONDS))
        # A push that came while REST was asked is newer than its answer.
        self._router.box.put([row for row in rows if row[0] in still_quiet], now)
