"""KuCoin's public answers: contracts, marks, funding, risk limits, and how its contracts are named."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.funding_interval import MILLISECOND, stated_interval
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import ContractKind, FundingRate, Instrument, LeverageTier, MarkRow

OUR_NAMES = {
    "XBT": "BTC",
    "BCHSV": "BSV",
    "BIFI": "BIFIF",
    "VAI": "VAIOT",
    "WAX": "WAXP",
    "ALT": "APTOSLAUNCHTOKEN",
    "KALT": "ALT",
    "FUD": "FTX Users' Debt",
}
"""KuCoin's currency codes that the unified symbols of ccxt 4.5.90 rename."""
THEIR_NAMES = {ours: theirs for theirs, ours in OUR_NAMES.items()}
MONTH_LETTERS = "FGHJKMNQUVXZ"
"""January to December in the names of dated contracts (`XBTMM22`: June 2022)."""

Answer = TypeVar("Answer")


def unified_currency(code: str) -> str:
    """`XBT` is BTC."""
    return OUR_NAMES.get(code, code)


class Contract(msgspec.Struct, frozen=True):
    """One row of `/api/v1/contracts/active`. The multiplier is negative for inverse contracts."""

    symbol: str
    base: str = msgspec.field(name="baseCurrency")
    quote: str = msgspec.field(name="quoteCurrency")
    settle: str = msgspec.field(name="settleCurrency")
    multiplier: float
    price_tick: float = msgspec.field(name="tickSize")
    maintenance_margin_rate: float | None = msgspec.field(name="maintainMargin", default=None)
    taker_fee_rate: float | None = msgspec.field(name="takerFeeRate", default=None)
    is_inverse: bool = msgspec.field(name="isInverse", default=False)
    status: str = "Open"
    expiry_ms: int | None = msgspec.field(name="expireDate", default=None)
    milliseconds_to_funding: float | None = msgspec.field(name="nextFundingRateTime", default=None)


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Mark and funding in the same rows; `nextFundingRateDateTime` (epoch ms) is missing in old ones.

    The interval now in force is told apart from the contract's own since a change of it may be announced.
    """

    symbol: str
    mark_price: float | None = msgspec.field(name="markPrice", default=None)
    funding_rate: float | None = msgspec.field(name="fundingFeeRate", default=None)
    next_funding_ms: int | None = msgspec.field(name="nextFundingRateDateTime", default=None)
    interval_ms: object = msgspec.field(name="fundingRateGranularity", default=None)
    present_interval_ms: object = msgspec.field(name="currentFundingRateGranularity", default=None)


class CurrentMark(msgspec.Struct, frozen=True, gc=False):
    """`/api/v1/mark-price/{symbol}/current`."""

    symbol: str
    price: float = msgspec.field(name="value")
    exchange_ms: int = msgspec.field(name="timePoint", default=0)


class CurrentFunding(msgspec.Struct, frozen=True, gc=False):
    """`/api/v1/funding-rate/{symbol}/current`; its `symbol` is the one of the rate, not of the contract."""

    rate: float = msgspec.field(name="value")
    next_ms: int | None = msgspec.field(name="fundingTime", default=None)
    interval_ms: object = msgspec.field(name="granularity", default=None)


class RiskLimit(msgspec.Struct, frozen=True, gc=False):
    """One level of `/api/v1/contracts/risk-limit/{symbol}`; limits are in the settle currency."""

    notional_floor: float = msgspec.field(name="minRiskLimit")
    notional_cap: float = msgspec.field(name="maxRiskLimit")
    maintenance_margin_rate: float = msgspec.field(name="maintainMargin")
    max_leverage: float | None = msgspec.field(name="maxLeverage", default=None)


class _Envelope(msgspec.Struct, frozen=True):
    code: str
    data: msgspec.Raw = msgspec.Raw()
    message: str = msgspec.field(name="msg", default="")


GRANTED = frozenset({"200000", "200"})


def opened(body: bytes, kind: type[Answer], what: str) -> Answer:
    """The data of an answer; KuCoin refuses with status 200 and a code of its own.

    Raises:
        PayloadError: a refusal, or not the documented shape.
    """
    try:
        envelope = msgspec.json.decode(body, type=_Envelope, strict=False)
        if envelope.code not in GRANTED:
            raise PayloadError(f"{what}: {envelope.code} {envelope.message}")
        return msgspec.json.decode(envelope.data, type=kind, strict=False)
    except UNREADABLE as error:
        raise PayloadError(f"{what}: {error}") from error


def read_listing(body: bytes) -> Listing:
    """Every contract of `/api/v1/contracts/active`. Raises PayloadError."""
    instruments: list[Instrument] = []
    unreadable = 0
    for row in opened(body, list[msgspec.Raw], "contracts"):
        try:
            instruments.append(instrument_of(msgspec.json.decode(row, type=Contract, strict=False)))
        except (*UNREADABLE, ValueError):
            unreadable += 1
    return Listing.of(instruments, unreadable)


def instrument_of(contract: Contract) -> Instrument:
    """A contract in our terms. Its one rate is that of the lowest risk limit: taken for all until the tiers are known.

    The taker fee counts as cost of closing in cross mode (KuCoin support, cross margin, article 35233217061785).
    Raises ValueError for a contract whose size cannot be.
    """
    if not 0.0 < abs(contract.multiplier) < math.inf:
        raise ValueError(f"{contract.symbol}: multiplier")
    rate = contract.maintenance_margin_rate or 0.0
    assumed = LeverageTier(notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=rate)
    return Instrument(
        symbol=unified_symbol(contract),
        native_symbol=contract.symbol,
        settle_currency=unified_currency(contract.settle),
        contract_kind=ContractKind.INVERSE if contract.is_inverse else ContractKind.LINEAR,
        contract_size=abs(contract.multiplier),
        price_tick=contract.price_tick,
        tiers=(assumed,) if rate > 0 else (),
        tiers_assumed=rate > 0,
        closing_fee_rate=contract.taker_fee_rate or 0.0,
        is_trading=contract.status == "Open",
    )


def unified_symbol(contract: Contract) -> str:
    """`BTC/USDT:USDT`, dated `BTC/USD:BTC-220624`; a contract without a next funding is a dated one."""
    base, quote, settle = (unified_currency(code) for code in (contract.base, contract.quote, contract.settle))
    symbol = f"{base}/{quote}:{settle}"
    if contract.milliseconds_to_funding is not None or contract.expiry_ms is None:
        return symbol
    return f"{symbol}-{from_milliseconds(contract.expiry_ms).astimezone(UTC):%y%m%d}"


def native_symbol(symbol: str) -> str:
    """KuCoin's name for a unified symbol, by its own rule: `XBTUSDTM`, `XBTUSDM`, dated `XBTMM22`."""
    pair, _, settle = symbol.partition(":")
    base, _, quote = pair.partition("/")
    _, _, delivery = settle.partition("-")
    root = THEIR_NAMES.get(base, base)
    if not delivery:
        return f"{root}{quote}M"
    return f"{root}M{MONTH_LETTERS[int(delivery[2:4]) - 1]}{delivery[:2]}"


def read_marks(body: bytes, wanted: Mapping[str, str]) -> list[MarkRow]:
    """The usable marks of the list of contracts, which states no time. Raises PayloadError."""
    return [
        (wanted[row.symbol], row.mark_price, 0)
        for row in _quotes(body)
        if row.symbol in wanted and row.mark_price is not None and 0.0 < row.mark_price < math.inf
    ]


def read_current_mark(body: bytes, wanted: Mapping[str, str]) -> list[MarkRow]:
    """One market's mark with its time. Raises PayloadError."""
    row = opened(body, CurrentMark, "mark-price")
    if row.symbol not in wanted or not 0.0 < row.price < math.inf:
        return []
    return [(wanted[row.symbol], row.price, row.exchange_ms)]


def read_funding(body: bytes, wanted: Mapping[str, str]) -> list[FundingRate]:
    """The rates in force, from the list of contracts. Raises PayloadError."""
    return [
        FundingRate(
            symbol=wanted[row.symbol],
            rate=row.funding_rate,
            next_at=_moment(row.next_funding_ms),
            interval=stated_interval(row.present_interval_ms, MILLISECOND)
            or stated_interval(row.interval_ms, MILLISECOND),
        )
        for row in _quotes(body)
        if row.symbol in wanted and row.funding_rate is not None and math.isfinite(row.funding_rate)
    ]


def read_current_funding(body: bytes, symbol: str) -> list[FundingRate]:
    """One market's rate. Raises PayloadError."""
    row = opened(body, CurrentFunding, "funding-rate")
    if not math.isfinite(row.rate):
        return []
    interval = stated_interval(row.interval_ms, MILLISECOND)
    return [FundingRate(symbol=symbol, rate=row.rate, next_at=_moment(row.next_ms), interval=interval)]


def read_tiers(body: bytes) -> tuple[LeverageTier, ...]:
    """The risk limits of one market, ascending. The rate of a level is that of the whole position: no deduction.

    Raises:
        PayloadError: not the documented shape, or a figure that cannot be.
    """
    rows = sorted(opened(body, list[RiskLimit], "risk-limit"), key=lambda row: row.notional_floor)
    if not all(0.0 <= row.maintenance_margin_rate < 1.0 and row.notional_cap > row.notional_floor for row in rows):
        raise PayloadError("risk-limit: maintainMargin or maxRiskLimit cannot be")
    return tuple(
        LeverageTier(
            notional_floor=row.notional_floor,
            notional_cap=row.notional_cap,
            maintenance_margin_rate=row.maintenance_margin_rate,
            max_leverage=row.max_leverage,
        )
        for row in rows
    )


def _quotes(body: bytes) -> Sequence[Quote]:
    """Rows that can be read; a bad one does not cost its neighbours."""
    quotes: list[Quote] = []
    for row in opened(body, list[msgspec.Raw], "contracts"):
        try:
            quotes.append(msgspec.json.decode(row, type=Quote, strict=False))
        except UNREADABLE:
            continue
    return quotes


def _moment(milliseconds: int | None) -> datetime | None:
    return from_milliseconds(milliseconds) if milliseconds else None
