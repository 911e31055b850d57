"""Binance futures' wire, both families: public streams by name, user data behind a listen key.

Where streams are routed, `/market/…` carries marks and `/private/…` user data, while order-book paths (`/public/…`) and
the retired `/ws` and `/stream` open, acknowledge and stay silent. Unrouted, `/ws/<stream or listen key>` carries both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from liqwatch.testing.venue import events
from liqwatch.testing.venue.book import VenuePosition
from liqwatch.testing.venue.events import Event
from liqwatch.testing.venue.listen_keys import ListenKeys
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.marks import MarkFrames, compact, is_slow
from liqwatch.testing.venue.wire_protocol import AccountChange, Frame, NoSuchPath, Peer, RestAnswer, RestCall, Scene
from liqwatch.testing.venue.wires._binance_rest import Paths, RestDesk

MARKET_ROUTE, PUBLIC_ROUTE = "market", "public"
SLOW_EVERY_BEATS = 3
ALL_FORCED, FORCED = "!forceOrder@arr", "@forceOrder"
REASONS = {"margin": "MARGIN_TRANSFER", "wallet": "DEPOSIT"}
FORCED_MARKS = {"liquidation": "autoclose-", "deleveraging": "adl_autoclose"}
LISTEN_KEY_EXPIRED = "listen_key_expired"
"""The kind of change by which `BinanceVenue` ends a listen key."""


class Family(Enum):
    """What a connection serves. UNROUTED opens, acknowledges and stays silent."""

    MARKET = "market"
    PRIVATE = "private"
    UNROUTED = "unrouted"


class BinanceWire:
    """One instance serves one simulated venue. `private_route` is the first part of the path of user data."""

    private_route = "private"

    def __init__(self, exchange: str, markets: tuple[VenueMarket, ...], paths: Paths, *, is_routed: bool) -> None:
        """The files of the two families say what differs."""
        self.exchange = exchange
        self.markets = markets
        self.mark_paths: tuple[str, ...] = (paths.marks,)
        self.listen_keys = ListenKeys()
        self._paths = paths
        self._is_routed = is_routed
        self._rest = RestDesk(paths, self.listen_keys)

    def answer(self, call: RestCall, scene: Scene) -> RestAnswer:
        """Answer a REST call."""
        return self._rest.answer(call, scene)

    def is_forbidden(self, call: RestCall) -> bool:
        """Whatever acts, except for making and prolonging a listen key."""
        return self._paths.is_forbidden(call)

    def opened(self, peer: Peer, scene: Scene) -> Iterable[Frame]:
        """Read the path; nothing is said first. A wrong listen key opens a stream that stays silent."""
        parts = peer.path.strip("/").split("/")
        route = parts.pop(0) if parts[0] in {MARKET_ROUTE, PUBLIC_ROUTE, self.private_route} else ""
        if not parts or parts[0] not in {"ws", "stream"} or (route and not self._is_routed):
            raise NoSuchPath
        is_combined = parts[0] == "stream"
        named = [each for each in (peer.query.get("streams", "").split("/") if is_combined else parts[1:]) if each]
        listen_key = peer.query.get("listenKey") or (named[0] if named and "@" not in named[0] else "")
        family = self._family(route, listen_key)
        peer.notes.update(family=family, is_combined=is_combined, listen_key=listen_key, beats=0)
        if family is Family.PRIVATE:
            keys = {self.listen_keys.current(key): account for key, account in scene.book.accounts.items()}
            peer.account = keys.get(listen_key)
        else:
            peer.streams.extend(named)
        return ()

    def _family(self, route: str, listen_key: str) -> Family:
        if not self._is_routed:
            return Family.PRIVATE if listen_key else Family.MARKET
        return {MARKET_ROUTE: Family.MARKET, self.private_route: Family.PRIVATE}.get(route, Family.UNROUTED)

    def heard(self, peer: Peer, text: str, scene: Scene) -> Iterable[Frame]:  # noqa: ARG002  one shape for all
        """Act on one message and answer it. Unknown streams are acknowledged and stay silent."""
        return [compact(_control(peer, text))]

    def marks(self, peer: Peer, scene: Scene) -> Iterator[Frame]:
        """Every subscribed stream; slow ones only join every third beat."""
        if peer.notes["family"] is not Family.MARKET:
            return
        has_slow = peer.notes["beats"] % SLOW_EVERY_BEATS == 0
        peer.notes["beats"] += 1
        frames = MarkFrames(scene.book, scene.event_ms())
        for stream in peer.streams:
            if has_slow or not is_slow(stream):
                for payload in frames.of(stream):
                    yield _framed(peer, payload, stream)

    def changed(self, peer: Peer, change: AccountChange, scene: Scene) -> Iterator[Frame]:
        """What user data says of a change, as long as the listen key is good."""
        listen_key = peer.notes["listen_key"]
        if self.listen_keys.current(change.account.api_key) != listen_key:
            return
        if change.kind == LISTEN_KEY_EXPIRED:
            yield _framed(peer, compact(events.listen_key_expired(listen_key, scene.event_ms())), listen_key)
            return
        for event in self.events(change, scene):
            yield _framed(peer, compact(event), listen_key)

    def events(self, change: AccountChange, scene: Scene) -> Iterator[Event]:
        """The events of one change."""
        return account_events(change, scene)

    def liquidated(self, peer: Peer, position: VenuePosition, price: float, scene: Scene) -> Iterator[Frame]:
        """The closing order on the public streams of it."""
        if peer.notes["family"] is Family.MARKET:
            for stream in (ALL_FORCED, position.native_symbol.lower() + FORCED):
                if stream in peer.streams:
                    payload = compact(events.forced_order(position, price, scene.event_ms()))
                    yield _framed(peer, payload, stream)


def account_events(change: AccountChange, scene: Scene) -> Iterator[Event]:
    """The events of one change: the venue's own closing order first, then the account."""
    book, account = scene.book, change.account
    if change.kind == "margin_call":
        asset = next(iter(change.assets or account.cross_wallets), "")
        yield events.margin_call(book, account, change.positions, asset, scene.event_ms())
        return
    if change.kind == "leverage":
        yield events.leverage_changed(change.market, account.leverage_of(change.market), scene.event_ms())
        return
    mark = FORCED_MARKS.get(change.kind)
    if mark is not None:
        for position in (*change.closed, *change.positions):
            yield events.liquidation_order(book, account, position, scene.event_ms(), mark=mark)
    balances = [events.balance_row(book, account, asset, change.moved) for asset in change.assets]
    rows = [events.position_row(book, account, each) for each in change.positions]
    rows += [row for each in change.closed for row in events.closing_rows(book, account, each)]
    reason = change.reason or REASONS.get(change.kind, "ORDER")
    yield events.account_update(reason, balances, rows, scene.event_ms())


def _framed(peer: Peer, payload: str, stream: str) -> str:
    return f'{{"stream":"{stream}","data":{payload}}}' if peer.notes["is_combined"] else payload


def _control(peer: Peer, text: str) -> dict[str, Any]:
    try:
        request = json.loads(text)
        method, params, request_id = request["method"], request.get("params", []), request.get("id")
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"error": {"code": 2, "msg": "Invalid request: not a known message"}}
    if method == "SUBSCRIBE":
        peer.streams.extend(stream for stream in params if stream not in peer.streams)
        return {"result": None, "id": request_id}
    if method == "UNSUBSCRIBE":
        peer.streams[:] = [stream for stream in peer.streams if stream not in params]
        return {"result": None, "id": request_id}
    if method == "LIST_SUBSCRIPTIONS":
        return {"result": list(peer.streams), "id": request_id}
    return {"error": {"code": 2, "msg": f"Invalid request: unknown variant `{method}`"}, "id": request_id}
