"""Bybit's answers without a key: contracts, tickers, candles of the mark, risk limits; and its rule of naming."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import unquote

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import ExchangeBlocked, ExchangeError, PayloadError
from liqwatch.exchanges.payloads import candles
from liqwatch.exchanges.payloads.funding_interval import HOUR, stated_interval
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.model import ContractKind, FundingRate, Instrument, LeverageTier, MarkCandle, MarkRow

LINEAR, INVERSE = "linear", "inverse"
CATEGORIES = (LINEAR, INVERSE)
TAKER_FEE_RATE = 0.00055
"""Taker fee without VIP level, as executions of 2025 charge it (`feeRate`). The lists do not tell it; keys with
another level pay less, and in some countries a tax comes on top."""
TOO_OFTEN = frozenset({10006, 10018})
WAIT_SECONDS = 5.0
"""Limits are counted over five seconds and less (Bybit documentation, Rate Limit Rules)."""
INVERSE_NAME = re.compile(r"USD(?:[FGHJKMNQUVXZ]\d\d)?$")
MONTH_CODES = "FGHJKMNQUVXZ"
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
PERCENT = 0.01
BETWEEN_SCALES = 10.0

Answer = TypeVar("Answer")


class Envelope(msgspec.Struct, frozen=True):
    """Every answer; code 0 is success whatever the HTTP status says."""

    result: msgspec.Raw
    code: int = msgspec.field(name="retCode", default=0)
    message: str = msgspec.field(name="retMsg", default="")
    exchange_ms: int = msgspec.field(name="time", default=0)


class Page(msgspec.Struct, frozen=True):
    """One page of a list. Rows are decoded one by one, so that an odd one blinds nobody."""

    rows: list[msgspec.Raw] = msgspec.field(name="list", default_factory=list)
    cursor: str = msgspec.field(name="nextPageCursor", default="")

    @property
    def next_cursor(self) -> str:
        """The cursor as a plain text: it comes percent-encoded."""
        return unquote(self.cursor)


_envelope = msgspec.json.Decoder(Envelope, strict=False)
_page = msgspec.json.Decoder(Page, strict=False)


def page_of(body: bytes, name: str) -> tuple[Page, int]:
    """One page, and the venue's time of it (epoch ms).

    Raises:
        ExchangeBlocked: asked too often.
        ExchangeError: refused.
        PayloadError: the answer does not have the documented shape.
    """
    try:
        envelope = _envelope.decode(body)
        if envelope.code in TOO_OFTEN:
            raise ExchangeBlocked(f"{name}: {envelope.message}", retry_after_seconds=WAIT_SECONDS)
        if envelope.code != 0:
            raise ExchangeError(f"{name}: {envelope.message} ({envelope.code})")
        return _page.decode(envelope.result), envelope.exchange_ms
    except UNREADABLE as error:
        raise PayloadError(f"{name}: {error}") from error


class PriceFilter(msgspec.Struct, frozen=True, gc=False):
    """How prices are quoted."""

    tick: float = msgspec.field(name="tickSize", default=0.0)


class ListedContract(msgspec.Struct, frozen=True):
    """One row of `instruments-info`. A perpetual's delivery time is the end of its trading, not part of its name."""

    symbol: str
    base: str = msgspec.field(name="baseCoin")
    quote: str = msgspec.field(name="quoteCoin")
    contract_type: str = msgspec.field(name="contractType", default="")
    settle: str = msgspec.field(name="settleCoin", default="")
    status: str = ""
    delivery_ms: str | int = msgspec.field(name="deliveryTime", default=0)
    price_filter: PriceFilter = msgspec.field(name="priceFilter", default_factory=PriceFilter)

    @property
    def is_inverse(self) -> bool:
        """Settled in its coin."""
        return self.contract_type.startswith("Inverse")


_contract = msgspec.json.Decoder(ListedContract, strict=False)


def instruments_of(page: Page) -> tuple[list[Instrument], int]:
    """The contracts of a page, and how many rows could not be read."""
    instruments: list[Instrument] = []
    for row in page.rows:
        try:
            instruments.append(instrument_of(_contract.decode(row)))
        except (*UNREADABLE, ValueError):
            continue
    return instruments, len(page.rows) - len(instruments)


def instrument_of(contract: ListedContract) -> Instrument:
    """A listed contract in our terms; an inverse contract is one dollar. Risk limits are asked for elsewhere."""
    return Instrument(
        symbol=unified_symbol(contract),
        native_symbol=contract.symbol,
        settle_currency=settle_currency(contract),
        contract_kind=ContractKind.INVERSE if contract.is_inverse else ContractKind.LINEAR,
        price_tick=contract.price_filter.tick,
        closing_fee_rate=TAKER_FEE_RATE,
        is_trading=contract.status in ("Trading", "PreLaunch"),
    )


def settle_currency(contract: ListedContract) -> str:
    """What the contract settles in; perpetuals that say USD settle in USDC, as ccxt reads them."""
    settle = contract.settle or (contract.base if contract.is_inverse else contract.quote)
    return "USDC" if settle == "USD" and contract.contract_type == "LinearPerpetual" else settle


def unified_symbol(contract: ListedContract) -> str:
    """`BTC/USDT:USDT`, `BTC/USD:BTC`, dated `BTC/USDT:USDT-261225`."""
    symbol = f"{contract.base}/{contract.quote}:{settle_currency(contract)}"
    delivery_ms = int(contract.delivery_ms or 0)
    if contract.contract_type.endswith("Perpetual") or delivery_ms <= 0:
        return symbol
    return f"{symbol}-{from_milliseconds(delivery_ms).astimezone(UTC):%y%m%d}"


def native_symbol(symbol: str) -> str:
    """The venue's name for a unified symbol, by its rule of naming: for use before the list is known."""
    pair, _, settle = symbol.partition(":")
    settle, _, delivery = settle.partition("-")
    base, _, quote = pair.partition("/")
    if not delivery:
        return f"{base}PERP" if quote == "USDC" else f"{base}{quote}"
    day = datetime.strptime(delivery, "%y%m%d").replace(tzinfo=UTC)
    if settle == base:
        return f"{base}{quote}{MONTH_CODES[day.month - 1]}{day:%y}"
    name = base if quote == "USDC" else f"{base}{quote}"
    return f"{name}-{day:%d}{MONTHS[day.month - 1]}{day:%y}"


def family_of(native: str) -> str:
    """`linear` or `inverse`: BTCUSD and BTCUSDZ26 are inverse, BTCUSDT, BTCPERP and BTC-25DEC26 are not."""
    return INVERSE if INVERSE_NAME.search(native) else LINEAR


def by_family(natives: Collection[str]) -> dict[str, list[str]]:
    """The markets of each family that has any."""
    families = {family: [name for name in natives if family_of(name) == family] for family in CATEGORIES}
    return {family: names for family, names in families.items() if names}


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `tickers`. The hours between payments are told since 2025, "" of dated contracts."""

    symbol: str
    mark_price: float = msgspec.field(name="markPrice")
    funding_rate: str | float = msgspec.field(name="fundingRate", default="")
    next_funding_ms: str | int = msgspec.field(name="nextFundingTime", default=0)
    interval_hours: object = msgspec.field(name="fundingIntervalHour", default=None)


_ticker_row = msgspec.json.Decoder(TickerRow, strict=False)


def _tickers(page: Page, wanted: Mapping[str, str]) -> Iterator[TickerRow]:
    """The readable rows of wanted markets."""
    for piece in page.rows:
        try:
            row = _ticker_row.decode(piece)
        except UNREADABLE:
            continue
        if row.symbol in wanted:
            yield row


def marks_of(page: Page, exchange_ms: int, wanted: Mapping[str, str]) -> list[MarkRow]:
    """The usable marks of `wanted`, at the time of the answer."""
    return [
        (wanted[row.symbol], row.mark_price, exchange_ms)
        for row in _tickers(page, wanted)
        if 0.0 < row.mark_price < math.inf
    ]


def funding_of(page: Page, wanted: Mapping[str, str]) -> list[FundingRate]:
    """The funding rates of `wanted`; dated contracts say "" and are left out."""
    rates: list[FundingRate] = []
    for row in _tickers(page, wanted):
        try:
            rate, next_ms = float(row.funding_rate), int(row.next_funding_ms or 0)
        except ValueError:
            continue
        next_at = from_milliseconds(next_ms) if next_ms > 0 else None
        interval = stated_interval(row.interval_hours, HOUR)
        rates.append(FundingRate(symbol=wanted[row.symbol], rate=rate, next_at=next_at, interval=interval))
    return rates


def candles_of(page: Page) -> list[MarkCandle]:
    """Candles of the mark, oldest first; the venue sends the newest first.

    Raises:
        PayloadError: a row does not have the documented shape.
    """
    return sorted(candles.candles_of(page.rows, "mark-price-kline"), key=lambda candle: candle.opened_at)


class RiskLimit(msgspec.Struct, frozen=True, gc=False):
    """One row of `risk-limit`. The cap is in settle currency; the first tier says "" for its deduction."""

    symbol: str
    notional_cap: float = msgspec.field(name="riskLimitValue")
    maintenance_margin_rate: float = msgspec.field(name="maintenanceMargin")
    initial_margin_rate: float = msgspec.field(name="initialMargin", default=0.0)
    max_leverage: float = msgspec.field(name="maxLeverage", default=0.0)
    deduction: str | float | None = msgspec.field(name="mmDeduction", default=None)

    @property
    def scale(self) -> float:
        """Older answers state rates in percent: there, initial rate times highest leverage is 100, not 1."""
        return PERCENT if self.initial_margin_rate * self.max_leverage > BETWEEN_SCALES else 1.0


_risk_limit = msgspec.json.Decoder(RiskLimit, strict=False)


def tiers_of(page: Page, native: str) -> tuple[LeverageTier, ...]:
    """The tiers of one market, ascending. Where no deduction is stated, that which joins the tiers without a jump.

    Source: Bybit help, Maintenance Margin (USDT Contract), 2026-08: MM = value * rate - deduction.

    Raises:
        PayloadError: a row of that market does not have the documented shape.
    """
    try:
        rows = [row for row in map(_risk_limit.decode, page.rows) if row.symbol == native]
        return tuple(_joined(sorted(rows, key=lambda row: row.notional_cap)))
    except (*UNREADABLE, ValueError) as error:
        raise PayloadError(f"risk-limit of {native}: {error}") from error


def _joined(rows: list[RiskLimit]) -> Iterator[LeverageTier]:
    floor, rate_before, joining = 0.0, 0.0, 0.0
    for row in rows:
        rate = row.maintenance_margin_rate * row.scale
        joining = joining + floor * (rate - rate_before) if floor else 0.0
        yield LeverageTier(
            notional_floor=floor,
            notional_cap=row.notional_cap,
            maintenance_margin_rate=rate,
            maintenance_deduction=joining if row.deduction is None else float(row.deduction or 0.0),
            max_leverage=row.max_leverage or None,
        )
        floor, rate_before = row.notional_cap, rate


class TimeResult(msgspec.Struct, frozen=True, gc=False):
    """The venue's clock."""

    nanoseconds: int = msgspec.field(name="timeNano")


class TimeAnswer(msgspec.Struct, frozen=True, gc=False):
    """`/v5/market/time`."""

    result: TimeResult


def read_time(answer: object) -> float:
    """The venue's clock, epoch ms.

    Raises:
        PayloadError: the answer has none.
    """
    try:
        return msgspec.convert(answer, TimeAnswer, strict=False).result.nanoseconds / 1e6
    except msgspec.ValidationError as error:
        raise PayloadError(f"time: {error}") from None
