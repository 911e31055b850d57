"""Bybit's public frames: tickers with their mark, liquidations of others, answers to requests.

A ticker is `{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","markPrice":"65117.43",…},"ts":…}`:
one snapshot, then deltas of what has changed. Of all its fields only the mark is read, so a delta without one leaves
the last mark standing: it brings no row, and proves that data flows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.mark_frame import ALIVE, MarkFrame
from liqwatch.model import PublicLiquidation, Side

TICKER_HEAD = b'{"topic":"tickers.'
TICKERS = "tickers."
LIQUIDATIONS = "allLiquidation."
REFUSED = "request_refused"
SIDES = {"Buy": Side.LONG, "Sell": Side.SHORT}
"""Of `allLiquidation`: the side of the position, not of the order (Bybit documentation, All Liquidation, 2026-08)."""


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """What is read of a ticker."""

    symbol: str
    mark_price: float | None = msgspec.field(name="markPrice", default=None)


class TickerFrame(msgspec.Struct, frozen=True, gc=False):
    """A snapshot or a delta."""

    data: Ticker
    exchange_ms: int = msgspec.field(name="ts", default=0)


class Liquidated(msgspec.Struct, frozen=True, gc=False):
    """One row of `allLiquidation`; the price is where the position was bankrupt."""

    exchange_ms: int = msgspec.field(name="T")
    symbol: str = msgspec.field(name="s")
    side: str = msgspec.field(name="S")
    contracts: float = msgspec.field(name="v")
    price: float = msgspec.field(name="p")


ABSENT = msgspec.Raw()


class Head(msgspec.Struct, frozen=True):
    """What any frame says of itself. A pong says `op` ping here and pong on the private stream."""

    topic: str = ""
    data: msgspec.Raw = ABSENT
    op: str = ""
    success: bool | None = None
    code: int | None = msgspec.field(name="retCode", default=None)
    message: str = msgspec.field(name="ret_msg", default="")
    request_id: str = msgspec.field(name="req_id", default="")
    kind: str = msgspec.field(name="type", default="")

    @property
    def is_reply(self) -> bool:
        """Whether it answers a request."""
        return not self.topic and (self.success is not None or self.code is not None or self.op == "pong")

    @property
    def is_granted(self) -> bool:
        """Whether a reply says yes."""
        return self.success is not False and self.code in (None, 0)


_ticker = msgspec.json.Decoder(TickerFrame, strict=False)
_head = msgspec.json.Decoder(Head)
_pieces = msgspec.json.Decoder(list[msgspec.Raw])
_liquidated = msgspec.json.Decoder(Liquidated, strict=False)


def read_head(frame: bytes) -> Head | None:
    """What a frame says of itself; None when it is no object of Bybit's."""
    try:
        return _head.decode(frame)
    except UNREADABLE:
        return None


def read_mark_frame(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Decode a frame; rows only of `wanted` (native symbol to unified). Never raises."""
    if not frame.startswith(TICKER_HEAD):
        return _second_look(frame, wanted)
    try:
        return _marked(_ticker.decode(frame), wanted)
    except UNREADABLE:
        return _second_look(frame, wanted)


FLOWING = MarkFrame(is_data=True)
"""A ticker that brings no mark of a wanted market."""


def _marked(found: TickerFrame, wanted: Mapping[str, str]) -> MarkFrame:
    ticker = found.data
    if ticker.mark_price is None or ticker.symbol not in wanted:
        return FLOWING
    return MarkFrame(((wanted[ticker.symbol], ticker.mark_price, found.exchange_ms),), is_data=True)


def _second_look(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    head = read_head(frame)
    if head is None:
        return MarkFrame(rejected=("undecodable",))
    if head.is_reply:
        return ALIVE if head.is_granted else MarkFrame(rejected=(REFUSED,))
    if head.topic.startswith(TICKERS):
        return _odd_ticker(frame, wanted)
    if head.topic.startswith(LIQUIDATIONS):
        return _liquidations(bytes(head.data), wanted)
    return MarkFrame(rejected=("unknown_topic" if head.topic else "unknown_frame",))


def _odd_ticker(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """A ticker whose fields come in another order, or that cannot be used."""
    try:
        return _marked(_ticker.decode(frame), wanted)
    except UNREADABLE:
        return MarkFrame(rejected=("bad_row",))


def _liquidations(data: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Liquidations prove a connection, not that prices flow. A bad one does not cost its neighbours."""
    try:
        pieces = _pieces.decode(data)
    except UNREADABLE:
        return MarkFrame(rejected=("bad_row",))
    rejected: list[str] = []
    found = tuple(_read_liquidations(pieces, wanted, rejected))
    return MarkFrame(liquidations=found, rejected=tuple(rejected), is_alive=True)


def _read_liquidations(
    pieces: list[msgspec.Raw], wanted: Mapping[str, str], rejected: list[str]
) -> Iterator[PublicLiquidation]:
    for piece in pieces:
        try:
            row = _liquidated.decode(piece)
        except UNREADABLE:
            rejected.append("bad_row")
            continue
        side = SIDES.get(row.side)
        if side is None:
            rejected.append("unknown_side")
        elif row.symbol in wanted:
            yield PublicLiquidation(wanted[row.symbol], side, row.contracts, row.price, row.exchange_ms)
