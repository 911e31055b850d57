"""Kraken Futures' public feeds: mark prices in `ticker`, liquidations of others in `trade`.

Frames are flat objects, camelCase and snake_case mixed: `{"time":1676393235406,"product_id":"PI_XBTUSD",
"feed":"ticker","markPrice":21979.68,"suspended":false,…}`. Fields come in any order. What is no feed has an `event`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.mark_frame import ALIVE, MarkFrame
from liqwatch.model import PublicLiquidation, Side

TICKER: Final = "ticker"
TRADE: Final = "trade"
HEARTBEAT: Final = "heartbeat"
TRADE_PREFIX: Final = b'{"feed":"trade"'
FORCED_TRADE: Final = b"iquidation"
"""Stands in a trade frame only where its type is `liquidation` or `partialLiquidation`."""
FORCED_TYPES: Final = frozenset({"liquidation", "partialLiquidation"})
SIGNS_OF_LIFE: Final = frozenset({"info", "subscribed", "unsubscribed", "pong", "challenge"})
REFUSING: Final = frozenset({"error", "alert"})
ALREADY_SUBSCRIBED: Final = "Already subscribed"
QUIET_FEEDS: Final = frozenset({HEARTBEAT, TRADE, "trade_snapshot"})
UNDECODABLE: Final = MarkFrame(rejected=("undecodable",))


class Ticker(msgspec.Struct, frozen=True, gc=False, tag_field="feed", tag=TICKER):
    """The `ticker` feed of one market. A suspended market keeps a mark."""

    product_id: str
    mark_price: float = msgspec.field(name="markPrice")
    exchange_ms: int = msgspec.field(name="time", default=0)
    suspended: bool = False


class Trade(msgspec.Struct, frozen=True, gc=False, tag_field="feed", tag=TRADE):
    """One trade of the `trade` feed; `side` is the taker's."""

    product_id: str
    side: str
    price: float
    contracts: float = msgspec.field(name="qty")
    exchange_ms: int = msgspec.field(name="time")
    kind: str = msgspec.field(name="type", default="fill")


class Head(msgspec.Struct, frozen=True, gc=False):
    """What every frame can be told apart by."""

    feed: str = ""
    event: str = ""
    message: str = ""


_ticker = msgspec.json.Decoder(Ticker, strict=False)
_trade = msgspec.json.Decoder(Trade, strict=False)
_head = msgspec.json.Decoder(Head)


def read_market_frame(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Decode a frame; rows only of `wanted` (native symbol to unified). Never raises."""
    if frame.startswith(TRADE_PREFIX) and FORCED_TRADE not in frame:
        return ALIVE
    try:
        ticker = _ticker.decode(frame)
    except UNREADABLE:
        return _second_look(frame, wanted)
    symbol = wanted.get(ticker.product_id)
    return MarkFrame(
        () if symbol is None else ((symbol, ticker.mark_price, ticker.exchange_ms),),
        is_data=True,
        is_alive=True,
        rejected=("market_suspended",) if ticker.suspended and symbol is not None else (),
    )


def read_head(frame: bytes) -> Head:
    """Feed, event and message of a frame. Raises one of `UNREADABLE`."""
    return _head.decode(frame)


def refusal_of(message: str) -> str | None:
    """Why a request was refused, as a reason; None: it was made twice, which changes nothing."""
    if ALREADY_SUBSCRIBED in message:
        return None
    return "unknown_market" if "product id" in message.lower() else "request_refused"


def _second_look(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Slow and careful: what cannot be used gets a name."""
    try:
        head = read_head(frame)
    except UNREADABLE:
        return UNDECODABLE
    if head.event:
        return _said(head)
    if head.feed == TRADE:
        return _liquidation(frame, wanted)
    if head.feed in QUIET_FEEDS:
        return ALIVE
    if head.feed == TICKER:
        return MarkFrame(is_alive=True, rejected=("bad_row",))
    return MarkFrame(rejected=("unknown_feed",))


def _said(head: Head) -> MarkFrame:
    """What the connection says of itself."""
    if head.event.strip() in SIGNS_OF_LIFE:
        return ALIVE
    if head.event not in REFUSING:
        return MarkFrame(rejected=("unknown_event",))
    reason = refusal_of(head.message)
    return ALIVE if reason is None else MarkFrame(is_alive=True, rejected=(reason,))


def _liquidation(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """A trade by which the venue closes a position: the taker sells what was long."""
    try:
        trade = _trade.decode(frame)
    except UNREADABLE:
        return MarkFrame(is_alive=True, rejected=("bad_row",))
    if trade.kind not in FORCED_TYPES or trade.product_id not in wanted:
        return ALIVE
    if not (0 < trade.price < math.inf and 0 < trade.contracts < math.inf and trade.side in {"buy", "sell"}):
        return MarkFrame(is_alive=True, rejected=("bad_row",))
    found = PublicLiquidation(
        symbol=wanted[trade.product_id],
        side=Side.LONG if trade.side == "sell" else Side.SHORT,
        contracts=trade.contracts,
        price=trade.price,
        exchange_ms=trade.exchange_ms,
    )
    return MarkFrame(liquidations=(found,), is_alive=True)
