"""Gate's waiting orders (plain, price-triggered, trailing), and what it tells of a key. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import OrderKind, RestingOrder, Side
from liqwatch.ports import KeyReport

RISES_TO, FALLS_TO = 1, 2
"""`rule` of a trigger: wakes at or above, at or below its price."""
TRIGGERED_BY = {0: "last", 1: "mark", 2: "index"}
TRAILING_BY = {1: "last", 2: "index", 3: "mark"}
HIDDEN = "*"


class PlainOrder(msgspec.Struct, frozen=True, gc=False):
    """One row of `/futures/{settle}/orders`; `left` is what is not filled, signed, price 0 is a market order."""

    contract: str
    left: float
    price: float = 0.0
    is_reduce_only: bool = False
    is_close: bool = False
    order_id: int | str = msgspec.field(name="id", default="")


class Trigger(msgspec.Struct, frozen=True, gc=False):
    """What wakes an order."""

    price: float
    rule: int
    price_type: int = 0


class WokenOrder(msgspec.Struct, frozen=True, gc=False):
    """The order that is sent then; a size of 0 closes the position."""

    contract: str
    contracts: float = msgspec.field(name="size", default=0.0)
    price: float = 0.0
    is_reduce_only: bool = False
    is_close: bool = False
    closes_side: str = msgspec.field(name="auto_size", default="")


class TriggerOrder(msgspec.Struct, frozen=True, gc=False):
    """One row of `/futures/{settle}/price_orders`. `kind` names what it closes, if anything."""

    trigger: Trigger
    initial: WokenOrder
    order_id: int | str = msgspec.field(name="id", default="")
    kind: str = msgspec.field(name="order_type", default="")


class TrailOrder(msgspec.Struct, frozen=True, gc=False):
    """One row of `/futures/{settle}/autoorder/v1/trail/list`."""

    contract: str
    contracts: float = msgspec.field(name="amount")
    activation_price: float = 0.0
    price_type: int = 0
    is_reduce_only: bool = msgspec.field(name="reduce_only", default=False)
    is_whole_position: bool = msgspec.field(name="position_related", default=False)
    order_id: int | str = msgspec.field(name="id", default="")


class TrailOrders(msgspec.Struct, frozen=True):
    """The body of that list."""

    orders: list[TrailOrder] = msgspec.field(default_factory=list)


class TrailAnswer(msgspec.Struct, frozen=True):
    """Its envelope, which no other list of the venue has."""

    data: TrailOrders


class Permission(msgspec.Struct, frozen=True, gc=False):
    """One right of a key."""

    name: str
    is_read_only: bool = msgspec.field(name="read_only", default=False)


class MainKey(msgspec.Struct, frozen=True):
    """One row of `/account/main_keys`; `key` is partly hidden by asterisks."""

    permissions: list[Permission] = msgspec.field(name="perms", default_factory=list)
    key: str = ""
    ip_whitelist: list[str] = msgspec.field(default_factory=list)


class AccountDetail(msgspec.Struct, frozen=True):
    """`/account/detail` of the key that asks."""

    user_id: int | str
    ip_whitelist: list[str] = msgspec.field(default_factory=list)


def plain_order(order: PlainOrder, listing: Listing) -> RestingOrder:
    """A plain order in our terms."""
    return RestingOrder(
        symbol=listing.unified(order.contract),
        order_side=_side(order.left),
        kind=OrderKind.LIMIT,
        contracts=None if order.is_close and order.left == 0 else abs(order.left),
        limit_price=order.price or None,
        is_reduce_only=order.is_reduce_only or order.is_close,
        order_id=str(order.order_id),
    )


def trigger_order(order: TriggerOrder, listing: Listing) -> RestingOrder:
    """A price-triggered order: one that closes a long by selling below is its stop, above its take-profit."""
    woken = order.initial
    side = _closing_side(order) or _side(woken.contracts)
    is_adverse = order.trigger.rule == (FALLS_TO if side is Side.SHORT else RISES_TO)
    return RestingOrder(
        symbol=listing.unified(woken.contract),
        order_side=side,
        kind=OrderKind.STOP if is_adverse else OrderKind.TAKE_PROFIT,
        contracts=abs(woken.contracts) or None,
        trigger_price=order.trigger.price,
        limit_price=woken.price or None,
        trigger_by=TRIGGERED_BY.get(order.trigger.price_type, ""),
        is_reduce_only=woken.is_reduce_only or woken.is_close or bool(woken.closes_side),
        order_id=str(order.order_id),
    )


def _closing_side(order: TriggerOrder) -> Side | None:
    """The direction of an order that names what it closes in place of a size."""
    for text in (order.initial.closes_side.replace("_", "-"), order.kind):
        if "close-long" in text:
            return Side.SHORT
        if "close-short" in text:
            return Side.LONG
    return None


def trail_order(order: TrailOrder, listing: Listing) -> RestingOrder:
    """A trailing order; without an activation price it follows at once."""
    return RestingOrder(
        symbol=listing.unified(order.contract),
        order_side=_side(order.contracts),
        kind=OrderKind.TRAILING,
        contracts=abs(order.contracts) or None,
        trigger_price=order.activation_price or None,
        trigger_by=TRAILING_BY.get(order.price_type, ""),
        is_reduce_only=order.is_reduce_only or order.is_whole_position,
        order_id=str(order.order_id),
    )


def _side(contracts: float) -> Side:
    return Side.LONG if contracts > 0 else Side.SHORT


def key_report(api_key: str, keys: Sequence[MainKey], detail: AccountDetail) -> KeyReport:
    """What this key may do; it is found among the main account's keys by the part of its name that is shown.

    The venue has no right of its own to transfer: whoever may write to the wallet can.
    """
    own = [key for key in keys if _is_same(api_key, key.key)]
    if len(own) != 1:
        return KeyReport(
            is_ip_bound=bool(detail.ip_whitelist),
            note="the venue does not show the rights of this key to the key itself",
        )
    key = own[0]
    return KeyReport(
        can_withdraw=_may_write(key, "withdraw", "withdrawal", "withdrawals"),
        can_transfer=_may_write(key, "wallet"),
        can_trade=_may_write(key, "futures", "spot", "margin", "unified", "delivery", "options", "spot/margin"),
        is_ip_bound=bool(key.ip_whitelist or detail.ip_whitelist),
    )


def _may_write(key: MainKey, *names: str) -> bool:
    return any(right.name in names and not right.is_read_only for right in key.permissions)


def _is_same(api_key: str, shown: str) -> bool:
    visible = shown.rstrip(HIDDEN)
    return bool(visible) and (api_key == shown or (shown != visible and api_key.startswith(visible)))
