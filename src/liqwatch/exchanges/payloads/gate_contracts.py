"""What Gate tells over REST without a key: contracts, marks, funding, candles of the mark, risk limit tiers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.funding_interval import SECOND, stated_interval
from liqwatch.exchanges.payloads.gate_market import pieces_of
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.model import ContractKind, FundingRate, Instrument, LeverageTier, MarkCandle, MarkRow

FAMILIES = ("usdt", "btc", "usd1")
"""Settle currencies, each with paths and a stream of its own."""
SETTLES_BY_QUOTE = {"USDT": "usdt", "USD": "btc", "USD1": "usd1"}
INVERSE_CONTRACT_SIZE = 1.0
"""USD per contract; the venue writes a multiplier of 0 for inverse contracts."""
TRADING = "trading"

CURRENCIES = {
    "88MPH": "MPH",
    "ASS": "ASSF",
    "AXIS": "AXISDEFI",
    "BCHSV": "BSV",
    "BIFI": "BITCOINFILE",
    "BOX": "DEFIBOX",
    "BYN": "BEYONDFI",
    "EGG": "GOOSEFINANCE",
    "GTC": "GAMECOM",
    "GTC_BSC": "GAMECOM_BSC",
    "GTC_HT": "GAMECOM_HT",
    "HIT": "HITCHAIN",
    "MM": "MILLION",
    "MPH": "MORPHER",
    "ORT": "XREATORS",
    "POINT": "GATEPOINT",
    "RAI": "RAIREFLEXINDEX",
    "SBTC": "SUPERBITCOIN",
    "TNC": "TRINITYNETWORKCREDIT",
    "TRAC": "TRACO",
    "VAI": "VAIOT",
    "XBT": "BTC",
}
"""The venue's name of a currency where ccxt's unified one is another (ccxt 4.5.90, `gate.commonCurrencies`)."""
OLD_NAMES = frozenset({"XBT", "BCHSV"})
"""Names that ccxt knows from other venues; Gate itself writes BTC and BSV."""
_VENUE_NAMES = {unified: native for native, unified in CURRENCIES.items() if native not in OLD_NAMES}

CANDLE_STEPS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}
MOST_CANDLES = 1900
"""The venue answers at most 2,000."""

Row = TypeVar("Row", bound=msgspec.Struct)


class ListedContract(msgspec.Struct, frozen=True):
    """One row of `/futures/{settle}/contracts`."""

    name: str
    kind: str = msgspec.field(name="type", default="direct")
    multiplier: float = msgspec.field(name="quanto_multiplier", default=0.0)
    maintenance_rate: float = 0.0
    taker_fee_rate: float = 0.0
    order_price_round: float = 0.0
    mark_price_round: float = 0.0
    status: str = TRADING
    is_in_delisting: bool = msgspec.field(name="in_delisting", default=False)


class FundedContract(msgspec.Struct, frozen=True, gc=False):
    """The same row, as far as it tells funding; `funding_next_apply` is in epoch seconds, the interval in seconds."""

    name: str
    funding_rate: float
    funding_next_apply: float = 0.0
    funding_interval: object = None


class TickerRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `/futures/{settle}/tickers`. It has no time."""

    contract: str
    mark_price: float


class CandleRow(msgspec.Struct, frozen=True, gc=False):
    """One candle of `mark_<contract>`; `t` is its beginning in epoch seconds."""

    opened_s: float = msgspec.field(name="t")
    high: float = msgspec.field(name="h")
    low: float = msgspec.field(name="l")


class TierRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `/futures/{settle}/risk_limit_tiers`: it reaches up to a position value of `risk_limit`."""

    risk_limit: float
    maintenance_rate: float
    deduction: float | None = None
    leverage_max: float | None = None


def family_of(native_symbol: str) -> str:
    """The settle family of a contract by the venue's rule of naming: the quote decides."""
    _, _, quote = native_symbol.partition("_")
    return SETTLES_BY_QUOTE.get(quote.partition("_")[0], FAMILIES[0])


def native_symbol(symbol: str) -> str:
    """The venue's name for a unified symbol, by its rule of naming."""
    pair, _, _ = symbol.partition(":")
    base, _, quote = pair.partition("/")
    return f"{_VENUE_NAMES.get(base, base)}_{quote}"


def unified_symbol(native: str, settle: str) -> str:
    """The symbol that ccxt uses: `BTC_USDT` settled in usdt is `BTC/USDT:USDT`."""
    base, _, quote = native.partition("_")
    currency = settle.upper()
    return f"{CURRENCIES.get(base, base)}/{CURRENCIES.get(quote, quote)}:{currency}"


def read_contracts(body: bytes, settle: str) -> tuple[list[Instrument], int]:
    """The contracts of one family, and how many rows could not be read.

    Raises:
        PayloadError: the answer as a whole does not have the documented shape.
    """
    contracts, unreadable = _rows(body, ListedContract, "contracts")
    instruments: list[Instrument] = []
    for contract in contracts:
        try:
            instruments.append(instrument_of(contract, settle))
        except PayloadError:
            unreadable += 1
    return instruments, unreadable


def instrument_of(contract: ListedContract, settle: str) -> Instrument:
    """A listed contract in our terms.

    `taker_fee_rate` is not what regular users pay, but what the venue's liquidation price counts (0.075 % against
    0.05 %: reported positions, see the golden ones). Liquidation prices come in steps of `mark_price_round`. The rate
    is that of the first tier until the tiers are asked for.

    Raises:
        PayloadError: the row does not tell what a contract is worth.
    """
    kind, size = _kind_and_size(contract, settle)
    assumed = LeverageTier(notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=contract.maintenance_rate)
    is_rate_told = 0 < contract.maintenance_rate < 1
    return Instrument(
        symbol=unified_symbol(contract.name, settle),
        native_symbol=contract.name,
        settle_currency=settle.upper(),
        contract_kind=kind,
        contract_size=size,
        price_tick=contract.mark_price_round or contract.order_price_round,
        tiers=(assumed,) if is_rate_told else (),
        tiers_assumed=is_rate_told,
        closing_fee_rate=contract.taker_fee_rate,
        is_trading=contract.status == TRADING and not contract.is_in_delisting,
    )


def _kind_and_size(contract: ListedContract, settle: str) -> tuple[ContractKind, float]:
    _, _, quote = contract.name.partition("_")
    if contract.kind == "inverse":
        return ContractKind.INVERSE, contract.multiplier or INVERSE_CONTRACT_SIZE
    if not contract.multiplier > 0:
        raise PayloadError(f"contracts: {contract.name} has no quanto_multiplier")
    kind = ContractKind.LINEAR if quote.upper() == settle.upper() else ContractKind.QUANTO
    return kind, contract.multiplier


def read_tickers(body: bytes, wanted: Mapping[str, str]) -> list[MarkRow]:
    """The mark prices of `wanted`, without a time. Raises PayloadError for another shape."""
    rows, _ = _rows(body, TickerRow, "tickers")
    return [(wanted[row.contract], row.mark_price, 0) for row in rows if row.contract in wanted]


def read_funding(body: bytes, wanted: Mapping[str, str]) -> list[FundingRate]:
    """The funding rates of `wanted`. Raises PayloadError for another shape."""
    rows, _ = _rows(body, FundedContract, "contracts")
    return [
        FundingRate(
            symbol=wanted[row.name],
            rate=row.funding_rate,
            next_at=datetime.fromtimestamp(row.funding_next_apply, UTC) if row.funding_next_apply > 0 else None,
            interval=stated_interval(row.funding_interval, SECOND),
        )
        for row in rows
        if row.name in wanted and math.isfinite(row.funding_rate)
    ]


def candle_query(native: str, since: datetime, until: datetime) -> dict[str, str]:
    """What to ask so that one answer covers the time in the finest candles that fit."""
    span = max((until - since).total_seconds(), 0.0)
    interval, step = next(
        ((name, seconds) for name, seconds in CANDLE_STEPS.items() if span / seconds <= MOST_CANDLES), ("1d", 86_400)
    )
    first = int(since.timestamp()) // step * step
    return {"contract": f"mark_{native}", "interval": interval, "from": str(first), "to": str(int(until.timestamp()))}


def read_candles(body: bytes) -> list[MarkCandle]:
    """Candles of the mark price. Raises PayloadError for another shape."""
    rows, _ = _rows(body, CandleRow, "candlesticks")
    epoch = datetime.fromtimestamp(0, UTC)
    return [
        MarkCandle(opened_at=epoch + timedelta(seconds=row.opened_s), high=row.high, low=row.low)
        for row in rows
        if 0 < row.low <= row.high < math.inf
    ]


def read_tiers(body: bytes) -> tuple[LeverageTier, ...]:
    """The risk limit tiers of one contract, ascending. Raises PayloadError for another shape."""
    rows, unreadable = _rows(body, TierRow, "risk_limit_tiers")
    if unreadable:
        raise PayloadError("risk_limit_tiers: a row is not as documented")
    return leverage_tiers(rows)


def leverage_tiers(rows: Iterable[TierRow]) -> tuple[LeverageTier, ...]:
    """Tiers in our terms. Values are in the settle currency.

    The venue counts maintenance tier by tier (`average_maintenance_rate`), so a deduction that a row leaves out
    follows from the rates: floor · (rate - rate before) + deduction before.
    """
    tiers: list[LeverageTier] = []
    floor = rate = deduction = 0.0
    for row in sorted(rows, key=lambda row: row.risk_limit):
        derived = floor * (row.maintenance_rate - rate) + deduction
        deduction = derived if row.deduction is None else row.deduction
        rate = row.maintenance_rate
        tiers.append(
            LeverageTier(
                notional_floor=floor,
                notional_cap=row.risk_limit,
                maintenance_margin_rate=rate,
                maintenance_deduction=deduction,
                max_leverage=row.leverage_max,
            )
        )
        floor = row.risk_limit
    return tuple(tiers)


def _rows(body: bytes, kind: type[Row], what: str) -> tuple[list[Row], int]:
    """Rows read one by one, so that an odd one blinds nobody, and the number of odd ones; a lone object is a row."""
    try:
        pieces = list(pieces_of(body))
    except UNREADABLE as error:
        raise PayloadError(f"{what}: {error}") from error
    decoder = msgspec.json.Decoder(kind, strict=False)
    rows: list[Row] = []
    for piece in pieces:
        with suppress(*UNREADABLE):
            rows.append(decoder.decode(piece))
    if pieces and not rows:
        raise PayloadError(f"{what}: no row is as documented")
    return rows, len(pieces) - len(rows)
