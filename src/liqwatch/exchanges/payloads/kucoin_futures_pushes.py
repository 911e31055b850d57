"""KuCoin's private frames, classic and unified, as events. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.kucoin_futures_account import ONE_WAY, PositionRow, position_of, side_of
from liqwatch.exchanges.payloads.kucoin_futures_listing import unified_currency
from liqwatch.exchanges.payloads.kucoin_futures_market import Head, head_of
from liqwatch.exchanges.payloads.kucoin_futures_unified import PushedRow, unified_position_of
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.changes import AccountEvent, Forced, Heard, Noticed, Nudge, Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import NoticeKind, Side, VenueNotice

NANOSECONDS = 1_000_000
"""Nanoseconds in a millisecond."""
FORCED_WORDS = {"liquidation": "liquidated by the venue", "adl": "deleveraged by the venue (ADL)"}
SETTINGS = frozenset({"/contract/crossLeverage", "/contract/marginMode"})
ORDER_TOPIC = "/contractMarket/tradeOrders"
SILENT_CHANNELS = frozenset({"orderAll", "execution"})
"""What fills do to a position arrives as a position, too."""
UNAUTHORISED = frozenset({401, "401"})


class WalletPush(msgspec.Struct, frozen=True, gc=False):
    """`walletBalance.change`; the cross margin is with unrealised PnL."""

    currency: str
    cross_margin: float = msgspec.field(name="totalCrossMargin")
    cross_unrealised_pnl: float = msgspec.field(name="crossUnPnl")
    exchange_ms: int = msgspec.field(name="timestamp", default=0)


class ProWallet(msgspec.Struct, frozen=True, gc=False):
    """`balance.FUTURES`: the same in short names."""

    currency: str = msgspec.field(name="c")
    cross_margin: float = msgspec.field(name="tCM")
    cross_unrealised_pnl: float = msgspec.field(name="cUP")
    exchange_ns: int = msgspec.field(name="U", default=0)


class Warned(msgspec.Struct, frozen=True, gc=False):
    """`lw.FUTURES`: the venue's own warning over the whole account; `ratio` as it counts it, 1 is liquidation."""

    event: str = msgspec.field(name="eT", default="")
    ratio: float | None = msgspec.field(name="r", default=None)
    exchange_ns: int = msgspec.field(name="U", default=0)


class ProFrame(msgspec.Struct, frozen=True):
    """A frame of the unified stream."""

    channel: str = msgspec.field(name="T")
    data: msgspec.Raw = msgspec.field(name="d")
    sent_ns: int = msgspec.field(name="P", default=0)


_position = msgspec.json.Decoder(PositionRow, strict=False)
_wallet = msgspec.json.Decoder(WalletPush, strict=False)
_pro_frame = msgspec.json.Decoder(ProFrame, strict=False)
_pro_position = msgspec.json.Decoder(PushedRow, strict=False)
_pro_wallet = msgspec.json.Decoder(ProWallet, strict=False)
_warning = msgspec.json.Decoder(Warned, strict=False)


def hear_push(frame: bytes, listing: Listing, held: Mapping[str, Side]) -> Heard:
    """Events of either private stream. Never raises.

    `held` is the side last seen open of each market (unified symbol): a forced close in one-way mode names none.
    """
    try:
        head = head_of(frame)
    except UNREADABLE:
        return Heard(rejected="undecodable")
    try:
        return (
            _hear_classic(head, listing, held) if head.channel is None else _hear_pro(_pro_frame.decode(frame), listing)
        )
    except (*UNREADABLE, PayloadError):
        return Heard(rejected="bad_event")


def _hear_classic(head: Head, listing: Listing, held: Mapping[str, Side]) -> Heard:
    if head.is_refusal:
        return Heard(rejected="request_refused", end="login_refused" if head.code in UNAUTHORISED else None)
    if head.topic.startswith("/contract/position"):
        return _hear_position(head, listing, held)
    if head.topic == "/contractAccount/wallet":
        return _hear_wallet(head)
    if head.topic in SETTINGS:
        return Heard(events=(Nudge("settings"),))
    if head.is_of_connection or head.topic.startswith(ORDER_TOPIC):
        return Heard()
    return Heard(rejected="unknown_event" if head.topic else "unknown_frame")


def _hear_position(head: Head, listing: Listing, held: Mapping[str, Side]) -> Heard:
    if head.subject in {"position.settlement", "position.adjustRiskLimit"}:
        # Funding moves isolated margin, a risk limit the rate: neither frame says what is true afterwards.
        return Heard(events=(Nudge(head.subject.partition(".")[2]),))
    if head.subject != "position.change":
        return Heard(rejected="unknown_event")
    if b'"currentQty"' not in bytes(head.data):
        return Heard()  # only the mark has moved, and the mark stream tells that
    row = _position.decode(head.data)
    change = classic_rows(row, listing)
    word = FORCED_WORDS.get(row.change_reason.lower())
    if word is None:
        return Heard(events=(change,))
    forced = tuple(Forced(listing.subject(row.symbol, side), word) for side in _hit(row, listing, held))
    return Heard(events=(*forced, change))


def _hit(row: PositionRow, listing: Listing, held: Mapping[str, Side]) -> tuple[Side, ...]:
    """Whose forced close it is; both sides where nobody has ever told which one was open."""
    if row.contracts != 0 or row.position_side != ONE_WAY:
        return (row.side,)
    side = held.get(listing.unified(row.symbol))
    return tuple(Side) if side is None else (side,)


def classic_rows(row: PositionRow, listing: Listing) -> Rows:
    """A pushed position, or its end. Raises PayloadError for a figure that cannot be."""
    is_open = row.is_open and row.contracts != 0
    return Rows(
        positions=(position_of(row, listing),) if is_open else (),
        closed=_ended(row.symbol, row.position_side, row.contracts if is_open else 0.0, listing),
        at=_at(row.exchange_ms),
    )


def _ended(native: str, position_side: str, contracts: float, listing: Listing) -> frozenset[str]:
    """Whose end a row states: in one-way mode the other side of an open market is closed with it."""
    sides = (side_of(position_side, contracts),) if position_side != ONE_WAY else (Side.LONG, Side.SHORT)
    is_open = contracts != 0
    return frozenset(
        listing.subject(native, side) for side in sides if not is_open or side is not side_of(position_side, contracts)
    )


def _hear_wallet(head: Head) -> Heard:
    if head.subject == "walletBalance.change":
        row = _wallet.decode(head.data)
        return Heard(events=(_wallet_rows(row.currency, row.cross_margin - row.cross_unrealised_pnl, row.exchange_ms),))
    if head.subject in {"availableBalance.change", "withdrawHold.change"}:
        return Heard(events=(Nudge("wallet"),))
    if head.subject == "orderMargin.change":
        return Heard()
    return Heard(rejected="unknown_event")


def _wallet_rows(currency: str, wallet: float, exchange_ms: int) -> Rows:
    if not math.isfinite(wallet):
        raise PayloadError(f"walletBalance.change: the cross margin of {currency} is no number")
    return Rows(wallets={unified_currency(currency): wallet}, at=_at(exchange_ms))


def _hear_pro(frame: ProFrame, listing: Listing) -> Heard:
    channel, _, family = frame.channel.partition(".")
    if channel == "positionAll":
        row = _pro_position.decode(frame.data)
        return Heard(events=(_pro_rows(row, frame, listing),))
    if channel == "balance" and family == "FUTURES":
        wallet = _pro_wallet.decode(frame.data)
        balance = wallet.cross_margin - wallet.cross_unrealised_pnl
        return Heard(events=(_wallet_rows(wallet.currency, balance, wallet.exchange_ns // NANOSECONDS),))
    if channel in {"balance", "leverage"}:
        return Heard(events=(Nudge(channel),))
    if channel == "lw":
        return Heard(events=(_noticed(_warning.decode(frame.data), frame),))
    return Heard() if channel in SILENT_CHANNELS else Heard(rejected="unknown_event")


def _pro_rows(row: PushedRow, frame: ProFrame, listing: Listing) -> AccountEvent:
    is_open = row.contracts != 0
    return Rows(
        positions=(unified_position_of(row, listing),) if is_open else (),
        closed=_ended(row.symbol, row.position_side, row.contracts, listing),
        at=_at((row.exchange_ns or frame.sent_ns) // NANOSECONDS),
    )


def _noticed(warned: Warned, frame: ProFrame) -> Noticed:
    kind = NoticeKind.MARGIN_CALL if warned.event == "MARGIN_CALL" else NoticeKind.LIQUIDATION_WARNING
    ratio = "" if warned.ratio is None else f", risk ratio {warned.ratio:.1%}"
    at = from_milliseconds((warned.exchange_ns or frame.sent_ns) // NANOSECONDS)
    return Noticed(VenueNotice(kind=kind, subject="", text=f"KuCoin warns: {kind.value}{ratio}", at=at))


def _at(exchange_ms: int) -> datetime | None:
    return from_milliseconds(exchange_ms) if exchange_ms > 0 else None
