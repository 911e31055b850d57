"""What Bybit's private frames mean for an account. Pure.

Positions and wallets are pushed on events only, never because a price moves, and a position that has ended comes with
size 0. Neither topic begins with a snapshot, so REST is read after each opening and each push.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.bybit_account import SIDES, PositionRow, position_of
from liqwatch.exchanges.payloads.bybit_market import Head, read_head
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.changes import AccountEvent, Forced, Heard, Noticed, Nudge, Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import NoticeKind, Position, Side, VenueNotice

TOPICS = ("position", "wallet", "order", "execution")
OPTION = "option"
WALLET, POSITION, FUNDING = Nudge("wallet"), Nudge("position"), Nudge("funding")
LIQUIDATED = "liquidated by the venue"
DELEVERAGED = "deleveraged by the venue (ADL)"
FORCED_EXECUTIONS = {
    "BustTrade": LIQUIDATED,
    "AdlTrade": DELEVERAGED,
    "Delivery": "settled by the venue at delivery",
    "Settle": "settled by the venue",
}
"""`execType` (Bybit documentation, Enums Definitions); of these only AdlTrade stands in the recordings."""
FORCED_ORDERS = {
    "CreateByLiq": "partly liquidated by the venue",
    "CreateByTakeOver_PassThrough": LIQUIDATED,
    "CreateByAdl_PassThrough": DELEVERAGED,
    "CreateByAdminClosing": "closed by the venue",
    "CreateBySettle": "settled by the venue at delivery",
}
"""`createType` of the venue's own orders."""
FORCED_STATES = {"Liq": LIQUIDATED, "Adl": DELEVERAGED}
"""`positionStatus` while the venue is at it."""


class DealRow(msgspec.Struct, frozen=True, gc=False):
    """An order or an execution, as far as it tells who closed what. `side` is the order's."""

    symbol: str
    side: str = ""
    category: str = ""
    execution_kind: str = msgspec.field(name="execType", default="")
    create_kind: str = msgspec.field(name="createType", default="")

    @property
    def word(self) -> str | None:
        """What the venue does to the position; None: the user's own."""
        return FORCED_EXECUTIONS.get(self.execution_kind) or FORCED_ORDERS.get(self.create_kind)


class PrivateFrame(msgspec.Struct, frozen=True):
    """Any pushed frame; rows are decoded one by one."""

    rows: list[msgspec.Raw] = msgspec.field(name="data")
    created_ms: int = msgspec.field(name="creationTime", default=0)


_frame = msgspec.json.Decoder(PrivateFrame, strict=False)
_position = msgspec.json.Decoder(PositionRow, strict=False)
_deal = msgspec.json.Decoder(DealRow, strict=False)

Row = TypeVar("Row")


def heard_of(frame: bytes, listing: Listing, *, is_isolated: bool | None, subscribe: str) -> Heard:
    """Read a frame of the private stream. Never raises.

    `is_isolated` is the account's margin mode, None until REST has told it; `subscribe` is sent once the login is
    granted.
    """
    head = read_head(frame)
    if head is None:
        return Heard(rejected="undecodable")
    if not head.topic:
        return _replied(head, subscribe)
    topic = head.topic.partition(".")[0]
    if topic not in TOPICS:
        return Heard(rejected="unknown_topic")
    try:
        return _pushed(topic, _frame.decode(frame), listing, is_isolated)
    except UNREADABLE:
        return Heard(rejected="bad_event")


def _pushed(topic: str, pushed: PrivateFrame, listing: Listing, is_isolated: bool | None) -> Heard:
    if topic == "wallet":
        return Heard(events=(WALLET,))
    return _positions(pushed, listing, is_isolated) if topic == "position" else _deals(pushed, listing)


def _replied(head: Head, subscribe: str) -> Heard:
    """Login, subscription, pong. The login's answer may say `success` or `retCode`."""
    if head.op == "auth":
        return Heard(replies=(subscribe,)) if head.is_reply and head.is_granted else Heard(end="login_refused")
    if not head.is_reply:
        return Heard(rejected="unknown_event")
    if head.op == "subscribe":
        return Heard(is_ready=True) if head.is_granted else Heard(rejected="subscription_refused", end="not_granted")
    return Heard() if head.is_granted else Heard(rejected="request_refused")


def _positions(pushed: PrivateFrame, listing: Listing, is_isolated: bool | None) -> Heard:
    """What has changed, and a look at REST: the pool behind a position is told only there."""
    rows, is_whole = _decoded(pushed.rows, _position)
    rows = [row for row in rows if row.category != OPTION]
    events: list[AccountEvent] = []
    try:
        events.extend(_warnings(rows, listing, pushed.created_ms))
        if is_isolated is not None and rows:
            events.append(_changed(rows, listing, is_isolated=is_isolated, at_ms=pushed.created_ms))
    except PayloadError:
        is_whole = False
    return Heard(events=(*events, POSITION), rejected=None if is_whole else "bad_event")


def _changed(rows: Iterable[PositionRow], listing: Listing, *, is_isolated: bool, at_ms: int) -> Rows:
    positions: list[Position] = []
    closed: set[str] = set()
    for row in rows:
        if row.is_open:
            positions.append(position_of(row, listing, is_isolated=is_isolated))
        closed.update(listing.subject(row.symbol, side) for side in _ended(row))
    subjects = {position.subject for position in positions}
    at = from_milliseconds(at_ms) if at_ms > 0 else None
    return Rows(positions=tuple(positions), closed=frozenset(closed - subjects), at=at)


def _ended(row: PositionRow) -> Iterator[Side]:
    """The sides of which a row states the end. One-way, an open row states that of the other side."""
    for side in Side:
        is_named = side is row.held_side
        if row.is_hedged:
            if is_named and not row.is_open:
                yield side
        elif not (is_named and row.is_open):
            yield side


def _warnings(rows: Iterable[PositionRow], listing: Listing, at_ms: int) -> Iterator[AccountEvent]:
    for row in rows:
        word, side = FORCED_STATES.get(row.status), row.held_side
        if side is None or not row.is_open:
            continue
        if word is not None:
            yield Forced(listing.subject(row.symbol, side), word)
        if row.is_reduce_only:
            text = "Bybit lowers the risk limit: this position may only be reduced"
            subject, at = listing.subject(row.symbol, side), from_milliseconds(at_ms)
            yield Noticed(VenueNotice(kind=NoticeKind.RISK_LIMIT_CHANGE, subject=subject, text=text, at=at))


def _deals(pushed: PrivateFrame, listing: Listing) -> Heard:
    rows, is_whole = _decoded(pushed.rows, _deal)
    events: list[AccountEvent] = []
    for row in rows:
        word, side = row.word, SIDES.get(row.side)
        if word is not None and side is not None and row.category != OPTION:
            events.append(Forced(listing.subject(row.symbol, Side(-side.value)), word))
        if row.execution_kind == "Funding":
            events.append(FUNDING)
    return Heard(events=tuple(events), rejected=None if is_whole else "bad_event")


def _decoded(pieces: Iterable[msgspec.Raw], decoder: msgspec.json.Decoder[Row]) -> tuple[list[Row], bool]:
    """The readable rows, and whether that is all of them."""
    rows: list[Row] = []
    is_whole = True
    for piece in pieces:
        try:
            rows.append(decoder.decode(piece))
        except UNREADABLE:
            is_whole = False
    return rows, is_whole
