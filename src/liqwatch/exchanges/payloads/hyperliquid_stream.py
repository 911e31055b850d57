"""Hyperliquid's frames about one address. Each state is the full list of a dex: a position that is absent has ended.

States are pushed again and again as marks move; only what marks do not move (contracts, entry, cash) makes an event.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.hyperliquid_account import (
    ClearinghouseState,
    cross_wallet,
    pools_by_dex,
    position_of,
)
from liqwatch.exchanges.payloads.hyperliquid_market import ALREADY_SUBSCRIBED, Head, dex_of
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.changes import AccountEvent, Forced, Heard, Noticed, Nudge, Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import NoticeKind, Position, Side, VenueNotice

ALL_STATES = "allDexsClearinghouseState"
DELEVERAGED = "deleveraged by the venue (ADL)"
LIQUIDATED = "liquidated by the venue"
LIQUIDATED_BY_BACKSTOP = "liquidated by the venue (backstop)"
BACKSTOP = "backstop"
ADL_DIRECTION = "Auto-Deleveraging"


class DexState(msgspec.Struct, frozen=True):
    """`clearinghouseState`: one dex."""

    user: str
    state: ClearinghouseState = msgspec.field(name="clearinghouseState")
    dex: str = ""


class AllStates(msgspec.Struct, frozen=True):
    """`allDexsClearinghouseState`: every dex at once."""

    user: str
    states: list[tuple[str, ClearinghouseState]] = msgspec.field(name="clearinghouseStates")


class FillLiquidation(msgspec.Struct, frozen=True, gc=False):
    """Whose liquidation a fill is part of: the liquidator's fills carry it too."""

    liquidated_user: str = msgspec.field(name="liquidatedUser", default="")
    method: str = ""


class Fill(msgspec.Struct, frozen=True):
    """One fill; the sign of `start_position` is the side of the position that it met."""

    coin: str
    start_position: float = msgspec.field(name="startPosition", default=0.0)
    direction: str = msgspec.field(name="dir", default="")
    liquidation: FillLiquidation | None = None


class AccountLiquidation(msgspec.Struct, frozen=True, gc=False):
    """A liquidation as a whole; it names no position."""

    liquidated_user: str
    notional: float = msgspec.field(name="liquidated_ntl_pos", default=math.nan)
    account_value: float = msgspec.field(name="liquidated_account_value", default=math.nan)


class UserEvents(msgspec.Struct, frozen=True):
    """`userEvents`, which arrive on the channel `user`: one kind in each frame."""

    fills: list[Fill] = msgspec.field(default_factory=list)
    funding: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    liquidation: AccountLiquidation | None = None


class UserFills(msgspec.Struct, frozen=True):
    """`userFills`; the first frame tells old ones."""

    fills: list[Fill]
    is_snapshot: bool = msgspec.field(name="isSnapshot", default=False)


class LedgerUpdates(msgspec.Struct, frozen=True, gc=False):
    """`userNonFundingLedgerUpdates`: deposits, transfers, withdrawals; the first frame tells old ones."""

    is_snapshot: bool = msgspec.field(name="isSnapshot", default=False)


class Subscription(msgspec.Struct, frozen=True, gc=False):
    """What was subscribed to."""

    type: str = ""


class SubscriptionAnswer(msgspec.Struct, frozen=True, gc=False):
    """An acknowledgement."""

    subscription: Subscription
    method: str = ""


_head = msgspec.json.Decoder(Head)
_dex_state = msgspec.json.Decoder(DexState, strict=False)
_all_states = msgspec.json.Decoder(AllStates, strict=False)
_user_events = msgspec.json.Decoder(UserEvents, strict=False)
_user_fills = msgspec.json.Decoder(UserFills, strict=False)
_ledger_updates = msgspec.json.Decoder(LedgerUpdates, strict=False)
_subscription = msgspec.json.Decoder(SubscriptionAnswer)

Print: TypeAlias = tuple[object, ...]


@dataclass(slots=True, kw_only=True)
class UserEar:
    """Hears one address's stream and remembers what it last said of each dex.

    `keeps_wallets` says where money is: True, each dex has its own wallet; False, positions alone can be read off a
    frame; None, not even those (not known yet, or pools that only REST can tell apart). `dexes` are all ever heard of.
    """

    user: str = ""
    keeps_wallets: bool | None = None
    prints: dict[str, Print] = field(default_factory=dict)
    dexes: set[str] = field(default_factory=set)

    def hear(self, frame: bytes, listing: Listing, now: datetime) -> Heard:
        """What a frame says. Never raises."""
        try:
            head = _head.decode(frame)
            reader = READERS.get(head.channel)
            if reader is None:
                return Heard(rejected="unknown_channel" if head.channel else "unknown_frame")
            return reader(self, bytes(head.data), listing, now)
        except (PayloadError, msgspec.ValidationError):
            return Heard(rejected="bad_event")
        except UNREADABLE:
            return Heard(rejected="undecodable")

    def dex_state(self, body: bytes, listing: Listing, _: datetime) -> Heard:
        """One dex."""
        told = _dex_state.decode(body)
        return self._states(told.user, {told.dex: told.state}, listing)

    def all_states(self, body: bytes, listing: Listing, _: datetime) -> Heard:
        """Every dex."""
        told = _all_states.decode(body)
        return self._states(told.user, dict(told.states), listing)

    def _states(self, user: str, states: Mapping[str, ClearinghouseState], listing: Listing) -> Heard:
        if user.lower() != self.user:
            return Heard(rejected="other_user")
        self.dexes |= states.keys()
        prints = {dex: print_of(state, with_cash=self.keeps_wallets is True) for dex, state in states.items()}
        news = {dex: state for dex, state in states.items() if self.prints.get(dex) != prints[dex]}
        if not news:
            return Heard()
        rows = self._rows(news, listing)
        self.prints |= prints
        return Heard(events=(rows if self.keeps_wallets is not None else Nudge("positions"),))

    def _rows(self, states: Mapping[str, ClearinghouseState], listing: Listing) -> Rows:
        pools = pools_by_dex(listing)
        wallets = {pools[dex]: cross_wallet(state) for dex, state in states.items() if dex in pools}
        return Rows(
            positions=tuple(position_of(row, listing) for state in states.values() for row in state.held),
            wallets=wallets if self.keeps_wallets else {},
            is_whole=_stands_on(frozenset(states), listing),
            at=from_milliseconds(max(state.exchange_ms for state in states.values())),
        )

    def events(self, body: bytes, listing: Listing, now: datetime) -> Heard:
        """Fills, funding, liquidations."""
        told = _user_events.decode(body)
        heard = list(self._forced(told.fills, listing))
        if bytes(told.funding) and not self.keeps_wallets:
            heard.append(Nudge("funding"))
        if told.liquidation is not None and told.liquidation.liquidated_user.lower() == self.user:
            heard.append(Noticed(_notice(told.liquidation, now)))
        return Heard(events=tuple(heard))

    def fills(self, body: bytes, listing: Listing, _: datetime) -> Heard:
        """Fills, those of the past left out."""
        told = _user_fills.decode(body)
        return Heard(events=() if told.is_snapshot else tuple(self._forced(told.fills, listing)))

    def _forced(self, fills: Iterable[Fill], listing: Listing) -> Iterator[AccountEvent]:
        told: set[str] = set()
        for fill in fills:
            word = self._forced_word(fill)
            subject = listing.subject(fill.coin, Side.LONG if fill.start_position > 0 else Side.SHORT)
            if word is not None and subject not in told:
                told.add(subject)
                yield Forced(subject, word)

    def _forced_word(self, fill: Fill) -> str | None:
        """What the venue did to the position by this fill; None: the user's own order, or somebody else's end."""
        if fill.direction.startswith(ADL_DIRECTION):
            return DELEVERAGED
        if fill.liquidation is None or fill.liquidation.liquidated_user.lower() != self.user:
            return None
        return LIQUIDATED_BY_BACKSTOP if fill.liquidation.method == BACKSTOP else LIQUIDATED

    def ledger(self, body: bytes, _listing: Listing, _: datetime) -> Heard:
        """Money came or went."""
        return Heard() if _ledger_updates.decode(body).is_snapshot else Heard(events=(Nudge("ledger"),))

    def acknowledged(self, body: bytes, _listing: Listing, _: datetime) -> Heard:
        """Ready when the states are granted."""
        told = _subscription.decode(body)
        return Heard(is_ready=told.method == "subscribe" and told.subscription.type == ALL_STATES)

    def refused(self, body: bytes, _listing: Listing, _: datetime) -> Heard:
        """A request was no good; one made twice does no harm."""
        return Heard() if ALREADY_SUBSCRIBED in body.decode() else Heard(rejected="request_refused")

    def silent(self, _body: bytes, _listing: Listing, _: datetime) -> Heard:
        """A pong."""
        return Heard()


Reader: TypeAlias = Callable[[UserEar, bytes, Listing, datetime], Heard]
READERS: Mapping[str, Reader] = {
    "clearinghouseState": UserEar.dex_state,
    ALL_STATES: UserEar.all_states,
    "user": UserEar.events,
    "userFills": UserEar.fills,
    "userNonFundingLedgerUpdates": UserEar.ledger,
    "subscriptionResponse": UserEar.acknowledged,
    "error": UserEar.refused,
    "pong": UserEar.silent,
}


def print_of(state: ClearinghouseState, *, with_cash: bool) -> Print:
    """What of a state does not move with the mark: cash neither, unless the venue shifts it between spot and dexes."""
    return (
        state.cross.raw_usd if with_cash else None,
        *((row.coin, row.signed_contracts, row.entry_price, row.leverage) for row in state.held),
    )


def _stands_on(dexes: frozenset[str], listing: Listing) -> Callable[[Position], bool]:
    """Whether a position is on one of these dexes, whose lists are whole."""

    def is_whole(position: Position) -> bool:
        instrument = listing.by_symbol.get(position.symbol)
        return dex_of(position.symbol if instrument is None else instrument.native_symbol) in dexes

    return is_whole


def _notice(liquidation: AccountLiquidation, now: datetime) -> VenueNotice:
    text = (
        f"Hyperliquid is liquidating this account: positions worth {liquidation.notional:.2f} USD, "
        f"account value {liquidation.account_value:.2f} USD"
    )
    return VenueNotice(kind=NoticeKind.LIQUIDATION_WARNING, subject="", text=text, at=now)
