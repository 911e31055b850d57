"""Kraken Futures' private feeds. Pure, apart from the memory of what was told last.

`open_positions` is the full list and comes again with every mark, so only what marks do not move makes an event, and
a `liquidation_threshold` that has moved noticeably. It does not say which positions are isolated: REST does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.kraken_futures_account import FLEX, finite
from liqwatch.exchanges.payloads.kraken_futures_listing import QUOTE, currency
from liqwatch.exchanges.payloads.kraken_futures_market import REFUSING, Head, read_head, refusal_of
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.changes import AccountEvent, Forced, Heard, Noticed, Nudge, Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot, MarginMode, NoticeKind, Position, Side, VenueNotice

OPEN_POSITIONS: Final = "open_positions"
BALANCES: Final = "balances"
FILLS: Final = "fills"
OPEN_ORDERS: Final = "open_orders"
FEEDS: Final = (FILLS, OPEN_ORDERS, BALANCES, OPEN_POSITIONS)
"""Asked for in this order; the last one granted means that all are."""
PAST: Final = frozenset({"fills_snapshot", "open_orders_snapshot"})
"""What was, told once at the beginning."""
NOTHING: Final = frozenset({"info", "subscribed", "unsubscribed", "pong"})
LOGIN_FAILED: Final = "authenticated feed"
LOGIN_REFUSED: Final = "login_refused"
FORCED_FILLS: Final[Mapping[str, str]] = {
    "liquidation": "liquidated by the venue",
    "partialLiquidation": "partly liquidated by the venue",
    "assignor": "liquidated by the venue (assigned to others)",
    "unwindBankrupt": "liquidated by the venue (unwound)",
    "unwindCounterparty": "deleveraged by the venue (unwound against a bankrupt position)",
}
"""What kinds of fill end a position that its holder did not close (Futures websocket, Fills, 2026-05)."""
LIQUIDATION: Final = "liquidation"
PRICE_NEWS: Final = 0.001
"""Share of the mark by which a threshold must have moved to be told again."""
WALLET_NEWS: Final = 0.001
"""Share of itself by which a wallet must have moved: funding and haircuts drip all the time."""


class PushedPosition(msgspec.Struct, frozen=True, gc=False):
    """One row of `open_positions`; the sign of `balance` is the side. Options have no threshold."""

    instrument: str
    balance: float
    entry_price: float
    mark_price: float = 0.0
    liquidation_threshold: float | None = None
    maintenance_margin: float | None = None


class OpenPositions(msgspec.Struct, frozen=True):
    """The `open_positions` feed."""

    positions: list[PushedPosition]
    timestamp: int | None = None


class PushedSums(msgspec.Struct, frozen=True, gc=False):
    """Sums of a wallet: USD after haircuts in flex, coins in an inverse one."""

    unit: str = ""
    margin_equity: float | None = None
    portfolio_value: float | None = None
    profit: float | None = msgspec.field(name="pnl", default=None)


class PushedFlex(PushedSums, frozen=True):
    """The flex wallet."""

    cross: PushedSums | None = None
    isolated: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)


class Balances(msgspec.Struct, frozen=True):
    """The `balances` feed: each push holds the wallets that have moved."""

    futures: dict[str, PushedSums] = msgspec.field(default_factory=dict)
    flex: PushedFlex | None = msgspec.field(name="flex_futures", default=None)
    timestamp: int | None = None


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One fill."""

    instrument: str
    buy: bool
    fill_type: str = ""


class Fills(msgspec.Struct, frozen=True):
    """The `fills` feed."""

    fills: list[Fill]


class PushedOrder(msgspec.Struct, frozen=True, gc=False):
    """An order; `direction` 0 buys, 1 sells."""

    instrument: str
    direction: int


class OrderChange(msgspec.Struct, frozen=True, gc=False):
    """The `open_orders` feed."""

    order: PushedOrder | None = None
    is_cancel: bool = False
    reason: str = ""


_positions = msgspec.json.Decoder(OpenPositions, strict=False)
_balances = msgspec.json.Decoder(Balances, strict=False)
_fills = msgspec.json.Decoder(Fills, strict=False)
_order = msgspec.json.Decoder(OrderChange, strict=False)


@dataclass(slots=True)
class AccountEar:
    """Hears one account's feeds. `modes` are the margin modes that REST has told, by symbol; the rest was told last."""

    modes: dict[str, MarginMode] = field(default_factory=dict)
    wallets: dict[str, float] = field(default_factory=dict)
    positions: tuple[Position, ...] | None = None

    def learn(self, snapshot: AccountSnapshot) -> None:
        """REST has told everything anew, without thresholds: the next list is news."""
        self.modes = {position.symbol: position.margin_mode for position in snapshot.positions}
        self.wallets = dict(snapshot.cross_wallets)
        self.positions = None

    def hear(self, frame: bytes, listing: Listing, now: datetime) -> Heard:
        """What a frame says. Never raises."""
        try:
            head = read_head(frame)
            return Heard(events=tuple(self._events(head.feed, frame, listing, now))) if not head.event else said(head)
        except (PayloadError, msgspec.ValidationError):
            return Heard(rejected="bad_event")
        except KeyError:
            return Heard(rejected="unknown_feed")
        except UNREADABLE:
            return Heard(rejected="undecodable")

    def _events(self, feed: str, frame: bytes, listing: Listing, now: datetime) -> Iterator[AccountEvent]:
        if feed == OPEN_POSITIONS:
            yield from self._listed(_positions.decode(frame), listing)
        elif feed in {BALANCES, f"{BALANCES}_snapshot"}:
            yield from self._moved(_balances.decode(frame))
        elif feed == FILLS:
            yield from _forced(_fills.decode(frame), listing)
        elif feed == OPEN_ORDERS:
            yield from _ordered(_order.decode(frame), listing, now)
        elif feed not in PAST:
            raise KeyError(feed)

    def _listed(self, told: OpenPositions, listing: Listing) -> Iterator[AccountEvent]:
        positions = tuple(self._position(row, listing) for row in told.positions if row.balance != 0)
        before, self.positions = self.positions, positions
        if before is not None and not _is_news(before, positions):
            self.positions = before
        elif any(self._needs_rest(position, before) for position in positions):
            yield Nudge("only REST tells whether a position is isolated, and its margin")
        else:
            at = from_milliseconds(told.timestamp) if told.timestamp else None
            yield Rows(positions=positions, is_whole=_every, at=at)

    def _needs_rest(self, position: Position, before: tuple[Position, ...] | None) -> bool:
        """Whether the margin behind a position can have changed without being told here."""
        if position.symbol not in self.modes:
            return True
        if position.margin_mode is MarginMode.CROSS or before is None:
            return False
        return all(_core(position) != _core(known) for known in before)

    def _position(self, row: PushedPosition, listing: Listing) -> Position:
        name = row.instrument.upper()
        if not (math.isfinite(row.balance) and 0 < row.entry_price < math.inf):
            raise PayloadError(f"open_positions: balance or entry_price of {name} cannot be")
        symbol = listing.unified(name)
        has_mark = 0 < row.mark_price < math.inf
        maintenance = row.maintenance_margin
        return Position(
            symbol=symbol,
            side=Side.LONG if row.balance > 0 else Side.SHORT,
            contracts=abs(row.balance),
            entry_price=row.entry_price,
            margin_mode=self.modes.get(symbol, MarginMode.CROSS),
            reported_liquidation_price=cleaned_liquidation_price(
                row.liquidation_threshold, row.mark_price if has_mark else row.entry_price
            ),
            reported_maintenance_margin=maintenance if maintenance and 0 < maintenance < math.inf else None,
            reported_mark_price=row.mark_price if has_mark else None,
        )

    def _moved(self, told: Balances) -> Iterator[AccountEvent]:
        wallets = dict(pushed_wallets(told))
        news = {
            coin: wallet
            for coin, wallet in wallets.items()
            if abs(wallet - self.wallets.get(coin, 0.0)) > WALLET_NEWS * abs(self.wallets.get(coin, 0.0))
        }
        if told.flex is not None and told.flex.cross is None and told.flex.isolated:
            yield Nudge("the cross part of the wallet is not told apart")
        elif news:
            self.wallets |= news
            # The thresholds told before belong to another wallet: the next list is news.
            self.positions = None
            yield Rows(wallets=news, at=from_milliseconds(told.timestamp) if told.timestamp else None)


def said(head: Head) -> Heard:
    """What the connection says of itself, but for the challenge. The grant of the last feed means that all flow."""
    event = head.event.strip()
    if event == "subscribed" and head.feed == FEEDS[-1]:
        return Heard(is_ready=True)
    if event in NOTHING:
        return Heard()
    if event not in REFUSING:
        return Heard(rejected="unknown_event")
    if LOGIN_FAILED in head.message.lower():
        return Heard(rejected=LOGIN_REFUSED, end=LOGIN_REFUSED)
    return Heard(rejected=refusal_of(head.message))


def pushed_wallets(told: Balances) -> Iterator[tuple[str, float]]:
    """Cross wallets without unrealised profit, by settle currency. Raises PayloadError."""
    if told.flex is not None and (told.flex.cross is not None or not told.flex.isolated):
        sums = told.flex.cross or told.flex
        equity = finite(sums.margin_equity, f"balances: margin_equity of {FLEX}")
        yield QUOTE, equity - finite(sums.profit, f"balances: pnl of {FLEX}")
    for name, sums in told.futures.items():
        coin, pair = currency(sums.unit), name.upper().removeprefix("F-")
        if currency(pair.partition(":")[0]) != coin:
            # Contracts of this pair would settle in the quote: they are listed no more, and REST leaves them out too.
            continue
        value = finite(sums.portfolio_value, f"balances: portfolio_value of {name}")
        yield coin, value - finite(sums.profit, f"balances: pnl of {name}")


def _forced(told: Fills, listing: Listing) -> Iterator[AccountEvent]:
    """A fill that buys has ended a short."""
    seen: set[str] = set()
    for fill in told.fills:
        word = FORCED_FILLS.get(fill.fill_type)
        subject = listing.subject(fill.instrument.upper(), Side.SHORT if fill.buy else Side.LONG)
        if word is not None and subject not in seen:
            seen.add(subject)
            yield Forced(subject, word)


def _ordered(told: OrderChange, listing: Listing, now: datetime) -> Iterator[AccountEvent]:
    """Orders by which the venue closes, or which it takes away because it does."""
    if told.reason != LIQUIDATION:
        return
    if told.order is not None and not told.is_cancel:
        side = Side.LONG if told.order.direction == 1 else Side.SHORT
        yield Forced(listing.subject(told.order.instrument.upper(), side), FORCED_FILLS[LIQUIDATION])
    else:
        text = "an order was cancelled because of a liquidation"
        yield Noticed(VenueNotice(kind=NoticeKind.LIQUIDATION_WARNING, subject="", text=text, at=now))


def _every(_: Position) -> bool:
    return True


def _core(position: Position) -> tuple[object, ...]:
    return position.subject, position.contracts, position.entry_price, position.margin_mode


def _is_news(before: tuple[Position, ...], after: tuple[Position, ...]) -> bool:
    if [_core(each) for each in before] != [_core(each) for each in after]:
        return True
    return any(_has_moved(old, new) for old, new in zip(before, after, strict=True))


def _has_moved(old: Position, new: Position) -> bool:
    """Whether the threshold is elsewhere, by enough to tell."""
    was, now = old.reported_liquidation_price, new.reported_liquidation_price
    if was is None or now is None:
        return was is not now
    return abs(now - was) > PRICE_NEWS * (new.reported_mark_price or new.entry_price)
