"""OKX's public frames, and its answers about prices.

A mark price is `{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP",
"instType":"SWAP","markPx":"83679.8","ts":"1790358817778"}]}`; it comes every 200 ms while it changes, else every 10 s.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.exchanges.payloads.candles import candles_of
from liqwatch.exchanges.payloads.funding_interval import MILLISECOND, stated_interval
from liqwatch.exchanges.payloads.okx_envelope import Figure, milliseconds, number, rows_of
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.mark_frame import ALIVE, MarkFrame
from liqwatch.model import FundingRate, MarkCandle, MarkRow, PublicLiquidation, Side

MARK_CHANNEL = "mark-price"
LIQUIDATION_CHANNEL = "liquidation-orders"
MARK_HEAD = b'{"arg":{"channel":"mark-price"'
PONG = b"pong"
UPGRADE = "64008"
"""The code of the notice that comes about a minute before the venue cuts a connection."""
SERVICE_UPGRADE = "service_upgrade"
WRONG_CHANNEL = "60018"
GRANTS = frozenset({"subscribe", "unsubscribe", "channel-conn-count"})


class MarkUpdate(msgspec.Struct, frozen=True, gc=False):
    """One mark price, on the stream and over REST alike."""

    native_symbol: str = msgspec.field(name="instId")
    mark_price: float = msgspec.field(name="markPx")
    exchange_ms: int = msgspec.field(name="ts", default=0)


class MarkPush(msgspec.Struct, frozen=True, gc=False):
    """A frame of the mark price channel."""

    updates: list[MarkUpdate] = msgspec.field(name="data")


class LiquidationDetail(msgspec.Struct, frozen=True, gc=False):
    """One forced order. `bankruptcy_price` is where it was taken over, `contracts` how many."""

    contracts: float = msgspec.field(name="sz")
    bankruptcy_price: float = msgspec.field(name="bkPx")
    exchange_ms: int = msgspec.field(name="ts")
    order_side: str = msgspec.field(name="side")
    position_side: str = msgspec.field(name="posSide", default="net")

    @property
    def side(self) -> Side:
        """Of the position: named in hedge mode, else the opposite of the closing order."""
        if self.position_side in ("long", "short"):
            return Side.LONG if self.position_side == "long" else Side.SHORT
        return Side.LONG if self.order_side == "sell" else Side.SHORT


class LiquidationUpdate(msgspec.Struct, frozen=True):
    """The forced orders of one market."""

    native_symbol: str = msgspec.field(name="instId")
    details: list[LiquidationDetail] = msgspec.field(default_factory=list)


class Argument(msgspec.Struct, frozen=True, gc=False):
    """What a frame belongs to."""

    channel: str = ""


class Head(msgspec.Struct, frozen=True):
    """What any frame says of itself."""

    event: str = ""
    code: str = ""
    argument: Argument = msgspec.field(name="arg", default=Argument())
    rows: list[msgspec.Raw] = msgspec.field(name="data", default_factory=list)


_marks = msgspec.json.Decoder(MarkPush, strict=False)
_mark = msgspec.json.Decoder(MarkUpdate, strict=False)
_liquidation = msgspec.json.Decoder(LiquidationUpdate, strict=False)
_head = msgspec.json.Decoder(Head)


def read_public_frame(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Decode a frame; rows only of `wanted` (native symbol to unified). Never raises."""
    if frame.startswith(MARK_HEAD):
        try:
            return MarkFrame(_rows(_marks.decode(frame).updates, wanted), is_data=True)
        except UNREADABLE:
            pass  # one bad row must not cost its neighbours: the second look takes them one by one
    elif frame == PONG:
        return ALIVE
    try:
        return _second_look(_head.decode(frame), wanted)
    except UNREADABLE:
        return MarkFrame(rejected=("undecodable",))


def _rows(updates: Iterable[MarkUpdate], wanted: Mapping[str, str]) -> list[MarkRow]:
    return [
        (wanted[update.native_symbol], update.mark_price, update.exchange_ms)
        for update in updates
        if update.native_symbol in wanted
    ]


def _second_look(head: Head, wanted: Mapping[str, str]) -> MarkFrame:
    if head.event:
        return _answered(head)
    if head.argument.channel == MARK_CHANNEL:
        return _marks_piecewise(head.rows, wanted)
    if head.argument.channel == LIQUIDATION_CHANNEL:
        return _liquidations(head.rows, wanted)
    return MarkFrame(rejected=("unexpected_channel" if head.argument.channel else "unknown_frame",))


def _answered(head: Head) -> MarkFrame:
    """Acknowledgements, refusals, and the notice before an upgrade."""
    if head.event in GRANTS:
        return ALIVE
    if head.event == "notice":
        is_upgrade = head.code == UPGRADE
        return MarkFrame(is_alive=True, end=SERVICE_UPGRADE) if is_upgrade else MarkFrame(rejected=("unknown_notice",))
    if head.event == "error":
        return MarkFrame(rejected=("unknown_market" if head.code == WRONG_CHANNEL else "request_refused",))
    return MarkFrame(rejected=("unknown_event",))


def _marks_piecewise(pieces: Sequence[msgspec.Raw], wanted: Mapping[str, str]) -> MarkFrame:
    updates: list[MarkUpdate] = []
    for piece in pieces:
        try:
            updates.append(_mark.decode(piece))
        except UNREADABLE:
            continue
    bad = ["bad_row"] * (len(pieces) - len(updates))
    return MarkFrame(_rows(updates, wanted), is_data=bool(updates), rejected=bad)


def _liquidations(pieces: Sequence[msgspec.Raw], wanted: Mapping[str, str]) -> MarkFrame:
    found: list[PublicLiquidation] = []
    bad: list[str] = []
    for piece in pieces:
        try:
            update = _liquidation.decode(piece)
        except UNREADABLE:
            bad.append("bad_liquidation")
            continue
        symbol = wanted.get(update.native_symbol)
        if symbol is not None:
            found += [
                PublicLiquidation(symbol, each.side, each.contracts, each.bankruptcy_price, each.exchange_ms)
                for each in update.details
            ]
    return MarkFrame(liquidations=found, rejected=bad, is_alive=True)


def read_marks(body: bytes) -> dict[str, MarkUpdate]:
    """The usable rows of `/public/mark-price` by native symbol; others are left out. Raises as `rows_of`."""
    updates: dict[str, MarkUpdate] = {}
    for row in rows_of(body, MARK_CHANNEL):
        try:
            update = _mark.decode(row)
        except UNREADABLE:
            continue
        if 0.0 < update.mark_price < math.inf:
            updates[update.native_symbol] = update
    return updates


class FundingRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `/public/funding-rate`; `rate` is what is paid at `funding_time`.

    The time from there to the next payment is the interval, as the venue says ("focus on the difference").
    """

    native_symbol: str = msgspec.field(name="instId")
    rate: Figure = msgspec.field(name="fundingRate", default="")
    funding_time: Figure = msgspec.field(name="fundingTime", default="")
    next_funding_time: Figure = msgspec.field(name="nextFundingTime", default="")


_funding = msgspec.json.Decoder(FundingRow)


def read_funding(body: bytes, wanted: Mapping[str, str]) -> list[FundingRate]:
    """The funding rates of `wanted`; markets that state none are left out. Raises as `rows_of`."""
    rates: list[FundingRate] = []
    for raw in rows_of(body, "funding-rate"):
        try:
            row = _funding.decode(raw)
        except UNREADABLE:
            continue
        rate = number(row.rate)
        if rate is not None and row.native_symbol in wanted:
            due_ms = milliseconds(row.funding_time)
            next_at = from_milliseconds(due_ms) if due_ms > 0 else None
            interval = stated_interval(milliseconds(row.next_funding_time) - due_ms, MILLISECOND) if next_at else None
            rates.append(FundingRate(symbol=wanted[row.native_symbol], rate=rate, next_at=next_at, interval=interval))
    return rates


def read_candles(body: bytes) -> list[MarkCandle]:
    """Candles of the mark, as the venue orders them: newest first. Raises PayloadError, and as `rows_of`."""
    return candles_of(rows_of(body, "mark-price-candles"), "mark-price-candles")
