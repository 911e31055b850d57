"""Deribit's wire: JSON-RPC over one websocket for public and private channels, and REST beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from liqwatch.model import Side
from liqwatch.testing.venue.book import VenuePosition
from liqwatch.testing.venue.marks import compact
from liqwatch.testing.venue.wire_protocol import (
    AccountChange,
    Frame,
    NoSuchPath,
    Peer,
    RestAnswer,
    RestCall,
    Scene,
)
from liqwatch.testing.venue.wires import _deribit_rest as rest
from liqwatch.testing.venue.wires._deribit_figures import (
    MARKETS,
    closed_row,
    currencies,
    portfolio,
    position_row,
    ticker,
)

PATH = "/ws/api/v2"
CHANGES = "user.changes.any.any.100ms"
PORTFOLIO = "user.portfolio.any"
RAW_NEEDS_LOGIN = (13778, "raw_subscriptions_not_available_for_unauthorized")
BAD_REQUEST = (11050, "bad_request")
SHORTEST_HEARTBEAT_SECONDS = 10
TEST_REQUEST = compact({"params": {"type": "test_request"}, "method": "heartbeat", "jsonrpc": "2.0"})


def notification(channel: str, data: object) -> str:
    """A frame of a channel."""
    return compact({"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}})


class DeribitWire:
    """A peer that asks for a heartbeat is sent a `test_request` with the next marks; `peer.notes` keeps its answer."""

    exchange = "deribit"
    mark_paths: tuple[str, ...] = ("/api/v2/public/ticker", "/api/v2/public/get_book_summary")
    markets = MARKETS

    def answer(self, call: RestCall, scene: Scene) -> RestAnswer:
        """Answer a REST call."""
        return rest.answer(call, scene)

    def is_forbidden(self, call: RestCall) -> bool:
        """Whether a call would act."""
        return rest.is_forbidden(call)

    def opened(self, peer: Peer, scene: Scene) -> Iterable[Frame]:  # noqa: ARG002  as the protocol
        """The venue says nothing first."""
        if peer.path != PATH:
            raise NoSuchPath
        return ()

    def heard(self, peer: Peer, text: str, scene: Scene) -> Iterable[Frame]:
        """Requests; unknown channels are missing from the acknowledgement, and nothing else says so."""
        try:
            request = json.loads(text)
            method, parameters = request["method"], request.get("params", {})
        except (ValueError, TypeError, KeyError):
            return [self._reply(scene, None, error=BAD_REQUEST)]
        identifier = request.get("id")
        try:
            result = self._result(peer, method, parameters, scene)
        except rest.Refused as refused:
            return [self._reply(scene, identifier, error=refused.error)]
        return [self._reply(scene, identifier, result=result), *self._first(peer, method, parameters, scene)]

    def marks(self, peer: Peer, scene: Scene) -> Iterator[Frame]:
        """Tickers of this beat."""
        if peer.notes.pop("owes_test_request", False):
            yield TEST_REQUEST
        for stream in peer.streams:
            if stream.startswith("ticker."):
                yield self._ticker(stream, scene)

    def changed(self, peer: Peer, change: AccountChange, scene: Scene) -> Iterator[Frame]:
        """Absolute new values of what changed; the venue has no margin call on its stream."""
        if change.kind == "margin_call":
            return
        if CHANGES in peer.streams:
            for position in (*change.positions, *change.closed):
                yield self._changes(position, change, scene)
        if PORTFOLIO in peer.streams:
            for asset in change.assets:
                yield notification(PORTFOLIO, portfolio(scene, change.account, asset))

    def liquidated(self, peer: Peer, position: VenuePosition, price: float, scene: Scene) -> Iterator[Frame]:
        """The trade by which the venue closes a position: the taker is the liquidated side."""
        channel = f"trades.{position.native_symbol}.100ms"
        if channel in peer.streams:
            yield notification(channel, [self._trade(position, price, scene)])

    def _result(self, peer: Peer, method: str, parameters: dict[str, Any], scene: Scene) -> object:
        if method == "public/test":
            peer.notes["tests"] = peer.notes.get("tests", 0) + 1
            return {"version": "1.2.26"}
        if method == "public/set_heartbeat":
            if float(parameters.get("interval", 0)) < SHORTEST_HEARTBEAT_SECONDS:
                raise rest.Refused(rest.BAD_INSTRUMENT)
            peer.notes["owes_test_request"] = True
            return "ok"
        if method == "public/auth":
            peer.account = rest.logged_in(parameters, scene)
            return rest.grant(parameters, peer.account)
        if method in ("public/subscribe", "private/subscribe"):
            return self._subscribed(peer, method, parameters, scene)
        if method == "public/unsubscribe":
            gone = [channel for channel in parameters["channels"] if channel in peer.streams]
            peer.streams = [channel for channel in peer.streams if channel not in gone]
            return gone
        raise rest.Refused(rest.METHOD_NOT_FOUND)

    def _subscribed(self, peer: Peer, method: str, parameters: dict[str, Any], scene: Scene) -> list[str]:
        if method == "private/subscribe" and peer.account is None:
            raise rest.Refused(rest.UNAUTHORIZED)
        asked = list(parameters["channels"])
        if peer.account is None and any(channel.endswith(".raw") for channel in asked):
            raise rest.Refused(RAW_NEEDS_LOGIN)
        known = [channel for channel in asked if self._is_channel(channel, method, scene)]
        peer.streams.extend(channel for channel in known if channel not in peer.streams)
        return known

    def _is_channel(self, channel: str, method: str, scene: Scene) -> bool:
        if channel in (CHANGES, PORTFOLIO):
            return method == "private/subscribe"
        family, _, rest_of_name = channel.partition(".")
        return channel == "platform_state" or (
            family in ("ticker", "trades") and rest_of_name.removesuffix(".100ms") in scene.book.markets
        )

    def _first(self, peer: Peer, method: str, parameters: dict[str, Any], scene: Scene) -> Iterator[Frame]:
        """What a new subscription shows at once."""
        if not method.endswith("/subscribe"):
            return
        for channel in parameters["channels"]:
            if channel in peer.streams and channel.startswith("ticker.") and not scene.faults.silence_marks:
                yield self._ticker(channel, scene)
            if channel == PORTFOLIO and channel in peer.streams and peer.account is not None:
                for currency in currencies(scene, peer.account):
                    yield notification(PORTFOLIO, portfolio(scene, peer.account, currency))

    def _ticker(self, channel: str, scene: Scene) -> str:
        return notification(channel, ticker(scene, channel.removeprefix("ticker.").removesuffix(".100ms")))

    def _changes(self, position: VenuePosition, change: AccountChange, scene: Scene) -> str:
        name, is_forced = position.native_symbol, change.kind == "liquidation"
        is_open = any(each is position for each in change.account.positions)
        row = position_row(scene, change.account, position) if is_open else closed_row(scene, position)
        order = {
            "instrument_name": name,
            "order_id": f"{scene.event_ms()}",
            "order_type": "liquidation" if is_forced else "market",
            "order_state": "filled",
            "direction": self._direction(position, is_closing=not is_open),
            "price": scene.book.mark_prices[name],
            "is_liquidation": is_forced,
        }
        trade = self._trade(position, scene.book.mark_prices[name], scene) | {"direction": order["direction"]}
        if not is_forced:
            del trade["liquidation"]
        data = {"instrument_name": name, "trades": [trade], "positions": [row], "orders": [order]}
        return notification(CHANGES, data)

    def _trade(self, position: VenuePosition, price: float, scene: Scene) -> dict[str, Any]:
        market = scene.book.markets[position.native_symbol]
        return {
            "trade_seq": 1,
            "trade_id": f"{scene.event_ms()}",
            "timestamp": scene.event_ms(),
            "tick_direction": 2,
            "price": price,
            "mark_price": scene.book.mark_prices[position.native_symbol],
            "liquidity": "T",
            "liquidation": "T",
            "instrument_name": position.native_symbol,
            "direction": self._direction(position, is_closing=True),
            "contracts": position.contracts,
            "amount": position.contracts * market.contract_size,
        }

    def _direction(self, position: VenuePosition, *, is_closing: bool) -> str:
        return "sell" if (position.side is Side.LONG) is is_closing else "buy"

    def _reply(
        self, scene: Scene, identifier: object, *, result: object = None, error: tuple[int, str] | None = None
    ) -> str:
        microseconds = scene.now_ms() * 1000
        document: dict[str, Any] = {"jsonrpc": "2.0"}
        if identifier is not None:
            document["id"] = identifier
        document |= {"result": result} if error is None else {"error": {"code": error[0], "message": error[1]}}
        return compact(document | {"usIn": microseconds, "usOut": microseconds + 7, "usDiff": 7, "testnet": False})


WIRE = DeribitWire
