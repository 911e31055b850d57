"""From Gate's signed answers to an `AccountSnapshot`. Pure.

A classic account has one cross pool for each settle currency. A unified account pools several currencies, valued in
USD (multi-currency and portfolio margin), or keeps one pool for each currency (single-currency margin).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.gate_positions import PositionRow, is_cross, positions_of
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot, SnapshotSource

CLASSIC, MULTI_CURRENCY, PORTFOLIO, SINGLE_CURRENCY = range(4)
"""What `margin_mode` of a futures account means (APIv4, Get futures account, read 2026-11)."""
POOLED_MODES = frozenset({MULTI_CURRENCY, PORTFOLIO})
POOL_CURRENCY = "USD"
USUAL_CURRENCY = "USDT"
SAME_MAINTENANCE = 0.01
"""A unified account that requires more than its positions do, by this share, has debts or options as well."""
DOLLARS = frozenset({"usdt", "usd1"})
"""Settle families whose currency counts as one USD."""


class FuturesAccount(msgspec.Struct, frozen=True, gc=False):
    """`/futures/{settle}/accounts`. `total` is without unrealised PnL and holds isolated margins too.

    The `cross_…` fields are those of the newer classic mode; older accounts do not have them.
    """

    total: float
    user: int | str = 0
    margin_mode: int = CLASSIC
    is_evolved: bool = msgspec.field(name="enable_evolved_classic", default=False)
    cross_margin_balance: float | None = None
    cross_unrealised_pnl: float | None = None


class UnifiedCurrency(msgspec.Struct, frozen=True, gc=False):
    """One currency of a unified account in single-currency margin mode; `mm` is its maintenance margin."""

    margin_balance: float | None = None
    maintenance_margin: float | None = msgspec.field(name="mm", default=None)


class UnifiedAccount(msgspec.Struct, frozen=True):
    """`/unified/accounts`; the totals are in USD, and zero in single-currency margin mode."""

    total_margin_balance: float | None = None
    total_maintenance_margin: float | None = None
    balances: dict[str, UnifiedCurrency] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FamilyAnswers:
    """What one settle family has told."""

    settle: str
    account: FuturesAccount
    rows: Sequence[PositionRow]

    @property
    def currency(self) -> str:
        """The settle currency."""
        return self.settle.upper()

    @property
    def cross_rows(self) -> list[PositionRow]:
        """Open cross positions."""
        return [row for row in self.rows if is_cross(row)]


def is_unified(families: Iterable[FamilyAnswers]) -> bool:
    """Whether the margin of the account stands in `/unified/accounts`."""
    return any(family.account.margin_mode != CLASSIC for family in families)


def snapshot_of(
    names: tuple[str, str],
    families: Sequence[FamilyAnswers],
    unified: UnifiedAccount | None,
    listing: Listing,
    as_of: datetime,
) -> AccountSnapshot:
    """The whole account; `names` are ours of account and venue.

    Raises:
        PayloadError: a figure is missing or no number, so that the account would be half read.
    """
    account, venue = names
    positions = tuple(position for family in families for position in positions_of(family.rows, listing))
    is_pooled = unified is not None and any(family.account.margin_mode in POOLED_MODES for family in families)
    wallets, ratios = _pools(families, unified, is_pooled=is_pooled)
    return AccountSnapshot(
        account=account,
        venue=venue,
        positions=positions,
        cross_wallets=wallets,
        as_of=as_of,
        source=SnapshotSource.REST,
        is_multi_asset=is_pooled,
        pool_currency=POOL_CURRENCY if is_pooled else USUAL_CURRENCY,
        reported_margin_ratios=ratios,
        is_ratio_only=unified is not None and is_pooled and _is_ratio_only(families, unified),
    )


def _pools(
    families: Sequence[FamilyAnswers], unified: UnifiedAccount | None, *, is_pooled: bool
) -> tuple[dict[str, float], dict[str, float]]:
    """Wallets by currency, and maintenance ÷ equity where the venue states both."""
    if unified is not None and is_pooled:
        equity = _finite(unified.total_margin_balance, "unified account: total_margin_balance")
        maintenance = _finite(unified.total_maintenance_margin, "unified account: total_maintenance_margin")
        profit = sum(_in_dollars(family, row, _profit(row)) for family in families for row in family.cross_rows)
        return {POOL_CURRENCY: equity - profit}, _ratio(POOL_CURRENCY, maintenance, equity)
    wallets: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for family in families:
        if unified is not None and family.account.margin_mode == SINGLE_CURRENCY:
            wallet, ratio = _single_currency(family, unified.balances.get(family.currency, UnifiedCurrency()))
            ratios |= ratio
        else:
            wallet = classic_cross_wallet(family)
        if wallet != 0 or family.rows:
            wallets[family.currency] = wallet
    return wallets, ratios


def _is_ratio_only(families: Sequence[FamilyAnswers], unified: UnifiedAccount) -> bool:
    """Portfolio margin comes from stress tests; where debts ask for margin too, positions tell too little."""
    if any(family.account.margin_mode == PORTFOLIO for family in families):
        return True
    required = sum(_in_dollars(family, row, row.maintenance_margin) for family in families for row in family.cross_rows)
    return (unified.total_maintenance_margin or 0.0) > required * (1 + SAME_MAINTENANCE)


def _single_currency(family: FamilyAnswers, told: UnifiedCurrency) -> tuple[float, dict[str, float]]:
    """Margin balance of the currency, less the profit of the cross positions in it."""
    if told.margin_balance is None and not family.cross_rows:
        return 0.0, {}
    equity = _finite(told.margin_balance, f"unified account: margin_balance of {family.currency}")
    ratio = _ratio(family.currency, told.maintenance_margin or 0.0, equity)
    return equity - sum(_profit(row) for row in family.cross_rows), ratio


def classic_cross_wallet(family: FamilyAnswers) -> float:
    """The cross wallet without unrealised PnL.

    The newer mode states margin balance and profit of the cross positions in one answer. In the older one, what is
    not bound as margin of isolated positions backs the cross positions.
    """
    account = family.account
    if account.is_evolved and account.cross_margin_balance is not None and account.cross_unrealised_pnl is not None:
        balance = _finite(account.cross_margin_balance, f"futures account: cross_margin_balance in {family.currency}")
        return balance - _finite(account.cross_unrealised_pnl, "futures account: cross_unrealised_pnl")
    bound = sum(_finite(row.margin, f"positions: margin of {row.contract}") for row in family.rows if not is_cross(row))
    return _finite(account.total, f"futures account: total in {family.currency}") - bound


def _in_dollars(family: FamilyAnswers, row: PositionRow, amount: float) -> float:
    """An amount in the settle currency; of a coin at the mark of the coin's own contract."""
    if family.settle in DOLLARS:
        return amount
    return amount * _finite(row.mark_price, f"positions: mark_price of {row.contract}")


def _profit(row: PositionRow) -> float:
    return _finite(row.unrealised_pnl, f"positions: unrealised_pnl of {row.contract}")


def _ratio(currency: str, maintenance: float, equity: float) -> dict[str, float]:
    """Maintenance ÷ equity, 1 at liquidation: the inverse of what the venue shows (APIv4, unified account, 2026-11)."""
    if not maintenance > 0:
        return {}
    return {currency: maintenance / equity if equity > 0 else math.inf}


def _finite(value: float | None, what: str) -> float:
    if value is None or not math.isfinite(value):
        raise PayloadError(f"{what} is missing or no number")
    return value
