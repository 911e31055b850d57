"""Bybit's waiting orders: plain ones, conditional ones, and the stops and targets set on a position."""

from __future__ import annotations

import msgspec

from liqwatch.exchanges.payloads.bybit_account import Figure, optional
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import OrderKind, RestingOrder, Side

WAITING = frozenset({"New", "PartiallyFilled", "Untriggered", "Created", "Active"})
KINDS = {
    "TakeProfit": OrderKind.TAKE_PROFIT,
    "PartialTakeProfit": OrderKind.TAKE_PROFIT,
    "StopLoss": OrderKind.STOP,
    "PartialStopLoss": OrderKind.STOP,
    "MmRateClose": OrderKind.STOP,
    "TrailingStop": OrderKind.TRAILING,
    "TrailingProfit": OrderKind.TRAILING,
}
TRIGGERS = {"MarkPrice": "mark", "LastPrice": "last", "IndexPrice": "index"}
RISES = 1
"""`triggerDirection`: woken by a rise; 2 by a fall."""


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `order/realtime`. A stop on a whole position has a quantity of zero."""

    symbol: str
    side: str = ""
    status: str = msgspec.field(name="orderStatus", default="")
    stop_kind: str = msgspec.field(name="stopOrderType", default="")
    price: Figure = None
    quantity: Figure = msgspec.field(name="qty", default=None)
    left_quantity: Figure = msgspec.field(name="leavesQty", default=None)
    trigger_price: Figure = msgspec.field(name="triggerPrice", default=None)
    trigger_by: str = msgspec.field(name="triggerBy", default="")
    trigger_direction: int = msgspec.field(name="triggerDirection", default=0)
    is_reduce_only: bool = msgspec.field(name="reduceOnly", default=False)
    closes_on_trigger: bool = msgspec.field(name="closeOnTrigger", default=False)
    order_id: str = msgspec.field(name="orderId", default="")

    @property
    def is_waiting(self) -> bool:
        """The list also holds orders that have lately ended."""
        return self.status in WAITING


class OrderPage(msgspec.Struct, frozen=True):
    """One page of orders."""

    rows: list[OrderRow] = msgspec.field(name="list", default_factory=list)
    cursor: str | None = msgspec.field(name="nextPageCursor", default="")


class OrderAnswer(msgspec.Struct, frozen=True):
    """`/v5/order/realtime`."""

    result: OrderPage


def resting_order_of(row: OrderRow, listing: Listing) -> RestingOrder:
    """An order in our terms."""
    trigger_price = optional(row.trigger_price) or None
    return RestingOrder(
        symbol=listing.unified(row.symbol),
        order_side=Side.LONG if row.side == "Buy" else Side.SHORT,
        kind=_kind(row) if trigger_price else OrderKind.LIMIT,
        contracts=optional(row.left_quantity) or optional(row.quantity) or None,
        trigger_price=trigger_price,
        limit_price=optional(row.price) or None,
        trigger_by=TRIGGERS.get(row.trigger_by, "") if trigger_price else "",
        is_reduce_only=row.is_reduce_only or row.closes_on_trigger,
        order_id=row.order_id,
    )


def _kind(row: OrderRow) -> OrderKind:
    """As named; a plain conditional order that closes and waits for a gain is a take-profit."""
    named = KINDS.get(row.stop_kind)
    if named is not None:
        return named
    waits_for_gain = row.trigger_direction != 0 and (row.trigger_direction == RISES) == (row.side == "Sell")
    closes = row.is_reduce_only or row.closes_on_trigger
    return OrderKind.TAKE_PROFIT if closes and waits_for_gain else OrderKind.STOP
