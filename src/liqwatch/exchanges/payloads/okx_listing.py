"""OKX's contracts and their tiers, as told without a key.

Tiers count contracts, not money. They are turned into notional at the mark of the moment they are asked, so that
an edge lies where it is now; it moves with the price (Get position tiers, OKX docs, read 2026-11).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.okx_envelope import (
    FUTURES,
    Figure,
    contract_family,
    milliseconds,
    number,
    rows_of,
)
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import ContractKind, Instrument, LeverageTier

TAKER_FEE_RATE = 0.0005
"""Of a regular user. OKX counts the account's own rate (0.03 % has been seen); a listing cannot know it."""
KINDS = {"linear": ContractKind.LINEAR, "inverse": ContractKind.INVERSE}
TRADING = frozenset({"live", "post_only"})
NOT_YET = frozenset({"preopen", "test"})
"""States in which fields may still be empty; such rows are no contracts yet."""


class ListedContract(msgspec.Struct, frozen=True, gc=False):
    """One row of `/public/instruments`; `face_value` is base units (linear) or quote units (inverse)."""

    native_symbol: str = msgspec.field(name="instId")
    family: str = msgspec.field(name="instType", default="")
    kind: str = msgspec.field(name="ctType", default="")
    face_value: Figure = msgspec.field(name="ctVal", default="")
    settle: str = msgspec.field(name="settleCcy", default="")
    underlying: str = msgspec.field(name="uly", default="")
    expires: Figure = msgspec.field(name="expTime", default="")
    tick: Figure = msgspec.field(name="tickSz", default="")
    state: str = ""


_contract = msgspec.json.Decoder(ListedContract)


def read_contracts(body: bytes) -> tuple[list[Instrument], int]:
    """The contracts of one family, and how many rows could not be read. Raises as `rows_of`."""
    instruments: list[Instrument] = []
    unreadable = 0
    for row in rows_of(body, "instruments"):
        try:
            contract = _contract.decode(row)
            if contract.state not in NOT_YET or contract.face_value:
                instruments.append(instrument_of(contract))
        except (*UNREADABLE, PayloadError):
            unreadable += 1
    return instruments, unreadable


def instrument_of(contract: ListedContract) -> Instrument:
    """A listed contract in our terms.

    Raises:
        PayloadError: it lacks what makes it a contract.
    """
    face_value, kind = number(contract.face_value), KINDS.get(contract.kind)
    if face_value is None or face_value <= 0 or kind is None:
        raise PayloadError(f"instruments: {contract.native_symbol} has no contract value or type")
    return Instrument(
        symbol=unified_symbol(contract),
        native_symbol=contract.native_symbol,
        settle_currency=contract.settle,
        contract_kind=kind,
        contract_size=face_value,
        price_tick=number(contract.tick) or 0.0,
        closing_fee_rate=TAKER_FEE_RATE,
        is_trading=contract.state in TRADING,
    )


def unified_symbol(contract: ListedContract) -> str:
    """`BTC/USDT:USDT`; every contract of the family FUTURES, the long X-Perps too, carries its date.

    Raises:
        PayloadError: underlying, settle currency or date is missing.
    """
    base, _, quote = contract.underlying.partition("-")
    quote = quote.partition("-")[0]
    expires_ms = milliseconds(contract.expires)
    if not (base and quote and contract.settle) or (contract.family == FUTURES and expires_ms <= 0):
        raise PayloadError(f"instruments: {contract.native_symbol} has no underlying, settle currency or date")
    symbol = f"{base}/{quote}:{contract.settle}"
    if contract.family != FUTURES:
        return symbol
    return f"{symbol}-{from_milliseconds(expires_ms).astimezone(UTC):%y%m%d}"


def native_symbol(symbol: str) -> str:
    """The venue's name for a unified symbol by its rule of naming: for use before the list is known.

    Dollar contracts that settle in a dollar coin are `BTC-USD_UM-260925`. An X-Perp (`BTC-USD_UM_XPERP-310404`)
    cannot be told from them by its symbol: only the list knows it.
    """
    pair, _, settle = symbol.partition(":")
    settle, _, delivery = settle.partition("-")
    base, _, quote = pair.partition("/")
    unified_margin = "_UM" if quote == "USD" and settle != base else ""
    return f"{base}-{quote}{unified_margin}-{delivery or 'SWAP'}"


class TierRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `/public/position-tiers`: bounds in contracts."""

    instrument_family: str = msgspec.field(name="instFamily", default="")
    underlying: str = msgspec.field(name="uly", default="")
    most_contracts: float = msgspec.field(name="maxSz", default=math.inf)
    maintenance_margin_rate: float = msgspec.field(name="mmr", default=math.nan)
    max_leverage: float | None = msgspec.field(name="maxLever", default=None)


_tier = msgspec.json.Decoder(TierRow, strict=False)


def read_tiers(body: bytes) -> dict[str, list[TierRow]]:
    """Tiers by instrument family, ascending.

    Raises:
        PayloadError: a row cannot be read; a table with a hole would state a wrong rate. Else as `rows_of`.
    """
    tables: dict[str, list[TierRow]] = {}
    for raw in rows_of(body, "position-tiers"):
        try:
            row = _tier.decode(raw)
        except UNREADABLE as error:
            raise PayloadError(f"position-tiers: {error}") from error
        if not math.isfinite(row.maintenance_margin_rate):
            raise PayloadError(f"position-tiers: {row.instrument_family} has a tier without mmr")
        tables.setdefault(row.instrument_family or row.underlying, []).append(row)
    return {family: sorted(rows, key=lambda row: row.most_contracts) for family, rows in tables.items()}


def leverage_tiers_of(rows: Iterable[TierRow], instrument: Instrument, mark_price: float) -> tuple[LeverageTier, ...]:
    """Tiers in notional of the settle currency at this mark."""
    coordinate = 1.0 / mark_price if instrument.contract_kind is ContractKind.INVERSE else mark_price
    notional_each = instrument.contract_size * coordinate
    tiers: list[LeverageTier] = []
    floor = 0.0
    for row in rows:
        cap = row.most_contracts * notional_each
        tiers.append(
            LeverageTier(
                notional_floor=floor,
                notional_cap=cap,
                maintenance_margin_rate=row.maintenance_margin_rate,
                max_leverage=row.max_leverage,
            )
        )
        floor = cap
    return tuple(tiers)


def families_of(natives: Iterable[str], listing: Listing) -> Mapping[str, list[Instrument]]:
    """The listed ones among these markets, by SWAP or FUTURES."""
    families: dict[str, list[Instrument]] = {}
    for native in natives:
        instrument = listing.by_native.get(native)
        if instrument is not None:
            families.setdefault(contract_family(native), []).append(instrument)
    return families
