"""From Kraken Futures' signed answers to an `AccountSnapshot` and resting orders. Pure.

All multi-collateral contracts share the `flex` wallet, valued in USD after haircuts; the inverse contracts of one base
share that base's own wallet (`fi_xbtusd`). Both settle in the currency of their wallet, so pools go by settle currency.
REST states neither a liquidation price nor a mark of a position.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.kraken_futures_listing import QUOTE, currency
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot, MarginMode, OrderKind, Position, RestingOrder, Side, SnapshotSource

FLEX: Final = "flex"
INVERSE_WALLET: Final = "fi_"
OPTION: Final = "OF_"
ORDER_KINDS: Final[Mapping[str, OrderKind]] = {
    "stop": OrderKind.STOP,
    "stp": OrderKind.STOP,
    "take_profit": OrderKind.TAKE_PROFIT,
    "trailing_stop": OrderKind.TRAILING,
}
SIGNALS: Final[Mapping[str, str]] = {
    "mark": "mark",
    "mark_price": "mark",
    "last": "last",
    "last_price": "last",
    "index": "index",
    "spot": "index",
    "spot_price": "index",
}


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `/openpositions`. `max_fixed_leverage` is there for an isolated position only."""

    symbol: str
    side: str
    contracts: float = msgspec.field(name="size")
    entry_price: float = msgspec.field(name="price")
    max_fixed_leverage: float | None = msgspec.field(name="maxFixedLeverage", default=None)

    @property
    def native_symbol(self) -> str:
        """The name as the streams write it."""
        return self.symbol.upper()


class PositionsAnswer(msgspec.Struct, frozen=True):
    """`/openpositions`; without the list it is no answer."""

    rows: list[PositionRow] = msgspec.field(name="openPositions")

    @property
    def held(self) -> list[PositionRow]:
        """Rows with a size."""
        return [row for row in self.rows if row.contracts != 0]


class Auxiliary(msgspec.Struct, frozen=True, gc=False):
    """Portfolio value (balance, profit and funding) and profit of an inverse wallet, in its coin."""

    portfolio_value: float = msgspec.field(name="pv")
    profit: float = msgspec.field(name="pnl")


class Requirements(msgspec.Struct, frozen=True, gc=False):
    """Margin requirements of an inverse wallet, in its coin."""

    maintenance: float = msgspec.field(name="mm", default=0.0)


class FlexFigures(msgspec.Struct, frozen=True, gc=False):
    """Sums in USD: of the whole flex wallet, or of its cross part where that is told apart."""

    margin_equity: float | None = msgspec.field(name="marginEquity", default=None)
    profit: float | None = msgspec.field(name="pnl", default=None)
    maintenance: float | None = msgspec.field(name="maintenanceMargin", default=None)


class IsolatedFigures(msgspec.Struct, frozen=True, gc=False):
    """One isolated market of the flex wallet."""

    initial_margin: float | None = msgspec.field(name="initialMargin", default=None)


class Wallet(FlexFigures, frozen=True):
    """One entry of `/accounts`, of any type."""

    currency: str = ""
    auxiliary: Auxiliary | None = None
    requirements: Requirements = msgspec.field(name="marginRequirements", default_factory=Requirements)
    cross: FlexFigures | None = None
    isolated: dict[str, IsolatedFigures] = msgspec.field(default_factory=dict)


class AccountsAnswer(msgspec.Struct, frozen=True):
    """`/accounts`: the flex wallet, one for each inverse pair, and cash, which backs nothing."""

    accounts: dict[str, Wallet]

    @property
    def inverse(self) -> list[tuple[str, Wallet]]:
        """Wallets of inverse contracts, by name."""
        return [(name, wallet) for name, wallet in self.accounts.items() if name.lower().startswith(INVERSE_WALLET)]


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `/openorders`."""

    symbol: str
    side: str
    order_type: str = msgspec.field(name="orderType", default="")
    unfilled: float | None = msgspec.field(name="unfilledSize", default=None)
    limit_price: float | None = msgspec.field(name="limitPrice", default=None)
    stop_price: float | None = msgspec.field(name="stopPrice", default=None)
    signal: str = msgspec.field(name="triggerSignal", default="")
    reduce_only: bool = msgspec.field(name="reduceOnly", default=False)
    order_id: str = ""


class OrdersAnswer(msgspec.Struct, frozen=True):
    """`/openorders`, triggers included; it has no pages."""

    rows: list[OrderRow] = msgspec.field(name="openOrders")


def snapshot_of(
    names: tuple[str, str], accounts: AccountsAnswer, positions: PositionsAnswer, listing: Listing, as_of: datetime
) -> AccountSnapshot:
    """The whole account; `names` are ours of account and venue.

    Raises:
        PayloadError: a figure is missing or no number, so that the account would be half read.
    """
    account, venue = names
    flex = accounts.accounts.get(FLEX, Wallet())
    held = tuple(position_of(row, flex, listing) for row in positions.held)
    isolated = [position for position in held if position.margin_mode is MarginMode.ISOLATED]
    wallets: dict[str, float] = {}
    ratios: dict[str, float] = {}
    if flex.margin_equity is not None or any(_settles_in_dollars(position) for position in held):
        wallets[QUOTE], ratios = flex_wallet(flex, isolated)
    for name, wallet in accounts.inverse:
        equity, profit = _inverse_figures(name, wallet)
        coin = currency(wallet.currency or name.removeprefix(INVERSE_WALLET)[: -len(QUOTE)])
        if equity or profit:
            wallets[coin] = equity - profit
        ratios |= ratio_of(coin, wallet.requirements.maintenance, equity)
    return AccountSnapshot(
        account=account,
        venue=venue,
        positions=held,
        cross_wallets=wallets,
        as_of=as_of,
        source=SnapshotSource.REST,
        pool_currency=QUOTE,
        reported_margin_ratios=ratios,
        is_ratio_only=any(row.native_symbol.startswith(OPTION) for row in positions.held),
    )


def position_of(row: PositionRow, flex: Wallet, listing: Listing) -> Position:
    """One open position; REST states no liquidation price. Raises PayloadError."""
    name = row.native_symbol
    if row.side not in {"long", "short"}:
        raise PayloadError(f"openpositions: side of {name} is neither long nor short")
    if not (0 < row.contracts < math.inf and 0 < row.entry_price < math.inf):
        raise PayloadError(f"openpositions: size or price of {name} cannot be")
    leverage = row.max_fixed_leverage
    return Position(
        symbol=listing.unified(name),
        side=Side.LONG if row.side == "long" else Side.SHORT,
        contracts=row.contracts,
        entry_price=row.entry_price,
        margin_mode=MarginMode.CROSS if leverage is None else MarginMode.ISOLATED,
        leverage=leverage,
        isolated_wallet=None if leverage is None else _isolated_wallet(row, leverage, flex, listing),
    )


def flex_wallet(flex: Wallet, isolated: Sequence[Position]) -> tuple[float, dict[str, float]]:
    """The cross wallet in USD without unrealised profit, and maintenance ÷ equity of the same positions.

    Margin equity is collateral after haircuts plus what of profit and funding counts as margin (Kraken support,
    Margining & Liquidations: Multi-Collateral, read 2026-11). Where the cross part is not told apart, the margin of
    isolated positions is taken off, and there is no ratio of the rest. Raises PayloadError.
    """
    figures = flex.cross or flex
    equity = finite(figures.margin_equity, "accounts: marginEquity of flex")
    wallet = equity - finite(figures.profit, "accounts: pnl of flex")
    if flex.cross is None and isolated:
        return wallet - sum(position.isolated_wallet or 0.0 for position in isolated), {}
    return wallet, ratio_of(QUOTE, finite(figures.maintenance, "accounts: maintenanceMargin of flex"), equity)


def ratio_of(pool: str, maintenance: float, equity: float) -> dict[str, float]:
    """Maintenance ÷ equity, 1 at liquidation; empty where nothing must be held."""
    if not maintenance > 0:
        return {}
    return {pool: maintenance / equity if equity > 0 else math.inf}


def finite(value: float | None, what: str) -> float:
    """The figure. Raises PayloadError where it is missing or no number."""
    if value is None or not math.isfinite(value):
        raise PayloadError(f"{what} is missing or no number")
    return value


def resting_order_of(row: OrderRow, listing: Listing) -> RestingOrder:
    """One order that waits."""
    kind = ORDER_KINDS.get(row.order_type.lower(), OrderKind.STOP if row.stop_price else OrderKind.LIMIT)
    return RestingOrder(
        symbol=listing.unified(row.symbol.upper()),
        order_side=Side.LONG if row.side == "buy" else Side.SHORT,
        kind=kind,
        contracts=row.unfilled,
        trigger_price=None if kind is OrderKind.LIMIT else row.stop_price,
        limit_price=row.limit_price,
        trigger_by="" if kind is OrderKind.LIMIT else SIGNALS.get(row.signal.lower(), ""),
        is_reduce_only=row.reduce_only,
        order_id=row.order_id,
    )


def _settles_in_dollars(position: Position) -> bool:
    return position.symbol.partition(":")[2].partition("-")[0] == QUOTE


def _inverse_figures(name: str, wallet: Wallet) -> tuple[float, float]:
    """Portfolio value and profit in the coin."""
    if wallet.auxiliary is None:
        raise PayloadError(f"accounts: auxiliary of {name} is missing")
    equity = finite(wallet.auxiliary.portfolio_value, f"accounts: pv of {name}")
    return equity, finite(wallet.auxiliary.profit, f"accounts: pnl of {name}")


def _isolated_wallet(row: PositionRow, leverage: float, flex: Wallet, listing: Listing) -> float:
    """The margin bound to an isolated position: as told, else the entry value by the leverage it is fixed at."""
    told = flex.isolated.get(row.native_symbol, IsolatedFigures()).initial_margin
    if told is not None:
        return finite(told, f"accounts: initialMargin of {row.native_symbol}")
    if not 0 < leverage < math.inf:
        raise PayloadError(f"openpositions: maxFixedLeverage of {row.native_symbol} cannot be")
    instrument = listing.by_native.get(row.native_symbol)
    size = instrument.contract_size if instrument is not None else 1.0
    return row.contracts * size * row.entry_price / leverage
