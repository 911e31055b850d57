"""Gate's public stream: mark prices in `futures.tickers`, liquidations of others in `futures.public_liquidates`.

A frame is `{"time":1677629168,"time_ms":1677629168840,"channel":"futures.tickers","event":"update","result":[…]}`.
Older frames have no `time_ms`, hold one object in place of the list, or a list in a list. Beside them come
acknowledgements (`event` is `subscribe`), pongs, and system notices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import msgspec

from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.mark_frame import ALIVE, MarkFrame
from liqwatch.model import MarkRow, PublicLiquidation, Side

TICKERS = "futures.tickers"
PUBLIC_LIQUIDATIONS = "futures.public_liquidates"
PONG = "futures.pong"
SYSTEM = "futures.system"
ANSWERS = frozenset({"subscribe", "unsubscribe"})
DEEPEST_NESTING = 3
ABSENT = msgspec.Raw()
NULL = b"null"


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """One market of a ticker frame; a frame can hold a part of the fields only."""

    contract: str
    mark_price: float | msgspec.UnsetType = msgspec.UNSET


class TickerFrame(msgspec.Struct, frozen=True, gc=False, tag_field="channel", tag=TICKERS):
    """A ticker frame as it comes today."""

    result: list[Ticker]
    exchange_ms: int = msgspec.field(name="time_ms", default=0)


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Why a request is refused."""

    code: int = 0
    message: str = ""


class Envelope(msgspec.Struct, frozen=True):
    """Whatever else a frame can be, public or private."""

    channel: str = ""
    event: str = ""
    exchange_ms: int = msgspec.field(name="time_ms", default=0)
    result: msgspec.Raw = ABSENT
    error: Refusal | None = None
    kind: str = msgspec.field(name="type", default="")


class Status(msgspec.Struct, frozen=True, gc=False):
    """The body of an acknowledgement."""

    status: str = ""


class SystemNotice(msgspec.Struct, frozen=True, gc=False):
    """The body of a system notice."""

    kind: str = msgspec.field(name="type", default="")


class LiquidationRow(msgspec.Struct, frozen=True, gc=False):
    """Somebody's position that is closed by the venue; the sign of `contracts` is the position's."""

    contract: str
    contracts: float = msgspec.field(name="size")
    price: float
    exchange_ms: int = msgspec.field(name="time_ms")


_tickers = msgspec.json.Decoder(TickerFrame, strict=False)
_ticker = msgspec.json.Decoder(Ticker, strict=False)
_envelope = msgspec.json.Decoder(Envelope, strict=False)
_status = msgspec.json.Decoder(Status)
_system = msgspec.json.Decoder(SystemNotice)
_liquidation = msgspec.json.Decoder(LiquidationRow, strict=False)
_pieces = msgspec.json.Decoder(list[msgspec.Raw])


def read_mark_frame(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Decode a frame of the public stream; rows only of `wanted` (native symbol to unified). Never raises."""
    try:
        tickers = _tickers.decode(frame)
    except UNREADABLE:
        try:
            return _second_look(read_envelope(frame), wanted)
        except UNREADABLE:
            return MarkFrame(rejected=("undecodable",))
    rows: list[MarkRow] = []
    is_data = False
    for ticker in tickers.result:
        price = ticker.mark_price
        if price is not msgspec.UNSET:
            is_data = True
            if ticker.contract in wanted:
                rows.append((wanted[ticker.contract], price, tickers.exchange_ms))
    return MarkFrame(rows, is_data=is_data, is_alive=True)


def read_envelope(frame: bytes) -> Envelope:
    """The outer layer of a frame. Raises one of `UNREADABLE`."""
    return _envelope.decode(frame)


def pieces_of(result: msgspec.Raw | bytes, depth: int = DEEPEST_NESTING) -> Iterator[bytes]:
    """The objects in a result: one, a list of them, or a list in a list. Raises one of `UNREADABLE`."""
    body = bytes(result).strip()
    if not body or body == NULL:
        return
    if depth and body.startswith(b"["):
        for piece in _pieces.decode(body):
            yield from pieces_of(piece, depth - 1)
    else:
        yield body


def refusal_of(envelope: Envelope) -> str | None:
    """Why the venue does not grant a request, as a reason; None: it does.

    Asking twice for one stream is refused with `Alert sub …`, which changes nothing.
    """
    error = envelope.error
    if error is None:
        return None if _granted(envelope.result) else "request_refused"
    text = error.message.lower()
    if "unknown" in text:
        return "unknown_market"
    return "already_subscribed" if text.startswith("alert sub") else "request_refused"


def _granted(result: msgspec.Raw) -> bool:
    try:
        return _status.decode(result).status != "fail"
    except UNREADABLE:
        return True


def announces_upgrade(envelope: Envelope) -> bool:
    """Whether the venue says that it is about to close the connection for an upgrade of its own.

    The documentation shows the notice bare (`{"type":"upgrade",…}`) and, since 2026-07, inside a system frame.
    """
    if envelope.channel != SYSTEM:
        return "upgrade" in envelope.kind
    try:
        return "upgrade" in _system.decode(envelope.result).kind
    except UNREADABLE:
        return False


def _second_look(envelope: Envelope, wanted: Mapping[str, str]) -> MarkFrame:
    """Slow and careful: one bad row must not cost its neighbours, and what is refused gets a name."""
    if announces_upgrade(envelope):
        return MarkFrame(is_alive=True, end="upgrade_announced")
    if envelope.channel == PONG:
        return ALIVE
    if envelope.event in ANSWERS or envelope.error is not None:
        refused = refusal_of(envelope)
        return ALIVE if refused is None else MarkFrame(is_alive=True, rejected=(refused,))
    if envelope.channel == TICKERS:
        return _piecewise_tickers(envelope, wanted)
    if envelope.channel == PUBLIC_LIQUIDATIONS:
        return _liquidations(envelope, wanted)
    return MarkFrame(rejected=("system_notice" if envelope.channel == SYSTEM else "unknown_event",))


def _piecewise_tickers(envelope: Envelope, wanted: Mapping[str, str]) -> MarkFrame:
    rows: list[MarkRow] = []
    rejected: list[str] = []
    is_data = False
    for piece in pieces_of(envelope.result):
        try:
            ticker = _ticker.decode(piece)
        except UNREADABLE:
            rejected.append("bad_row")
            continue
        if ticker.mark_price is not msgspec.UNSET:
            is_data = True
            if ticker.contract in wanted:
                rows.append((wanted[ticker.contract], ticker.mark_price, envelope.exchange_ms))
    return MarkFrame(rows, is_data=is_data, is_alive=True, rejected=rejected)


def _liquidations(envelope: Envelope, wanted: Mapping[str, str]) -> MarkFrame:
    found: list[PublicLiquidation] = []
    rejected: list[str] = []
    for piece in pieces_of(envelope.result):
        try:
            row = _liquidation.decode(piece)
        except UNREADABLE:
            rejected.append("bad_row")
            continue
        if not (0 < row.price < math.inf and 0 < abs(row.contracts) < math.inf):
            rejected.append("bad_row")
        elif row.contract in wanted:
            found.append(
                PublicLiquidation(
                    symbol=wanted[row.contract],
                    side=Side.LONG if row.contracts > 0 else Side.SHORT,
                    contracts=abs(row.contracts),
                    price=row.price,
                    exchange_ms=row.exchange_ms,
                )
            )
    return MarkFrame(liquidations=found, is_alive=True, rejected=rejected)
