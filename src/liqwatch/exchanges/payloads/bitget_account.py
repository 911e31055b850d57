"""Bitget's positions and accounts, classic (v2) and unified (v3), as REST answers and as pushed. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.bitget_listing import currency
from liqwatch.exchanges.payloads.bitget_market import COIN_FUTURES, USDC_FUTURES, USDT_FUTURES
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import (
    AccountSnapshot,
    ContractKind,
    LeverageTier,
    MarginMode,
    Position,
    Side,
    SnapshotSource,
)

Figure: TypeAlias = str | float | None
"""A number as the venue writes it: text, empty where there is none."""
POOL_CURRENCY = "USD"
USUAL_CURRENCY = "USDT"
MODES = {"crossed": MarginMode.CROSS, "isolated": MarginMode.ISOLATED, "fixed": MarginMode.ISOLATED}
SIDES = {"long": Side.LONG, "short": Side.SHORT}
ONE_WAY = "one_way_mode"
UNION = "union"
"""The asset mode of a classic account in which several coins back the USDT futures together."""


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """One position. v2 and v3, REST and push differ only in names; v2 pushes have no mark price."""

    symbol: str = ""
    instrument: str = msgspec.field(name="instId", default="")
    margin_coin: str = msgspec.field(name="marginCoin", default="")
    hold_side: str = msgspec.field(name="holdSide", default="")
    pos_side: str = msgspec.field(name="posSide", default="")
    total: Figure = None
    pushed_total: Figure = msgspec.field(name="size", default=None)
    open_price: Figure = msgspec.field(name="openPriceAvg", default=None)
    average_price: Figure = msgspec.field(name="avgPrice", default=None)
    margin_mode: str = msgspec.field(name="marginMode", default="")
    margin_size: Figure = msgspec.field(name="marginSize", default=None)
    position_balance: Figure = msgspec.field(name="positionBalance", default=None)
    leverage: Figure = None
    liquidation_price: Figure = msgspec.field(name="liquidationPrice", default=None)
    pushed_liquidation_price: Figure = msgspec.field(name="liqPrice", default=None)
    keep_margin_rate: Figure = msgspec.field(name="keepMarginRate", default=None)
    unified_margin_rate: Figure = msgspec.field(name="mmr", default=None)
    mark_price: Figure = msgspec.field(name="markPrice", default=None)
    classic_profit: Figure = msgspec.field(name="unrealizedPL", default=None)
    unified_profit: Figure = msgspec.field(name="unrealisedPnl", default=None)
    pos_mode: str = msgspec.field(name="posMode", default="")
    hold_mode: str = msgspec.field(name="holdMode", default="")

    @property
    def native_symbol(self) -> str:
        """The market."""
        return self.symbol or self.instrument

    @property
    def side(self) -> Side | None:
        """The position's side."""
        return SIDES.get(self.hold_side or self.pos_side)

    @property
    def base_contracts(self) -> float:
        """How much is held, base coin; no number where the row does not say."""
        return number(self.total if self.total is not None else self.pushed_total)

    @property
    def margin(self) -> float:
        """Margin of the position without its profit, margin coin."""
        return number(self.margin_size if self.margin_size is not None else self.position_balance)

    @property
    def unrealized_profit(self) -> float:
        """Profit at the mark, margin coin."""
        return number(self.classic_profit if self.classic_profit is not None else self.unified_profit)

    @property
    def maintenance_margin_rate(self) -> float:
        """The rate that the venue applies to this position now."""
        return number(self.keep_margin_rate if self.keep_margin_rate is not None else self.unified_margin_rate)

    @property
    def is_one_way(self) -> bool:
        """Whether the market can hold one direction only."""
        return ONE_WAY in (self.pos_mode, self.hold_mode)

    @property
    def is_isolated(self) -> bool:
        """Whether the position has margin of its own."""
        return MODES.get(self.margin_mode) is MarginMode.ISOLATED


class PositionsAnswer(msgspec.Struct, frozen=True):
    """`mix/position/all-position`: the whole list of one product type."""

    data: list[PositionRow]


class UnifiedList(msgspec.Struct, frozen=True):
    """The list inside a v3 answer; null where nothing is held."""

    rows: list[PositionRow] | None = msgspec.field(name="list", default=None)


class UnifiedPositionsAnswer(msgspec.Struct, frozen=True):
    """`v3/position/current-position`."""

    data: UnifiedList


class AccountRow(msgspec.Struct, frozen=True, gc=False):
    """One margin coin of `mix/account/accounts`. The equity has the profit of all positions in it."""

    margin_coin: str = msgspec.field(name="marginCoin")
    equity: Figure = msgspec.field(name="accountEquity", default=None)
    unrealized_profit: Figure = msgspec.field(name="unrealizedPL", default=None)
    asset_mode: str = msgspec.field(name="assetMode", default="")
    union_equity: Figure = msgspec.field(name="unionTotalMargin", default=None)
    union_maintenance: Figure = msgspec.field(name="unionMm", default=None)


class AccountsAnswer(msgspec.Struct, frozen=True):
    """`mix/account/accounts` of one product type."""

    data: list[AccountRow]


class UnifiedAccount(msgspec.Struct, frozen=True, gc=False):
    """`v3/account/assets`, the account's sums in USD."""

    effective_equity: Figure = msgspec.field(name="effEquity", default=None)
    unrealized_profit: Figure = msgspec.field(name="unrealisedPnl", default=None)
    maintenance_margin: Figure = msgspec.field(name="mmr", default=None)


class UnifiedAccountAnswer(msgspec.Struct, frozen=True, gc=False):
    """`v3/account/assets` with its envelope."""

    data: UnifiedAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose snapshot it is."""

    account: str
    venue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductAnswers:
    """What a classic account says of one product type."""

    product: str
    accounts: Sequence[AccountRow]
    rows: Sequence[PositionRow]


def number(figure: Figure) -> float:
    """A figure as number; nan where there is none."""
    try:
        return float(figure) if figure is not None else math.nan
    except ValueError:
        return math.nan


def needed(figure: Figure, name: str) -> float:
    """A figure that must be there. Raises PayloadError naming it."""
    value = number(figure)
    if not math.isfinite(value):
        raise PayloadError(f"{name} is no number")
    return value


def open_rows(rows: Iterable[PositionRow]) -> list[PositionRow]:
    """Rows that hold something. Raises PayloadError for one that does not say how much."""
    found = list(rows)
    for row in found:
        if not math.isfinite(row.base_contracts):
            raise PayloadError(f"position {row.native_symbol}: total is no number")
    return [row for row in found if row.base_contracts != 0]


def position_of(row: PositionRow, listing: Listing) -> Position:
    """One open row in our terms; only figures that the venue states itself.

    Raises:
        PayloadError: a figure is missing or cannot be.
    """
    name = row.native_symbol
    entry_price = number(row.open_price if row.open_price is not None else row.average_price)
    mode, side = MODES.get(row.margin_mode), row.side
    if not 0.0 < entry_price < math.inf:
        raise PayloadError(f"position {name}: the entry price cannot be")
    if mode is None or side is None:
        raise PayloadError(f"position {name}: marginMode {row.margin_mode!r} or its side is unknown")
    if mode is MarginMode.ISOLATED and not math.isfinite(row.margin):
        raise PayloadError(f"position {name}: marginSize is no number")
    mark_price, leverage = number(row.mark_price), number(row.leverage)
    stated = row.liquidation_price if row.liquidation_price is not None else row.pushed_liquidation_price
    return Position(
        symbol=listing.unified(name),
        side=side,
        contracts=contracts_of(name, abs(row.base_contracts), entry_price, listing),
        entry_price=entry_price,
        margin_mode=mode,
        leverage=leverage if leverage > 0 else None,
        isolated_wallet=row.margin if mode is MarginMode.ISOLATED else None,
        reported_liquidation_price=cleaned_liquidation_price(stated, mark_price),
        reported_mark_price=mark_price if 0.0 < mark_price < math.inf else None,
    )


def contracts_of(native: str, base_contracts: float, price: float, listing: Listing) -> float:
    """A size in contracts: base coin where the contract is linear, quote currency where it is inverse.

    COIN-FUTURES sizes are in base coin q and pay q (P - E) / P coins, which is an inverse contract over q E.
    """
    instrument = listing.by_native.get(native)
    is_inverse = instrument is not None and instrument.contract_kind is ContractKind.INVERSE
    return base_contracts * price if is_inverse else base_contracts


def classic_snapshot(
    owner: Owner, answers: Iterable[ProductAnswers], listing: Listing, as_of: datetime
) -> AccountSnapshot:
    """The whole classic account: each product type has a margin pool in each of its coins.

    In union mode the pool of the USDT futures is what the venue counts all coins together as.

    Raises:
        PayloadError: a figure is missing or no number, so that the account would be half read.
    """
    positions: list[Position] = []
    wallets: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for answer in answers:
        held = open_rows(answer.rows)
        positions.extend(position_of(row, listing) for row in held)
        union = next((row for row in answer.accounts if row.asset_mode == UNION), None)
        if union is not None and answer.product == USDT_FUTURES:
            equity = needed(union.union_equity, "unionTotalMargin")
            wallets[USUAL_CURRENCY] = equity - _cross_profit(held)
            maintenance = needed(union.union_maintenance, "unionMm")
            if equity > 0:
                ratios[USUAL_CURRENCY] = maintenance / equity
        else:
            wallets |= _wallets(answer, held)
    return AccountSnapshot(
        account=owner.account,
        venue=owner.venue,
        positions=tuple(positions),
        cross_wallets=wallets,
        as_of=as_of,
        source=SnapshotSource.REST,
        reported_margin_ratios=ratios,
    )


def _wallets(answer: ProductAnswers, held: Sequence[PositionRow]) -> dict[str, float]:
    """Cross wallets by currency: equity without profit, and without the margin of isolated positions."""
    wallets: dict[str, float] = {}
    for row in answer.accounts:
        if answer.product != _product_backed_by(row.margin_coin):
            continue
        mine = [each for each in held if each.margin_coin == row.margin_coin]
        profit = number(row.unrealized_profit)
        if not math.isfinite(profit):
            # The venue writes "" where it counts none; then its own figures of the positions are the whole.
            profit = sum(needed(each.unrealized_profit, f"unrealizedPL of {each.native_symbol}") for each in mine)
        wallet = needed(row.equity, f"accountEquity of {row.margin_coin}") - profit
        wallet -= sum(each.margin for each in mine if each.is_isolated)
        if wallet != 0.0 or mine:
            wallets[currency(row.margin_coin)] = wallet
    return wallets


def _product_backed_by(coin: str) -> str:
    """The product type whose pool a coin is. COIN-FUTURES take dollar coins too, which must not stand for that pool."""
    own = f"{coin}-FUTURES"
    return own if own in {USDT_FUTURES, USDC_FUTURES} else COIN_FUTURES


def _cross_profit(held: Iterable[PositionRow]) -> float:
    return sum(
        needed(row.unrealized_profit, f"unrealizedPL of {row.native_symbol}") for row in held if not row.is_isolated
    )


def unified_snapshot(
    owner: Owner, account: UnifiedAccount, rows: Iterable[PositionRow], listing: Listing, as_of: datetime
) -> AccountSnapshot:
    """The whole unified account: one pool in USD, worth the effective equity without the profit of cross positions.

    Raises:
        PayloadError: a figure is missing or no number, so that the account would be half read.
    """
    held = open_rows(rows)
    equity = needed(account.effective_equity, "effEquity")
    maintenance = needed(account.maintenance_margin, "mmr")
    profit = needed(account.unrealized_profit, "unrealisedPnl")
    profit -= sum(_profit_in_usd(row) for row in held if row.is_isolated)
    return AccountSnapshot(
        account=owner.account,
        venue=owner.venue,
        positions=tuple(position_of(row, listing) for row in held),
        cross_wallets={POOL_CURRENCY: equity - profit},
        as_of=as_of,
        source=SnapshotSource.REST,
        is_multi_asset=True,
        pool_currency=POOL_CURRENCY,
        reported_margin_ratios={POOL_CURRENCY: maintenance / equity} if equity > 0 else {},
    )


def _profit_in_usd(row: PositionRow) -> float:
    profit = needed(row.unrealized_profit, f"unrealisedPnl of {row.native_symbol}")
    is_dollar = row.margin_coin in {"USDT", "USDC"}
    return profit if is_dollar else profit * needed(row.mark_price, f"markPrice of {row.native_symbol}")


def stated_tiers(rows: Iterable[PositionRow], listing: Listing) -> dict[str, tuple[LeverageTier, ...]]:
    """One tier for each inverse market held, at the rate that the venue applies now.

    Which unit the tier bounds of COIN-FUTURES are in is not documented, so its table cannot be used.
    """
    tiers: dict[str, tuple[LeverageTier, ...]] = {}
    for row in rows:
        instrument = listing.by_native.get(row.native_symbol)
        rate = row.maintenance_margin_rate
        if instrument is None or instrument.contract_kind is not ContractKind.INVERSE or not 0.0 < rate < 1.0:
            continue
        known = tiers.get(instrument.symbol)
        if known is None or known[0].maintenance_margin_rate < rate:
            tiers[instrument.symbol] = (
                LeverageTier(notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=rate),
            )
    return tiers
