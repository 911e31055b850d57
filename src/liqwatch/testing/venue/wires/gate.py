"""Gate's wire: perpetual contracts of three settle families, REST and websocket v4.

A contract of another family is acknowledged and stays silent, an unknown one is refused. Without the header for decimal
sizes, which a simulated client cannot show, sizes are pushed rounded down.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import MAJOR_BRACKETS, MINOR_BRACKETS, VenueMarket
from liqwatch.testing.venue.marks import compact
from liqwatch.testing.venue.wire_protocol import AccountChange, Frame, NoSuchPath, Peer, RestAnswer, RestCall, Scene
from liqwatch.testing.venue.wires import _gate_rest as rest

STREAM_PATH = re.compile(r"/v4/ws/(usdt|btc|usd1)")
TICKERS = "futures.tickers"
PUBLIC_LIQUIDATIONS = "futures.public_liquidates"
PUBLIC = frozenset({TICKERS, PUBLIC_LIQUIDATIONS})
POSITIONS = "futures.positions"
BALANCES = "futures.balances"
LIQUIDATIONS = "futures.liquidates"
DELEVERAGINGS = "futures.auto_deleverages"
CLOSES = "futures.position_closes"
AUTHENTICATION_FAILS, BAD_ARGUMENT = 4, 2
CLOSE_TEXTS = {"liquidation": "liq-7", "deleveraging": "auto_deleveraging"}
TAKER_FEE_RATE = 0.00075

MARKETS = (
    VenueMarket(
        native_symbol="BTC_USDT",
        base_asset="BTC",
        mark_price=117_000.0,
        price_tick=0.01,
        quantity_step=1.0,
        brackets=MAJOR_BRACKETS,
        contract_size=0.0001,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="ETH_USDT",
        base_asset="ETH",
        mark_price=4_300.0,
        price_tick=0.01,
        quantity_step=0.1,
        brackets=MAJOR_BRACKETS,
        contract_size=0.01,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="XRP_USDT",
        base_asset="XRP",
        mark_price=2.8,
        price_tick=0.0001,
        quantity_step=1.0,
        brackets=MINOR_BRACKETS,
        contract_size=10.0,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="BTC_USD1",
        base_asset="BTC",
        quote_asset="USD1",
        margin_asset="USD1",
        mark_price=117_010.0,
        price_tick=0.01,
        quantity_step=1.0,
        brackets=MAJOR_BRACKETS,
        contract_size=0.0001,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="BTC_USD",
        base_asset="BTC",
        quote_asset="USD",
        margin_asset="BTC",
        mark_price=117_005.0,
        price_tick=0.01,
        quantity_step=1.0,
        brackets=MAJOR_BRACKETS,
        is_inverse=True,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
)


class GateWire:
    """One instance serves one simulated venue."""

    exchange = "gate"
    mark_paths: tuple[str, ...] = (
        "/api/v4/futures/usdt/tickers",
        "/api/v4/futures/btc/tickers",
        "/api/v4/futures/usd1/tickers",
    )
    markets = MARKETS

    def answer(self, call: RestCall, scene: Scene) -> RestAnswer:
        """Answer a REST call."""
        return rest.answer(call, scene)

    def is_forbidden(self, call: RestCall) -> bool:
        """Whatever is not a question changes something."""
        return call.method != "GET"

    def opened(self, peer: Peer, scene: Scene) -> Iterable[Frame]:  # noqa: ARG002  nothing is said first
        """Nothing is said first."""
        if STREAM_PATH.fullmatch(peer.path) is None:
            raise NoSuchPath
        return ()

    def heard(self, peer: Peer, text: str, scene: Scene) -> Iterable[Frame]:
        """Pings and subscriptions; each private request carries its own signature."""
        request = json.loads(text)
        channel = str(request.get("channel", ""))
        if channel == "futures.ping":
            return [self._frame(scene, "futures.pong", "", None)]
        return [self._answered(peer, request, channel, scene)]

    def _answered(self, peer: Peer, request: dict[str, Any], channel: str, scene: Scene) -> str:
        payload = [str(each) for each in request.get("payload", [])]
        refused = self._refusal(peer, request, channel, payload, scene)
        body: dict[str, Any] = {"payload": payload, "result": {"status": "fail" if refused else "success"}}
        if refused is not None:
            body["error"] = refused
        return self._frame(scene, channel, str(request.get("event", "")), **body)

    def _refusal(
        self, peer: Peer, request: dict[str, Any], channel: str, payload: list[str], scene: Scene
    ) -> dict[str, Any] | None:
        """Take the request, or say why not."""
        if channel not in PUBLIC:
            account = self._signer(request, channel, scene)
            if account is None:
                return {"code": AUTHENTICATION_FAILS, "message": "Authentication failed, INVALID_KEY"}
            peer.account = account
            peer.streams.append(channel)
            return None
        unknown = [name for name in payload if name not in scene.book.markets]
        if unknown:
            return {"code": BAD_ARGUMENT, "message": f"unknown currency pair {unknown[0]}"}
        for name in payload:
            stream = f"{channel} {name}"
            if request.get("event") == "unsubscribe":
                if stream in peer.streams:
                    peer.streams.remove(stream)
            elif stream in peer.streams:
                return {"code": BAD_ARGUMENT, "message": f"Alert sub {name}"}
            else:
                peer.streams.append(stream)
        return None

    def _signer(self, request: dict[str, Any], channel: str, scene: Scene) -> VenueAccount | None:
        """The account whose key has signed a request, if its signature and its time are right."""
        authentication = request.get("auth") or {}
        account = scene.book.accounts.get(authentication.get("KEY", ""))
        seconds = int(request.get("time", 0))
        is_late = abs(seconds - scene.now_ms() // 1000) > rest.LONGEST_GAP_SECONDS
        if account is None or scene.faults.reject_keys or is_late or not authentication.get("SIGN"):
            return None
        if account.secret is None:
            return account
        signed = f"channel={channel}&event={request.get('event')}&time={seconds}"
        expected = hmac.new(account.secret.encode(), signed.encode(), hashlib.sha512).hexdigest()
        return account if authentication["SIGN"] == expected else None

    def marks(self, peer: Peer, scene: Scene) -> Iterable[Frame]:
        """A ticker frame for each subscribed contract of this family."""
        for market in rest.markets_of(scene, self._family(peer)):
            if f"{TICKERS} {market.native_symbol}" in peer.streams:
                yield self._frame(scene, TICKERS, "update", [rest.ticker_row(scene, market)])

    def changed(self, peer: Peer, change: AccountChange, scene: Scene) -> Iterable[Frame]:
        """Positions and balances of this family; the venue has no margin call on its stream."""
        if change.kind == "margin_call":
            return
        for channel, rows in self._news(peer, change, scene):
            if rows and channel in peer.streams:
                yield self._frame(scene, channel, "update", rows)

    def _news(self, peer: Peer, change: AccountChange, scene: Scene) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        family, account = self._family(peer), change.account
        closed = [each for each in change.closed if self._is_here(each, family, scene)]
        touched = [each for each in change.positions if self._is_here(each, family, scene)]
        if change.kind == "liquidation":
            yield LIQUIDATIONS, [self._liquidation(each, account, scene) for each in closed]
        if change.kind == "deleveraging":
            yield DELEVERAGINGS, [self._deleveraging(each, account, scene) for each in (*closed, *touched)]
        rows = [self._position(each, account, scene, is_open=True) for each in touched]
        rows += [self._position(each, account, scene, is_open=False) for each in closed]
        yield POSITIONS, rows
        yield CLOSES, [self._close(each, change, scene) for each in closed]
        yield BALANCES, [self._balance(asset, account, scene) for asset in change.assets if asset.lower() == family]

    def liquidated(self, peer: Peer, position: VenuePosition, price: float, scene: Scene) -> Iterable[Frame]:
        """The sign is that of the position."""
        name = position.native_symbol
        if self._is_here(position, self._family(peer), scene) and f"{PUBLIC_LIQUIDATIONS} {name}" in peer.streams:
            row = {"price": price, "size": whole(position), "time_ms": scene.now_ms(), "contract": name}
            yield self._frame(scene, PUBLIC_LIQUIDATIONS, "update", [row])

    def _position(
        self, position: VenuePosition, account: VenueAccount, scene: Scene, *, is_open: bool
    ) -> dict[str, Any]:
        is_cross = position.isolated_wallet is None
        price = scene.book.figures(account, position).liquidation_price if is_open else None
        return {
            "contract": position.native_symbol,
            "cross_leverage_limit": position.leverage if is_cross else 0,
            "entry_price": position.entry_price if is_open else 0,
            "leverage": 0 if is_cross else position.leverage,
            "liq_price": price or 0,
            "margin": (position.isolated_wallet or 0) if is_open else 0,
            "mode": rest.mode_of(account, position),
            "size": whole(position) if is_open else 0,
            "time_ms": scene.now_ms(),
            "user": str(rest.user_of(account)),
        }

    def _liquidation(self, position: VenuePosition, account: VenueAccount, scene: Scene) -> dict[str, Any]:
        mark_price = scene.book.mark_prices[position.native_symbol]
        return {
            "contract": position.native_symbol,
            "entry_price": position.entry_price,
            "fill_price": mark_price,
            "mark_price": mark_price,
            "left": 0,
            "size": whole(position),
            "time_ms": scene.now_ms(),
            "user": str(rest.user_of(account)),
        }

    def _deleveraging(self, position: VenuePosition, account: VenueAccount, scene: Scene) -> dict[str, Any]:
        return {
            "contract": position.native_symbol,
            "entry_price": position.entry_price,
            "fill_price": scene.book.mark_prices[position.native_symbol],
            "position_size": whole(position),
            "trade_size": whole(position),
            "time_ms": scene.now_ms(),
            "user": str(rest.user_of(account)),
        }

    def _close(self, position: VenuePosition, change: AccountChange, scene: Scene) -> dict[str, Any]:
        return {
            "contract": position.native_symbol,
            "pnl": position.realized_profit,
            "side": position.side.word,
            "text": CLOSE_TEXTS.get(change.kind, "web"),
            "time_ms": scene.now_ms(),
            "user": str(rest.user_of(change.account)),
        }

    def _balance(self, asset: str, account: VenueAccount, scene: Scene) -> dict[str, Any]:
        return {
            "balance": scene.book.wallet(account, asset).wallet_balance,
            "change": 0,
            "text": "",
            "type": "pnl",
            "currency": asset.lower(),
            "time_ms": scene.now_ms(),
            "user": str(rest.user_of(account)),
        }

    def _family(self, peer: Peer) -> str:
        return peer.path.rpartition("/")[2]

    def _is_here(self, position: VenuePosition, family: str, scene: Scene) -> bool:
        return scene.book.markets[position.native_symbol].margin_asset.lower() == family

    def _frame(self, scene: Scene, channel: str, event: str, result: object = None, **more: object) -> str:
        at_ms = scene.event_ms()
        head = {"time": at_ms // 1000, "time_ms": at_ms, "channel": channel, "event": event}
        return compact({**head, "result": result, **more})


def whole(position: VenuePosition) -> int:
    """The signed size as the venue writes it to a client that has not asked for decimals."""
    return math.floor(position.contracts) * (1 if position.side is Side.LONG else -1)


WIRE = GateWire
