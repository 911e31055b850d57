"""Kraken Futures' wire: flat feeds over one websocket, signed challenges for private ones, and REST beside it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.marks import compact
from liqwatch.testing.venue.wire_protocol import AccountChange, Frame, NoSuchPath, Peer, RestAnswer, RestCall, Scene
from liqwatch.testing.venue.wires import _kraken_futures_rest as rest

PATH = "/ws/v1"
PUBLIC = frozenset({"ticker", "trade"})
PRIVATE = frozenset({"open_positions", "balances", "fills", "open_orders", "notifications_auth", "account_log"})
FILL_TYPES = {"liquidation": "liquidation", "deleveraging": "unwindCounterparty"}
LINEAR_LEVELS = rest.levels((500_000, 0.01, 50), (2_000_000, 0.02, 25), (5_000_000, 0.05, 10), (rest.NO_LIMIT, 0.1, 5))
INVERSE_LEVELS = rest.levels((500_000, 0.01, 50), (1_000_000, 0.02, 25), (rest.NO_LIMIT, 0.05, 10))


def linear(native_symbol: str, base_asset: str, mark_price: float, price_tick: float) -> VenueMarket:
    """A perpetual multi-collateral contract."""
    return VenueMarket(
        native_symbol=native_symbol,
        base_asset=base_asset,
        quote_asset="USD",
        margin_asset="USD",
        mark_price=mark_price,
        price_tick=price_tick,
        quantity_step=0.0001,
        brackets=LINEAR_LEVELS,
    )


MARKETS = (
    linear("PF_XBTUSD", "BTC", 117_000.0, 1.0),
    linear("PF_ETHUSD", "ETH", 4_300.0, 0.1),
    linear("PF_SOLUSD", "SOL", 220.0, 0.01),
    VenueMarket(
        native_symbol="PI_XBTUSD",
        base_asset="BTC",
        quote_asset="USD",
        margin_asset="BTC",
        mark_price=117_000.0,
        price_tick=0.5,
        quantity_step=1.0,
        brackets=INVERSE_LEVELS,
        is_inverse=True,
    ),
    VenueMarket(
        native_symbol="FF_XBTUSD_271231",
        base_asset="BTC",
        quote_asset="USD",
        margin_asset="USD",
        mark_price=119_500.0,
        price_tick=1.0,
        quantity_step=0.0001,
        brackets=LINEAR_LEVELS,
        contract_type="NEXT_QUARTER",
        delivery_ms=1_830_240_000_000,
    ),
)


class KrakenFuturesWire:
    """One instance serves one simulated venue. A stream is a feed, of public ones with a market: `ticker PF_XBTUSD`."""

    exchange = "kraken_futures"
    markets = MARKETS
    mark_paths: tuple[str, ...] = (f"{rest.PREFIX}tickers",)

    def answer(self, call: RestCall, scene: Scene) -> RestAnswer:
        """Answer a REST call."""
        return rest.answer(call, scene)

    def is_forbidden(self, call: RestCall) -> bool:
        """Whatever is not a question changes something."""
        return call.method != "GET"

    def opened(self, peer: Peer, scene: Scene) -> Iterable[Frame]:  # noqa: ARG002  as the protocol
        """The venue names its version first."""
        if peer.path != PATH:
            raise NoSuchPath
        return [compact({"event": "info", "version": 1})]

    def heard(self, peer: Peer, text: str, scene: Scene) -> Iterator[Frame]:
        """Challenges and subscriptions; each product is acknowledged by itself."""
        try:
            request = json.loads(text)
            event, feed = request["event"], str(request.get("feed", ""))
        except (ValueError, TypeError, KeyError):
            yield compact({"event": "error", "message": "Json Error"})
            return
        if event == "ping":
            yield compact({"event": "pong"})
        elif event == "challenge":
            # Any key gets one: only a subscription is checked.
            peer.notes["challenge"] = str(uuid.uuid4())
            yield compact({"event": "challenge", "message": peer.notes["challenge"]})
        elif feed in PRIVATE:
            yield from self._private(peer, request, feed, scene)
        elif feed in PUBLIC:
            yield from self._public(peer, request, feed, scene)
        elif feed == "heartbeat":
            peer.streams.append(feed)
            yield compact({"event": f"{event}d", "feed": feed})
        else:
            yield compact({"event": "error", "message": "Invalid feed"})

    def _public(self, peer: Peer, request: dict[str, Any], feed: str, scene: Scene) -> Iterator[Frame]:
        for name in request.get("product_ids", []):
            stream = f"{feed} {str(name).upper()}"
            if str(name).upper() not in scene.book.markets:
                yield compact({"event": "error", "message": "Invalid product id"})
                continue
            if request["event"] == "unsubscribe":
                peer.streams = [each for each in peer.streams if each != stream]
            elif stream in peer.streams:
                yield compact({"event": "alert", "message": "Already subscribed to feed, re-requesting"})
            else:
                peer.streams.append(stream)
            yield compact({"event": f"{request['event']}d", "feed": feed, "product_ids": [str(name).upper()]})
            if feed == "ticker" and not scene.faults.silence_marks and not scene.faults.deaf_streams:
                yield self._ticker(scene, str(name).upper())

    def _private(self, peer: Peer, request: dict[str, Any], feed: str, scene: Scene) -> Iterator[Frame]:
        account = self._signer(peer, request, scene)
        if account is None:
            yield compact({"event": "alert", "message": "Failed to subscribe to authenticated feed"})
            return
        peer.account = account
        peer.streams.append(feed)
        signed = {name: request[name] for name in ("api_key", "original_challenge", "signed_challenge")}
        yield compact({"event": "subscribed", "feed": feed, **signed})
        if feed == "open_positions":
            yield self._open_positions(account, scene)
        elif feed == "balances":
            yield self._balances(account, scene, "balances_snapshot")
        elif feed in {"fills", "open_orders"}:
            yield compact({"feed": f"{feed}_snapshot", "account": account.api_key, feed.rpartition("_")[2]: []})

    def _signer(self, peer: Peer, request: dict[str, Any], scene: Scene) -> VenueAccount | None:
        account = scene.book.accounts.get(str(request.get("api_key", "")))
        challenge, signature = str(request.get("original_challenge", "")), str(request.get("signed_challenge", ""))
        is_ours = bool(challenge) and challenge == peer.notes.get("challenge")
        if account is None or scene.faults.reject_keys or not signature or not is_ours:
            return None
        is_right = account.secret is None or signature == rest.signature_of(account.secret, challenge.encode())
        return account if is_right else None

    def marks(self, peer: Peer, scene: Scene) -> Iterator[Frame]:
        """Tickers and the heartbeat of this beat; the list of positions comes again with every mark."""
        for stream in peer.streams:
            feed, _, name = stream.partition(" ")
            if feed == "ticker":
                yield self._ticker(scene, name)
            elif feed == "heartbeat":
                yield compact({"feed": "heartbeat", "time": scene.now_ms()})
            elif feed == "open_positions" and peer.account is not None and not scene.faults.silence_account_events:
                yield self._open_positions(peer.account, scene)

    def changed(self, peer: Peer, change: AccountChange, scene: Scene) -> Iterator[Frame]:
        """Orders, fills, the whole list of positions, wallets; the venue has no margin call on its stream."""
        if change.kind == "margin_call":
            return
        ended = FILL_TYPES.get(change.kind)
        if ended is not None:
            for position in (*change.closed, *change.positions):
                if ended == "liquidation" and "open_orders" in peer.streams:
                    yield compact(self._liquidation_order(position, scene))
                if "fills" in peer.streams:
                    yield compact(self._fill(position, ended, change.account, scene))
        if "open_positions" in peer.streams:
            yield self._open_positions(change.account, scene)
        if "balances" in peer.streams:
            yield self._balances(change.account, scene, "balances")

    def liquidated(self, peer: Peer, position: VenuePosition, price: float, scene: Scene) -> Iterator[Frame]:
        """The trade by which the venue closes a position; `side` is the taker's."""
        if f"trade {position.native_symbol}" in peer.streams:
            yield compact(
                {
                    "feed": "trade",
                    "product_id": position.native_symbol,
                    "uid": str(uuid.uuid4()),
                    "side": "sell" if position.side is Side.LONG else "buy",
                    "type": "liquidation",
                    "seq": 653_355,
                    "time": scene.now_ms(),
                    "qty": position.contracts,
                    "price": price,
                }
            )

    def _ticker(self, scene: Scene, name: str) -> str:
        market, mark_price = scene.book.markets[name], scene.book.mark_prices[name]
        row: dict[str, Any] = {
            "time": scene.now_ms(),
            "product_id": name,
            "feed": "ticker",
            "bid": mark_price * 0.9999,
            "ask": mark_price * 1.0001,
            "index": mark_price,
            "last": mark_price * 1.001,
            "suspended": False,
            "tag": "perpetual" if market.is_perpetual else "quarter",
            "pair": f"{rest.venue_name(market.base_asset)}:USD",
            "markPrice": mark_price,
            "maturityTime": 0 if market.is_perpetual else market.delivery_ms,
            "post_only": False,
        }
        if market.is_perpetual:
            row |= {"relative_funding_rate": rest.HOUR_FUNDING, "next_funding_rate_time": scene.now_ms()}
        return compact(row)

    def _open_positions(self, account: VenueAccount, scene: Scene) -> str:
        rows = []
        for position in account.positions:
            figures = rest.counted(scene, account, position)
            rows.append(
                {
                    "instrument": position.native_symbol,
                    "balance": position.signed_contracts,
                    "pnl": figures.profit,
                    "entry_price": position.entry_price,
                    "mark_price": figures.mark_price,
                    "index_price": figures.mark_price,
                    "liquidation_threshold": figures.liquidation_price,
                    "effective_leverage": 1.0,
                    "return_on_equity": 0.0,
                    "initial_margin": figures.initial,
                    "initial_margin_with_orders": figures.initial,
                    "maintenance_margin": figures.maintenance,
                    "pnl_currency": "USD",
                }
            )
        told = {"feed": "open_positions", "account": account.api_key, "positions": rows}
        return compact(told | {"seq": scene.event_ms(), "timestamp": scene.now_ms()})

    def _balances(self, account: VenueAccount, scene: Scene, feed: str) -> str:
        whole = rest.sums(scene, account, rest.DOLLAR, with_isolated=True)
        cross = rest.sums(scene, account, rest.DOLLAR, with_isolated=False)
        isolated = {
            position.native_symbol: {
                "initial_margin": position.isolated_wallet,
                "maintenance_margin": rest.counted(scene, account, position).maintenance,
                "pnl": rest.counted(scene, account, position).profit,
            }
            for position in account.positions
            if position.isolated_wallet is not None
        }
        futures = {}
        for coin in rest.coins(scene, account):
            told, name = rest.sums(scene, account, coin, with_isolated=True), rest.venue_name(coin)
            futures[f"F-{name}:USD"] = {
                "name": f"F-{name}:USD",
                "pair": f"{name}/USD",
                "unit": name,
                "portfolio_value": told.value,
                "balance": told.balance,
                "maintenance_margin": told.maintenance,
                "initial_margin": told.initial,
                "available": told.value - told.initial,
                "unrealized_funding": 0.0,
                "pnl": told.profit,
            }
        flex = {"currencies": {}, **self._flex(whole), "isolated": isolated, "cross": self._flex(cross)}
        told_all = {"feed": feed, "account": account.api_key, "holding": {}, "futures": futures, "flex_futures": flex}
        return compact(told_all | {"timestamp": scene.now_ms(), "seq": scene.event_ms()})

    def _flex(self, told: rest.Sums) -> dict[str, float]:
        return {
            "balance_value": told.balance,
            "portfolio_value": told.value,
            "collateral_value": told.balance,
            "initial_margin": told.initial,
            "maintenance_margin": told.maintenance,
            "pnl": told.profit,
            "unrealized_funding": 0.0,
            "total_unrealized": told.profit,
            "total_unrealized_as_margin": told.profit,
            "margin_equity": told.value,
            "available_margin": told.value - told.initial,
        }

    def _liquidation_order(self, position: VenuePosition, scene: Scene) -> dict[str, Any]:
        order = {
            "instrument": position.native_symbol,
            "time": scene.now_ms(),
            "last_update_time": scene.now_ms(),
            "qty": position.contracts,
            "filled": 0.0,
            "limit_price": scene.book.mark_prices[position.native_symbol],
            "stop_price": 0.0,
            "type": "limit",
            "order_id": str(uuid.uuid4()),
            "direction": 1 if position.side is Side.LONG else 0,
            "reduce_only": True,
        }
        return {"feed": "open_orders", "order": order, "is_cancel": False, "reason": "liquidation"}

    def _fill(self, position: VenuePosition, fill_type: str, account: VenueAccount, scene: Scene) -> dict[str, Any]:
        fill = {
            "instrument": position.native_symbol,
            "time": scene.now_ms(),
            "price": scene.book.mark_prices[position.native_symbol],
            "seq": 100,
            "buy": position.side is Side.SHORT,
            "qty": position.contracts,
            "remaining_order_qty": 0.0,
            "order_id": str(uuid.uuid4()),
            "fill_id": str(uuid.uuid4()),
            "fill_type": fill_type,
            "fee_paid": 0.0,
            "fee_currency": "USD",
            "taker_order_type": "liquidation",
            "order_type": "limit",
        }
        return {"feed": "fills", "username": account.api_key, "fills": [fill]}


WIRE = KrakenFuturesWire
"""Kraken Futures."""
