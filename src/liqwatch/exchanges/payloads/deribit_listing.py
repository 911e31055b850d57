"""Deribit's public answers over REST: the list of futures, their marks and their funding.

The listing tells neither maintenance rates nor how they grow with size, only the highest leverage; see `tier_of`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.deribit_market import Ticker
from liqwatch.exchanges.payloads.funding_interval import HOUR
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import ContractKind, FundingRate, Instrument, LeverageTier, MarkRow

RATE_INTERVAL: Final = 8 * HOUR
"""For how long a stated rate is; it is paid without a pause."""
MAINTENANCE_SHARE: Final = 0.5
"""Maintenance rate ÷ initial rate (1 ÷ highest leverage): so it is in positions reported in 2025, six of six."""
GROWTH_PER_BASE_UNIT: Final[Mapping[str, float]] = {
    "BTC": 0.000_05,
    "ETH": 0.000_004,
    "LTC": 0.000_005,
    "ADA": 0.000_000_06,
    "TRX": 0.000_000_01,
}
"""What is added to the rate per unit of the base held. BTC and ETH by Deribit support, margin change of 2022-01-11
(read 2026-11); BTC confirmed by, and the others from, the maintenance of positions reported in 2025."""


class ListedFuture(msgspec.Struct, frozen=True):
    """One row of `public/get_instruments`."""

    instrument_name: str
    kind: str
    base_currency: str
    counter_currency: str
    settlement_currency: str
    contract_size: float
    tick_size: float = 0.0
    max_leverage: float = 0.0
    max_liquidation_commission: float = 0.0
    settlement_period: str = ""
    expiration_timestamp: int = 0
    is_active: bool = True


class Summary(msgspec.Struct, frozen=True, gc=False):
    """One row of `public/get_book_summary_by_currency`; only perpetuals have a funding rate."""

    instrument_name: str
    mark_price: float | None = None
    exchange_ms: int = msgspec.field(name="creation_timestamp", default=0)
    current_funding: float | None = None


class Answer(msgspec.Struct, frozen=True):
    """A list; rows are decoded one by one, so that an odd one blinds nobody."""

    rows: list[msgspec.Raw] = msgspec.field(name="result")


class TickerAnswer(msgspec.Struct, frozen=True):
    """`public/ticker`."""

    ticker: Ticker = msgspec.field(name="result")


_answer = msgspec.json.Decoder(Answer)
_ticker_answer = msgspec.json.Decoder(TickerAnswer, strict=False)
_future = msgspec.json.Decoder(ListedFuture, strict=False)
_summary = msgspec.json.Decoder(Summary, strict=False)


def read_futures(body: bytes) -> tuple[list[ListedFuture], int]:
    """Futures and perpetuals, and how many rows could not be read; options, spot and combinations are passed over.

    Raises:
        PayloadError: the answer as a whole does not have the documented shape.
    """
    futures: list[ListedFuture] = []
    unreadable = 0
    for row in _rows(body, "get_instruments"):
        try:
            listed = _future.decode(row)
        except msgspec.ValidationError:
            unreadable += 1 if b'"future"' in bytes(row) else 0
            continue
        if listed.kind == "future":
            futures.append(listed)
    return futures, unreadable


def linear_currencies(futures: Iterable[ListedFuture]) -> list[str]:
    """The settle currencies of linear futures, in alphabetical order."""
    return sorted({each.settlement_currency for each in futures if kind_of(each) is ContractKind.LINEAR})


def listing_of(futures: Iterable[ListedFuture], unreadable: int, mark_prices: Mapping[str, float]) -> Listing:
    """Futures in our terms; `mark_prices` by native name, as far as they are known."""
    return Listing.of((instrument_of(each, mark_prices.get(each.instrument_name)) for each in futures), unreadable)


def kind_of(listed: ListedFuture) -> ContractKind:
    """A contract that settles in what it is priced in is linear."""
    return ContractKind.LINEAR if listed.counter_currency == listed.settlement_currency else ContractKind.INVERSE


def instrument_of(listed: ListedFuture, mark_price: float | None) -> Instrument:
    """A listed future in our terms.

    The venue's rate grows by a fixed amount per unit of the base. In an inverse contract the base is what notional
    is counted in; in a linear one the growth is divided by the mark of the day: exact there, and on the way to a
    liquidation price off by the growth times the way.
    """
    kind, growth = kind_of(listed), GROWTH_PER_BASE_UNIT.get(listed.base_currency)
    if growth is not None and kind is ContractKind.LINEAR:
        growth = growth / mark_price if mark_price is not None and 0.0 < mark_price < math.inf else None
    return Instrument(
        symbol=unified_symbol(listed),
        native_symbol=listed.instrument_name,
        settle_currency=listed.settlement_currency,
        contract_kind=kind,
        contract_size=listed.contract_size,
        price_tick=listed.tick_size,
        tiers=tier_of(listed),
        tiers_assumed=growth is None,
        maintenance_rate_growth=growth or 0.0,
        liquidation_fee_rate=listed.max_liquidation_commission,
        is_trading=listed.is_active,
    )


def tier_of(listed: ListedFuture) -> tuple[LeverageTier, ...]:
    """One tier without end: half the initial rate at the highest leverage; none where no leverage is told."""
    if not 0.0 < listed.max_leverage < math.inf:
        return ()
    rate = MAINTENANCE_SHARE / listed.max_leverage
    return (
        LeverageTier(
            notional_floor=0.0,
            notional_cap=math.inf,
            maintenance_margin_rate=rate,
            max_leverage=listed.max_leverage,
        ),
    )


def unified_symbol(listed: ListedFuture) -> str:
    """`BTC/USD:BTC`, `BTC/USDC:USDC`, dated `BTC/USD:BTC-261225`."""
    symbol = f"{listed.base_currency}/{listed.counter_currency}:{listed.settlement_currency}"
    if listed.settlement_period == "perpetual":
        return symbol
    return f"{symbol}-{from_milliseconds(listed.expiration_timestamp).astimezone(UTC):%y%m%d}"


def native_symbol(symbol: str) -> str:
    """The venue's name for a unified symbol: `BTC-PERPETUAL`, `BTC_USDC-PERPETUAL`, `BTC-5DEC26`."""
    pair, _, settle = symbol.partition(":")
    base, _, quote = pair.partition("/")
    settle, _, delivery = settle.partition("-")
    name = f"{base}_{quote}" if settle == quote else base
    if not delivery:
        return f"{name}-PERPETUAL"
    try:
        day = datetime.strptime(delivery, "%y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return f"{name}-{delivery}"
    return f"{name}-{day.day}{day:%b%y}".upper()


def settle_currency_of(native: str) -> str:
    """`BTC` of `BTC-PERPETUAL`, `USDC` of `BTC_USDC-25DEC26-100000-C`."""
    name = native.partition("-")[0]
    return name.rpartition("_")[2]


def read_summaries(body: bytes) -> list[Summary]:
    """The readable rows of a book summary.

    Raises:
        PayloadError: the answer as a whole does not have the documented shape.
    """
    summaries: list[Summary] = []
    for row in _rows(body, "get_book_summary_by_currency"):
        try:
            summaries.append(_summary.decode(row))
        except msgspec.ValidationError:
            continue
    return summaries


def marks_of(summaries: Iterable[Summary], wanted: Mapping[str, str]) -> list[MarkRow]:
    """The usable mark prices of `wanted`."""
    return [
        (wanted[row.instrument_name], row.mark_price, row.exchange_ms)
        for row in summaries
        if row.instrument_name in wanted and row.mark_price is not None and 0.0 < row.mark_price < math.inf
    ]


def funding_of(summaries: Iterable[Summary], wanted: Mapping[str, str]) -> list[FundingRate]:
    """The funding in force: the rate of eight hours, paid without a pause and so without a next time."""
    return [
        FundingRate(symbol=wanted[row.instrument_name], rate=row.current_funding, interval=RATE_INTERVAL)
        for row in summaries
        if row.instrument_name in wanted and row.current_funding is not None and math.isfinite(row.current_funding)
    ]


def read_ticker(body: bytes, wanted: Mapping[str, str]) -> list[MarkRow]:
    """The mark price of one market.

    Raises:
        PayloadError: the answer does not have the documented shape.
    """
    try:
        ticker = _ticker_answer.decode(body).ticker
    except UNREADABLE as error:
        raise PayloadError(f"ticker: {error}") from error
    if ticker.instrument_name not in wanted or not 0.0 < ticker.mark_price < math.inf:
        return []
    return [(wanted[ticker.instrument_name], ticker.mark_price, ticker.exchange_ms)]


def _rows(body: bytes, name: str) -> Sequence[msgspec.Raw]:
    try:
        return _answer.decode(body).rows
    except UNREADABLE as error:
        raise PayloadError(f"{name}: {error}") from error
