"""Bitget's waiting orders (classic plain, classic trigger, unified plain, unified strategy) and rights of a key."""

from __future__ import annotations

import math

import msgspec

from liqwatch.exchanges.payloads.bitget_account import Figure, contracts_of, number
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import OrderKind, RestingOrder, Side
from liqwatch.ports import KeyReport

TRIGGERS = {"mark_price": "mark", "fill_price": "last", "index_price": "index", "mark": "mark", "market": "last"}
TRADE_RIGHTS = frozenset({"coow", "cpow", "stow", "smow", "trade"})
TRANSFER_RIGHTS = frozenset({"wtow", "transfer"})
WITHDRAW_RIGHTS = frozenset({"wwow", "withdraw"})
"""Authorities that write (Bitget docs, Get Account Information, 2026-11); older answers write whole words."""
READ_AND_WRITE = frozenset({"read-and-write", "read_and_write"})


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """One waiting order; a plain one has no `planType` and no trigger."""

    symbol: str
    order_side: str = msgspec.field(name="side", default="")
    pos_side: str = msgspec.field(name="posSide", default="")
    trade_side: str = msgspec.field(name="tradeSide", default="")
    pos_mode: str = msgspec.field(name="posMode", default="")
    plan_type: str = msgspec.field(name="planType", default="")
    classic_contracts: Figure = msgspec.field(name="size", default=None)
    unified_contracts: Figure = msgspec.field(name="qty", default=None)
    price: Figure = None
    execute_price: Figure = msgspec.field(name="executePrice", default=None)
    trigger_price: Figure = msgspec.field(name="triggerPrice", default=None)
    trigger_type: str = msgspec.field(name="triggerType", default="")
    reduce_only: str = msgspec.field(name="reduceOnly", default="")
    order_id: str = msgspec.field(name="orderId", default="")


class StrategyRow(msgspec.Struct, frozen=True, gc=False):
    """One unified take-profit and stop-loss order; it closes the side that it names."""

    symbol: str
    pos_side: str = msgspec.field(name="posSide", default="")
    contracts: Figure = msgspec.field(name="qty", default=None)
    take_profit: Figure = msgspec.field(name="takeProfit", default=None)
    take_profit_by: str | None = msgspec.field(name="tpTriggerBy", default=None)
    take_profit_limit: Figure = msgspec.field(name="tpLimitPrice", default=None)
    stop_loss: Figure = msgspec.field(name="stopLoss", default=None)
    stop_loss_by: str | None = msgspec.field(name="slTriggerBy", default=None)
    stop_loss_limit: Figure = msgspec.field(name="slLimitPrice", default=None)
    order_id: str = msgspec.field(name="orderId", default="")


class ClassicPage(msgspec.Struct, frozen=True):
    """One page of classic orders; the next one has ids less than `end_id`."""

    rows: list[OrderRow] | None = msgspec.field(name="entrustedList", default=None)
    end_id: str | None = msgspec.field(name="endId", default=None)


class ClassicOrdersAnswer(msgspec.Struct, frozen=True):
    """`orders-pending` and `orders-plan-pending`."""

    data: ClassicPage


class UnifiedPage(msgspec.Struct, frozen=True):
    """One page of unified orders."""

    rows: list[OrderRow] | None = msgspec.field(name="list", default=None)
    cursor: str | None = None


class UnifiedOrdersAnswer(msgspec.Struct, frozen=True):
    """`unfilled-orders`."""

    data: UnifiedPage


class StrategyOrdersAnswer(msgspec.Struct, frozen=True):
    """`unfilled-strategy-orders`."""

    data: list[StrategyRow] | None = None


class ClassicRights(msgspec.Struct, frozen=True):
    """`spot/account/info`, as far as it speaks of the key."""

    ips: str | None = None
    authorities: list[str] = msgspec.field(default_factory=list)


class ClassicRightsAnswer(msgspec.Struct, frozen=True):
    """`spot/account/info` with its envelope."""

    data: ClassicRights


class UnifiedRights(msgspec.Struct, frozen=True):
    """`v3/account/info`, as far as it speaks of the key."""

    permission_type: str = msgspec.field(name="permType")
    permissions: list[str] = msgspec.field(default_factory=list)
    ips: str | None = None


class UnifiedRightsAnswer(msgspec.Struct, frozen=True):
    """`v3/account/info` with its envelope."""

    data: UnifiedRights


def classic_rights(rights: ClassicRights) -> KeyReport:
    """What a classic key may do."""
    held = frozenset(rights.authorities)
    return KeyReport(
        can_trade=bool(held & TRADE_RIGHTS),
        can_transfer=bool(held & TRANSFER_RIGHTS),
        can_withdraw=bool(held & WITHDRAW_RIGHTS),
        is_ip_bound=bool((rights.ips or "").strip()),
    )


def unified_rights(rights: UnifiedRights) -> KeyReport:
    """What a unified key may do; `uta_mgt` manages the account, transfers among it."""
    held = frozenset(rights.permissions) if rights.permission_type in READ_AND_WRITE else frozenset()
    return KeyReport(
        can_trade=bool(held & {"uta_trade", "copy_futures_order", "copy_futures_position"}),
        can_transfer="uta_mgt" in held,
        can_withdraw="withdraw" in held,
        is_ip_bound=bool((rights.ips or "").strip()),
    )


def resting_order(row: OrderRow, listing: Listing) -> RestingOrder:
    """A plain or trigger order in our terms."""
    trigger_price, limit_price = _price(row.trigger_price), _price(row.price) or _price(row.execute_price)
    contracts = number(row.classic_contracts if row.classic_contracts is not None else row.unified_contracts)
    price = limit_price or trigger_price
    return RestingOrder(
        symbol=listing.unified(row.symbol),
        order_side=_order_side(row),
        kind=_kind(row.plan_type),
        contracts=contracts_of(row.symbol, contracts, price or math.nan, listing) if contracts > 0 else None,
        trigger_price=trigger_price,
        limit_price=limit_price,
        trigger_by=TRIGGERS.get(row.trigger_type, "") if trigger_price else "",
        is_reduce_only=row.reduce_only.lower() == "yes" or _closes(row),
        order_id=row.order_id,
    )


def strategy_orders(row: StrategyRow, listing: Listing) -> list[RestingOrder]:
    """A unified take-profit, a stop-loss, or both at once."""
    side = Side.SHORT if row.pos_side == "long" else Side.LONG
    contracts = number(row.contracts)
    orders: list[RestingOrder] = []
    for kind, trigger, by, limit in (
        (OrderKind.TAKE_PROFIT, row.take_profit, row.take_profit_by, row.take_profit_limit),
        (OrderKind.STOP, row.stop_loss, row.stop_loss_by, row.stop_loss_limit),
    ):
        trigger_price = _price(trigger)
        if trigger_price is not None:
            held = contracts_of(row.symbol, contracts, trigger_price, listing) if contracts > 0 else None
            orders.append(
                RestingOrder(
                    symbol=listing.unified(row.symbol),
                    order_side=side,
                    kind=kind,
                    contracts=held,
                    trigger_price=trigger_price,
                    limit_price=_price(limit),
                    trigger_by=TRIGGERS.get(by or "", ""),
                    is_reduce_only=True,
                    order_id=row.order_id,
                )
            )
    return orders


def _price(figure: Figure) -> float | None:
    value = number(figure)
    return value if 0.0 < value < math.inf else None


def _kind(plan_type: str) -> OrderKind:
    if not plan_type:
        return OrderKind.LIMIT
    if "track" in plan_type or "moving" in plan_type:
        return OrderKind.TRAILING
    return OrderKind.TAKE_PROFIT if "profit" in plan_type else OrderKind.STOP


def _closes(row: OrderRow) -> bool:
    return row.trade_side.startswith("close") or any(word in row.plan_type for word in ("profit", "loss", "moving"))


def _order_side(row: OrderRow) -> Side:
    """In classic hedge mode `side` names the position's direction, also for an order that closes it."""
    named = {"long": Side.LONG, "short": Side.SHORT}.get(row.pos_side)
    if named is not None and row.pos_mode == "hedge_mode":
        return Side(-named.value) if _closes(row) else named
    return Side.LONG if row.order_side == "buy" else Side.SHORT
