"""KuCoin's signed answers of a classic futures account: positions, wallets, orders, rights. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.kucoin_futures_listing import unified_currency
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import MarginMode, OrderKind, Position, RestingOrder, Side
from liqwatch.ports import KeyReport

ONE_WAY = "BOTH"
HIGHEST_PRICE = 1_000_000.0
"""The `maxPrice` of contracts: what is written for a short that no price liquidates."""
TRIGGERS = {"TP": "last", "MP": "mark", "IP": "index"}
TRADES = frozenset({"Spot", "Margin", "Futures", "Trade", "Unified"})
TRANSFERS = frozenset({"InnerTransfer", "FlexTransfers"})
WITHDRAWS = frozenset({"Transfer", "Withdrawal"})
"""`Transfer` is the permission that covers withdrawals (KuCoin docs, API permissions; read as the wider meaning)."""


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """A position of `/api/v1/positions`, and of `position.change` where the whole of it is pushed.

    Costs are signed and in the settle currency; margins are without unrealised PnL.
    """

    symbol: str
    contracts: float = msgspec.field(name="currentQty")
    is_open: bool = msgspec.field(name="isOpen", default=True)
    entry_price: float = msgspec.field(name="avgEntryPrice", default=0.0)
    mark_price: float = msgspec.field(name="markPrice", default=0.0)
    liquidation_price: str | float | None = msgspec.field(name="liquidationPrice", default=None)
    is_cross: bool = msgspec.field(name="crossMode", default=False)
    margin_mode: str | None = msgspec.field(name="marginMode", default=None)
    position_side: str = msgspec.field(name="positionSide", default=ONE_WAY)
    leverage: float | None = None
    entry_value: float | None = msgspec.field(name="posCost", default=None)
    initial_margin: float | None = msgspec.field(name="posInit", default=None)
    margin: float | None = msgspec.field(name="posMargin", default=None)
    maintenance_margin: float | None = msgspec.field(name="posMaint", default=None)
    maintenance_margin_rate: float | None = msgspec.field(name="maintMarginReq", default=None)
    contract_margin_rate: float | None = msgspec.field(name="maintainMargin", default=None)
    adl_rank: float | None = msgspec.field(name="delevPercentage", default=None)
    settle_currency: str = msgspec.field(name="settleCurrency", default="")
    exchange_ms: int = msgspec.field(name="currentTimestamp", default=0)
    change_reason: str = msgspec.field(name="changeReason", default="")

    @property
    def is_isolated(self) -> bool:
        """Old rows know `crossMode` alone."""
        return self.margin_mode == "ISOLATED" if self.margin_mode else not self.is_cross

    @property
    def side(self) -> Side:
        """In hedge mode the venue names the side, in one-way mode the sign does."""
        return side_of(self.position_side, self.contracts)


class PositionsAnswer(msgspec.Struct, frozen=True):
    """`/api/v1/positions`: every settle currency, in one answer."""

    data: list[PositionRow]


class Overview(msgspec.Struct, frozen=True, gc=False):
    """One currency of `/api/v1/account-overview`. The margin balance is without unrealised PnL."""

    currency: str
    margin_balance: float = msgspec.field(name="marginBalance")
    frozen_funds: float = msgspec.field(name="frozenFunds", default=0.0)


class OverviewAnswer(msgspec.Struct, frozen=True):
    """The envelope."""

    data: Overview


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """An order of `/api/v1/orders` or `/api/v1/stopOrders`."""

    symbol: str
    order_side: str = msgspec.field(name="side")
    identifier: str = msgspec.field(name="id", default="")
    contracts: float | None = msgspec.field(name="size", default=None)
    filled_contracts: float | None = msgspec.field(name="filledSize", default=None)
    limit_price: float | str | None = msgspec.field(name="price", default=None)
    stop: str | None = None
    trigger_price: float | str | None = msgspec.field(name="stopPrice", default=None)
    trigger_by: str | None = msgspec.field(name="stopPriceType", default=None)
    is_reduce_only: bool | None = msgspec.field(name="reduceOnly", default=None)
    is_close_order: bool | None = msgspec.field(name="closeOrder", default=None)


class OrdersPage(msgspec.Struct, frozen=True):
    """One page of orders."""

    items: list[OrderRow]
    pages: int = msgspec.field(name="totalPage", default=1)


class OrdersAnswer(msgspec.Struct, frozen=True):
    """The envelope."""

    data: OrdersPage


class KeyFacts(msgspec.Struct, frozen=True, gc=False):
    """`/api/v1/user/api-key`."""

    permission: str
    ip_whitelist: str | None = msgspec.field(name="ipWhitelist", default=None)


class KeyAnswer(msgspec.Struct, frozen=True):
    """The envelope."""

    data: KeyFacts


class StreamServer(msgspec.Struct, frozen=True):
    """Where a private stream may be opened."""

    endpoint: str


class StreamToken(msgspec.Struct, frozen=True):
    """The token is a secret and lasts a day. The unified account's answer names no server."""

    token: str
    servers: list[StreamServer] = msgspec.field(name="instanceServers", default_factory=list)


class TokenAnswer(msgspec.Struct, frozen=True):
    """`POST /api/v1/bullet-private`."""

    data: StreamToken


def positions_of(rows: Iterable[PositionRow], listing: Listing) -> tuple[Position, ...]:
    """The open rows. Raises PayloadError for a figure that is missing or cannot be."""
    return tuple(position_of(row, listing) for row in rows if row.is_open and row.contracts != 0)


def position_of(row: PositionRow, listing: Listing) -> Position:
    """One open row in our terms; only figures that the venue states itself. Raises PayloadError."""
    if not (math.isfinite(row.contracts) and 0.0 < row.entry_price < math.inf):
        raise PayloadError(f"positions: currentQty or avgEntryPrice of {row.symbol} cannot be")
    return Position(
        symbol=listing.unified(row.symbol),
        side=row.side,
        contracts=abs(row.contracts),
        entry_price=row.entry_price,
        margin_mode=MarginMode.ISOLATED if row.is_isolated else MarginMode.CROSS,
        leverage=_leverage(row),
        isolated_wallet=_isolated_wallet(row) if row.is_isolated else None,
        reported_liquidation_price=reported_price(row.liquidation_price, row.mark_price, row.symbol, listing),
        reported_maintenance_margin=row.maintenance_margin,
        reported_mark_price=row.mark_price if 0.0 < row.mark_price < math.inf else None,
        adl_rank=row.adl_rank,
    )


def reported_price(raw: str | float | None, mark_price: float, native: str, listing: Listing) -> float | None:
    """The venue's liquidation price; the lowest and the highest price that an order can have mean "none"."""
    price = cleaned_liquidation_price(raw, mark_price)
    instrument = listing.by_native.get(native)
    tick = instrument.price_tick if instrument is not None else 0.0
    return None if price is None or price <= tick or price == HIGHEST_PRICE else price


def side_of(position_side: str, contracts: float) -> Side:
    """LONG and SHORT in hedge mode; BOTH leaves it to the sign."""
    if position_side in {Side.LONG.name, Side.SHORT.name}:
        return Side[position_side]
    return Side.LONG if contracts > 0 else Side.SHORT


def _isolated_wallet(row: PositionRow) -> float:
    """The margin that stands against rate * entry value.

    `posMaint` counts more than that: the fee of closing at bankruptcy and the coming funding. What it counts beyond is
    taken out of `posMargin` here, so that E - s (posMargin - posMaint) / q, by which KuCoin's isolated prices come
    out, is the price of wallet and rate (positions reported by KuCoin 2021 to 2024, read 2026-11).
    """
    margin, maintenance, value = row.margin, row.maintenance_margin, row.entry_value
    if margin is None or maintenance is None or value is None:
        raise PayloadError(f"positions: posMargin, posMaint or posCost of {row.symbol} is missing")
    rate = row.maintenance_margin_rate or row.contract_margin_rate or 0.0
    wallet = margin - maintenance + rate * abs(value)
    if not math.isfinite(wallet):
        raise PayloadError(f"positions: posMargin, posMaint or posCost of {row.symbol} cannot be")
    return wallet


def _leverage(row: PositionRow) -> float | None:
    if row.leverage is not None and row.leverage > 0:
        return row.leverage
    if row.initial_margin and row.entry_value:
        return round(abs(row.entry_value) / row.initial_margin, 2)
    return None


def cross_wallet(overview: Overview, rows: Iterable[PositionRow]) -> float:
    """What stands behind the cross positions of a currency: the balance without what isolated positions hold.

    Funds frozen for a transfer are left out, too. Raises PayloadError for a figure that cannot be.
    """
    isolated = sum(
        row.margin or 0.0
        for row in rows
        if row.settle_currency == overview.currency and row.is_isolated and row.contracts != 0
    )
    wallet = overview.margin_balance - overview.frozen_funds - isolated
    if not math.isfinite(wallet):
        raise PayloadError(f"account-overview: marginBalance of {overview.currency} is no number")
    return wallet


def wallets_of(overviews: Iterable[Overview], rows: Iterable[PositionRow]) -> Mapping[str, float]:
    """Cross wallets by settle currency (ours: BTC): those that hold something or carry a position."""
    held = list(rows)
    used = {row.settle_currency for row in held if row.contracts != 0}
    wallets = {overview.currency: cross_wallet(overview, held) for overview in overviews}
    return {unified_currency(code): wallet for code, wallet in wallets.items() if wallet != 0 or code in used}


def resting_order_of(row: OrderRow, listing: Listing) -> RestingOrder:
    """One order in our terms. A stop waits on the losing side of what it closes, a take-profit on the other."""
    order_side = Side.LONG if row.order_side.lower() == "buy" else Side.SHORT
    trigger = number_or_none(row.trigger_price) if row.stop else None
    contracts = None if row.is_close_order or not row.contracts else row.contracts - (row.filled_contracts or 0.0)
    return RestingOrder(
        symbol=listing.unified(row.symbol),
        order_side=order_side,
        kind=order_kind(row.stop, order_side) if trigger is not None else OrderKind.LIMIT,
        contracts=contracts,
        trigger_price=trigger,
        limit_price=number_or_none(row.limit_price),
        trigger_by=TRIGGERS.get(row.trigger_by or "", "") if trigger is not None else "",
        is_reduce_only=bool(row.is_reduce_only or row.is_close_order),
        order_id=row.identifier,
    )


def order_kind(direction: str | None, order_side: Side) -> OrderKind:
    """`down` wakes a falling price, `up` a rising one: selling after a fall and buying after a rise limit a loss."""
    is_stop = ((direction or "").lower() == "down") == (order_side is Side.SHORT)
    return OrderKind.STOP if is_stop else OrderKind.TAKE_PROFIT


def number_or_none(raw: float | str | None) -> float | None:
    """A price that may be absent, empty or zero."""
    try:
        price = float(raw) if raw is not None else 0.0
    except ValueError:
        return None
    return price if 0.0 < price < math.inf else None


def key_report(facts: KeyFacts) -> KeyReport:
    """What `General,Futures,Transfer` allows."""
    granted = {name.strip() for name in facts.permission.split(",")}
    return KeyReport(
        can_withdraw=bool(granted & WITHDRAWS),
        can_transfer=bool(granted & (TRANSFERS | WITHDRAWS)),
        can_trade=bool(granted & TRADES),
        is_ip_bound=bool(facts.ip_whitelist),
        note="the venue tells no expiry",
    )
