"""OKX's own closing orders and its warnings. It says itself that a liquidation can come in the same moment."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.exchanges.payloads.okx_account import SIDES
from liqwatch.exchanges.payloads.okx_envelope import Figure, contract_family, milliseconds, number
from liqwatch.exchanges.plumbing.changes import AccountEvent, Forced, Noticed
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import NoticeKind, Side, VenueNotice

FORCED_ORDERS = {
    "full_liquidation": "liquidated by the venue",
    "partial_liquidation": "partly liquidated by the venue",
    "adl": "deleveraged by the venue (ADL)",
    "delivery": "settled by the venue at delivery",
}
"""`category` of an order that the venue itself has placed."""
FORCED_EVENTS = {
    "liquidation": "liquidated by the venue",
    "adl": "deleveraged by the venue (ADL)",
    "delivered": "settled by the venue at delivery",
}
"""`eventType` of a `balance_and_position` push."""


class OrderUpdate(msgspec.Struct, frozen=True, gc=False):
    """One order event, as far as it tells who closed what."""

    native_symbol: str = msgspec.field(name="instId")
    category: str = "normal"
    order_side: str = msgspec.field(name="side", default="")
    position_side: str = msgspec.field(name="posSide", default="net")
    state: str = ""


class RiskWarning(msgspec.Struct, frozen=True, gc=False):
    """One position of `liquidation-warning`; `margin_ratio` is equity ÷ maintenance."""

    native_symbol: str = msgspec.field(name="instId")
    contracts: Figure = msgspec.field(name="pos", default="")
    position_side: str = msgspec.field(name="posSide", default="net")
    margin_ratio: Figure = msgspec.field(name="mgnRatio", default="")
    pushed: Figure = msgspec.field(name="pTime", default="")


class DeleveragingState(msgspec.Struct, frozen=True, gc=False):
    """`adl-warning` of one instrument family: `normal`, `warning` or `adl`."""

    family: str = msgspec.field(name="instFamily", default="")
    state: str = "normal"
    pushed: Figure = msgspec.field(name="ts", default="")


_order = msgspec.json.Decoder(OrderUpdate)
_warning = msgspec.json.Decoder(RiskWarning)
_deleveraging = msgspec.json.Decoder(DeleveragingState)


def events_of(channel: str, rows: Sequence[msgspec.Raw], listing: Listing) -> tuple[AccountEvent, ...] | None:
    """What these rows say; None for a channel that is not read here. Raises as msgspec."""
    if channel == "orders":
        updates = [_order.decode(row) for row in rows]
        return tuple(_forced(each, listing) for each in updates if is_forced(each))
    if channel == "liquidation-warning":
        return tuple(_risk(_warning.decode(row), listing) for row in rows)
    if channel == "adl-warning":
        states = [_deleveraging.decode(row) for row in rows]
        return tuple(_deleverages(each) for each in states if each.state in ("warning", "adl"))
    return None


def is_forced(update: OrderUpdate) -> bool:
    """Whether the venue closes a contract by this order."""
    return (
        update.category in FORCED_ORDERS and update.state != "canceled" and contract_family(update.native_symbol) != ""
    )


def _forced(update: OrderUpdate, listing: Listing) -> Forced:
    side = SIDES.get(update.position_side) or (Side.LONG if update.order_side == "sell" else Side.SHORT)
    return Forced(listing.subject(update.native_symbol, side), FORCED_ORDERS[update.category])


def _risk(row: RiskWarning, listing: Listing) -> Noticed:
    side = SIDES.get(row.position_side) or (Side.SHORT if (number(row.contracts) or 0.0) < 0 else Side.LONG)
    ratio = number(row.margin_ratio)
    share = f": maintenance takes {100 / ratio:.0f} % of its equity" if ratio is not None and ratio > 0 else ""
    return Noticed(
        VenueNotice(
            kind=NoticeKind.LIQUIDATION_WARNING,
            subject=listing.subject(row.native_symbol, side) if contract_family(row.native_symbol) else "",
            text=f"OKX warns that this position is close to liquidation{share}",
            at=from_milliseconds(milliseconds(row.pushed)),
        )
    )


def _deleverages(row: DeleveragingState) -> Noticed:
    what = "has begun to deleverage" if row.state == "adl" else "may soon deleverage"
    return Noticed(
        VenueNotice(
            kind=NoticeKind.DELEVERAGING_WARNING,
            subject="",
            text=f"OKX {what} positions in {row.family or 'a family of contracts'}",
            at=from_milliseconds(milliseconds(row.pushed)),
        )
    )
