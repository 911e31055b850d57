"""What the engine needs from the world, and nothing more. Adapters implement these; the engine never imports one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from liqwatch.clock import Clock
from liqwatch.model import (
    AccountSnapshot,
    AlertChange,
    AlertRecord,
    DeliveryReport,
    FundingRate,
    Instrument,
    LeverageTier,
    MarkBatch,
    MarkCandle,
    MarkRow,
    OutboxRow,
    OutboxStatus,
    RestingOrder,
    Settlement,
    Severity,
)


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


class Store(Protocol):
    """Alert state and the outbox: one place, one transaction."""

    async def load(self) -> Sequence[AlertRecord]:
        """Every alert record, as last committed."""
        ...

    async def commit(self, changes: Sequence[AlertChange]) -> None:
        """Write states and their messages together; returns when they are durable."""
        ...

    async def lease(self, channel: str, *, now: datetime, until: datetime, limit: int) -> Sequence[OutboxRow]:
        """Due rows of a channel, worst and then oldest first, hidden from others until `until`."""
        ...

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Record how attempts ended."""
        ...

    async def outbox_status(self) -> OutboxStatus:
        """Counts and the age of the oldest undelivered message."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then release the file."""
        ...


class Cache(Protocol):
    """Facts worth keeping over a restart (leverage brackets). Losing them is harmless."""

    async def remember(self, name: str, text: str, at: datetime) -> None:
        """Keep `text` under `name`, replacing what was there."""
        ...

    async def recall(self, name: str) -> tuple[str, datetime] | None:
        """What was last remembered under `name`, and when."""
        ...


class Notifier(Protocol):
    """One channel to one person or place."""

    name: str

    async def prepare(self) -> str | None:
        """Load what the first message would otherwise wait for; why this channel can never deliver, if so."""
        ...

    async def send(self, *, title: str, body: str, severity: Severity) -> DeliveryReport:
        """Try once, within the channel's own time limit. Never raises for a refusal."""
        ...

    async def close(self) -> None:
        """Give back threads and sessions without waiting for a hanging peer."""
        ...


class Telemetry(Protocol):
    """Counters and gauges; names are declared in `faces/metrics.py`."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        ...

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        ...

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add one observation to a histogram."""
        ...


class ServiceManager(Protocol):
    """The process supervisor (systemd), or nobody."""

    def ready(self) -> None:
        """Start-up is over."""
        ...

    def alive(self) -> None:
        """Feed the watchdog; called only while data is fresh and the outbox moves."""
        ...

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        ...

    def reloading(self) -> None:
        """A new configuration is being taken over."""
        ...

    def stopping(self) -> None:
        """Draining has begun."""
        ...


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOptions:
    """One `[channels.<name>]` table. `url` is a secret."""

    name: str
    url: str = field(default="", repr=False)
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierAdapter:
    """The one constant `ADAPTER` that a notifier file exports."""

    kind: str
    open: Callable[[ChannelOptions], Notifier]
