"""Spot margin in a snapshot: borrowed positions with a price of their own, and accounts judged by margin level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from liqwatch.config.codes import Code
from liqwatch.config.snapshot.fields import (
    Label,
    Market,
    NotNegative,
    Number,
    Positive,
    Rate,
    SideName,
    not_empty,
)
from liqwatch.config.table import Table
from liqwatch.config.values import refuse, shown
from liqwatch.errors import Problem
from liqwatch.margin.ratio_rows import KRAKEN_SPOT_MARGIN
from liqwatch.margin.spot_margin import BorrowedPosition, LevelAccount, LevelPosition
from liqwatch.model import Side

BASE, QUOTE = "base coin", "quote currency"
"""What the currencies of a market are called when its name does not tell."""


class IsolatedTable(Table):
    """An isolated borrowed position, as OKX counts it. A long owes quote currency, a short owes the base coin."""

    symbol: Market = Field(description="Name of the market, such as BTC/USDT.")
    side: SideName = Field(description="Direction of the position.")
    assets: Positive = Field(description="What is held, own margin included. Long: base units; short: quote units.")
    debt: NotNegative = Field(description="What is owed, interest included. Long: quote units; short: base units.")
    mark_price: Positive = Field(description="Present mark price.")
    maintenance_margin_rate: Rate = Field(description="Fraction of the debt.")
    fee_rate: Rate = Field(default=0.0, description="Taker fee, charged on the debt and on its maintenance.")
    initial_margin: NotNegative | None = Field(
        default=None, description="Own margin put in, in units of the assets; for the unrealised profit."
    )


class LevelPositionTable(Table):
    """A position of an account that is judged by margin level."""

    symbol: Market = Field(description="Name of the market, such as BTC/USD.")
    side: SideName = Field(description="Direction of the position.")
    quantity: Positive = Field(description="Base units.")
    entry_price: Positive = Field(description="Average entry price.")
    mark_price: Positive = Field(description="Present price; one per market.")
    leverage: Positive = Field(description="Leverage it was opened with: cost ÷ leverage is its used margin.")


class LevelAccountTable(Table):
    """An account judged by margin level = equity ÷ used margin, as Kraken does."""

    name: Label | None = Field(default=None, description="What to call it; absent: its number.")
    balance: Number = Field(description="Without unrealised profit, quote currency.")
    liquidation_level: Positive = Field(
        default=KRAKEN_SPOT_MARGIN.event, description="The margin level at which it is liquidated."
    )
    margin_call_level: Positive = Field(
        default=KRAKEN_SPOT_MARGIN.milestones[0][0], description="The margin level of the margin call."
    )
    positions: Annotated[tuple[LevelPositionTable, ...], Field(strict=False), AfterValidator(not_empty)] = Field(
        description="Its positions, at least one.", json_schema_extra={"minItems": 1}
    )


class SpotMarginTable(Table):
    """Margin trading on spot markets."""

    isolated: Annotated[tuple[IsolatedTable, ...], Field(strict=False)] = Field(
        default=(), description="Borrowed positions, each with margin of its own (OKX)."
    )
    level_accounts: Annotated[tuple[LevelAccountTable, ...], Field(strict=False)] = Field(
        default=(), description="Accounts judged by margin level (Kraken)."
    )


def not_bare(table: SpotMarginTable) -> SpotMarginTable:
    """Refuse a table without any position."""
    if not table.isolated and not table.level_accounts:
        raise refuse(Code.OUT_OF_RANGE, "must not be empty", "list something under `isolated` or `level_accounts`")
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineBorrowed:
    """A borrowed position at its mark. `currency` is that of its assets."""

    symbol: str
    currency: str
    position: BorrowedPosition
    mark_price: float
    initial_margin: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineLevelAccount:
    """An account with the levels at which it is called and liquidated."""

    name: str
    currency: str
    account: LevelAccount
    liquidation_level: float
    margin_call_level: float


def check_spot_margin(table: SpotMarginTable, path: str) -> Iterator[Problem]:
    """What does not fit together."""
    for index, account in enumerate(table.level_accounts):
        yield from _level_account(account, f"{path}.level_accounts[{index}]")


def borrowed_of(table: IsolatedTable) -> OfflineBorrowed:
    """The position of a table that has passed its checks."""
    base, quote = _currencies(table.symbol)
    position = BorrowedPosition(
        side=table.side,
        assets=table.assets,
        debt=table.debt,
        maintenance_margin_rate=table.maintenance_margin_rate,
        fee_rate=table.fee_rate,
    )
    return OfflineBorrowed(
        symbol=table.symbol,
        currency=base if table.side is Side.LONG else quote,
        position=position,
        mark_price=table.mark_price,
        initial_margin=table.initial_margin,
    )


def level_account_of(table: LevelAccountTable, number: int) -> OfflineLevelAccount:
    """The account of a table that has passed its checks; `number` names it when it has no name."""
    positions = tuple(
        LevelPosition(
            symbol=each.symbol,
            side=each.side,
            quantity=each.quantity,
            entry_price=each.entry_price,
            leverage=each.leverage,
        )
        for each in table.positions
    )
    prices = {each.symbol: each.mark_price for each in table.positions}
    return OfflineLevelAccount(
        name=table.name or str(number),
        currency=_currencies(table.positions[0].symbol)[1],
        account=LevelAccount(balance=table.balance, positions=positions, prices=prices),
        liquidation_level=table.liquidation_level,
        margin_call_level=table.margin_call_level,
    )


def _level_account(table: LevelAccountTable, path: str) -> Iterator[Problem]:
    if table.margin_call_level < table.liquidation_level:
        message = f"comes after liquidation at {table.liquidation_level:g}"
        yield Code.LEVELS_CROSSED.problem(f"{path}.margin_call_level", message, "a high level is safe")
    quote = _currencies(table.positions[0].symbol)[1]
    prices: dict[str, float] = {}
    for index, position in enumerate(table.positions):
        place = f"{path}.positions[{index}]"
        if prices.setdefault(position.symbol, position.mark_price) != position.mark_price:
            message = f"another position says {prices[position.symbol]:g} for {shown(position.symbol)}"
            yield Code.MARKET_CONTRADICTION.problem(f"{place}.mark_price", message)
        if _currencies(position.symbol)[1] != quote:
            message = f"{shown(position.symbol)} is not counted in {shown(quote)} like the first position"
            yield Code.MARKET_CONTRADICTION.problem(f"{place}.symbol", message, "one account per quote currency")


def _currencies(symbol: str) -> tuple[str, str]:
    """Base and quote currency of a market's name."""
    base, slash, quote = symbol.partition("/")
    return (base, quote.partition(":")[0]) if slash else (BASE, QUOTE)
