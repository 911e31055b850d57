"""Bitget's wire: USDT-, USDC- and coin-margined perpetuals, REST and websocket v2, and v3 for unified accounts.

A market asked for under a wrong product type is acknowledged and stays silent, an unknown one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.marks import compact
from liqwatch.testing.venue.wire_protocol import AccountChange, Frame, NoSuchPath, Peer, RestAnswer, RestCall, Scene
from liqwatch.testing.venue.wires import _bitget_rest as rest
from liqwatch.testing.venue.wires import _bitget_rows as rows

PUBLIC, CLASSIC, UNIFIED = "/v2/ws/public", "/v2/ws/private", "/v3/ws/private"
TICKER = "ticker"
CLASSIC_CHANNELS = frozenset({"positions", "account", "orders"})
UNIFIED_TOPICS = frozenset({"position", "account", "order", "adl-notification"})
MOST_ARGUMENTS = 24
LONGEST_LOGIN_GAP_SECONDS = 30
FORCED_MARKS = {"liquidation": "burst_", "deleveraging": "dte_sys_adl_"}


class BitgetWire:
    """One instance serves one simulated venue."""

    exchange = "bitget"
    mark_paths: tuple[str, ...] = (f"{rest.MARKET}/tickers", f"{rest.MARKET}/symbol-price")
    markets = rows.MARKETS

    def answer(self, call: RestCall, scene: Scene) -> RestAnswer:
        """Answer a REST call."""
        return rest.answer(call, scene)

    def is_forbidden(self, call: RestCall) -> bool:
        """Whatever is not a question changes something."""
        return call.method != "GET"

    def opened(self, peer: Peer, scene: Scene) -> Iterable[Frame]:  # noqa: ARG002  nothing is said first
        """Nothing is said first."""
        if peer.path not in (PUBLIC, CLASSIC, UNIFIED):
            raise NoSuchPath
        return ()

    def heard(self, peer: Peer, text: str, scene: Scene) -> Iterable[Frame]:
        """Pings, logins and subscriptions."""
        if text == "ping":
            return ["pong"]
        message = json.loads(text)
        operation, arguments = message.get("op"), message.get("args", [])
        if operation == "login":
            return [self._login(peer, arguments[0], scene)]
        if operation not in ("subscribe", "unsubscribe") or len(arguments) > MOST_ARGUMENTS:
            return [failed(30003, "Illegal op")]
        return [frame for each in arguments for frame in self._subscription(peer, operation, each, scene)]

    def _login(self, peer: Peer, argument: dict[str, str], scene: Scene) -> str:
        account = scene.book.accounts.get(argument.get("apiKey", ""))
        seconds = argument.get("timestamp", "0")
        if account is None or scene.faults.reject_keys:
            return failed(30011, "Invalid ACCESS_KEY")
        if abs(int(seconds) - scene.now_ms() // 1000) > LONGEST_LOGIN_GAP_SECONDS:
            return failed(30014, "Request timestamp expired")
        if account.passphrase is not None and argument.get("passphrase") != account.passphrase:
            return failed(30012, "Invalid ACCESS_PASSPHRASE")
        expected = rest.signature(account.secret or "", f"{seconds}GET/user/verify")
        if account.secret is not None and argument.get("sign") != expected:
            return failed(30015, "Invalid sign")
        if account.is_multi_asset != (peer.path == UNIFIED):
            return failed(30005, "Login failed")
        peer.account = account
        return compact({"event": "login", "code": 0, "msg": ""})

    def _subscription(self, peer: Peer, operation: str, argument: dict[str, str], scene: Scene) -> Iterator[str]:
        refused = self._refusal(peer, argument, scene)
        if refused is not None:
            yield compact({"event": "error", "arg": argument, **refused, "op": operation})
            return
        stream = stream_of(argument)
        if operation == "unsubscribe":
            peer.streams[:] = [each for each in peer.streams if each != stream]
        elif stream not in peer.streams:
            peer.streams.append(stream)
        yield compact({"event": operation, "arg": argument})
        if operation == "subscribe" and peer.account is not None:
            yield from self._snapshot(argument, peer.account, scene)

    def _refusal(self, peer: Peer, argument: dict[str, str], scene: Scene) -> dict[str, Any] | None:
        """Why not, or None."""
        channel = argument.get("channel") or argument.get("topic", "")
        if peer.path == PUBLIC:
            is_known = channel == TICKER and argument.get("instId") in scene.book.markets
        elif peer.account is None:
            return {"code": 30004, "msg": "User not logged in / User must be connected"}
        else:
            is_known = channel in (UNIFIED_TOPICS if peer.path == UNIFIED else CLASSIC_CHANNELS)
        if is_known:
            return None
        named = ",".join(f"{name}:{value}" for name, value in argument.items())
        return {"code": 30001, "msg": f"{named} doesn't exist"}

    def _snapshot(self, argument: dict[str, str], account: VenueAccount, scene: Scene) -> Iterator[str]:
        channel = argument.get("channel") or argument["topic"]
        if channel == "positions":
            yield self._positions(scene, account, argument["instType"])
        elif channel == "account" and "channel" in argument:
            yield self._balances(scene, account, argument["instType"])
        elif channel == "position":
            held = [rows.pushed_unified(scene, account, each) for each in account.positions]
            yield pushed(scene, {"instType": "UTA", "topic": channel}, held)

    def _positions(self, scene: Scene, account: VenueAccount, product: str) -> str:
        """The full list of one product type; empty when nothing is held."""
        held = [rows.pushed_position(scene, account, each) for each in rows.held_in(scene, account, product)]
        return pushed(scene, {"instType": product, "channel": "positions", "instId": "default"}, held)

    def _balances(self, scene: Scene, account: VenueAccount, product: str) -> str:
        listed = [
            {
                "marginCoin": row["marginCoin"],
                "frozen": row["locked"],
                "available": row["available"],
                "equity": row["accountEquity"],
            }
            for row in rows.classic_accounts(scene, account, product)
        ]
        return pushed(scene, {"instType": product, "channel": "account", "coin": "default"}, listed)

    def marks(self, peer: Peer, scene: Scene) -> Iterable[Frame]:
        """A frame for each market that is asked for under its own product type."""
        for name, market in scene.book.markets.items():
            product = rows.product_of(market)
            if f"{product}:{TICKER}:{name}" in peer.streams:
                row = {"instId": name, **rows.ticker(scene, market)}
                yield pushed(scene, {"instType": product, "channel": TICKER, "instId": name}, [row])

    def changed(self, peer: Peer, change: AccountChange, scene: Scene) -> Iterable[Frame]:
        """The order first, then positions, then balances. Bitget has no margin call."""
        if change.kind == "margin_call":
            return
        news = self._unified_news if peer.path == UNIFIED else self._classic_news
        for stream, frame in news(change, scene):
            if stream in peer.streams:
                yield frame

    def _classic_news(self, change: AccountChange, scene: Scene) -> Iterator[tuple[str, str]]:
        account, touched = change.account, (*change.closed, *change.positions)
        mark = FORCED_MARKS.get(change.kind)
        if mark is not None:
            for position in touched:
                product = rows.product_of(scene.book.markets[position.native_symbol])
                order = rows.forced_order(account, position, mark, scene.now_ms())
                argument = {"instType": product, "channel": "orders", "instId": "default"}
                yield stream_of(argument), pushed(scene, argument, [order])
        for product in rows.products_touched(scene, touched):
            yield f"{product}:positions:default", self._positions(scene, account, product)
        for product in rows.PRODUCTS:
            if set(change.assets) & {market.margin_asset for market in rows.markets_of(scene, product)}:
                yield f"{product}:account:default", self._balances(scene, account, product)

    def _unified_news(self, change: AccountChange, scene: Scene) -> Iterator[tuple[str, str]]:
        account, touched = change.account, (*change.closed, *change.positions)
        if change.kind == "liquidation":
            argument = {"instType": "UTA", "topic": "order"}
            orders = [rows.forced_unified_order(scene, account, each, "liquidation") for each in touched]
            yield stream_of(argument), pushed(scene, argument, orders)
        if change.kind == "deleveraging":
            argument = {"instType": "UTA", "topic": "adl-notification"}
            listed = [self._deleveraging(each, scene) for each in touched]
            yield stream_of(argument), pushed(scene, argument, listed)
        moved = [rows.pushed_unified(scene, account, each) for each in change.positions]
        moved += [rows.pushed_unified(scene, account, each, is_open=False) for each in change.closed]
        if moved:
            argument = {"instType": "UTA", "topic": "position"}
            yield stream_of(argument), pushed(scene, argument, moved)
        argument = {"instType": "UTA", "topic": "account"}
        yield stream_of(argument), pushed(scene, argument, [rows.unified_account(scene, account)])

    def _deleveraging(self, position: VenuePosition, scene: Scene) -> dict[str, str]:
        return {
            "symbol": position.native_symbol,
            "side": rows.closing_side(position),
            "status": "triggered",
            "price": rows.decimal(scene.book.mark_prices[position.native_symbol]),
            "amount": rows.decimal(position.contracts),
            "ts": str(scene.now_ms()),
        }

    def liquidated(self, peer: Peer, position: VenuePosition, price: float, scene: Scene) -> Iterable[Frame]:  # noqa: ARG002
        """Bitget's v2 streams tell nothing of other people's liquidations."""
        return ()


def stream_of(argument: dict[str, str]) -> str:
    """`USDT-FUTURES:ticker:BTCUSDT`, `USDT-FUTURES:account:default`, `UTA:position:`."""
    channel = argument.get("channel") or argument.get("topic", "")
    return f"{argument.get('instType', '')}:{channel}:{argument.get('instId') or argument.get('coin', '')}"


def failed(code: int, message: str) -> str:
    """An error event."""
    return compact({"event": "error", "code": code, "msg": message})


def pushed(scene: Scene, argument: dict[str, str], listed: list[Any]) -> str:
    """A data frame: always a snapshot."""
    return compact({"action": "snapshot", "arg": argument, "data": listed, "ts": scene.event_ms()})


WIRE = BitgetWire
