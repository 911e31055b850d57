"""Gate's private channels: what each pushed frame means for an account. Pure.

`futures.positions` tells new absolute values, but no mark. Sizes that come as decimal strings are exact. Sizes that
come as numbers are rounded down by the venue since contracts can be held in fractions (2025-12): of those only REST
can tell. `futures.balances` does not say whether its balance counts isolated margins: REST is asked as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.gate_market import (
    ANSWERS,
    PONG,
    SYSTEM,
    Envelope,
    announces_upgrade,
    pieces_of,
    read_envelope,
    refusal_of,
)
from liqwatch.exchanges.payloads.gate_positions import HEDGED, PositionRow, position_of
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.changes import AccountEvent, Forced, Heard, Noticed, Nudge, Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot, NoticeKind, Position, Side, VenueNotice

POSITIONS = "futures.positions"
BALANCES = "futures.balances"
LIQUIDATIONS = "futures.liquidates"
DELEVERAGINGS = "futures.auto_deleverages"
CLOSES = "futures.position_closes"
RISK_LIMITS = "futures.reduce_risk_limits"
ORDERS = "futures.orders"
DELEVERAGING_RANKS = "futures.position_adl_rank"
CHANNELS = (
    BALANCES,
    LIQUIDATIONS,
    DELEVERAGINGS,
    CLOSES,
    RISK_LIMITS,
    ORDERS,
    DELEVERAGING_RANKS,
    POSITIONS,
)
"""In the order of subscribing; the last one's acknowledgement says that the stream is ready."""
NEEDED = frozenset({POSITIONS, BALANCES})
"""Without these the stream is of no use."""

LIQUIDATED = "liquidated by the venue"
DELEVERAGED = "deleveraged by the venue (ADL)"
SETTLED = "settled by the venue"
FORCED_TEXTS = {
    "liquidation": LIQUIDATED,
    "liq-": LIQUIDATED,
    "hedge-liq-": LIQUIDATED,
    "pm_liquidate": LIQUIDATED,
    "comb_margin_liquidate": LIQUIDATED,
    "scm_liquidate": LIQUIDATED,
    "auto_deleveraging": DELEVERAGED,
    "clear": SETTLED,
}
"""How `text` begins on the venue's own orders and closes (futures websocket v4, usertrades, read 2026-11)."""
FIRST_IN_LINE = 1


class LiquidationRow(msgspec.Struct, frozen=True, gc=False):
    """An own position that the venue closes; the sign of `contracts` is the position's."""

    contract: str
    contracts: float = msgspec.field(name="size")


class DeleveragingRow(msgspec.Struct, frozen=True, gc=False):
    """An own position that the venue has reduced against somebody's liquidation; `contracts` is what is left."""

    contract: str
    contracts: float = msgspec.field(name="position_size")
    traded: float = msgspec.field(name="trade_size", default=0.0)


class CloseRow(msgspec.Struct, frozen=True, gc=False):
    """A closed position; `text` says by what."""

    contract: str
    side: str
    text: str = ""


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """An order; the sign of `contracts` is the order's own direction."""

    contract: str
    contracts: float = msgspec.field(name="size")
    is_liquidation: bool = msgspec.field(name="is_liq", default=False)
    text: str = ""


class RiskLimitRow(msgspec.Struct, frozen=True, gc=False):
    """The venue has lowered the risk limit of a market, which is its first step of a liquidation."""

    contract: str
    risk_limit: float
    exchange_ms: int = msgspec.field(name="time_ms")
    maintenance_rate: float = 0.0
    cancelled_orders: int = msgspec.field(name="cancel_orders", default=0)


class RankRow(msgspec.Struct, frozen=True, gc=False):
    """The place in the line for deleveraging: 1 is the first, 5 the last, 6 none."""

    contract: str
    rank: int = msgspec.field(name="rank_division")
    exchange_ms: int = msgspec.field(name="time_ms")
    mode: str = "single"


class PushedSize(msgspec.Struct, frozen=True, gc=False):
    """The size of a pushed position as it is written."""

    contracts: str | float = msgspec.field(name="size")


@dataclass(frozen=True, slots=True)
class RankChanged:
    """A new place in the line for deleveraging. `side` None: of whichever side is held."""

    symbol: str
    side: Side | None
    rank: int

    def laid_over(self, snapshot: AccountSnapshot, listing: Listing) -> AccountSnapshot:  # noqa: ARG002  as `Change`
        """The snapshot with the rank of that market replaced."""
        return replace(snapshot, positions=tuple(self._ranked(position) for position in snapshot.positions))

    def _ranked(self, position: Position) -> Position:
        is_meant = position.symbol == self.symbol and self.side in {None, position.side}
        return replace(position, adl_rank=float(self.rank)) if is_meant else position


Events = tuple[AccountEvent, ...]
Row = TypeVar("Row", bound=msgspec.Struct)


def hear_frame(frame: bytes, listing: Listing) -> Heard:
    """What a frame of the private stream says. Never raises."""
    try:
        envelope = read_envelope(frame)
        if announces_upgrade(envelope):
            return Heard(end="upgrade_announced")
        if envelope.channel == PONG:
            return Heard()
        if envelope.event in ANSWERS or envelope.error is not None:
            return _answered(envelope)
        reader = READERS.get(envelope.channel)
        if reader is None:
            return Heard(rejected="system_notice" if envelope.channel == SYSTEM else "unknown_event")
        return _pushed(envelope, reader, listing)
    except UNREADABLE:
        return Heard(rejected="undecodable")


def _answered(envelope: Envelope) -> Heard:
    """An answer to a subscription: only positions and balances are worth giving up the connection for."""
    refused = refusal_of(envelope)
    is_subscription = envelope.event == "subscribe"
    if refused is None or refused == "already_subscribed":
        return Heard(is_ready=is_subscription and envelope.channel == POSITIONS)
    if is_subscription and envelope.channel in NEEDED:
        return Heard(rejected=refused, end="login_refused")
    return Heard(rejected=refused)


def _pushed(envelope: Envelope, reader: Callable[[bytes, Listing], Events], listing: Listing) -> Heard:
    events: list[AccountEvent] = []
    rejected: str | None = None
    for piece in pieces_of(envelope.result):
        try:
            events.extend(reader(piece, listing))
        except (*UNREADABLE, PayloadError):
            # The row that cannot be read may be the one that matters: REST knows.
            events.append(Nudge("an event that cannot be read"))
            rejected = "bad_event"
    at = from_milliseconds(envelope.exchange_ms) if envelope.exchange_ms > 0 else None
    dated = tuple(replace(event, at=at) if isinstance(event, Rows) else event for event in events)
    return Heard(events=dated, rejected=rejected)


def _decoder(kind: type[Row]) -> msgspec.json.Decoder[Row]:
    return msgspec.json.Decoder(kind, strict=False)


_position = _decoder(PositionRow)
_size = msgspec.json.Decoder(PushedSize)
_liquidation = _decoder(LiquidationRow)
_deleveraging = _decoder(DeleveragingRow)
_close = _decoder(CloseRow)
_order = _decoder(OrderRow)
_risk_limit = _decoder(RiskLimitRow)
_rank = _decoder(RankRow)


def _positions(piece: bytes, listing: Listing) -> Events:
    row = _position.decode(piece)
    if not isinstance(_size.decode(piece).contracts, str):
        return (Nudge("position moved"),)
    hedged = HEDGED.get(row.mode)
    if row.contracts == 0:
        ended = Side if hedged is None else (hedged,)
        return (Rows(closed=frozenset(listing.subject(row.contract, side) for side in ended)), Nudge("position closed"))
    position = position_of(row, listing)
    # One-way, whatever was held on the other side has been turned round.
    other = () if hedged is not None else (listing.subject(row.contract, Side(-position.side.value)),)
    return (Rows(positions=(position,), closed=frozenset(other)), Nudge("position moved"))


def _balances(_: bytes, __: Listing) -> Events:
    return (Nudge("balance moved"),)


def _liquidations(piece: bytes, listing: Listing) -> Events:
    row = _liquidation.decode(piece)
    return _forced(listing.subject(row.contract, _side(row.contracts)), LIQUIDATED)


def _deleveragings(piece: bytes, listing: Listing) -> Events:
    row = _deleveraging.decode(piece)
    return _forced(listing.subject(row.contract, _side(row.contracts or row.traded)), DELEVERAGED)


def _closes(piece: bytes, listing: Listing) -> Events:
    row = _close.decode(piece)
    word = forced_word(row.text)
    if word is None:
        return (Nudge("position closed"),)
    return _forced(listing.subject(row.contract, Side.SHORT if row.side == "short" else Side.LONG), word)


def _orders(piece: bytes, listing: Listing) -> Events:
    """Only the venue's own orders: what the user's orders change is pushed as a position too."""
    row = _order.decode(piece)
    word = LIQUIDATED if row.is_liquidation else forced_word(row.text)
    if word is None:
        return ()
    # An order that sells closes a long.
    return _forced(listing.subject(row.contract, _side(-row.contracts)), word)


def _risk_limits(piece: bytes, listing: Listing) -> Events:
    row = _risk_limit.decode(piece)
    orders = f", {row.cancelled_orders} orders cancelled" if row.cancelled_orders else ""
    text = (
        f"the venue lowered the risk limit of {listing.unified(row.contract)} to {row.risk_limit:g} "
        f"(maintenance rate {row.maintenance_rate:.4g}{orders})"
    )
    notice = VenueNotice(
        kind=NoticeKind.RISK_LIMIT_CHANGE, subject="", text=text, at=from_milliseconds(row.exchange_ms)
    )
    return (Noticed(notice),)


def _ranks(piece: bytes, listing: Listing) -> Events:
    row = _rank.decode(piece)
    symbol, side = listing.unified(row.contract), HEDGED.get(row.mode)
    changed = RankChanged(symbol, side, row.rank)
    if row.rank != FIRST_IN_LINE:
        return (changed,)
    notice = VenueNotice(
        kind=NoticeKind.DELEVERAGING_WARNING,
        subject="" if side is None else f"{symbol} {side.word}",
        text=f"the position in {symbol} is first in line for auto-deleveraging",
        at=from_milliseconds(row.exchange_ms),
    )
    return (changed, Noticed(notice))


def _forced(subject: str, word: str) -> Events:
    return (Forced(subject, word), Nudge(word))


def _side(contracts: float) -> Side:
    return Side.LONG if contracts > 0 else Side.SHORT


def forced_word(text: str) -> str | None:
    """What the venue does by an order or close with this text; None: it is the user's own."""
    return next((word for mark, word in FORCED_TEXTS.items() if text.startswith(mark)), None)


READERS: Mapping[str, Callable[[bytes, Listing], Events]] = {
    POSITIONS: _positions,
    BALANCES: _balances,
    LIQUIDATIONS: _liquidations,
    DELEVERAGINGS: _deleveragings,
    CLOSES: _closes,
    ORDERS: _orders,
    RISK_LIMITS: _risk_limits,
    DELEVERAGING_RANKS: _ranks,
}
