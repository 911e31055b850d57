"""What one venue's wire supplies to the simulator, and what it is given."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias
from urllib.parse import parse_qsl

from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.faults import VenueFaults
from liqwatch.testing.venue.markets import VenueMarket

Frame: TypeAlias = str | bytes
"""One websocket message: text, or binary where the venue sends binary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestCall:
    """One request. `path` is decoded, `raw_query` as it came, header names are lower case."""

    method: str
    path: str
    raw_query: str
    headers: Mapping[str, str]
    body: str

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; of repeated ones the last."""
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def document(self) -> Any:  # noqa: ANN401  whatever a client sends
        """The JSON body; an empty object where there is none."""
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """Body (made JSON), status and headers."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, eq=False)
class Peer:
    """One open websocket. `account` is whose stream it is, once the wire has checked a login or a listen key.

    `streams` are the subscriptions as the wire names them, `notes` whatever else it wants to remember.
    """

    path: str
    query: Mapping[str, str]
    streams: list[str] = field(default_factory=list)
    account: VenueAccount | None = None
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """What has happened to an account; the book already shows it.

    `kind` is `order`, `wallet`, `margin`, `leverage`, `liquidation`, `deleveraging` or `margin_call`. `positions` are
    those touched and still open, `closed` those that ended (as they were before), `assets` the wallets that moved.
    `moved` is what came or went apart from trading (in the asset), `reason` the venue's word for it where a test gives
    one, `market` the one whose leverage was set.
    """

    account: VenueAccount
    kind: str
    positions: tuple[VenuePosition, ...] = ()
    closed: tuple[VenuePosition, ...] = ()
    assets: tuple[str, ...] = ()
    moved: float = 0.0
    reason: str = ""
    market: str = ""


@dataclass(slots=True, kw_only=True)
class Scene:
    """The venue's state as a wire sees it. `now_ms` is the venue's clock, `event_ms` the same but ever growing."""

    book: VenueBook
    faults: VenueFaults
    now_ms: Callable[[], int]
    event_ms: Callable[[], int]
    rest_url: str = ""
    websocket_url: str = ""


class NoSuchPath(Exception):
    """The venue has no websocket at that path: the handshake is answered with 404."""


class VenueWire(Protocol):
    """One venue's real wire format, REST as ccxt calls it and websockets."""

    exchange: str
    markets: tuple[VenueMarket, ...]
    mark_paths: tuple[str, ...]
    """Beginnings of the REST paths that tell marks and nothing else: refused while `silence_marks` is set."""

    def answer(self, call: RestCall, scene: Scene) -> RestAnswer:
        """Answer a REST call: unknown paths, missing or wrong keys and signatures in the venue's own words."""
        ...

    def is_forbidden(self, call: RestCall) -> bool:
        """Whether a call would trade, move money or change a setting."""
        ...

    def opened(self, peer: Peer, scene: Scene) -> Iterable[Frame]:
        """A websocket has been opened; what the venue says first. Raises NoSuchPath."""
        ...

    def heard(self, peer: Peer, text: str, scene: Scene) -> Iterable[Frame]:
        """A client's message: pings, logins, subscriptions; what the venue answers."""
        ...

    def marks(self, peer: Peer, scene: Scene) -> Iterable[Frame]:
        """The mark price frames of this beat for what the peer has subscribed to."""
        ...

    def changed(self, peer: Peer, change: AccountChange, scene: Scene) -> Iterable[Frame]:
        """What the account's own stream says of a change (called for peers of that account only)."""
        ...

    def liquidated(self, peer: Peer, position: VenuePosition, price: float, scene: Scene) -> Iterable[Frame]:
        """What the public liquidation stream says of a position that the venue closes."""
        ...
