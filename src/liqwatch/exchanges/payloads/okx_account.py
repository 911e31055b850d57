"""OKX's private answers: positions, balances, account configuration, and the account they make.

Cash is outside isolated margin and unrealised profit: `eq = cashBal + cross upl + isoEq + stgyEq`. A futures-mode
account with an isolated position and OKX's own sample both add up so (Get balance, OKX docs, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.exchanges.payloads.okx_envelope import CONTRACTS, Figure, contract_family, number
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import (
    AccountSnapshot,
    ContractKind,
    Instrument,
    MarginMode,
    Position,
    Side,
    SnapshotSource,
)
from liqwatch.ports import KeyReport

SPOT_MODE, FUTURES_MODE, MULTI_CURRENCY, PORTFOLIO = "1", "2", "3", "4"
"""`acctLv` of the account configuration."""
ACCOUNT_MODES = frozenset({SPOT_MODE, FUTURES_MODE, MULTI_CURRENCY, PORTFOLIO})
POOLED_MODES = frozenset({MULTI_CURRENCY, PORTFOLIO})
POOL_CURRENCY = "USD"
SIDES = {"long": Side.LONG, "short": Side.SHORT}


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """One position, over REST and on the stream; pushes of `balance_and_position` have fewer fields.

    `contracts` is signed in net mode. `margin` is the isolated margin without unrealised profit.
    """

    native_symbol: str = msgspec.field(name="instId")
    contracts: Figure = msgspec.field(name="pos")
    family: str = msgspec.field(name="instType", default="")
    margin_mode: str = msgspec.field(name="mgnMode", default="cross")
    position_side: str = msgspec.field(name="posSide", default="net")
    entry_price: Figure = msgspec.field(name="avgPx", default="")
    mark_price: Figure = msgspec.field(name="markPx", default="")
    liquidation_price: Figure = msgspec.field(name="liqPx", default="")
    leverage: Figure = msgspec.field(name="lever", default="")
    margin: Figure = msgspec.field(default="")
    maintenance_margin: Figure = msgspec.field(name="mmr", default="")
    unrealized_profit: Figure = msgspec.field(name="upl", default="")
    usd_price: Figure = msgspec.field(name="usdPx", default="")
    margin_currency: str = msgspec.field(name="ccy", default="")
    adl_rank: Figure = msgspec.field(name="adl", default="")

    @property
    def is_contract(self) -> bool:
        """Whether it is a swap or a future; the rest has other arithmetic."""
        return (self.family or contract_family(self.native_symbol)) in CONTRACTS

    @property
    def mode(self) -> MarginMode:
        """Isolated or cross."""
        return MarginMode.ISOLATED if self.margin_mode == "isolated" else MarginMode.CROSS


class BalanceDetail(msgspec.Struct, frozen=True, gc=False):
    """One currency of the account."""

    currency: str = msgspec.field(name="ccy")
    cash: Figure = msgspec.field(name="cashBal", default="")


class BalanceRow(msgspec.Struct, frozen=True):
    """`/account/balance`. `margin_ratio` is equity ÷ maintenance: high is safe, 1 is liquidation."""

    details: list[BalanceDetail]
    adjusted_equity: Figure = msgspec.field(name="adjEq", default="")
    margin_ratio: Figure = msgspec.field(name="mgnRatio", default="")
    updated: Figure = msgspec.field(name="uTime", default="")


class ConfigurationRow(msgspec.Struct, frozen=True, gc=False):
    """`/account/config`: the account's mode and the rights of the key that asks."""

    account_mode: str = msgspec.field(name="acctLv")
    permissions: str = msgspec.field(name="perm", default="")
    addresses: str | None = msgspec.field(name="ip", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose snapshot it is, and the account's mode."""

    account: str
    venue: str
    account_mode: str = FUTURES_MODE


def side_of(row: PositionRow, contracts: float) -> Side:
    """In long/short mode the venue names the side, in net mode the sign does."""
    return SIDES.get(row.position_side) or (Side.LONG if contracts > 0 else Side.SHORT)


def position_of(row: PositionRow, listing: Listing, account_mode: str = FUTURES_MODE) -> Position:
    """One open row in our terms; only figures that the venue states itself.

    Raises:
        PayloadError: contracts, entry price or isolated margin is no number.
    """
    contracts, entry_price = number(row.contracts), number(row.entry_price)
    if not contracts or entry_price is None or entry_price <= 0:
        raise PayloadError(f"positions: pos or avgPx of {row.native_symbol} cannot be")
    mark_price = number(row.mark_price)
    margin = number(row.margin)
    if row.mode is MarginMode.ISOLATED and margin is None and mark_price is not None:
        raise PayloadError(f"positions: {row.native_symbol} is isolated without a margin")
    return Position(
        symbol=listing.unified(row.native_symbol),
        side=side_of(row, contracts),
        contracts=abs(contracts),
        entry_price=entry_price,
        margin_mode=row.mode,
        leverage=number(row.leverage) or None,
        isolated_wallet=margin if row.mode is MarginMode.ISOLATED else None,
        reported_liquidation_price=cleaned_liquidation_price(row.liquidation_price, mark_price or 0.0),
        reported_maintenance_margin=_maintenance(row, listing.by_native.get(row.native_symbol), account_mode),
        reported_mark_price=mark_price if mark_price is not None and mark_price > 0 else None,
        adl_rank=number(row.adl_rank),
    )


def _maintenance(row: PositionRow, instrument: Instrument | None, account_mode: str) -> float | None:
    """The venue's amount where it is the position's own, in its settle currency.

    A portfolio account repeats the sum of a risk unit on each of its positions, and pooled accounts count in dollars.
    """
    if row.mode is MarginMode.CROSS:
        is_inverse = instrument is not None and instrument.contract_kind is ContractKind.INVERSE
        if account_mode == PORTFOLIO or (account_mode == MULTI_CURRENCY and is_inverse):
            return None
    return number(row.maintenance_margin)


def snapshot_of(
    owner: Owner, rows: Iterable[PositionRow], balance: BalanceRow, listing: Listing, as_of: datetime
) -> AccountSnapshot:
    """The whole account from its two answers. A position in an unlisted market keeps the venue's own name.

    Raises:
        PayloadError: a figure is missing or no number, so that the account would be half read.
    """
    if owner.account_mode not in ACCOUNT_MODES:
        raise PayloadError(f"config: acctLv {owner.account_mode!r} is no known account mode")
    open_rows = [row for row in rows if row.is_contract and number(row.contracts) != 0]
    crossed = [row for row in open_rows if row.mode is MarginMode.CROSS]
    is_pooled = owner.account_mode in POOLED_MODES
    ratio = number(balance.margin_ratio)
    return AccountSnapshot(
        account=owner.account,
        venue=owner.venue,
        positions=tuple(position_of(row, listing, owner.account_mode) for row in open_rows),
        cross_wallets=pooled_wallet(balance, crossed, listing)
        if is_pooled
        else cross_wallets(balance, crossed, listing),
        as_of=as_of,
        source=SnapshotSource.REST,
        is_multi_asset=is_pooled,
        pool_currency=POOL_CURRENCY if is_pooled else "USDT",
        reported_margin_ratios={POOL_CURRENCY: 1.0 / ratio} if is_pooled and ratio is not None and ratio > 0 else {},
        is_ratio_only=owner.account_mode == PORTFOLIO,
    )


def cash_of(details: Iterable[BalanceDetail]) -> dict[str, float]:
    """Cash by currency.

    Raises:
        PayloadError: a balance is no number.
    """
    wallets: dict[str, float] = {}
    for detail in details:
        cash = number(detail.cash)
        if cash is None:
            raise PayloadError(f"balance: cashBal of {detail.currency} is no number")
        wallets[detail.currency] = cash
    return wallets


def cross_wallets(balance: BalanceRow, crossed: Iterable[PositionRow], listing: Listing) -> dict[str, float]:
    """One wallet a settle currency: those that hold something, and those that a position needs.

    Dollar contracts settle in whichever dollar coin the account has chosen, while the list names one for all: there
    the wallet stands under the list's name too.

    Raises:
        PayloadError: a balance is no number, or a cross position has none.
    """
    cash = cash_of(balance.details)
    backing: dict[str, set[str]] = {}
    for row in crossed:
        instrument = listing.by_native.get(row.native_symbol)
        currency = row.margin_currency or (instrument.settle_currency if instrument is not None else "")
        if currency not in cash:
            raise PayloadError(f"balance: no {currency} although {row.native_symbol} needs it")
        backing.setdefault(instrument.settle_currency if instrument is not None else currency, set()).add(currency)
    needed = {settle: sum(cash[currency] for currency in currencies) for settle, currencies in backing.items()}
    return {currency: held for currency, held in cash.items() if held != 0} | needed


def has_stand_in(rows: Iterable[PositionRow], listing: Listing) -> bool:
    """Whether a cross position is backed by another coin than its contract names, so that pushed cash is not enough."""
    return any(
        row.mode is MarginMode.CROSS
        and row.margin_currency != ""
        and row.native_symbol in listing.by_native
        and listing.by_native[row.native_symbol].settle_currency != row.margin_currency
        for row in rows
        if row.is_contract
    )


def pooled_wallet(balance: BalanceRow, crossed: Iterable[PositionRow], listing: Listing) -> Mapping[str, float]:
    """Adjusted equity in USD without the cross positions' unrealised profit.

    Profit of linear contracts is taken as dollars, that of inverse ones at the venue's dollar price of the coin.

    Raises:
        PayloadError: a figure is missing.
    """
    equity = number(balance.adjusted_equity)
    if equity is None:
        raise PayloadError("balance: no adjEq, which this account mode must have")
    for row in crossed:
        profit, usd_price = number(row.unrealized_profit), number(row.usd_price)
        instrument = listing.by_native.get(row.native_symbol)
        is_inverse = instrument is not None and instrument.contract_kind is ContractKind.INVERSE
        if profit is None or (is_inverse and usd_price is None):
            raise PayloadError(f"positions: upl or usdPx of {row.native_symbol} is no number")
        equity -= profit * (usd_price or 0.0) if is_inverse else profit
    return {POOL_CURRENCY: equity}


def key_report(row: ConfigurationRow) -> KeyReport:
    """What the key may do: `trade` includes transfers between the user's own accounts. No expiry is told."""
    permissions = {each.strip() for each in row.permissions.split(",")}
    return KeyReport(
        can_withdraw="withdraw" in permissions,
        can_transfer="trade" in permissions,
        can_trade="trade" in permissions,
        is_ip_bound=None if row.addresses is None else bool(row.addresses),
        note="" if row.permissions else "permissions not verified: OKX states none for this key",
    )
