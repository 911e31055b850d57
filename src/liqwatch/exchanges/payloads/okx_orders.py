"""OKX's waiting orders: plain ones, and conditional ones on a list of their own."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from liqwatch.exchanges.payloads.okx_envelope import Figure, contract_family, number
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import OrderKind, RestingOrder, Side

AT_MARKET = -1.0
"""An order price that means the market."""
WHOLE_POSITION = 1.0
CONDITIONAL_KINDS = ("conditional,oco", "trigger", "move_order_stop")
"""What the list of conditional orders can be asked for, one request each."""


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `orders-pending`."""

    native_symbol: str = msgspec.field(name="instId")
    order_side: str = msgspec.field(name="side")
    order_id: str = msgspec.field(name="ordId", default="")
    price: Figure = msgspec.field(name="px", default="")
    contracts: Figure = msgspec.field(name="sz", default="")
    filled_contracts: Figure = msgspec.field(name="accFillSz", default="")
    is_reduce_only: str | bool = msgspec.field(name="reduceOnly", default="false")


class ConditionalRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `orders-algo-pending`. `last` is the last price when the row was written."""

    native_symbol: str = msgspec.field(name="instId")
    order_side: str = msgspec.field(name="side")
    kind: str = msgspec.field(name="ordType", default="trigger")
    order_id: str = msgspec.field(name="algoId", default="")
    contracts: Figure = msgspec.field(name="sz", default="")
    closed_share: Figure = msgspec.field(name="closeFraction", default="")
    is_reduce_only: str | bool = msgspec.field(name="reduceOnly", default="false")
    last_price: Figure = msgspec.field(name="last", default="")
    stop_trigger: Figure = msgspec.field(name="slTriggerPx", default="")
    stop_price: Figure = msgspec.field(name="slOrdPx", default="")
    stop_by: str = msgspec.field(name="slTriggerPxType", default="")
    profit_trigger: Figure = msgspec.field(name="tpTriggerPx", default="")
    profit_price: Figure = msgspec.field(name="tpOrdPx", default="")
    profit_by: str = msgspec.field(name="tpTriggerPxType", default="")
    trigger: Figure = msgspec.field(name="triggerPx", default="")
    trigger_by: str = msgspec.field(name="triggerPxType", default="")
    order_price: Figure = msgspec.field(name="ordPx", default="")
    moving_trigger: Figure = msgspec.field(name="moveTriggerPx", default="")


def resting_orders_of(rows: Iterable[OrderRow], listing: Listing) -> list[RestingOrder]:
    """Plain orders of contracts in our terms; what is filled already is taken off."""
    return [
        RestingOrder(
            symbol=listing.unified(row.native_symbol),
            order_side=_side(row.order_side),
            kind=OrderKind.LIMIT,
            contracts=(number(row.contracts) or 0.0) - (number(row.filled_contracts) or 0.0),
            limit_price=number(row.price) or None,
            is_reduce_only=_is_true(row.is_reduce_only),
            order_id=row.order_id,
        )
        for row in rows
        if contract_family(row.native_symbol)
    ]


def waking_orders_of(rows: Iterable[ConditionalRow], listing: Listing) -> list[RestingOrder]:
    """Conditional orders of contracts in our terms; one that has both a stop and a profit target gives two."""
    return [order for row in rows if contract_family(row.native_symbol) for order in _conditions(row, listing)]


def _conditions(row: ConditionalRow, listing: Listing) -> list[RestingOrder]:
    found = [
        _order(row, listing, kind, trigger, price, by)
        for kind, trigger, price, by in (
            (OrderKind.STOP, row.stop_trigger, row.stop_price, row.stop_by),
            (OrderKind.TAKE_PROFIT, row.profit_trigger, row.profit_price, row.profit_by),
            (_kind_of_trigger(row), row.trigger, row.order_price, row.trigger_by),
        )
        if number(trigger)
    ]
    if row.kind == "move_order_stop":
        found.append(_order(row, listing, OrderKind.TRAILING, row.moving_trigger, "", ""))
    return found


def _order(  # one condition of one row
    row: ConditionalRow, listing: Listing, kind: OrderKind, trigger: Figure, price: Figure, by: str
) -> RestingOrder:
    closes_all = number(row.closed_share) == WHOLE_POSITION
    limit_price = number(price)
    return RestingOrder(
        symbol=listing.unified(row.native_symbol),
        order_side=_side(row.order_side),
        kind=kind,
        contracts=None if closes_all else number(row.contracts),
        trigger_price=number(trigger) or None,
        limit_price=None if limit_price == AT_MARKET else limit_price or None,
        trigger_by=by,
        is_reduce_only=closes_all or _is_true(row.is_reduce_only),
        order_id=row.order_id,
    )


def _kind_of_trigger(row: ConditionalRow) -> OrderKind:
    """A trigger order does not say what it is for: buying above the last price or selling below it is a stop."""
    trigger, last = number(row.trigger), number(row.last_price)
    if trigger is None or last is None:
        return OrderKind.STOP
    return OrderKind.STOP if (trigger - last) * _side(row.order_side).value >= 0 else OrderKind.TAKE_PROFIT


def _side(order_side: str) -> Side:
    return Side.LONG if order_side == "buy" else Side.SHORT


def _is_true(flag: str | bool) -> bool:
    return flag is True or flag == "true"
