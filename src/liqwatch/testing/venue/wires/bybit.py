"""Bybit's wire: linear and inverse public streams apart, a private stream behind a login, REST v5.

A ticker begins with a snapshot and goes on with deltas; an unknown topic, or one of the other family, refuses the
whole request that names it. Positions and wallets are pushed on events only, without a snapshot. The inverse contract
is there for its marks: positions in it are not counted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from typing import Any

from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import MAJOR_BRACKETS, MINOR_BRACKETS, VenueMarket
from liqwatch.testing.venue.marks import compact
from liqwatch.testing.venue.wire_protocol import AccountChange, Frame, NoSuchPath, Peer, RestAnswer, RestCall, Scene
from liqwatch.testing.venue.wires import _bybit_rest as rest

PUBLIC_PATHS = {"/v5/public/linear": "linear", "/v5/public/inverse": "inverse"}
PRIVATE_PATH = "/v5/private"
PRIVATE_TOPICS = frozenset({"position", "wallet", "order", "execution"})
TICKERS, LIQUIDATIONS = "tickers", "allLiquidation"
CONNECTION = "d8bu1olkndm7crnfs1e0-j6akw"
TAKER_FEE_RATE = 0.00055
FORCED = {
    "liquidation": ("BustTrade", "CreateByTakeOver_PassThrough"),
    "deleveraging": ("AdlTrade", "CreateByAdl_PassThrough"),
}
USERS_OWN = ("Trade", "CreateByUser")

MARKETS = (
    VenueMarket(
        native_symbol="BTCUSDT",
        base_asset="BTC",
        mark_price=117_000.0,
        price_tick=0.1,
        quantity_step=0.001,
        brackets=MAJOR_BRACKETS,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="ETHUSDT",
        base_asset="ETH",
        mark_price=4_300.0,
        price_tick=0.01,
        quantity_step=0.01,
        brackets=MAJOR_BRACKETS,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="XRPUSDT",
        base_asset="XRP",
        mark_price=2.8,
        price_tick=0.0001,
        quantity_step=0.1,
        brackets=MINOR_BRACKETS,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="BTCPERP",
        base_asset="BTC",
        quote_asset="USDC",
        margin_asset="USDC",
        mark_price=117_010.0,
        price_tick=0.1,
        quantity_step=0.001,
        brackets=MAJOR_BRACKETS,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="BTCUSD",
        base_asset="BTC",
        quote_asset="USD",
        margin_asset="BTC",
        mark_price=117_005.0,
        price_tick=0.1,
        quantity_step=1.0,
        brackets=MAJOR_BRACKETS,
        is_inverse=True,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
)


class BybitWire:
    """One instance serves one simulated venue."""

    exchange = "bybit"
    mark_paths: tuple[str, ...] = ("/v5/market/tickers",)
    markets = MARKETS

    def answer(self, call: RestCall, scene: Scene) -> RestAnswer:
        """Answer a REST call."""
        return rest.answer(call, scene)

    def is_forbidden(self, call: RestCall) -> bool:
        """Whatever is not a question changes something."""
        return call.method != "GET"

    def opened(self, peer: Peer, scene: Scene) -> Iterable[Frame]:  # noqa: ARG002  nothing is said first
        """Nothing is said first."""
        if peer.path not in PUBLIC_PATHS and peer.path != PRIVATE_PATH:
            raise NoSuchPath
        return ()

    def heard(self, peer: Peer, text: str, scene: Scene) -> Iterable[Frame]:
        """Pings, the login, subscriptions."""
        request = json.loads(text)
        operation = request.get("op", "")
        if operation == "ping":
            return [self._pong(peer, scene)]
        if operation == "auth":
            return [self._login(peer, request, scene)]
        return list(self._subscribed(peer, request, scene))

    def _pong(self, peer: Peer, scene: Scene) -> str:
        """Public and private streams answer pings differently."""
        if peer.path == PRIVATE_PATH:
            return compact({"op": "pong", "args": [str(scene.now_ms())], "conn_id": CONNECTION})
        return compact({"success": True, "ret_msg": "pong", "conn_id": CONNECTION, "op": "ping"})

    def _login(self, peer: Peer, request: dict[str, Any], scene: Scene) -> str:
        account = self._signer(request.get("args", []), scene)
        if account is None:
            return compact(
                {"success": False, "retCode": 10003, "ret_msg": "Invalid apikey", "op": "auth", "conn_id": CONNECTION}
            )
        peer.account = account
        return compact({"success": True, "ret_msg": "", "op": "auth", "conn_id": CONNECTION})

    def _signer(self, arguments: list[Any], scene: Scene) -> VenueAccount | None:
        """The account whose key has signed the login, if the signature is right and not yet over."""
        if len(arguments) != 3 or scene.faults.reject_keys:
            return None
        key, expires_ms, signature = arguments
        account = scene.book.accounts.get(key)
        if account is None or int(expires_ms) <= scene.now_ms() or not signature:
            return None
        if account.secret is None:
            return account
        expected = hmac.new(account.secret.encode(), f"GET/realtime{expires_ms}".encode(), hashlib.sha256).hexdigest()
        return account if signature == expected else None

    def _subscribed(self, peer: Peer, request: dict[str, Any], scene: Scene) -> Iterator[str]:
        operation, topics = request.get("op", ""), [str(each) for each in request.get("args", [])]
        reply = {"success": True, "ret_msg": "", "conn_id": CONNECTION, "req_id": request.get("req_id", "")}
        if operation == "unsubscribe":
            peer.streams[:] = [each for each in peer.streams if each not in topics]
            yield compact(reply | {"op": operation})
            return
        unknown = [each for each in topics if not self._is_known(peer, each, scene)]
        if operation != "subscribe" or unknown:
            words = f"error:handler not found,topic:{unknown[0]}" if unknown else "error:invalid op"
            yield compact(reply | {"success": False, "ret_msg": words, "op": operation})
            return
        peer.streams.extend(topics)
        yield compact(reply | {"op": operation})
        for topic in topics:
            kind, _, symbol = topic.partition(".")
            if kind == TICKERS:
                yield self._ticker(rest.ticker(scene, scene.book.markets[symbol]), "snapshot", scene)

    def _is_known(self, peer: Peer, topic: str, scene: Scene) -> bool:
        if peer.path == PRIVATE_PATH:
            return peer.account is not None and topic in PRIVATE_TOPICS
        kind, _, symbol = topic.partition(".")
        market = scene.book.markets.get(symbol)
        is_here = market is not None and rest.family(market) == PUBLIC_PATHS[peer.path]
        return is_here and kind in (TICKERS, LIQUIDATIONS)

    def marks(self, peer: Peer, scene: Scene) -> Iterable[Frame]:
        """A delta with the mark for each subscribed market, and one without."""
        for topic in peer.streams:
            kind, _, symbol = topic.partition(".")
            if kind == TICKERS:
                mark_price = rest.text(scene.book.mark_prices[symbol])
                yield self._ticker({"symbol": symbol, "markPrice": mark_price}, "delta", scene)
                yield self._ticker({"symbol": symbol, "bid1Size": "1.5"}, "delta", scene)

    def _ticker(self, row: dict[str, Any], kind: str, scene: Scene) -> str:
        at_ms = scene.event_ms()
        topic = f"{TICKERS}.{row['symbol']}"
        return compact({"topic": topic, "type": kind, "data": row, "cs": at_ms, "ts": at_ms})

    def changed(self, peer: Peer, change: AccountChange, scene: Scene) -> Iterable[Frame]:
        """Execution and order, then wallet, then positions; the venue has no margin call on its stream."""
        if change.kind == "margin_call":
            return
        for topic, rows in self._news(change, scene):
            if rows and topic in peer.streams:
                at_ms = scene.event_ms()
                yield compact({"id": f"{topic}_{at_ms}", "topic": topic, "creationTime": at_ms, "data": rows})

    def _news(self, change: AccountChange, scene: Scene) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        account = change.account
        if change.kind in FORCED or change.kind == "order":
            deals = [self._deal(each, change, scene) for each in (*change.closed, *change.positions)]
            yield "execution", deals
            yield "order", [deal | {"orderStatus": "Filled"} for deal in deals]
        if change.assets:
            yield "wallet", [rest.wallet(account, scene)]
        rows = [self._position(account, each, scene, is_open=True) for each in change.positions]
        rows += [self._position(account, each, scene, is_open=False) for each in change.closed]
        yield "position", rows

    def _deal(self, position: VenuePosition, change: AccountChange, scene: Scene) -> dict[str, Any]:
        execution_kind, create_kind = FORCED.get(change.kind, USERS_OWN)
        closes = position in change.closed or change.kind in FORCED
        market = scene.book.markets[position.native_symbol]
        return {
            "category": rest.family(market),
            "symbol": position.native_symbol,
            "side": rest.side_word(type(position.side)(-position.side.value) if closes else position.side),
            "execType": execution_kind,
            "createType": create_kind,
            "execPrice": rest.text(scene.book.mark_prices[position.native_symbol]),
            "execQty": rest.text(position.contracts),
            "orderId": f"order-{scene.now_ms()}",
            "execTime": str(scene.now_ms()),
        }

    def _position(
        self, account: VenueAccount, position: VenuePosition, scene: Scene, *, is_open: bool
    ) -> dict[str, Any]:
        row = rest.position_row(account, position, scene, is_open=is_open)
        category = rest.family(scene.book.markets[position.native_symbol])
        return row | {"entryPrice": rest.text(position.entry_price) if is_open else "0", "category": category}

    def liquidated(self, peer: Peer, position: VenuePosition, price: float, scene: Scene) -> Iterable[Frame]:
        """The side is that of the position."""
        topic = f"{LIQUIDATIONS}.{position.native_symbol}"
        if topic in peer.streams:
            at_ms = scene.event_ms()
            row = {
                "T": at_ms,
                "s": position.native_symbol,
                "S": rest.side_word(position.side),
                "v": rest.text(position.contracts),
                "p": rest.text(price),
            }
            yield compact({"topic": topic, "type": "snapshot", "ts": at_ms, "data": [row]})


WIRE = BybitWire
