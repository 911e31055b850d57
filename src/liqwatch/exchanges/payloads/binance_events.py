"""What Binance's user-data events mean for an account. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from liqwatch.clock import from_milliseconds
from liqwatch.exchanges.payloads.binance_account import (
    AccountUpdate,
    CalledPosition,
    ListenKeyExpired,
    MarginCall,
    OrderUpdate,
    RiskLevelChange,
    UserEvent,
)
from liqwatch.exchanges.payloads.binance_snapshot import merge_account_update, side_of
from liqwatch.exchanges.plumbing.changes import AccountEvent, Forced, Heard, Noticed, Nudge
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot, NoticeKind, Side, VenueNotice

SETTINGS = Nudge("settings")


@dataclass(frozen=True, slots=True)
class Update:
    """An account update, ready to be laid over a snapshot."""

    update: AccountUpdate

    def laid_over(self, snapshot: AccountSnapshot, listing: Listing) -> AccountSnapshot | None:
        """See `merge_account_update`."""
        return merge_account_update(snapshot, self.update, listing.by_native)


def heard_of(event: UserEvent | str | None, listing: Listing) -> Heard:
    """An event, a reason why a frame cannot be used, or None for no concern, in words that no venue owns."""
    if event is None:
        return Heard()
    if isinstance(event, str):
        return Heard(rejected=event)
    if isinstance(event, ListenKeyExpired):
        return Heard(end="listen_key_expired")
    return Heard(events=_events(event, listing))


def _events(event: UserEvent, listing: Listing) -> tuple[AccountEvent, ...]:
    if isinstance(event, AccountUpdate):
        return (Update(event),)
    if isinstance(event, OrderUpdate):
        return _forced(event, listing)
    if isinstance(event, MarginCall):
        return _called(event, listing) or (Nudge("margin call without positions"),)
    return (Noticed(_risk_notice(event)),) if isinstance(event, RiskLevelChange) else (SETTINGS,)


def _forced(event: OrderUpdate, listing: Listing) -> tuple[Forced, ...]:
    word, order = event.forced_close, event.order
    if word is None:
        return ()
    side = {"LONG": Side.LONG, "SHORT": Side.SHORT}.get(order.position_side)
    side = side or (Side.LONG if order.order_side == "SELL" else Side.SHORT)
    return (Forced(listing.subject(order.symbol, side), word),)


def _called(event: MarginCall, listing: Listing) -> tuple[Noticed, ...]:
    return tuple(Noticed(_call_notice(event, row, listing)) for row in event.positions)


def _call_notice(event: MarginCall, row: CalledPosition, listing: Listing) -> VenueNotice:
    needed = "" if row.maintenance_margin is None else f"; it needs {row.maintenance_margin:g} maintenance margin"
    return VenueNotice(
        kind=NoticeKind.MARGIN_CALL,
        subject=listing.subject(row.symbol, side_of(row.position_side, row.amount)),
        text=f"Binance warns that this position is at risk{needed}",
        at=from_milliseconds(event.exchange_ms),
    )


def _risk_notice(event: RiskLevelChange) -> VenueNotice:
    kind = NoticeKind.LIQUIDATION_WARNING if event.level == "FORCE_LIQUIDATION" else NoticeKind.MARGIN_CALL
    text = f"Binance has moved this account to risk level {event.level or 'unknown'}"
    return VenueNotice(kind=kind, subject="", text=text, at=from_milliseconds(event.exchange_ms))
