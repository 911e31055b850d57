"""Dialling a venue politely: full-jitter back-off, and one budget of dials for all who dial the same host."""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Mapping
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from liqwatch.clock import Clock
from liqwatch.errors import ExchangeUnreachable
from liqwatch.redaction import redact

DIALS_PER_MINUTE = 50
WINDOW_SECONDS = 60.0
OPEN_TIMEOUT_SECONDS = 10.0
CLOSE_TIMEOUT_SECONDS = 1.0
LARGEST_FRAME_BYTES = 10_000_000
QUEUED_FRAMES = 64
LARGEST_EXPONENT = 16

# The library logs handshakes at debug level, and a private URL holds the listen key.
_quiet = logging.getLogger("liqwatch.websocket")
_quiet.setLevel(logging.WARNING)


class Backoff:
    """Pauses between attempts: evenly spread from nothing to a ceiling that doubles up to a cap."""

    def __init__(self, base_seconds: float = 1.0, cap_seconds: float = 30.0) -> None:
        """`base_seconds` is the first ceiling, `cap_seconds` the last."""
        self._base_seconds = base_seconds
        self._cap_seconds = cap_seconds
        self._attempts = 0
        self._random = random.SystemRandom()

    @property
    def ceiling_seconds(self) -> float:
        """The longest that the next pause can be."""
        return min(self._cap_seconds, self._base_seconds * 2.0 ** min(self._attempts, LARGEST_EXPONENT))

    @property
    def is_fresh(self) -> bool:
        """True before the first pause."""
        return self._attempts == 0

    def next_seconds(self) -> float:
        """The length of the next pause; the ceiling doubles with every call."""
        pause = self._random.uniform(0.0, self.ceiling_seconds)
        self._attempts += 1
        return pause

    def reset(self) -> None:
        """It works again: start from the first ceiling next time."""
        self._attempts = 0


class DialBudget:
    """At most so many dials in any minute; a dial over budget waits its turn."""

    def __init__(self, clock: Clock, dials_per_minute: int = DIALS_PER_MINUTE) -> None:
        """`clock` measures the sliding minute."""
        self._clock = clock
        self._dials_per_minute = dials_per_minute
        self._dialled: deque[float] = deque(maxlen=dials_per_minute)

    async def take(self) -> None:
        """Return when one more dial is within the budget, and count it."""
        while len(self._dialled) == self._dials_per_minute:
            wait = self._dialled[0] + WINDOW_SECONDS - self._clock.monotonic()
            if wait <= 0:
                break
            await self._clock.sleep(wait)
        self._dialled.append(self._clock.monotonic())


# Venues count per address, so every stream and account of this process shares its host's budget.
_budgets: WeakKeyDictionary[Clock, dict[str, DialBudget]] = WeakKeyDictionary()


def dial_budget(clock: Clock, url: str) -> DialBudget:
    """The budget of the host in `url`, the same one for all who share the clock."""
    host = urlsplit(url).netloc
    budgets = _budgets.setdefault(clock, {})
    return budgets.setdefault(host, DialBudget(clock))


async def open_socket(url: str, clock: Clock, headers: Mapping[str, str] | None = None) -> ClientConnection:
    """Dial once, within the host's budget.

    Raises:
        ExchangeUnreachable: no connection, no handshake, or none in time. Names the host, never the whole URL.
    """
    await dial_budget(clock, url).take()
    try:
        return await connect(
            url,
            additional_headers=headers,
            compression=None,
            proxy=None,
            open_timeout=OPEN_TIMEOUT_SECONDS,
            close_timeout=CLOSE_TIMEOUT_SECONDS,
            max_size=LARGEST_FRAME_BYTES,
            max_queue=QUEUED_FRAMES,
            logger=_quiet,
        )
    except (OSError, EOFError, TimeoutError, WebSocketException) as error:
        why = redact(str(error)) or type(error).__name__
        raise ExchangeUnreachable(f"cannot open a stream at {urlsplit(url).hostname}: {why}") from None
