"""Bitget's public REST answers (v2): contracts, tickers, funding, mark candles, position tiers.

Every answer is `{"code":"00000","msg":"success","requestTime":…,"data":…}`. A COIN-FUTURES size is in base coin; in
our terms such a contract is inverse and worth one unit of quote currency, see `bitget_account.contracts_of`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import ExchangeError, PayloadError
from liqwatch.exchanges.payloads.bitget_market import COIN_FUTURES, UNREADABLE, USDC_FUTURES, USDT_FUTURES
from liqwatch.exchanges.payloads.funding_interval import HOUR, stated_interval
from liqwatch.model import ContractKind, FundingRate, Instrument, LeverageTier, MarkCandle, MarkRow

SUCCESS = "00000"
COMMON_NAMES = {
    "XBT": "BTC",
    "BCC": "BCH",
    "BCHSV": "BSV",
    "APX": "AstroPepeX",
    "DEGEN": "DegenReborn",
    "EVA": "Evadore",
    "JADE": "Jade Protocol",
    "OMNI": "omni",
    "TONCOIN": "TON",
}
"""Coins that ccxt calls otherwise on this venue."""
VENUE_NAMES = {common: native for native, common in COMMON_NAMES.items() if native not in {"XBT", "BCC", "BCHSV"}}
TRADING = frozenset({"normal", "online"})
MONTH_LETTERS = "FGHJKMNQUVXZ"
"""How the venue writes the month of a delivery: BTCUSDZ24 ends in December 2024."""

Row = TypeVar("Row")


class Answer(msgspec.Struct, frozen=True):
    """The envelope of every answer."""

    code: str = SUCCESS
    msg: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class Contract(msgspec.Struct, frozen=True):
    """One row of `contracts`."""

    symbol: str
    base: str = msgspec.field(name="baseCoin")
    quote: str = msgspec.field(name="quoteCoin")
    margin_coins: list[str] = msgspec.field(name="supportMarginCoins")
    taker_fee_rate: float = msgspec.field(name="takerFeeRate", default=0.0)
    price_step: float = msgspec.field(name="priceEndStep", default=1.0)
    price_place: int = msgspec.field(name="pricePlace", default=0)
    contract_type: str = msgspec.field(name="symbolType", default="perpetual")
    status: str = msgspec.field(name="symbolStatus", default="normal")
    delivery_ms: str | int | None = msgspec.field(name="deliveryTime", default=None)


class PriceRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `tickers` or of `symbol-price`."""

    symbol: str
    mark_price: float = msgspec.field(name="markPrice")
    exchange_ms: int = msgspec.field(name="ts", default=0)


class FundingRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `current-fund-rate`; dated contracts have no rate."""

    symbol: str
    rate: float = msgspec.field(name="fundingRate")
    next_ms: str | int | None = msgspec.field(name="nextUpdate", default=None)
    interval_hours: object = msgspec.field(name="fundingRateInterval", default=None)


class TierRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `query-position-lever`, bounds in quote currency."""

    notional_floor: float = msgspec.field(name="startUnit")
    notional_cap: float = msgspec.field(name="endUnit")
    maintenance_margin_rate: float = msgspec.field(name="keepMarginRate")
    max_leverage: float | None = msgspec.field(name="leverage", default=None)


class Candle(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One row of `history-mark-candles`."""

    opened_ms: int
    opened_price: float
    high: float
    low: float


class TimeData(msgspec.Struct, frozen=True, gc=False):
    """What `public/time` answers."""

    milliseconds: float = msgspec.field(name="serverTime")


class TimeAnswer(msgspec.Struct, frozen=True, gc=False):
    """`public/time` with its envelope."""

    data: TimeData


_answer = msgspec.json.Decoder(Answer, strict=False)
_pieces = msgspec.json.Decoder(list[msgspec.Raw] | None)
_contract = msgspec.json.Decoder(Contract, strict=False)
_price = msgspec.json.Decoder(PriceRow, strict=False)
_funding = msgspec.json.Decoder(FundingRow, strict=False)
_tier = msgspec.json.Decoder(TierRow, strict=False)
_candle = msgspec.json.Decoder(Candle, strict=False)


def _rows(body: bytes, what: str) -> list[msgspec.Raw]:
    """The undecoded rows of an answer.

    Raises:
        ExchangeError: the venue refuses.
        PayloadError: the answer does not have the documented shape.
    """
    try:
        answer = _answer.decode(body)
        if answer.code != SUCCESS:
            raise ExchangeError(f"{what}: the venue answered {answer.code}: {answer.msg}")
        return _pieces.decode(answer.data) or []
    except UNREADABLE as error:
        raise PayloadError(f"{what}: {error}") from error


def _readable(body: bytes, what: str, decoder: msgspec.json.Decoder[Row]) -> Iterator[Row]:
    """Rows that can be read; an odd one blinds nobody."""
    for row in _rows(body, what):
        try:
            yield decoder.decode(row)
        except msgspec.ValidationError:
            continue


def read_contracts(body: bytes) -> tuple[list[Instrument], int]:
    """The contracts of one product type, and how many rows could not be read. Raises as every reader here."""
    instruments: list[Instrument] = []
    unreadable = 0
    for row in _rows(body, "contracts"):
        try:
            instruments.append(instrument_of(_contract.decode(row)))
        except (msgspec.ValidationError, PayloadError):
            unreadable += 1
    return instruments, unreadable


def instrument_of(contract: Contract) -> Instrument:
    """A listed contract in our terms. The taker fee counts beside maintenance (Bitget support, liquidation price).

    Raises:
        PayloadError: a dated contract without its date, or one without margin coin.
    """
    settle = _settle_coin(contract)
    is_inverse = settle == contract.base
    return Instrument(
        symbol=unified_symbol(contract, settle),
        native_symbol=contract.symbol,
        settle_currency=currency(settle),
        contract_kind=ContractKind.INVERSE if is_inverse else ContractKind.LINEAR,
        price_tick=float(f"{contract.price_step:g}e-{contract.price_place}"),
        closing_fee_rate=contract.taker_fee_rate,
        is_trading=contract.status in TRADING,
    )


def _settle_coin(contract: Contract) -> str:
    for coin in (contract.base, contract.quote, *contract.margin_coins):
        if coin in contract.margin_coins:
            return coin
    raise PayloadError(f"contracts: {contract.symbol} has no margin coin")


def currency(coin: str) -> str:
    """A coin as unified symbols write it."""
    return COMMON_NAMES.get(coin.upper(), coin.upper())


def unified_symbol(contract: Contract, settle: str) -> str:
    """`BTC/USDT:USDT`, dated `BTC/USD:BTC-241227`. Raises PayloadError for a dated contract without its date."""
    symbol = f"{currency(contract.base)}/{currency(contract.quote)}:{currency(settle)}"
    if contract.contract_type == "perpetual":
        return symbol
    delivery_ms = _milliseconds(contract.delivery_ms)
    if delivery_ms <= 0:
        raise PayloadError(f"contracts: {contract.symbol} has no deliveryTime")
    return f"{symbol}-{from_milliseconds(delivery_ms).astimezone(UTC):%y%m%d}"


def _milliseconds(written: str | int | None) -> int:
    text = str(written if written is not None else "")
    return int(text) if text.isdigit() else 0


def native_symbol(symbol: str) -> str:
    """The venue's name for a unified symbol, by its own rule of naming: for use before the list is known."""
    pair, _, settle = symbol.partition(":")
    settle, _, delivery = settle.partition("-")
    base, _, quote = pair.partition("/")
    base = VENUE_NAMES.get(base, base)
    if delivery:
        return f"{base}{quote}{MONTH_LETTERS[int(delivery[2:4]) - 1]}{delivery[:2]}"
    return f"{base}PERP" if settle == "USDC" else f"{base}{quote}"


def product_by_name(native: str) -> str:
    """The product type that a name belongs to by the venue's rule of naming, where the list has not told it."""
    if native.endswith("USDT"):
        return USDT_FUTURES
    return USDC_FUTURES if native.endswith("PERP") else COIN_FUTURES


def product_of(instrument: Instrument) -> str:
    """The product type of a listed contract."""
    if instrument.contract_kind is ContractKind.INVERSE:
        return COIN_FUTURES
    by_currency = {"USDT": USDT_FUTURES, "USDC": USDC_FUTURES}
    return by_currency.get(instrument.settle_currency) or product_by_name(instrument.native_symbol)


def read_marks(body: bytes, wanted: Mapping[str, str]) -> list[MarkRow]:
    """The usable mark prices of `wanted`, of `tickers` or `symbol-price`. Raises as `read_contracts`."""
    return [
        (wanted[row.symbol], row.mark_price, row.exchange_ms)
        for row in _readable(body, "tickers", _price)
        if row.symbol in wanted and 0.0 < row.mark_price < math.inf
    ]


def read_funding(body: bytes, wanted: Mapping[str, str]) -> list[FundingRate]:
    """The funding rates of `wanted`. Raises as `read_contracts`."""
    rates: list[FundingRate] = []
    for row in _readable(body, "current-fund-rate", _funding):
        if row.symbol in wanted:
            next_ms = _milliseconds(row.next_ms)
            next_at = from_milliseconds(next_ms) if next_ms else None
            interval = stated_interval(row.interval_hours, HOUR)
            rates.append(FundingRate(symbol=wanted[row.symbol], rate=row.rate, next_at=next_at, interval=interval))
    return rates


def read_candles(body: bytes, since: datetime, until: datetime) -> list[MarkCandle]:
    """One-minute candles of the mark that begin in the time, oldest first. Raises as `read_contracts`."""
    candles = [
        MarkCandle(opened_at=from_milliseconds(row.opened_ms), high=row.high, low=row.low)
        for row in _readable(body, "history-mark-candles", _candle)
    ]
    return sorted(
        (candle for candle in candles if since <= candle.opened_at <= until), key=lambda candle: candle.opened_at
    )


def read_tiers(body: bytes) -> tuple[LeverageTier, ...]:
    """Position tiers, ascending.

    The venue tells no deduction; its liquidation price has one ("pre-calculated offset", Bitget support, liquidation
    price, 2025-09), by the usual recursion: that of the tier before, plus its floor times the step in the rate.

    Raises:
        PayloadError: a row cannot be read; a table with holes would be wrong everywhere above the hole.
    """
    try:
        rows = [_tier.decode(row) for row in _rows(body, "query-position-lever")]
    except msgspec.ValidationError as error:
        raise PayloadError(f"query-position-lever: {error}") from error
    tiers: list[LeverageTier] = []
    rate_before, deduction = 0.0, 0.0
    for row in sorted(rows, key=lambda row: row.notional_floor):
        deduction += row.notional_floor * (row.maintenance_margin_rate - rate_before)
        rate_before = row.maintenance_margin_rate
        tiers.append(
            LeverageTier(
                notional_floor=row.notional_floor,
                notional_cap=row.notional_cap,
                maintenance_margin_rate=row.maintenance_margin_rate,
                maintenance_deduction=deduction,
                max_leverage=row.max_leverage,
            )
        )
    return tuple(tiers)


def read_time(answer: object) -> float:
    """The venue's clock, epoch ms. Raises PayloadError when the answer has none."""
    try:
        return msgspec.convert(answer, TimeAnswer, strict=False).data.milliseconds
    except msgspec.ValidationError as error:
        raise PayloadError(f"time: {error}") from None
