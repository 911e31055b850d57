"""Bybit's signed answers: account, wallets, positions and key, and what an account amounts to in our terms. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.bybit_listing import INVERSE, TAKER_FEE_RATE, family_of
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot, MarginMode, Position, Side, SnapshotSource
from liqwatch.ports import KeyReport

Figure: TypeAlias = str | float | None
"""A number as the venue writes it; "" where it has none."""

POOL_CURRENCY = "USD"
USUAL_CURRENCY = "USDT"
FIRST_UNIFIED_STATUS = 3
"""`unifiedMarginStatus`: 1 classic, 3 and 4 unified 1.0, 5 and 6 unified 2.0 (documentation, Get Account Info)."""
NOTHING_LEFT = 1e6
"""The ratio of an account whose equity is gone: finite, and far beyond the event."""
FIRST_HEDGED = 1
SIDES = {"Buy": Side.LONG, "Sell": Side.SHORT}
HEDGED_SIDES = {1: Side.LONG, 2: Side.SHORT}
"""`positionIdx` in hedge mode; 0 is one-way."""


class AccountInfo(msgspec.Struct, frozen=True, gc=False):
    """`/v5/account/info`: the margin mode is the whole account's."""

    margin_mode: str = msgspec.field(name="marginMode", default="")
    unified_status: int = msgspec.field(name="unifiedMarginStatus", default=0)

    @property
    def is_unified(self) -> bool:
        """Unified trading account of any generation."""
        return self.unified_status >= FIRST_UNIFIED_STATUS

    @property
    def is_isolated(self) -> bool:
        """Every position has its own margin, though each row still says `tradeMode` 0."""
        return self.is_unified and self.margin_mode == "ISOLATED_MARGIN"

    @property
    def is_portfolio_margin(self) -> bool:
        """Margin comes from scenarios, which nobody can rebuild from outside."""
        return self.is_unified and self.margin_mode == "PORTFOLIO_MARGIN"

    @property
    def account_type(self) -> str:
        """What the wallet of its derivatives is called."""
        return "UNIFIED" if self.is_unified else "CONTRACT"


class AccountInfoAnswer(msgspec.Struct, frozen=True, gc=False):
    """`/v5/account/info`."""

    result: AccountInfo


class CoinRow(msgspec.Struct, frozen=True, gc=False):
    """One coin of a wallet; the balance is without unrealised PnL and holds isolated margins too."""

    coin: str
    wallet_balance: Figure = msgspec.field(name="walletBalance", default=None)


class Wallet(msgspec.Struct, frozen=True):
    """One account type of `wallet-balance`. The totals are in USD; isolated and classic accounts have none."""

    coins: list[CoinRow] = msgspec.field(name="coin", default_factory=list)
    margin_balance: Figure = msgspec.field(name="totalMarginBalance", default=None)
    unrealized_pnl: Figure = msgspec.field(name="totalPerpUPL", default=None)
    maintenance_margin: Figure = msgspec.field(name="totalMaintenanceMargin", default=None)


class WalletList(msgspec.Struct, frozen=True):
    """The account types asked for."""

    rows: list[Wallet] = msgspec.field(name="list")


class WalletAnswer(msgspec.Struct, frozen=True):
    """`/v5/account/wallet-balance`."""

    result: WalletList


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """One position, from REST (`avgPrice`) or pushed (`entryPrice`)."""

    symbol: str
    size: Figure = None
    side: str = ""
    position_index: int = msgspec.field(name="positionIdx", default=0)
    average_price: Figure = msgspec.field(name="avgPrice", default=None)
    pushed_entry_price: Figure = msgspec.field(name="entryPrice", default=None)
    mark_price: Figure = msgspec.field(name="markPrice", default=None)
    liquidation_price: Figure = msgspec.field(name="liqPrice", default=None)
    bankruptcy_price: Figure = msgspec.field(name="bustPrice", default=None)
    leverage: Figure = None
    trade_mode: int = msgspec.field(name="tradeMode", default=0)
    position_balance: Figure = msgspec.field(name="positionBalance", default=None)
    initial_margin: Figure = msgspec.field(name="positionIM", default=None)
    maintenance_margin: Figure = msgspec.field(name="positionMM", default=None)
    adl_rank: Figure = msgspec.field(name="adlRankIndicator", default=None)
    status: str = msgspec.field(name="positionStatus", default="")
    is_reduce_only: bool = msgspec.field(name="isReduceOnly", default=False)
    category: str = ""

    @property
    def is_open(self) -> bool:
        """Whether anything is held."""
        return number(self.size, "size", self.symbol) != 0.0

    @property
    def entry_price(self) -> float:
        """Under either name. Raises PayloadError when it is missing or no number."""
        figure = self.pushed_entry_price if self.average_price is None else self.average_price
        return number(figure, "entry price", self.symbol)

    @property
    def is_hedged(self) -> bool:
        """Whether the market holds both directions apart."""
        return self.position_index >= FIRST_HEDGED

    @property
    def held_side(self) -> Side | None:
        """None for an empty one-way row."""
        return HEDGED_SIDES.get(self.position_index) or SIDES.get(self.side)


class PositionPage(msgspec.Struct, frozen=True):
    """One page of positions."""

    rows: list[PositionRow] = msgspec.field(name="list", default_factory=list)
    cursor: str | None = msgspec.field(name="nextPageCursor", default="")


class PositionAnswer(msgspec.Struct, frozen=True):
    """`/v5/position/list`."""

    result: PositionPage


def number(figure: Figure, name: str, of: str) -> float:
    """A figure that must be there.

    Raises:
        PayloadError: it is missing or no finite number.
    """
    found = optional(figure)
    if found is None:
        raise PayloadError(f"{name} of {of} is missing or no number")
    return found


def optional(figure: Figure) -> float | None:
    """A figure that may be absent; None too for what is no finite number."""
    try:
        found = float(figure) if figure is not None else math.nan
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def position_of(row: PositionRow, listing: Listing, *, is_isolated: bool) -> Position:
    """One open row in our terms; `is_isolated` as the account's margin mode says, a classic row says it itself.

    Raises:
        PayloadError: side, size or entry price is missing or cannot be.
    """
    side, contracts = row.held_side, abs(number(row.size, "size", row.symbol))
    if side is None or row.entry_price <= 0:
        raise PayloadError(f"side or entry price of {row.symbol} cannot be")
    instrument = listing.by_native.get(row.symbol)
    fee_rate = instrument.closing_fee_rate if instrument is not None else TAKER_FEE_RATE
    leverage, mark_price = optional(row.leverage), optional(row.mark_price) or 0.0
    mode = MarginMode.ISOLATED if is_isolated or row.trade_mode == 1 else MarginMode.CROSS
    return Position(
        symbol=listing.unified(row.symbol),
        side=side,
        contracts=contracts,
        entry_price=row.entry_price,
        margin_mode=mode,
        leverage=leverage or None,
        isolated_wallet=isolated_wallet(row, fee_rate) if mode is MarginMode.ISOLATED else None,
        reported_liquidation_price=cleaned_liquidation_price(row.liquidation_price, mark_price),
        reported_maintenance_margin=optional(row.maintenance_margin) or None,
        reported_mark_price=mark_price if mark_price > 0 else None,
        adl_rank=optional(row.adl_rank),
    )


def isolated_wallet(row: PositionRow, fee_rate: float) -> float | None:
    """The margin of an isolated position without the fee to close it, which the venue keeps aside in it.

    Source: Bybit help, Maintenance Margin (USDT Contract), 2026-08: fee to close = bankruptcy value * taker rate, part
    of initial and maintenance margin alike, so that it does not move the liquidation price. Captured margins agree.
    """
    margin = optional(row.position_balance) or optional(row.initial_margin)
    return margin - fee_rate * bankruptcy_value(row) if margin else None


def bankruptcy_value(row: PositionRow) -> float:
    """Value at the stated bankruptcy price, else at that of the position's leverage; settle currency."""
    size, mark_price = abs(number(row.size, "size", row.symbol)), optional(row.mark_price) or 0.0
    is_inverse = family_of(row.symbol) == INVERSE
    price = cleaned_liquidation_price(row.bankruptcy_price, mark_price)
    if price is not None:
        return size / price if is_inverse else size * price
    leverage, side = optional(row.leverage), row.held_side.value if row.held_side is not None else 0
    value = size / row.entry_price if is_inverse else size * row.entry_price
    share = (side if is_inverse else -side) / leverage if leverage else 0.0
    return value * (1.0 + share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose snapshot it is."""

    account: str
    venue: str


def snapshot_of(
    owner: Owner, info: AccountInfo, wallet: Wallet, rows: Iterable[PositionRow], listing: Listing, as_of: datetime
) -> AccountSnapshot:
    """The whole account from its answers.

    A unified account in cross or portfolio margin is one pool in USD with the venue's own ratio beside it.

    Raises:
        PayloadError: a figure is missing or no number, so that the account would be half read.
    """
    held = [row for row in rows if row.is_open]
    positions = tuple(position_of(row, listing, is_isolated=info.is_isolated) for row in held)
    is_pool = info.is_unified and not info.is_isolated
    return AccountSnapshot(
        account=owner.account,
        venue=owner.venue,
        positions=positions,
        cross_wallets=_pool_wallet(info, wallet, held) if is_pool else _coin_wallets(wallet, held, positions, listing),
        as_of=as_of,
        source=SnapshotSource.REST,
        is_multi_asset=is_pool,
        pool_currency=POOL_CURRENCY if is_pool else USUAL_CURRENCY,
        reported_margin_ratios=_ratios(wallet) if is_pool else {},
    )


def _pool_wallet(info: AccountInfo, wallet: Wallet, held: Sequence[PositionRow]) -> dict[str, float]:
    """Margin balance without unrealised PnL, USD. None where the margin cannot be rebuilt in one currency.

    Portfolio margin comes from scenarios, and an inverse position counts in its coin: there the venue's own ratio
    and prices count alone.
    """
    balance = number(wallet.margin_balance, "totalMarginBalance", "the account")
    profit = number(wallet.unrealized_pnl, "totalPerpUPL", "the account")
    if info.is_portfolio_margin or any(family_of(row.symbol) == INVERSE for row in held):
        return {}
    return {POOL_CURRENCY: balance - profit}


def _ratios(wallet: Wallet) -> dict[str, float]:
    """Maintenance ÷ margin balance from the totals, as `accountMMRate` is rounded to four digits."""
    required = number(wallet.maintenance_margin, "totalMaintenanceMargin", "the account")
    balance = number(wallet.margin_balance, "totalMarginBalance", "the account")
    if required <= 0:
        return {}
    return {POOL_CURRENCY: required / balance if balance > 0 else NOTHING_LEFT}


def _coin_wallets(
    wallet: Wallet, held: Sequence[PositionRow], positions: Sequence[Position], listing: Listing
) -> dict[str, float]:
    """The free balance of each coin that is held or used: isolated margins are taken out."""
    used: dict[str, float] = {}
    for row, position in zip(held, positions, strict=True):
        instrument = listing.by_native.get(row.symbol)
        if instrument is not None:
            margin = 0.0
            if position.margin_mode is MarginMode.ISOLATED:
                margin = optional(row.position_balance) or optional(row.initial_margin) or 0.0
            used[instrument.settle_currency] = used.get(instrument.settle_currency, 0.0) + margin
    found = {
        row.coin: number(row.wallet_balance, "walletBalance", row.coin) for row in wallet.coins if _counts(row, used)
    }
    missing = used.keys() - found.keys()
    if missing:
        raise PayloadError(f"walletBalance of {', '.join(sorted(missing))} is missing or no number")
    return {coin: balance - used.get(coin, 0.0) for coin, balance in found.items()}


def _counts(row: CoinRow, used: Mapping[str, float]) -> bool:
    return row.coin in used or row.wallet_balance not in ("", None, "0", 0.0)


class ApiKey(msgspec.Struct, frozen=True):
    """`/v5/user/query-api`. A key bound to addresses does not expire, and says 1970 or nothing."""

    read_only: int = msgspec.field(name="readOnly")
    permissions: dict[str, list[str] | None] = {}
    addresses: list[str] | None = msgspec.field(name="ips", default=None)
    expires_at: str = msgspec.field(name="expiredAt", default="")


class ApiKeyAnswer(msgspec.Struct, frozen=True):
    """`/v5/user/query-api`."""

    result: ApiKey


OF_WALLET = "Wallet"
READS = frozenset({"ExchangeHistory", "NFTQueryProductList", "SubMemberTransferList"})
"""Permissions by which nothing can be changed."""


def key_report_of(key: ApiKey) -> KeyReport:
    """What a key may do: a read-only one may do nothing, whatever its permissions name."""
    granted = {area: set(names or ()) - READS - {""} for area, names in key.permissions.items()}
    wallet = granted.pop(OF_WALLET, set())
    may_write = key.read_only == 0
    bound = None if key.addresses is None else any(address not in ("", "*") for address in key.addresses)
    return KeyReport(
        can_withdraw=may_write and "Withdraw" in wallet,
        can_transfer=may_write and bool(wallet - {"Withdraw"}),
        can_trade=may_write and any(granted.values()),
        expires_at=_expiry(key.expires_at),
        is_ip_bound=bound,
    )


def _expiry(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None and found.timestamp() > 0 else None
