"""What OKX's private stream says: login, grants, pushes, forced closes, warnings.

Positions and balances come as a snapshot in pages, then as changes. One instance belongs to one connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads import okx_warnings as warnings
from liqwatch.exchanges.payloads.okx_account import (
    FUTURES_MODE,
    BalanceDetail,
    BalanceRow,
    PositionRow,
    cash_of,
    side_of,
)
from liqwatch.exchanges.payloads.okx_envelope import Figure, milliseconds, number
from liqwatch.exchanges.payloads.okx_market import PONG, SERVICE_UPGRADE, UPGRADE, Argument
from liqwatch.exchanges.payloads.okx_pushes import push_of
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.changes import AccountEvent, Forced, Heard, Nudge
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.private_stream import LOGIN_REFUSED
from liqwatch.model import MarginMode

NEEDED = frozenset({"account", "positions"})
"""Channels without which the stream is of no use."""
REFUSED_LOGINS = frozenset({"60005", "60007", "60009", "60022", "60024", "60032", "50105", "50111", "50113"})
CLOCK_REFUSED = frozenset({"60004", "60006"})
LOST_PAGE = Nudge("a page of a snapshot is missing")
WALLETS_MOVED = Nudge("a wallet that stands in for another moved")
UNREADABLE_PUSH = Nudge("a push could not be read")

Row = TypeVar("Row")


class PrivateFrame(msgspec.Struct, frozen=True):
    """What any private frame says of itself."""

    event: str = ""
    code: str = ""
    argument: Argument = msgspec.field(name="arg", default=Argument())
    kind: str = msgspec.field(name="eventType", default="")
    page: int = msgspec.field(name="curPage", default=1)
    is_last_page: bool = msgspec.field(name="lastPage", default=True)
    rows: list[msgspec.Raw] = msgspec.field(name="data", default_factory=list)


class BalanceAndPosition(msgspec.Struct, frozen=True):
    """One row of `balance_and_position`: wallets and positions of one event, together."""

    kind: str = msgspec.field(name="eventType", default="")
    pushed: Figure = msgspec.field(name="pTime", default="")
    balances: list[BalanceDetail] = msgspec.field(name="balData", default_factory=list)
    positions: list[PositionRow] = msgspec.field(name="posData", default_factory=list)


_frame = msgspec.json.Decoder(PrivateFrame)
_position = msgspec.json.Decoder(PositionRow)
_balance = msgspec.json.Decoder(BalanceRow)
_both = msgspec.json.Decoder(BalanceAndPosition)


@dataclass(slots=True)
class AccountStream:
    """The state of one connection. `subscription` is sent once the login is granted.

    `has_stand_in`: a contract's wallet is kept under another coin's name, so pushed cash does not say what it is now.
    """

    subscription: str = ""
    account_mode: str = FUTURES_MODE
    clock_refused: bool = False
    has_stand_in: bool = False
    _granted: set[str] = field(default_factory=set)
    _pages: list[PositionRow] = field(default_factory=list)
    _page: int = 0

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Read a frame. Never raises."""
        if frame == PONG:
            return Heard()
        try:
            head = _frame.decode(frame)
        except UNREADABLE:
            return Heard(rejected="undecodable")
        if head.event:
            return self._answered(head)
        try:
            return self._pushed(head, listing)
        except (*UNREADABLE, PayloadError):
            return Heard(events=(UNREADABLE_PUSH,), rejected="bad_event")

    def _answered(self, head: PrivateFrame) -> Heard:
        if head.event == "login":
            if head.code not in ("", "0"):
                return Heard(end=LOGIN_REFUSED)
            return Heard(replies=(self.subscription,) if self.subscription else ())
        if head.event == "subscribe":
            self._granted.add(head.argument.channel)
            return Heard(is_ready=self._granted >= NEEDED)
        if head.event == "notice":
            return Heard(end=SERVICE_UPGRADE) if head.code == UPGRADE else Heard(rejected="unknown_notice")
        if head.event == "error":
            return self._refused(head.code)
        return Heard() if head.event in ("unsubscribe", "channel-conn-count") else Heard(rejected="unknown_event")

    def _refused(self, code: str) -> Heard:
        if code in REFUSED_LOGINS:
            return Heard(end=LOGIN_REFUSED)
        if code in CLOCK_REFUSED:
            self.clock_refused = True
            return Heard(end="clock_refused")
        return Heard(rejected="request_refused")

    def _pushed(self, head: PrivateFrame, listing: Listing) -> Heard:
        channel = head.argument.channel
        if channel == "positions":
            return Heard(events=self._positions(head, listing))
        if channel == "balance_and_position":
            return Heard(events=self._both(decoded(_both, head.rows), listing))
        if channel == "account":
            return Heard(events=self._account(decoded(_balance, head.rows), listing))
        events = warnings.events_of(channel, head.rows, listing)
        return (
            Heard(rejected="unexpected_channel" if channel else "unknown_frame")
            if events is None
            else Heard(events=events)
        )

    def _positions(self, head: PrivateFrame, listing: Listing) -> tuple[AccountEvent, ...]:
        rows = decoded(_position, head.rows)
        if head.kind != "snapshot":
            return (push_of(rows, listing, self.account_mode),)
        if head.page == 1:
            self._pages, self._page = [], 0
        if head.page != self._page + 1:
            self._page = 0
            return (LOST_PAGE,)
        self._page = head.page
        self._pages += rows
        if not head.is_last_page:
            return ()
        rows, self._pages, self._page = self._pages, [], 0
        return (push_of(rows, listing, self.account_mode, is_whole=True),)

    def _both(self, updates: Sequence[BalanceAndPosition], listing: Listing) -> tuple[AccountEvent, ...]:
        """Isolated positions are left to the channel `positions`: here they come without their margin."""
        events: list[AccountEvent] = []
        for update in updates:
            events += _forced(update, listing)
            rows = [row for row in update.positions if row.mode is MarginMode.CROSS or number(row.contracts) == 0]
            at = from_milliseconds(milliseconds(update.pushed)) if milliseconds(update.pushed) else None
            events.append(push_of(rows, listing, self.account_mode, wallets=cash_of(update.balances), at=at))
        if self.has_stand_in:
            events.append(WALLETS_MOVED)
        return tuple(events)

    def _account(self, updates: Sequence[BalanceRow], listing: Listing) -> tuple[AccountEvent, ...]:
        pushes = [
            push_of((), listing, self.account_mode, wallets=cash_of(update.details))
            for update in updates
            if update.details
        ]
        return (WALLETS_MOVED,) if self.has_stand_in and pushes else tuple(pushes)


def _forced(update: BalanceAndPosition, listing: Listing) -> list[Forced]:
    """What the venue itself has closed. In net mode an ended position does not say its side: the order does."""
    word = warnings.FORCED_EVENTS.get(update.kind)
    if word is None:
        return []
    return [
        Forced(listing.subject(row.native_symbol, side_of(row, number(row.contracts) or 0.0)), word)
        for row in update.positions
        if row.is_contract and row.position_side != "net"
    ]


def decoded(decoder: msgspec.json.Decoder[Row], rows: Sequence[msgspec.Raw]) -> list[Row]:
    """Every row. Raises as the decoder: a push is used whole or not at all."""
    return [decoder.decode(row) for row in rows]
