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
from liqwatch.exchanges.payloads.binance_funding import FundingIntervals
from liqwatch.exchanges.payloads.candles import candle_pieces, candles_of
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import ALIVE, MarkFrame
from liqwatch.model import (
    ContractKind,
    FundingRate,
    Instrument,
    LeverageTier,
    MarkCandle,
    MarkRow,
    PublicLiquidation,
    Side,
)

USD_MARGINED = 1
NEVER_MS = 4_133_404_800_000
"""The delivery date that the venue writes for perpetuals."""


class MarkUpdate(msgspec.Struct, frozen=True, gc=False, tag_field="e", tag="markPriceUpdate"):
    """One mark price. `family` is 1 for USDⓈ-M, 2 for COIN-M, 0 in older frames, which do not say."""

    symbol: str = msgspec.field(name="s")
    price: float = msgspec.field(name="p")
    exchange_ms: int = msgspec.field(name="E")
    family: int = msgspec.field(name="st", default=0)


class Combined(msgspec.Struct, frozen=True, gc=False):
    """A frame of the combined endpoint."""

    data: MarkUpdate | list[MarkUpdate]


class ForcedOrder(msgspec.Struct, frozen=True, gc=False):
    """The order by which the venue closes somebody: it sells to close a long."""

    symbol: str = msgspec.field(name="s")
    order_side: str = msgspec.field(name="S")
    contracts: float = msgspec.field(name="q")
    average_price: float = msgspec.field(name="ap")


class ForcedUpdate(msgspec.Struct, frozen=True, gc=False):
    """`forceOrder`: one order a message, at most the largest of each market and second."""

    exchange_ms: int = msgspec.field(name="E")
    order: ForcedOrder = msgspec.field(name="o")


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
_forced = msgspec.json.Decoder(ForcedUpdate, strict=False)
_envelope = msgspec.json.Decoder(Envelope, strict=False)
_pieces = msgspec.json.Decoder(list[msgspec.Raw])


def read_mark_frame(frame: bytes, wanted: Mapping[str, str], family: int = USD_MARGINED) -> MarkFrame:
    """Decode a frame; rows only of `wanted` (native symbol to unified) and of one family. Never raises."""
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
            return _second_look(frame, wanted, family)
        except UNREADABLE:
            return MarkFrame(rejected=("undecodable",))
    return MarkFrame(_rows(updates, wanted, family), is_data=True)


def _rows(updates: Sequence[MarkUpdate], wanted: Mapping[str, str], family: int) -> list[MarkRow]:
    unified = wanted.get
    return [
        (symbol, update.price, update.exchange_ms)
        for update in updates
        if (symbol := unified(update.symbol)) is not None and (update.family == family or not update.family)
    ]


def _second_look(frame: bytes, wanted: Mapping[str, str], family: int) -> MarkFrame:
    """Slow and careful: one bad row must not cost its neighbours, and what is refused gets a name."""
    if frame.lstrip().startswith(b"["):
        return _piecewise(frame, wanted, family)
    envelope = _envelope.decode(frame)
    if data := bytes(envelope.data):
        return read_mark_frame(data, wanted, family)
    if envelope.event == "forceOrder":
        return _liquidation(frame, wanted)
    reason = _why_unusable(envelope)
    return MarkFrame(rejected=(reason,)) if reason else ALIVE


def _liquidation(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    update = _forced.decode(frame)
    order = update.order
    if order.symbol not in wanted:
        return ALIVE
    side = Side.LONG if order.order_side == "SELL" else Side.SHORT
    found = PublicLiquidation(wanted[order.symbol], side, order.contracts, order.average_price, update.exchange_ms)
    return MarkFrame(liquidations=(found,), is_alive=True)


def _why_unusable(envelope: Envelope) -> str | None:
    """None for the acknowledgement of a request, which is neither data nor trouble."""
    if envelope.event is not None:
        return "bad_row" if envelope.event == "markPriceUpdate" else "unknown_event"
    if bytes(envelope.error) or envelope.code is not None:
        return "request_refused"
    return None if envelope.identifier is not None else "unknown_frame"


def _piecewise(frame: bytes, wanted: Mapping[str, str], family: int) -> MarkFrame:
    pieces = [read_mark_frame(bytes(piece), wanted, family) for piece in _pieces.decode(frame)]
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
    funding_rate: str | float = msgspec.field(name="lastFundingRate", default="")
    next_funding_ms: int = msgspec.field(name="nextFundingTime", default=0)


_premiums = msgspec.json.Decoder(list[Premium] | Premium, strict=False)


def read_premiums(body: bytes, wanted: Mapping[str, str]) -> list[MarkRow]:
    """The usable mark prices of `wanted`.

    Raises:
        PayloadError: the answer does not have the documented shape.
    """
    return [
        (wanted[row.symbol], row.price, row.exchange_ms)
        for row in _premium_rows(body)
        if row.symbol in wanted and 0.0 < row.price < math.inf
    ]


def read_funding(body: bytes, wanted: Mapping[str, str], intervals: FundingIntervals | None) -> list[FundingRate]:
    """The funding rates of `wanted`; dated contracts say "" and are left out. Raises as `read_premiums`.

    `intervals` come from another call; None where it could not be asked.
    """
    return [
        FundingRate(
            symbol=wanted[row.symbol],
            rate=float(row.funding_rate),
            next_at=from_milliseconds(row.next_funding_ms) if row.next_funding_ms > 0 else None,
            interval=None if intervals is None else intervals.of(row.symbol),
        )
        for row in _premium_rows(body)
        if row.symbol in wanted and row.funding_rate != ""
    ]


def _premium_rows(body: bytes) -> list[Premium]:
    try:
        answer = _premiums.decode(body)
    except UNREADABLE as error:
        raise PayloadError(f"premiumIndex: {error}") from error
    return answer if isinstance(answer, list) else [answer]


def read_candles(body: bytes) -> list[MarkCandle]:
    """Candles of the mark. Raises as `read_premiums`."""
    return candles_of(candle_pieces(body, "markPriceKlines"), "markPriceKlines")


class ServerTime(msgspec.Struct, frozen=True, gc=False):
    """The venue's clock in epoch milliseconds."""

    milliseconds: float = msgspec.field(name="serverTime")


class PriceFilter(msgspec.Struct, frozen=True, gc=False):
    """One of a contract's filters; only PRICE_FILTER has a tick."""

    kind: str = msgspec.field(name="filterType", default="")
    tick: float = msgspec.field(name="tickSize", default=0.0)


class ListedContract(msgspec.Struct, frozen=True):
    """One row of `exchangeInfo`; COIN-M calls the status otherwise and has a contract size in quote currency."""

    symbol: str
    base: str = msgspec.field(name="baseAsset")
    quote: str = msgspec.field(name="quoteAsset")
    settle: str = msgspec.field(name="marginAsset")
    status: str = ""
    coin_status: str = msgspec.field(name="contractStatus", default="")
    contract_size: float = msgspec.field(name="contractSize", default=0.0)
    contract_type: str = msgspec.field(name="contractType", default="")
    delivery_ms: int = msgspec.field(name="deliveryDate", default=NEVER_MS)
    maintenance_percent: float = msgspec.field(name="maintMarginPercent", default=0.0)
    liquidation_fee_rate: float = msgspec.field(name="liquidationFee", default=0.0)
    filters: tuple[PriceFilter, ...] = ()


class ListingAnswer(msgspec.Struct, frozen=True):
    """`/fapi/v1/exchangeInfo`; rows are decoded one by one, so that an odd one blinds nobody."""

    contracts: list[msgspec.Raw] = msgspec.field(name="symbols")


_listing = msgspec.json.Decoder(ListingAnswer)
_contract = msgspec.json.Decoder(ListedContract, strict=False)


def read_listing(body: bytes) -> Listing:
    """The contracts of one family.

    Raises:
        PayloadError: the answer as a whole does not have the documented shape.
    """
    try:
        rows = _listing.decode(body).contracts
    except UNREADABLE as error:
        raise PayloadError(f"exchangeInfo: {error}") from error
    instruments: list[Instrument] = []
    unreadable = 0
    for row in rows:
        try:
            instruments.append(instrument_of(_contract.decode(row)))
        except msgspec.ValidationError:
            unreadable += 1
    return Listing.of(instruments, unreadable)


def instrument_of(contract: ListedContract) -> Instrument:
    """A listed contract in our terms. The rate is the venue's base rate: brackets need a key."""
    assumed = LeverageTier(
        notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=contract.maintenance_percent / 100
    )
    return Instrument(
        symbol=unified_symbol(contract),
        native_symbol=contract.symbol,
        settle_currency=contract.settle,
        contract_kind=ContractKind.INVERSE if contract.settle == contract.base else ContractKind.LINEAR,
        contract_size=contract.contract_size or 1.0,
        price_tick=next((row.tick for row in contract.filters if row.kind == "PRICE_FILTER"), 0.0),
        tiers=(assumed,) if contract.maintenance_percent > 0 else (),
        tiers_assumed=contract.maintenance_percent > 0,
        liquidation_fee_rate=contract.liquidation_fee_rate,
        is_trading="TRADING" in (contract.status, contract.coin_status),
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
    settle, _, delivery = settle.partition("-")
    base, _, quote = pair.partition("/")
    name = f"{base}{quote}"
    if delivery:
        return f"{name}_{delivery}"
    return f"{name}_PERP" if settle == base else name
