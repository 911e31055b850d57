"""Binance USDⓈ-M futures: hosts, channels, and the two sides of the venue.

Mark prices come over `<websocket>/market/ws/<stream>` (routed since 2026-03; the old unrouted address connects,
acknowledges, and stays silent on the live venue). Few markets take a stream each, many the all-market array.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

import msgspec
import structlog

from liqwatch.errors import CredentialsError, ExchangeError
from liqwatch.exchanges._binance_account import (
    ALLOWED_CALLS,
    TIME,
    BinanceAccount,
    BinanceUserDialect,
    open_stream,
)
from liqwatch.exchanges._binance_marks import native_symbol, read_listing, read_mark_frame, read_premiums
from liqwatch.exchanges._ccxt_account import CcxtSession, CcxtSetup
from liqwatch.exchanges._mark_stream import MarkFrame, MarkStream, StreamTuning
from liqwatch.exchanges._public_rest import PublicRest
from liqwatch.exchanges._user_stream import UserTuning
from liqwatch.exchanges._weight import weight_budget
from liqwatch.model import Instrument, MarkBatch, MarkRow
from liqwatch.ports import AccountData, AccountOptions, ExchangeAdapter, MarketData, VenueOptions

ALL_MARKS = "!markPrice@arr@1s"
ARRAY_FROM_MARKETS = 40
MOST_STREAMS = 1024
"""What the venue allows on one connection."""
LISTING_LASTS_SECONDS = 3600.0
WEIGHT_HEADER = "x-mbx-used-weight-1m"
WEIGHT_PER_MINUTE = 2400.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Where the venue is. `is_routed`: streams stand under `/market` and `/private`."""

    rest: str
    websocket: str
    is_routed: bool = True

    def market_url(self, stream: str) -> str:
        """A connection that begins with one public stream; contract names can be non-ASCII."""
        route = "/market/ws" if self.is_routed else "/ws"
        return f"{self.websocket}{route}/{quote(stream, safe='!@')}"

    def private_url(self, listen_key: str, /) -> str:
        """The user-data stream of a listen key."""
        path = f"/private/ws?listenKey={listen_key}" if self.is_routed else f"/ws/{listen_key}"
        return f"{self.websocket}{path}"


LIVE = Hosts(rest="https://fapi.binance.com", websocket="wss://fstream.binance.com")
SANDBOX = Hosts(rest="https://demo-fapi.binance.com", websocket="wss://fstream.binancefuture.com", is_routed=False)
"""The venue's demo trading, which took the place of its futures test net."""


def hosts_of(options: VenueOptions) -> Hosts:
    """The venue's own addresses or its sandbox's, each replaced by what the user names."""
    hosts = SANDBOX if options.sandbox else LIVE
    if options.rest_url is not None:
        hosts = replace(hosts, rest=options.rest_url.rstrip("/"))
    if options.websocket_url is not None:
        hosts = replace(hosts, websocket=options.websocket_url.rstrip("/"), is_routed=True)
    return hosts


@dataclass(slots=True)
class BinanceMarkDialect:
    """How Binance speaks on its mark price streams."""

    venue: str
    hosts: Hosts

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:
        """One stream a market, or from forty markets upward the array of all."""
        if len(native_symbols) >= (MOST_STREAMS if singly else ARRAY_FROM_MARKETS):
            return (ALL_MARKS,)
        return [f"{symbol.lower()}@markPrice@1s" for symbol in native_symbols]

    def url(self, first_stream: str) -> str:
        """Where to dial."""
        return self.hosts.market_url(first_stream)

    def request(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> str:
        """A SUBSCRIBE or UNSUBSCRIBE message."""
        method = "SUBSCRIBE" if subscribe else "UNSUBSCRIBE"
        return msgspec.json.encode({"method": method, "params": streams, "id": identifier}).decode()

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame."""
        return read_mark_frame(frame, wanted)


class BinanceMarket:
    """The public side: what is listed, and mark prices."""

    def __init__(self, options: VenueOptions, tuning: StreamTuning) -> None:
        """Nothing is opened before something is asked."""
        self.venue = options.venue
        self._clock = options.clock
        self._telemetry = options.telemetry
        hosts = hosts_of(options)
        self._rest = PublicRest(hosts.rest, options.clock)
        dialect = BinanceMarkDialect(options.venue, hosts)
        self._stream = MarkStream(dialect, options.clock, options.telemetry, tuning)
        self._listing: dict[str, Instrument] = {}
        self._listed_at = 0.0
        self._asking = asyncio.Lock()
        self._told: set[str] = set()

    async def instruments(self) -> Mapping[str, Instrument]:
        """Every listed contract by unified symbol; asked anew after an hour, the old list stands in if that fails.

        Raises:
            ExchangeError: the venue could not be asked, and there is no earlier list.
        """
        async with self._asking:
            if self._listing and self._clock.monotonic() - self._listed_at < LISTING_LASTS_SECONDS:
                return self._listing
            try:
                self._listing, unreadable = read_listing(await self._rest.get("/fapi/v1/exchangeInfo"))
            except ExchangeError as error:
                if not self._listing:
                    raise
                log.warning("listing_not_refreshed", venue=self.venue, why=error.message)
            else:
                self._listed_at = self._clock.monotonic()
                if unreadable:
                    self._telemetry.count(
                        "frames_rejected_total", unreadable, venue=self.venue, reason="unreadable_listing"
                    )
                    log.warning("listing_partly_unreadable", venue=self.venue, rows=unreadable)
            return self._listing

    def watch(self, symbols: Collection[str]) -> None:
        """Replace the set of wanted markets. One that is not listed is counted and told, not asked for."""
        self._stream.watch(self._native(symbols))

    def stream(self) -> AsyncIterator[MarkBatch]:
        """Mark prices for ever."""
        return self._stream.batches()

    async def mark_prices(self, symbols: Collection[str]) -> Sequence[MarkRow]:
        """The mark prices of this moment over REST; markets without a usable price are left out.

        Raises:
            ExchangeError: the venue could not be asked, or answered something else.
        """
        wanted = self._native(symbols)
        query = {"symbol": next(iter(wanted))} if len(wanted) == 1 else None
        return read_premiums(await self._rest.get("/fapi/v1/premiumIndex", query), wanted)

    async def close(self) -> None:
        """End the stream."""
        await self._stream.close()

    def _native(self, symbols: Collection[str]) -> dict[str, str]:
        wanted: dict[str, str] = {}
        for symbol in symbols:
            instrument = self._listing.get(symbol)
            if instrument is not None:
                wanted[instrument.native_symbol] = symbol
            elif not self._listing:
                wanted[native_symbol(symbol)] = symbol
            else:
                self._note_unlisted(symbol)
        return wanted

    def _note_unlisted(self, symbol: str) -> None:
        self._telemetry.count("frames_rejected_total", venue=self.venue, reason="unknown_symbol")
        if symbol not in self._told:
            self._told.add(symbol)
            log.warning("market_not_listed", venue=self.venue, symbol=symbol)


def open_market(options: VenueOptions) -> MarketData:
    """The public side of the venue."""
    return BinanceMarket(options, StreamTuning(silence_limit_seconds=options.silence_limit_seconds))


def open_account(options: VenueOptions, account: AccountOptions, market: MarketData) -> AccountData:
    """The private side of one account.

    Raises:
        CredentialsError: a part of the key is missing.
    """
    missing = [name for name in ADAPTER.required_credentials if not account.credentials.get(name)]
    if missing:
        raise CredentialsError(f"missing: {', '.join(missing)}", path=f"accounts.{account.account}")
    hosts = hosts_of(options)
    setup = CcxtSetup(
        exchange_id="binanceusdm",
        allowed_calls=ALLOWED_CALLS,
        time_call=TIME,
        credentials={"apiKey": account.credentials["api_key"], "secret": account.credentials["secret"]},
        base_url=None if hosts.rest == LIVE.rest else hosts.rest,
    )
    weight = weight_budget(options.clock, hosts.rest, header=WEIGHT_HEADER, limit=WEIGHT_PER_MINUTE)
    session = CcxtSession(setup, options.clock, weight)
    dialect = BinanceUserDialect(options.venue, session, hosts.private_url)
    stream = open_stream(dialect, options, UserTuning())
    return BinanceAccount(options, account, market, session, stream)


ADAPTER = ExchangeAdapter(
    exchange="binance_usdm",
    title="Binance USDⓈ-M futures",
    required_credentials=("api_key", "secret"),
    open_market=open_market,
    open_account=open_account,
)
