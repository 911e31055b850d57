"""The two sides of a venue, and what an exchange file exports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from liqwatch.clock import Clock
from liqwatch.model import (
    AccountSnapshot,
    FundingRate,
    Instrument,
    LeverageTier,
    MarkBatch,
    MarkCandle,
    MarkRow,
    RestingOrder,
)
from liqwatch.ports.surroundings import Telemetry


class MarketData(Protocol):
    """The public side of one venue, shared by every account on it. Constructors do no I/O."""

    venue: str

    async def instruments(self) -> Mapping[str, Instrument]:
        """Every contract the venue lists, by unified symbol, without account-only leverage tiers."""
        ...

    def assume(self, instruments: Mapping[str, Instrument]) -> None:
        """Go by this older list until the venue can be asked for its own."""
        ...

    def watch(self, symbols: Collection[str]) -> None:
        """Replace the set of markets whose mark price is wanted; takes effect on the live stream."""
        ...

    def stream(self) -> AsyncIterator[MarkBatch]:
        """Mark prices for ever: reconnects, renews and resubscribes by itself."""
        ...

    async def close(self) -> None:
        """Give back sockets and threads."""
        ...


class MarketFacts(Protocol):
    """What can be asked of a venue over REST without a key."""

    async def mark_prices(self, symbols: Collection[str]) -> Sequence[MarkRow]:
        """The mark prices of this moment, asked once over REST."""
        ...

    async def funding_rates(self, symbols: Collection[str]) -> Sequence[FundingRate]:
        """The funding rates in force; markets without one are left out."""
        ...

    async def mark_candles(self, symbol: str, since: datetime, until: datetime) -> Sequence[MarkCandle]:
        """How far the mark went; empty where the venue has no candles of it."""
        ...

    async def public_tiers(self, symbols: Collection[str]) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Leverage tiers by unified symbol, as far as they are told without a key."""
        ...


class Market(MarketData, MarketFacts, Protocol):
    """The whole public side of one venue."""


class AccountData(Protocol):
    """The private side of one account, read only."""

    account: str

    async def snapshot(self) -> AccountSnapshot:
        """The whole account, asked over REST."""
        ...

    def changes(self) -> AsyncIterator[AccountSnapshot]:
        """The last snapshot with pushed changes merged in; reconnects by itself."""
        ...

    async def leverage_tiers(self, symbols: Collection[str]) -> Mapping[str, tuple[LeverageTier, ...]]:
        """The leverage tiers of at least these markets, by unified symbol."""
        ...

    async def resting_orders(self) -> Sequence[RestingOrder]:
        """Every order that waits: stops, take-profits, trailing stops, limits."""
        ...

    async def probe(self) -> KeyReport:
        """What the key may do and how far the venue's clock is from ours."""
        ...

    async def close(self) -> None:
        """Give back sockets and sessions."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """Permissions of a key as the venue states them; None: the venue does not say."""

    can_withdraw: bool | None = None
    can_transfer: bool | None = None
    can_trade: bool | None = None
    clock_skew_ms: float | None = None
    expires_at: datetime | None = None
    is_ip_bound: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOptions:
    """How to reach one venue. URLs override the venue's own; `sandbox` picks its test net."""

    venue: str
    clock: Clock
    telemetry: Telemetry
    rest_url: str | None = None
    websocket_url: str | None = None
    sandbox: bool = False
    region: str = ""
    allow_last_price: bool = False
    """Whether the last traded price may stand in where a venue shows no mark price at all."""
    silence_limit_seconds: float = 10.0
    """A mark stream that brings nothing for so long is closed and dialled anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOptions:
    """One account's key. `credentials` values are secrets and never leave the adapter."""

    account: str
    credentials: Mapping[str, str] = field(repr=False)
    allow_trade_permission: bool = False


class Grade(Enum):
    """How far a venue is cared for.

    GOLD: own streams and payload files. SILVER: through ccxt, with a pushed mark. BRONZE: through ccxt, polled.
    """

    GOLD = "gold"
    SILVER = "silver"
    BRONZE = "bronze"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueCard:
    """What `liqwatch exchanges` prints of a venue. Each text is a short plain clause; "" means there is none."""

    grade: Grade
    mark_source: str
    account_stream: str = ""
    tiers: str = ""
    verified: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeAdapter:
    """The one constant `ADAPTER` that an exchange file exports."""

    exchange: str
    title: str
    required_credentials: tuple[str, ...]
    open_market: Callable[[VenueOptions], Market]
    open_account: Callable[[VenueOptions, AccountOptions, Market], AccountData]
    card: VenueCard
    raw_calls: frozenset[str] = frozenset()
    """Every call that can ever be made with a key."""
    regions: tuple[str, ...] = ()
    has_sandbox: bool = False
