"""Deribit's private frames: `user.changes`, `user.portfolio`, and the answers to login and subscription. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.deribit_account import SIDES, OrderRow, Portfolio, PositionRow, position_of
from liqwatch.exchanges.payloads.deribit_listing import settle_currency_of
from liqwatch.exchanges.payloads.deribit_market import (
    HEARTBEAT,
    MAINTENANCE,
    MAINTENANCE_CODES,
    TEST,
    Envelope,
    Failure,
    Parameters,
    lacking,
    reason_of,
    request,
)
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.changes import AccountEvent, Forced, Heard, Nudge, Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.margin.pnl import unrealized_pnl
from liqwatch.model import AccountSnapshot, Position, Side, SnapshotSource

CHANGES: Final = "user.changes.any.any.100ms"
PORTFOLIO: Final = "user.portfolio.any"
LOGIN_ID: Final = 1
SUBSCRIBE_ID: Final = 2
SUBSCRIBE: Final = request("private/subscribe", {"channels": [CHANGES, PORTFOLIO]}, SUBSCRIBE_ID)
READ_ONLY_SCOPE: Final = "account:read trade:read wallet:none block_trade:none"
"""Asked for at login: whatever the key may do, the connection may only read."""
PASSING_CODES: Final = frozenset({10028, 10040, 10041, 10047})
"""too_many_requests, retry, settlement_in_progress, queue full: no fault of the key."""
LIQUIDATED: Final = "liquidated by the venue"


def login(client_id: str, client_secret: str) -> str:
    """The message that logs a connection in; it holds the secret."""
    parameters = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
        "scope": READ_ONLY_SCOPE,
    }
    return request("public/auth", parameters, LOGIN_ID)


class OwnTrade(msgspec.Struct, frozen=True, gc=False):
    """One of the account's trades. `liquidation` names the liquidated sides (M, T, MT), `liquidity` ours."""

    instrument_name: str
    direction: str = ""
    liquidity: str = ""
    liquidation: str | None = None


class ChangesData(msgspec.Struct, frozen=True):
    """The data of `user.changes`: what happened in one market, absolute new values."""

    positions: list[PositionRow] = msgspec.field(default_factory=list)
    orders: list[OrderRow] = msgspec.field(default_factory=list)
    trades: list[OwnTrade] = msgspec.field(default_factory=list)


_envelope = msgspec.json.Decoder(Envelope)
_changes = msgspec.json.Decoder(ChangesData, strict=False)
_portfolio = msgspec.json.Decoder(Portfolio, strict=False)


@dataclass(frozen=True, slots=True)
class PositionRows:
    """Pushed positions. The push has no wallet: it is moved so that a trade at the mark leaves the equity as it was.

    What fees and slippage took, the REST answer shows that follows every trade.
    """

    rows: tuple[PositionRow, ...]

    def laid_over(self, snapshot: AccountSnapshot, listing: Listing) -> AccountSnapshot | None:
        """The changed snapshot; None with one pool for all currencies, where only REST tells the wallet."""
        if snapshot.is_multi_asset:
            return None
        wallets = dict(snapshot.cross_wallets)
        positions: list[Position] = []
        closed: set[str] = set()
        for row in self.rows:
            position = position_of(row, listing) if row.size != 0 else None
            sides = [side for side in Side if position is None or side is not position.side]
            closed.update(listing.subject(row.instrument_name, side) for side in sides)
            if position is not None:
                positions.append(position)
            gain = _profit_taken(row, position, snapshot, listing)
            if gain is None:
                return None
            currency = settle_currency_of(row.instrument_name)
            if currency in wallets:
                wallets[currency] += gain
        rows = Rows(positions=tuple(positions), closed=frozenset(closed), wallets=wallets)
        return rows.laid_over(snapshot, listing)


def _profit_taken(
    row: PositionRow, after: Position | None, snapshot: AccountSnapshot, listing: Listing
) -> float | None:
    """What the change turned from open profit into wallet, at the mark of the push; None where that is not told."""
    instrument = listing.by_native.get(row.instrument_name)
    if instrument is None:
        return 0.0
    if row.mark_price <= 0:
        return None
    held = [each for each in snapshot.positions if each.symbol == instrument.symbol]
    before_profit = sum(unrealized_pnl(each, instrument, row.mark_price) for each in held)
    return before_profit - (unrealized_pnl(after, instrument, row.mark_price) if after is not None else 0.0)


@dataclass(frozen=True, slots=True)
class PortfolioChange:
    """The margin of one pool as the venue states it now. `realised` and `margin_balance` are in `currency`."""

    currency: str
    pool: str
    margin_ratio: float
    realised: float
    margin_balance: float

    def laid_over(self, snapshot: AccountSnapshot, listing: Listing) -> AccountSnapshot:  # noqa: ARG002  as the protocol
        """The snapshot with the new ratio."""
        known = snapshot.reported_margin_ratios
        names = {self.pool, *(name for name in known if name.endswith(f"_{self.pool}"))}
        ratios = {**known, **dict.fromkeys(names, self.margin_ratio)}
        return replace(snapshot, reported_margin_ratios=ratios, source=SnapshotSource.STREAM)


def hear_frame(frame: bytes, listing: Listing) -> Heard:
    """Read a frame of the account's connection. Never raises."""
    try:
        envelope = _envelope.decode(frame)
    except UNREADABLE:
        return Heard(rejected="undecodable")
    parameters = envelope.params or Parameters()
    if envelope.method == "heartbeat":
        return Heard(replies=(TEST,) if parameters.kind == "test_request" else ())
    if envelope.method == "subscription":
        return _notified(parameters, listing)
    return _answered(envelope)


def _answered(envelope: Envelope) -> Heard:
    if envelope.error is not None:
        return _refused(envelope.identifier, envelope.error)
    if envelope.identifier == LOGIN_ID:
        return Heard(replies=(HEARTBEAT, SUBSCRIBE))
    if envelope.identifier == SUBSCRIBE_ID:
        return _subscribed(envelope.result)
    return Heard() if envelope.identifier is not None else Heard(rejected="unknown_frame")


def _subscribed(result: msgspec.Raw) -> Heard:
    """A channel that is not granted is only missing from the list; without positions the stream is of no use."""
    if lacking(result, (CHANGES,)):
        return Heard(rejected="unknown_channel", end="not_granted")
    return Heard(is_ready=True, rejected="unknown_channel" if lacking(result, (PORTFOLIO,)) else None)


def _refused(identifier: int | str | None, failure: Failure) -> Heard:
    if failure.code in MAINTENANCE_CODES:
        return Heard(rejected=MAINTENANCE, end=MAINTENANCE)
    if identifier == LOGIN_ID and failure.code not in PASSING_CODES:
        return Heard(end="login_refused")
    reason = reason_of(failure)
    return Heard(rejected=reason, end=reason if identifier in (LOGIN_ID, SUBSCRIBE_ID) else None)


def _notified(parameters: Parameters, listing: Listing) -> Heard:
    try:
        if parameters.channel.startswith("user.portfolio."):
            return Heard(events=(_portfolio_change(_portfolio.decode(parameters.data)),))
        if parameters.channel.startswith("user.changes."):
            return Heard(events=tuple(_events(_changes.decode(parameters.data), listing)))
    except (*UNREADABLE, PayloadError):
        return Heard(events=(Nudge("an unreadable push"),), rejected="bad_event")
    return Heard(rejected="other_channel")


def _portfolio_change(portfolio: Portfolio) -> PortfolioChange:
    return PortfolioChange(
        currency=portfolio.currency,
        pool=portfolio.pool,
        margin_ratio=portfolio.margin_ratio,
        realised=portfolio.realised,
        margin_balance=portfolio.margin_balance,
    )


def _events(data: ChangesData, listing: Listing) -> Iterator[AccountEvent]:
    for subject in dict.fromkeys(_liquidated(data.orders, data.trades, listing)):
        yield Forced(subject, LIQUIDATED)
    if data.positions:
        yield PositionRows(tuple(data.positions))
    if data.trades or (data.positions and not data.orders):
        yield Nudge("a trade or a settlement")


def _liquidated(orders: Sequence[OrderRow], trades: Sequence[OwnTrade], listing: Listing) -> Iterator[str]:
    """The positions that the venue's own orders close: a selling one closes a long."""
    ours = [(order.instrument_name, order.direction) for order in orders if order.is_liquidation]
    ours += [
        (trade.instrument_name, trade.direction)
        for trade in trades
        if trade.liquidation and trade.liquidity and trade.liquidity in trade.liquidation
    ]
    for native, direction in ours:
        if direction in SIDES:
            yield listing.subject(native, Side(-SIDES[direction].value))
