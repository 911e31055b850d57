"""Binance's waiting orders: plain ones, and since 2025-12 conditional ones on a list of their own."""

from __future__ import annotations

import msgspec

from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import OrderKind, RestingOrder, Side

KINDS = {
    "STOP": OrderKind.STOP,
    "STOP_MARKET": OrderKind.STOP,
    "TAKE_PROFIT": OrderKind.TAKE_PROFIT,
    "TAKE_PROFIT_MARKET": OrderKind.TAKE_PROFIT,
    "TRAILING_STOP_MARKET": OrderKind.TRAILING,
}
TRIGGERS = {"MARK_PRICE": "mark", "CONTRACT_PRICE": "last"}


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `openOrders`."""

    symbol: str
    side: str
    kind: str = msgspec.field(name="type", default="LIMIT")
    price: float = 0.0
    stop_price: float = msgspec.field(name="stopPrice", default=0.0)
    activation_price: float = msgspec.field(name="activatePrice", default=0.0)
    contracts: float = msgspec.field(name="origQty", default=0.0)
    working_type: str = msgspec.field(name="workingType", default="")
    is_reduce_only: bool = msgspec.field(name="reduceOnly", default=False)
    closes_position: bool = msgspec.field(name="closePosition", default=False)
    order_id: str | int = msgspec.field(name="orderId", default="")


class AlgoOrderRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `openAlgoOrders`."""

    symbol: str
    side: str
    kind: str = msgspec.field(name="orderType", default="STOP")
    trigger_price: float = msgspec.field(name="triggerPrice", default=0.0)
    activation_price: float = msgspec.field(name="activatePrice", default=0.0)
    price: float = 0.0
    contracts: float = msgspec.field(name="quantity", default=0.0)
    working_type: str = msgspec.field(name="workingType", default="")
    is_reduce_only: bool = msgspec.field(name="reduceOnly", default=False)
    closes_position: bool = msgspec.field(name="closePosition", default=False)
    order_id: str | int = msgspec.field(name="algoId", default="")


def resting_order(row: OrderRow, listing: Listing) -> RestingOrder:
    """A plain order in our terms."""
    return _order(row, row.stop_price or row.activation_price, listing)


def waking_order(row: AlgoOrderRow, listing: Listing) -> RestingOrder:
    """A conditional order in our terms."""
    return _order(row, row.trigger_price or row.activation_price, listing)


def _order(row: OrderRow | AlgoOrderRow, trigger_price: float, listing: Listing) -> RestingOrder:
    return RestingOrder(
        symbol=listing.unified(row.symbol),
        order_side=Side.LONG if row.side == "BUY" else Side.SHORT,
        kind=KINDS.get(row.kind, OrderKind.LIMIT),
        contracts=None if row.closes_position else row.contracts,
        trigger_price=trigger_price or None,
        limit_price=row.price or None,
        trigger_by=TRIGGERS.get(row.working_type, "") if trigger_price else "",
        is_reduce_only=row.is_reduce_only or row.closes_position,
        order_id=str(row.order_id),
    )
