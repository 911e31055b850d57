"""Bitget's public frames: the ticker channel of v2, and of v3 (unified accounts), for its mark prices.

A v2 frame is `{"action":"snapshot","arg":{"instType":"USDT-FUTURES","channel":"ticker","instId":"BTCUSDT"},"data":
[{"instId":"BTCUSDT",…,"markPrice":"83692.3",…,"ts":"1790358794983"}],"ts":1790358794987}`. A v3 row has neither name
nor time; both stand around it. Pongs are the bare text `pong`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from liqwatch.exchanges.plumbing.mark_frame import ALIVE, MarkFrame
from liqwatch.model import MarkRow

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises: wrong shape, wrong bytes, nested too deep."""

USDT_FUTURES, USDC_FUTURES, COIN_FUTURES = "USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES"
PRODUCTS = (USDT_FUTURES, USDC_FUTURES, COIN_FUTURES)
"""The venue's product types of live futures, as v2 writes them; v3 writes them small."""
WANTED_PRODUCTS = frozenset({*PRODUCTS, *(product.lower() for product in PRODUCTS)})
DATA_PREFIX = b'{"action"'
PONG = b"pong"
NO_SUCH_CHANNEL = "30001"


class Argument(msgspec.Struct, frozen=True, gc=False):
    """What a frame belongs to; v2 says `channel` and `instId`, v3 `topic` and `symbol`."""

    product: str = msgspec.field(name="instType", default="")
    channel: str = ""
    topic: str = ""
    instrument: str = msgspec.field(name="instId", default="")
    symbol: str = ""

    @property
    def subject(self) -> str:
        """The channel, whichever protocol it is."""
        return self.channel or self.topic

    @property
    def key(self) -> str:
        """One name for a subscription."""
        return f"{self.product}:{self.subject}"


NO_ARGUMENT = Argument()


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """One row of the ticker channel."""

    mark_price: float = msgspec.field(name="markPrice")
    instrument: str = msgspec.field(name="instId", default="")
    exchange_ms: int = msgspec.field(name="ts", default=0)


class TickerFrame(msgspec.Struct, frozen=True, gc=False):
    """A frame of the ticker channel."""

    arg: Argument
    data: list[Ticker]
    exchange_ms: int = msgspec.field(name="ts", default=0)


class Head(msgspec.Struct, frozen=True):
    """What any object says of itself; also used for the private stream."""

    action: str = ""
    event: str = ""
    arg: Argument = NO_ARGUMENT
    code: int | str = ""
    data: list[msgspec.Raw] = msgspec.field(default_factory=list)
    exchange_ms: int = msgspec.field(name="ts", default=0)


class MarkAsWritten(msgspec.Struct, frozen=True, gc=False):
    """Whether a row that cannot be read has a mark price at all."""

    mark_price: msgspec.Raw = msgspec.field(name="markPrice", default=msgspec.Raw())


_tickers = msgspec.json.Decoder(TickerFrame, strict=False)
_ticker = msgspec.json.Decoder(Ticker, strict=False)
_mark_as_written = msgspec.json.Decoder(MarkAsWritten)
_head = msgspec.json.Decoder(Head, strict=False)


def read_mark_frame(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Decode a frame of the public stream; rows only of `wanted` (native symbol to unified). Never raises."""
    if frame.startswith(DATA_PREFIX):
        try:
            update = _tickers.decode(frame)
        except UNREADABLE:
            return _second_look(frame, wanted)
        if update.arg.subject != "ticker":
            return MarkFrame(rejected=("other_channel",))
        if update.arg.product not in WANTED_PRODUCTS:
            return MarkFrame(rejected=("other_product",))
        return MarkFrame(_rows(update.arg, update.data, update.exchange_ms, wanted), is_data=True)
    return ALIVE if frame == PONG else _second_look(frame, wanted)


def _rows(arg: Argument, tickers: Sequence[Ticker], frame_ms: int, wanted: Mapping[str, str]) -> list[MarkRow]:
    rows: list[MarkRow] = []
    for ticker in tickers:
        native = ticker.instrument or arg.instrument or arg.symbol
        if native in wanted:
            rows.append((wanted[native], ticker.mark_price, ticker.exchange_ms or frame_ms))
    return rows


def head_of(frame: bytes) -> Head | None:
    """What an object says of itself; None for anything else."""
    try:
        return _head.decode(frame)
    except UNREADABLE:
        return None


def _second_look(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Slow and careful: one bad row must not cost its neighbours, and what is refused gets a name."""
    head = head_of(frame)
    if head is None:
        return MarkFrame(rejected=("undecodable",))
    if head.event:
        return _control(head)
    if not head.action:
        return MarkFrame(rejected=("unknown_frame",))
    if head.arg.subject != "ticker":
        return MarkFrame(rejected=("other_channel",))
    if head.arg.product not in WANTED_PRODUCTS:
        return MarkFrame(rejected=("other_product",))
    return _piecewise(head, wanted)


def _control(head: Head) -> MarkFrame:
    if head.event != "error":
        return ALIVE
    reason = "unknown_market" if str(head.code) == NO_SUCH_CHANNEL else "request_refused"
    return MarkFrame(rejected=(reason,), is_alive=True)


def _piecewise(head: Head, wanted: Mapping[str, str]) -> MarkFrame:
    readable: list[Ticker] = []
    rejected: list[str] = []
    for piece in head.data:
        try:
            readable.append(_ticker.decode(piece))
        except msgspec.ValidationError:
            rejected.append(_why_unreadable(piece))
    rows = _rows(head.arg, readable, head.exchange_ms, wanted)
    return MarkFrame(rows, is_data=bool(readable), rejected=rejected, is_alive=True)


def _why_unreadable(piece: msgspec.Raw) -> str:
    try:
        written = bytes(_mark_as_written.decode(piece).mark_price)
    except msgspec.ValidationError:
        return "bad_row"
    return "bad_row" if written not in {b"", b'""', b"null"} else "no_mark_price"
