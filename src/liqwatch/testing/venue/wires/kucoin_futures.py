"""KuCoin Futures as it speaks: classic REST and its private stream, the tokenless public socket, the unified account.

The tokenless and the unified sockets send JSON in binary frames. An account with `is_multi_asset` is a unified one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import VenueMarket
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
from liqwatch.testing.venue.wires import _kucoin_futures_rest as rest
from liqwatch.testing.venue.wires._kucoin_futures_rows import (
    MARKETS,
    AssetAmounts,
    PositionAmounts,
    closed_row,
    position_row,
)

NANOSECONDS = 1_000_000
PING_INTERVAL_MS = 18_000
TOPIC_REASONS = {"liquidation": "liquidation", "deleveraging": "adl", "margin": "marginChange"}
KNOWN_CHANNELS = frozenset({"mark-price", "funding-fee", "ticker", "trade", "kline"})
PRIVATE_CHANNELS = frozenset({"positionAll", "balance", "orderAll", "lw", "leverage"})


class KucoinFuturesWire:
    """One venue, several dialects; `peer.notes["dialect"]` is `public`, `classic` or `unified`."""

    exchange = "kucoin_futures"
    mark_paths: tuple[str, ...] = ("/api/v1/mark-price/",)
    markets: tuple[VenueMarket, ...] = MARKETS

    def answer(self, call: RestCall, scene: Scene) -> RestAnswer:
        """REST of both hosts."""
        return rest.answer(call, scene)

    def is_forbidden(self, call: RestCall) -> bool:
        """Everything that is not a reading, but for the tokens that open streams."""
        return call.method != "GET" and not call.path.endswith(("/bullet-private", "/bullet-public"))

    def opened(self, peer: Peer, scene: Scene) -> Iterable[Frame]:
        """The welcome; a token that is none is told and the stream stays without an account."""
        if peer.path != "/":
            raise NoSuchPath
        token = peer.query.get("token")
        if token is None:
            peer.notes["dialect"] = "public"
            return [_binary(_unified_welcome())]
        peer.account = rest.account_of_token(token, scene)
        if peer.account is None:
            peer.notes["dialect"] = "classic"
            return [compact({"id": "", "type": "error", "code": 401, "data": "token is invalid"})]
        if rest.is_unified_token(token):
            peer.notes["dialect"] = "unified"
            return [_binary(_unified_welcome())]
        peer.notes["dialect"] = "classic"
        return [compact({"id": peer.query.get("connectId", ""), "type": "welcome"})]

    def heard(self, peer: Peer, text: str, scene: Scene) -> Iterable[Frame]:
        """Pings and subscriptions."""
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        is_classic = peer.notes["dialect"] == "classic"
        if not isinstance(message, dict):
            return [self._said(peer, {"id": "", "result": False, "message": "invalid request data"})]
        identifier = message.get("id", "")
        if message.get("type") == "ping":
            stamp = {"timestamp": scene.now_ms() * 1000} if is_classic else {"ts": scene.now_ms() * NANOSECONDS}
            return [self._said(peer, {"type": "pong", "id": identifier, **stamp})]
        answer = _classic_answer(peer, message) if is_classic else _unified_answer(peer, message)
        return [self._said(peer, {"id": identifier, **answer})]

    def marks(self, peer: Peer, scene: Scene) -> Iterable[Frame]:
        """Once a second and market; a subscription to an unknown symbol stays silent."""
        if peer.notes["dialect"] != "public":
            return []
        at_ms = scene.event_ms()
        prices = scene.book.mark_prices
        return [_binary(_mark(native, prices[native], at_ms)) for native in peer.streams if native in prices]

    def changed(self, peer: Peer, change: AccountChange, scene: Scene) -> Iterable[Frame]:
        """Positions, then wallets; the classic stream has no warning."""
        if peer.notes["dialect"] == "unified":
            return [_binary(document) for document in _unified_changes(peer, change, scene)]
        return [compact(document) for document in _classic_changes(peer, change, scene)]

    def liquidated(self, peer: Peer, position: VenuePosition, price: float, scene: Scene) -> Iterable[Frame]:  # noqa: ARG002  as the protocol
        """The venue has no public stream of liquidations."""
        return []

    @staticmethod
    def _said(peer: Peer, document: dict[str, Any]) -> Frame:
        return compact(document) if peer.notes["dialect"] == "classic" else _binary(document)


def _binary(document: dict[str, Any]) -> bytes:
    return compact(document).encode()


def _unified_welcome() -> dict[str, Any]:
    return {
        "sessionId": "e8e46556-ae1d-4871-be0b-4efeaa5f2f6a",
        "message": "welcome",
        "pingInterval": PING_INTERVAL_MS,
    }


def _mark(native: str, price: float, at_ms: int) -> dict[str, Any]:
    data = {"s": native, "mp": str(price), "ip": str(price), "oi": "11481754", "ts": at_ms}
    return {"T": "mark-price", "P": at_ms * NANOSECONDS, "d": data}


def _classic_answer(peer: Peer, message: dict[str, Any]) -> dict[str, Any]:
    topic = str(message.get("topic", ""))
    if message.get("type") not in {"subscribe", "unsubscribe"}:
        return {"type": "error", "code": 415, "data": "type is not supported"}
    if not topic.startswith("/contract"):
        return {"type": "error", "code": 404, "data": "topic does not exist"}
    if peer.account is None or not message.get("privateChannel"):
        return {"type": "error", "code": 401, "data": "token is invalid"}
    _keep(peer, topic, is_wanted=message["type"] == "subscribe")
    return {"type": "ack"}


def _unified_answer(peer: Peer, message: dict[str, Any]) -> dict[str, Any]:
    channel, action = str(message.get("channel", "")), str(message.get("action", "")).upper()
    known = PRIVATE_CHANNELS if peer.account is not None else KNOWN_CHANNELS
    if action not in {"SUBSCRIBE", "UNSUBSCRIBE"} or channel not in known:
        return {"result": False, "message": "invalid request data"}
    if peer.account is not None:
        _keep(peer, channel, is_wanted=action == "SUBSCRIBE")
    elif channel == "mark-price":
        _keep(peer, str(message.get("symbol", "")), is_wanted=action == "SUBSCRIBE")
    return {"result": True}


def _keep(peer: Peer, stream: str, *, is_wanted: bool) -> None:
    if stream in peer.streams:
        peer.streams.remove(stream)
    if is_wanted:
        peer.streams.append(stream)


def _classic_changes(peer: Peer, change: AccountChange, scene: Scene) -> Iterator[dict[str, Any]]:
    reason = TOPIC_REASONS.get(change.kind, "positionChange")
    account, at_ms = change.account, scene.event_ms()
    rows = [
        *(position_row(account, PositionAmounts(scene.book, account, each), at_ms) for each in change.positions),
        *(closed_row(account, each, _asset(scene, each), at_ms) for each in change.closed),
    ]
    if change.kind != "margin_call" and "/contract/positionAll" in peer.streams:
        for row in rows:
            yield _classic_frame("/contract/positionAll", "position.change", {**row, "changeReason": reason})
    if "/contractAccount/wallet" in peer.streams:
        for asset in change.assets:
            amounts = AssetAmounts(scene.book, account, asset)
            yield _classic_frame("/contractAccount/wallet", "walletBalance.change", _wallet(amounts, at_ms))


def _asset(scene: Scene, position: VenuePosition) -> str:
    return scene.book.markets[position.native_symbol].margin_asset


def _classic_frame(topic: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"topic": topic, "type": "message", "subject": subject, "channelType": "private", "data": data}


def _wallet(amounts: AssetAmounts, at_ms: int) -> dict[str, Any]:
    cross = amounts.cross_wallet + amounts.cross_profit
    figures = {
        "crossPosMargin": amounts.cross_margin,
        "isolatedOrderMargin": 0,
        "holdBalance": 0,
        "equity": amounts.balance + amounts.profit,
        "availableBalance": cross - amounts.cross_margin,
        "isolatedPosMargin": amounts.isolated_margin,
        "maxWithdrawAmount": cross - amounts.cross_margin,
        "walletBalance": amounts.balance,
        "isolatedFundingFeeMargin": 0,
        "crossUnPnl": amounts.cross_profit,
        "totalCrossMargin": cross,
        "isolatedUnPnl": amounts.profit - amounts.cross_profit,
        "crossOrderMargin": 0,
    }
    written = {name: rest.decimal(value) for name, value in figures.items()}
    return {**written, "currency": amounts.asset, "version": "37", "timestamp": str(at_ms)}


def _unified_changes(peer: Peer, change: AccountChange, scene: Scene) -> Iterator[dict[str, Any]]:
    at_ns = scene.event_ms() * NANOSECONDS
    account = change.account
    if change.kind == "margin_call":
        if "lw" in peer.streams:
            yield {"T": "lw.FUTURES", "P": at_ns, "d": rest.warning(account, scene, at_ns)}
        return
    if "positionAll" in peer.streams:
        for each in change.positions:
            yield {"T": "positionAll.UNIFIED", "P": at_ns, "d": _unified_row(account, each, scene, at_ns)}
        for each in change.closed:
            side = account.position_side(each.side)
            row = {"s": each.native_symbol, "mM": each.margin_mode.name, "q": "0", "eP": "0", "pS": side, "U": at_ns}
            yield {"T": "positionAll.UNIFIED", "P": at_ns, "d": row}
    if "balance" in peer.streams:
        for asset in change.assets:
            balance = rest.decimal(account.cross_wallets.get(asset, 0.0))
            row = {"c": asset, "e": balance, "b": balance, "a": balance, "h": "0", "U": at_ns, "l": "0"}
            yield {"T": "balance.UNIFIED", "P": at_ns, "d": row}


def _unified_row(account: VenueAccount, position: VenuePosition, scene: Scene, at_ns: int) -> dict[str, Any]:
    amounts = PositionAmounts(scene.book, account, position)
    return {
        "pi": "30000000000072788",
        "s": position.native_symbol,
        "mM": position.margin_mode.name,
        "pS": account.position_side(position.side),
        "q": rest.decimal(position.signed_contracts),
        "eP": rest.decimal(position.entry_price),
        "pV": rest.decimal(amounts.figures.notional),
        "mP": rest.decimal(amounts.mark_price),
        "lP": rest.decimal(amounts.unified_price),
        "bP": rest.decimal(amounts.bankruptcy_price),
        "l": str(position.leverage),
        "uPL": rest.decimal(amounts.figures.unrealized_profit),
        "rPL": rest.decimal(position.realized_profit),
        "iM": rest.decimal(amounts.initial_margin),
        "mmr": rest.decimal(amounts.rate),
        "mtM": rest.decimal(amounts.maintenance),
        "U": at_ns,
        "O": at_ns,
    }


WIRE = KucoinFuturesWire
