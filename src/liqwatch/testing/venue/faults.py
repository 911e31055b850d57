"""Ways in which the simulated venue misbehaves, switched on and off by tests while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer given to every REST call instead of the real one."""

    status: int
    body: dict[str, Any]
    retry_after_seconds: int | None = None


def banned_body(until_ms: int) -> dict[str, Any]:
    """The body of a 418: this address is shut out until the given epoch milliseconds."""
    return {
        "code": -1003,
        "msg": f"Way too many requests; IP(127.0.0.1) banned until {until_ms}. "
        "Please use the websocket for live updates to avoid bans.",
    }


@dataclass(slots=True)
class VenueFaults:
    """Plain switches; each says what goes wrong while it is set."""

    silence_marks: bool = False
    """No mark is told: streams stay open and silent (pings are answered), and REST refuses to say."""
    deaf_streams: bool = False
    """Mark streams send nothing, while REST still tells the marks."""
    silence_account_events: bool = False
    """Pushed account changes are lost; REST still tells the truth."""
    garbage_next: bool = False
    """The next publication begins with a frame that no decoder can read; clears itself."""
    refuse_websockets: bool = False
    """New websocket connections are answered with 503."""
    reject_keys: bool = False
    """Every key is answered with -2015."""
    empty_positions_once: bool = False
    """The next positionRisk answer is an empty list although positions are open; clears itself."""
    page_limit: int | None = None
    """The most rows that one page of a list holds; the venue's own limit when None."""
    clock_skew_ms: int = 0
    """Added to the venue's clock."""
    refusal: Refusal | None = None
    """Set by `refuse_rest`."""
    _drop: Callable[[], None] = field(default=lambda: None, repr=False)
    _flowing: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def __post_init__(self) -> None:
        """Connections flow until told otherwise."""
        self._flowing.set()

    @property
    def half_open(self) -> bool:
        """True: sockets stay open, but nothing is read, sent or ponged any more."""
        return not self._flowing.is_set()

    @half_open.setter
    def half_open(self, frozen: bool) -> None:
        if frozen:
            self._flowing.clear()
        else:
            self._flowing.set()

    async def flowing(self) -> None:
        """Wait until connections are not half open."""
        await self._flowing.wait()

    def refuse_rest(self, status: int, body: dict[str, Any], *, retry_after_seconds: int | None = None) -> None:
        """Answer every REST call with `status` and `body` (a 418 takes `banned_body`) until `serve_rest`."""
        self.refusal = Refusal(status, body, retry_after_seconds)

    def serve_rest(self) -> None:
        """Answer REST calls again."""
        self.refusal = None

    def drop_connections(self) -> None:
        """Cut every websocket at once, without a closing handshake."""
        self._drop()

    def on_drop(self, drop: Callable[[], None]) -> None:
        """Who knows the connections says here how to cut them."""
        self._drop = drop
