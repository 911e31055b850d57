"""What Kraken Futures tells without a key over REST: contracts, marks, funding and mark candles. Pure.

Names: `PF_` perpetual and `FF_` dated multi-collateral contracts (linear, settled in USD), `PI_` perpetual and `FI_`
dated inverse ones (settled in the base). The venue writes XBT for BTC, and the quote is always USD.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import msgspec

from liqwatch.errors import ExchangeError, PayloadError
from liqwatch.exchanges.payloads.funding_interval import HOUR
from liqwatch.exchanges.payloads.kraken_futures_tiers import MarginLevel, leverage_tiers
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import ContractKind, FundingRate, Instrument, MarkCandle, MarkRow

QUOTE: Final = "USD"
INVERSE: Final = "futures_inverse"
FUTURES: Final = frozenset({INVERSE, "flexible_futures", "futures_vanilla"})
COMMON_NAMES: Final = {"XBT": "BTC", "BCHSV": "BSV"}
"""The venue's names of currencies, and ccxt's."""
VENUE_NAMES: Final = {common: name for name, common in COMMON_NAMES.items()}
DATE_DIGITS: Final = 6
MOST_CANDLES: Final = 2000
CANDLE_STEPS: Final = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}

Row = TypeVar("Row")


class Contract(msgspec.Struct, frozen=True, gc=False):
    """One row of `/instruments`; indices stand there too."""

    symbol: str
    kind: str = msgspec.field(name="type")
    tradeable: bool = False
    tick: float = msgspec.field(name="tickSize", default=0.0)
    contract_size: float = msgspec.field(name="contractSize", default=1.0)
    last_trading_time: str | None = msgspec.field(name="lastTradingTime", default=None)
    levels: list[MarginLevel] = msgspec.field(name="marginLevels", default_factory=list)
    retail_levels: list[MarginLevel] = msgspec.field(name="retailMarginLevels", default_factory=list)

    @property
    def native_symbol(self) -> str:
        """The name as the streams write it; old answers have it in lower case."""
        return self.symbol.upper()

    @property
    def is_inverse(self) -> bool:
        """Settled in the base."""
        return self.kind == INVERSE


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `/tickers`. `funding_rate` is an amount per contract and hour, no fraction."""

    symbol: str
    mark_price: float | None = msgspec.field(name="markPrice", default=None)
    index_price: float | None = msgspec.field(name="indexPrice", default=None)
    funding_rate: float | None = msgspec.field(name="fundingRate", default=None)


class Candle(msgspec.Struct, frozen=True, gc=False):
    """One candle of `/charts`."""

    opened_ms: int = msgspec.field(name="time")
    high: float
    low: float


class Instruments(msgspec.Struct, frozen=True):
    """The answer of `/instruments`."""

    instruments: list[msgspec.Raw]


class Tickers(msgspec.Struct, frozen=True):
    """The answer of `/tickers`, or of one ticker."""

    tickers: list[msgspec.Raw] = msgspec.field(default_factory=list)
    ticker: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    server_time: str = msgspec.field(name="serverTime", default="")


class Candles(msgspec.Struct, frozen=True):
    """The answer of `/charts`."""

    candles: list[Candle]
    more: bool = msgspec.field(name="more_candles", default=False)


class Failure(msgspec.Struct, frozen=True, gc=False):
    """A refusal, which comes with status 200."""

    result: str = ""
    error: str = ""


class ServerTime(msgspec.Struct, frozen=True, gc=False):
    """The time that every answer carries."""

    server_time: str = msgspec.field(name="serverTime")


def read_time(answer: object) -> float:
    """The venue's clock, epoch ms. Raises ValidationError or ValueError."""
    text = msgspec.convert(answer, ServerTime).server_time
    return datetime.fromisoformat(text).timestamp() * 1000


def currency(name: str) -> str:
    """Ccxt's name of a currency."""
    upper = name.upper()
    return COMMON_NAMES.get(upper, upper)


def unified_symbol(contract: Contract) -> str:
    """As ccxt writes it: `BTC/USD:USD`, `BTC/USD:BTC`, `BTC/USD:USD-250627`. Raises ValueError for an odd name."""
    _, _, rest = contract.native_symbol.partition("_")
    pair = rest.partition("_")[0]
    if len(pair) <= len(QUOTE):
        raise ValueError(contract.symbol)
    base = currency(pair[: -len(QUOTE)])
    symbol = f"{base}/{QUOTE}:{base if contract.is_inverse else QUOTE}"
    if contract.last_trading_time is None:
        return symbol
    return f"{symbol}-{datetime.fromisoformat(contract.last_trading_time).astimezone(UTC):%y%m%d}"


def native_symbol(symbol: str) -> str:
    """The venue's name by its rule of naming: `BTC/USD:USD` is `PF_XBTUSD`, `BTC/USD:BTC-250627` `FI_XBTUSD_250627`."""
    pair, _, settled = symbol.partition(":")
    base, _, quote = pair.partition("/")
    settle, dash, expiry = settled.partition("-")
    family = "I" if settle == base else "F"
    name = f"{VENUE_NAMES.get(base, base)}{quote}"
    return f"F{family}_{name}_{expiry[:DATE_DIGITS]}" if dash else f"P{family}_{name}"


def read_contracts(body: bytes) -> tuple[list[Contract], int]:
    """Futures and perpetuals, and the number of unreadable rows.

    Raises:
        ExchangeError: the venue refuses.
        PayloadError: the answer has another shape.
    """
    contracts, unreadable = _rows(_answer(body, Instruments, "instruments").instruments, Contract)
    return [each for each in contracts if each.kind in FUTURES], unreadable


def listing_of(contracts: Sequence[Contract], unreadable: int, mark_prices: Mapping[str, float]) -> Listing:
    """Contracts with the levels for professional clients.

    Where the mark is not known, levels in contracts cannot be brought over: the first rate stands in for all.
    """
    instruments: list[Instrument] = []
    for contract in contracts:
        try:
            instruments.append(instrument_of(contract, mark_prices.get(contract.native_symbol)))
        except ValueError:
            unreadable += 1
    return Listing.of(instruments, unreadable)


def instrument_of(contract: Contract, mark_price: float | None) -> Instrument:
    """One contract. Raises ValueError for a row whose name, date or size cannot be."""
    symbol = unified_symbol(contract)
    if not 0 < contract.contract_size < math.inf:
        raise ValueError(contract.symbol)
    value = unit_value(contract, mark_price)
    tiers = leverage_tiers(contract.levels if value else contract.levels[:1], value or 1.0)
    return Instrument(
        symbol=symbol,
        native_symbol=contract.native_symbol,
        settle_currency=symbol.partition(":")[2].partition("-")[0],
        contract_kind=ContractKind.INVERSE if contract.is_inverse else ContractKind.LINEAR,
        contract_size=contract.contract_size,
        price_tick=contract.tick,
        tiers=tiers,
        tiers_assumed=bool(tiers) and value is None,
        is_trading=contract.tradeable,
    )


def unit_value(contract: Contract, mark_price: float | None) -> float | None:
    """What a unit of a level's floor is worth in the settle currency; None: that hangs on a mark that is not known."""
    if not contract.is_inverse:
        return 1.0
    return contract.contract_size / mark_price if mark_price and 0 < mark_price < math.inf else None


def read_tickers(body: bytes) -> tuple[list[TickerRow], datetime | None]:
    """Rows of `/tickers` or `/tickers/{symbol}`, odd ones left out, and the time of the answer. Raises as above."""
    answer = _answer(body, Tickers, "tickers")
    pieces = [*answer.tickers, *([answer.ticker] if bytes(answer.ticker) else [])]
    rows, _ = _rows(pieces, TickerRow)
    try:
        return rows, datetime.fromisoformat(answer.server_time)
    except ValueError:
        return rows, None


def marks_of(rows: Sequence[TickerRow], wanted: Mapping[str, str]) -> list[MarkRow]:
    """The marks of `wanted`; they have no time of their own (`lastTime` is the last trade's)."""
    return [
        (wanted[row.symbol.upper()], row.mark_price, 0)
        for row in rows
        if row.mark_price is not None and row.symbol.upper() in wanted
    ]


def funding_of(rows: Sequence[TickerRow], wanted: Mapping[str, str], now: datetime | None) -> list[FundingRate]:
    """Rates of one hour as a fraction of notional, due at the next full hour.

    The venue states an amount: USD per unit of the base, or coins per USD of an inverse contract. Its own stream's
    `relative_funding_rate` is the amount divided by the index, of inverse contracts multiplied with it.
    """
    next_at = None if now is None else now.replace(minute=0, second=0, microsecond=0) + HOUR
    rates: list[FundingRate] = []
    for row in rows:
        name, index_price = row.symbol.upper(), row.index_price or row.mark_price
        if row.funding_rate is None or name not in wanted or not index_price:
            continue
        rate = row.funding_rate * index_price if name.startswith("PI_") else row.funding_rate / index_price
        if math.isfinite(rate):
            rates.append(FundingRate(symbol=wanted[name], rate=rate, next_at=next_at, interval=HOUR))
    return rates


def candle_step(since: datetime, until: datetime) -> tuple[str, int]:
    """The finest candles (name, seconds) of which one answer covers the time."""
    span = max((until - since).total_seconds(), 0.0)
    return next(((name, step) for name, step in CANDLE_STEPS.items() if span / step < MOST_CANDLES), ("1d", 86_400))


def read_candles(body: bytes) -> tuple[list[MarkCandle], bool]:
    """Candles, and whether there are more. Raises as above."""
    answer = _answer(body, Candles, "candles")
    epoch = datetime.fromtimestamp(0, UTC)
    found = [
        MarkCandle(opened_at=epoch + timedelta(milliseconds=row.opened_ms), high=row.high, low=row.low)
        for row in answer.candles
        if 0 < row.low <= row.high < math.inf
    ]
    return found, answer.more


def _answer(body: bytes, kind: type[Row], what: str) -> Row:
    try:
        failure = msgspec.json.decode(body, type=Failure)
        if failure.result == "error":
            raise ExchangeError(f"{what}: the venue refuses: {failure.error[:100]}")
        return msgspec.json.decode(body, type=kind, strict=False)
    except UNREADABLE as error:
        raise PayloadError(f"{what}: {error}") from None


def _rows(pieces: Sequence[msgspec.Raw], kind: type[Row]) -> tuple[list[Row], int]:
    """Rows read one by one, so that an odd one blinds nobody, and the number of odd ones."""
    decoder = msgspec.json.Decoder(kind, strict=False)
    rows: list[Row] = []
    unreadable = 0
    for piece in pieces:
        try:
            rows.append(decoder.decode(piece))
        except UNREADABLE:
            unreadable += 1
    return rows, unreadable
