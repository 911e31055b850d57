"""Binance's public frames and answers: mark prices and the list of contracts.

A frame is `{"e":"markPriceUpdate","E":1790526539000,"s":"BTCUSDT","p":"84551.10762319",…,"st":1}`, a list of
those, or either inside `{"stream":…,"data":…}`. Beside them come answers to requests and other events.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges._mark_stream import MarkFrame
from liqwatch.model import Instrument, LeverageTier, MarkRow

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises: wrong shape, wrong bytes, nested too deep."""

COIN_MARGINED = 2
NEVER_MS = 4_133_404_800_000
"""The delivery date that the venue writes for perpetuals."""


class MarkUpdate(msgspec.Struct, frozen=True, gc=False, tag_field="e", tag="markPriceUpdate"):
    """One mark price. `family` is 1 for USDⓈ-M, 2 for COIN-M; older frames do not say."""

    symbol: str = msgspec.field(name="s")
    price: float = msgspec.field(name="p")
    exchange_ms: int = msgspec.field(name="E")
    family: int = msgspec.field(name="st", default=1)


class Combined(msgspec.Struct, frozen=True, gc=False):
    """A frame of the combined endpoint."""

    data: MarkUpdate | list[MarkUpdate]


ABSENT = msgspec.Raw()


class Envelope(msgspec.Struct, frozen=True):
    """Whatever an object says of itself when it is not a mark price."""

    data: msgspec.Raw = ABSENT
    event: str | None = msgspec.field(name="e", default=None)
    identifier: int | str | None = msgspec.field(name="id", default=None)
    error: msgspec.Raw = ABSENT
    code: int | None = None


_single = msgspec.json.Decoder(MarkUpdate, strict=False)
_array = msgspec.json.Decoder(list[MarkUpdate], strict=False)
_combined = msgspec.json.Decoder(Combined, strict=False)
_envelope = msgspec.json.Decoder(Envelope, strict=False)
_pieces = msgspec.json.Decoder(list[msgspec.Raw])


def read_mark_frame(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Decode a frame of the market stream; rows only of `wanted` (native symbol to unified). Never raises."""
    try:
        if frame.startswith(b"["):
            updates: Sequence[MarkUpdate] = _array.decode(frame)
        elif frame.startswith(b'{"stream"'):
            data = _combined.decode(frame).data
            updates = data if isinstance(data, list) else (data,)
        else:
            updates = (_single.decode(frame),)
    except UNREADABLE:
        try:
            return _second_look(frame, wanted)
        except UNREADABLE:
            return MarkFrame(rejected=("undecodable",))
    return MarkFrame(_rows(updates, wanted), is_data=True)


def _rows(updates: Sequence[MarkUpdate], wanted: Mapping[str, str]) -> list[MarkRow]:
    return [
        (wanted[update.symbol], update.price, update.exchange_ms)
        for update in updates
        if update.symbol in wanted and update.family != COIN_MARGINED
    ]


def _second_look(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Slow and careful: one bad row must not cost its neighbours, and what is refused gets a name."""
    if frame.lstrip().startswith(b"["):
        return _piecewise(frame, wanted)
    envelope = _envelope.decode(frame)
    if data := bytes(envelope.data):
        return read_mark_frame(data, wanted)
    reason = _why_unusable(envelope)
    return MarkFrame(rejected=(reason,) if reason else ())


def _why_unusable(envelope: Envelope) -> str | None:
    """None for the acknowledgement of a request, which is neither data nor trouble."""
    if envelope.event is not None:
        return "bad_row" if envelope.event == "markPriceUpdate" else "unknown_event"
    if bytes(envelope.error) or envelope.code is not None:
        return "request_refused"
    return None if envelope.identifier is not None else "unknown_frame"


def _piecewise(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    pieces = [read_mark_frame(bytes(piece), wanted) for piece in _pieces.decode(frame)]
    return MarkFrame(
        rows=[row for piece in pieces for row in piece.rows],
        is_data=any(piece.is_data for piece in pieces),
        rejected=[reason for piece in pieces for reason in piece.rejected],
    )


class Premium(msgspec.Struct, frozen=True, gc=False):
    """One row of `/fapi/v1/premiumIndex`."""

    symbol: str
    price: float = msgspec.field(name="markPrice")
    exchange_ms: int = msgspec.field(name="time", default=0)


_premiums = msgspec.json.Decoder(list[Premium] | Premium, strict=False)


def read_premiums(body: bytes, wanted: Mapping[str, str]) -> list[MarkRow]:
    """The usable mark prices of `wanted`.

    Raises:
        PayloadError: the answer does not have the documented shape.
    """
    try:
        answer = _premiums.decode(body)
    except UNREADABLE as error:
        raise PayloadError(f"premiumIndex: {error}") from error
    return [
        (wanted[row.symbol], row.price, row.exchange_ms)
        for row in (answer if isinstance(answer, list) else [answer])
        if row.symbol in wanted and 0.0 < row.price < math.inf
    ]


class PriceFilter(msgspec.Struct, frozen=True, gc=False):
    """One of a contract's filters; only PRICE_FILTER has a tick."""

    kind: str = msgspec.field(name="filterType", default="")
    tick: float = msgspec.field(name="tickSize", default=0.0)


class ListedContract(msgspec.Struct, frozen=True):
    """One row of `/fapi/v1/exchangeInfo`."""

    symbol: str
    base: str = msgspec.field(name="baseAsset")
    quote: str = msgspec.field(name="quoteAsset")
    settle: str = msgspec.field(name="marginAsset")
    status: str
    contract_type: str = msgspec.field(name="contractType", default="")
    delivery_ms: int = msgspec.field(name="deliveryDate", default=NEVER_MS)
    maintenance_percent: float = msgspec.field(name="maintMarginPercent", default=0.0)
    liquidation_fee_rate: float = msgspec.field(name="liquidationFee", default=0.0)
    filters: tuple[PriceFilter, ...] = ()


class Listing(msgspec.Struct, frozen=True):
    """`/fapi/v1/exchangeInfo`; rows are decoded one by one, so that an odd one blinds nobody."""

    contracts: list[msgspec.Raw] = msgspec.field(name="symbols")


_listing = msgspec.json.Decoder(Listing)
_contract = msgspec.json.Decoder(ListedContract, strict=False)


def read_listing(body: bytes) -> tuple[dict[str, Instrument], int]:
    """Instruments by unified symbol, and how many rows could not be read.

    Raises:
        PayloadError: the answer as a whole does not have the documented shape.
    """
    try:
        rows = _listing.decode(body).contracts
    except UNREADABLE as error:
        raise PayloadError(f"exchangeInfo: {error}") from error
    instruments: dict[str, Instrument] = {}
    unreadable = 0
    for row in rows:
        try:
            instrument = instrument_of(_contract.decode(row))
        except msgspec.ValidationError:
            unreadable += 1
            continue
        known = instruments.get(instrument.symbol)
        if known is None or not known.is_trading:
            instruments[instrument.symbol] = instrument
    return instruments, unreadable


def instrument_of(contract: ListedContract) -> Instrument:
    """A listed contract in our terms. The rate is the venue's base rate: brackets need a key."""
    assumed = LeverageTier(
        notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=contract.maintenance_percent / 100
    )
    return Instrument(
        symbol=unified_symbol(contract),
        native_symbol=contract.symbol,
        settle_currency=contract.settle,
        price_tick=next((row.tick for row in contract.filters if row.kind == "PRICE_FILTER"), 0.0),
        tiers=(assumed,) if contract.maintenance_percent > 0 else (),
        tiers_assumed=contract.maintenance_percent > 0,
        liquidation_fee_rate=contract.liquidation_fee_rate,
        is_trading=contract.status == "TRADING",
    )


def unified_symbol(contract: ListedContract) -> str:
    """`BTC/USDT:USDT`, dated `BTC/USDT:USDT-261225`; a perpetual on its way out keeps its name."""
    symbol = f"{contract.base}/{contract.quote}:{contract.settle}"
    if "PERPETUAL" in contract.contract_type or contract.delivery_ms == NEVER_MS:
        return symbol
    return f"{symbol}-{from_milliseconds(contract.delivery_ms).astimezone(UTC):%y%m%d}"


def native_symbol(symbol: str) -> str:
    """The venue's name for a unified symbol, by its own rule of naming: for use before the list is known."""
    pair, _, settle = symbol.partition(":")
    _, _, delivery = settle.partition("-")
    name = pair.replace("/", "")
    return f"{name}_{delivery}" if delivery else name
