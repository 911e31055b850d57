"""What a venue file supplies: how it speaks. Everything that runs, waits or retries is plumbing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from liqwatch.exchanges.plumbing.changes import Heard
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.exchanges.plumbing.public_rest import PublicRest
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.model import (
    AccountSnapshot,
    FundingRate,
    LeverageTier,
    MarkCandle,
    MarkRow,
    RestingOrder,
)
from liqwatch.ports import KeyReport


@dataclass(frozen=True, slots=True)
class Ping:
    """What we send, and how often, so that the venue keeps the connection and answers."""

    message: str
    every_seconds: float


class MarkDialect(Protocol):
    """The public stream: mark prices, and liquidations where the venue tells them."""

    venue: str
    ping: Ping | None

    def route(self, native_symbol: str) -> str:
        """The name of the connection that this market belongs to; "" where one connection can hold all."""
        ...

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:
        """The streams to hold for these markets, empty for none; `singly` asks for one each where that can be."""
        ...

    def url(self, first_stream: str) -> str:
        """Where to dial for a connection that begins with one stream."""
        ...

    def streams_in_url(self, first_stream: str) -> Sequence[str]:
        """The streams that dialling `url(first_stream)` already asks for: `(first_stream,)` or none."""
        ...

    def requests(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> Sequence[str]:
        """The messages that ask for streams, or give them up."""
        ...

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame; rows only of `wanted` (native to unified symbol), prices unchecked. Never raises."""
        ...


class MarketDialect(Protocol):
    """What can be asked without a key. Each method may raise ExchangeError or PayloadError."""

    def native_symbol(self, symbol: str) -> str:
        """The venue's name for a unified symbol by its rule of naming: for use before the list is known."""
        ...

    async def listing(self, rest: PublicRest) -> Listing:
        """Every contract the venue lists."""
        ...

    async def marks(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[MarkRow]:
        """The mark prices of this moment; venue time 0 where the answer has none."""
        ...

    async def funding(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[FundingRate]:
        """The funding rates in force."""
        ...

    async def candles(
        self, rest: PublicRest, native_symbol: str, since: datetime, until: datetime
    ) -> Sequence[MarkCandle]:
        """Candles of the MARK price that cover the time; empty where the venue has none."""
        ...

    async def tiers(
        self, rest: PublicRest, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Leverage tiers by unified symbol, of these markets, as far as they are told without a key."""
        ...


class AccountDialect(Protocol):
    """What can be asked with a key, and how the account's stream is opened and read."""

    venue: str
    ping: Ping | None
    keep_every_seconds: float | None
    """How often `keep` is due; None: never."""
    says_ready: bool
    """Whether the stream says `is_ready` itself; else it is ready as soon as it is open."""

    async def read_account(self, account: str, calls: SignedCalls, listing: Listing, now: datetime) -> AccountSnapshot:
        """The whole account, paged to the end."""
        ...

    async def leverage_tiers(
        self, calls: SignedCalls, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Tiers that only a key is told; empty where `MarketDialect.tiers` tells them all."""
        ...

    async def resting_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        """Stops, take-profits, trailing stops and plain orders that wait, paged to the end."""
        ...

    async def rights(self, calls: SignedCalls) -> KeyReport:
        """What the key may do, as the venue says; without clock skew. None: it does not say."""
        ...

    async def opening(self, calls: SignedCalls) -> Opening | None:
        """Where to dial now and what to send first; None: the venue has no stream, REST alone is read."""
        ...

    async def keep(self, calls: SignedCalls) -> None:
        """Prolong what `opening` got; an ExchangeError means that it is lost."""
        ...

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Read a frame of the stream. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """The address of an account's stream (it may hold a secret) and the first messages."""

    url: str
    messages: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
