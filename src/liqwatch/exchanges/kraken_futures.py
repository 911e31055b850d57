"""Kraken Futures (Kraken Derivatives): multi-collateral and inverse contracts, perpetual and dated.

One websocket address serves all. Each market has a `ticker` feed, which carries the mark, and a `trade` feed,
which names liquidations. REST lists contracts with their margin levels; candles of the mark are at the charts address
of the same host.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from liqwatch.errors import ExchangeError
from liqwatch.exchanges._kraken_futures_account import ALLOWED_CALLS, PATH, KrakenFuturesAccount
from liqwatch.exchanges.payloads import kraken_futures_listing as shapes
from liqwatch.exchanges.payloads.kraken_futures_market import HEARTBEAT, TICKER, TRADE, read_market_frame
from liqwatch.exchanges.plumbing.budget import Budget
from liqwatch.exchanges.plumbing.dialects import Ping
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.exchanges.plumbing.public_rest import PublicRest
from liqwatch.exchanges.plumbing.venue import Venue, adapter_of
from liqwatch.model import FundingRate, LeverageTier, MarkCandle, MarkRow
from liqwatch.ports import Grade, VenueCard

API: Final = "/derivatives/api/v3"
CHARTS: Final = "/api/charts/v1/mark"
TIME: Final = "publicGetInstrumentsStatus"
"""Any answer carries the server's time; this is a small one that needs no parameter."""
QUIET_SECONDS: Final = 60.0
"""A ticker is pushed when it changes, at most once a second."""
MOST_CANDLE_PAGES: Final = 5
CALLS_PER_WINDOW, WINDOW_SECONDS = 500.0, 10.0


@dataclass(slots=True)
class KrakenFuturesMarks:
    """How Kraken Futures speaks on its public feeds. A stream is `ticker PF_XBTUSD`, or `heartbeat`."""

    venue: str
    address: str
    ping: Ping | None = None

    def route(self, native_symbol: str) -> str:  # noqa: ARG002  as the protocol
        """One connection takes all markets."""
        return ""

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:  # noqa: ARG002  as the protocol
        """Marks first, then trades for their liquidations, and the heartbeat as a sign of life."""
        if not native_symbols:
            return ()
        return [
            *(f"{TICKER} {name}" for name in native_symbols),
            *(f"{TRADE} {name}" for name in native_symbols),
            HEARTBEAT,
        ]

    def url(self, first_stream: str) -> str:  # noqa: ARG002  as the protocol
        """One address for everything."""
        return self.address + PATH

    def streams_in_url(self, first_stream: str) -> Sequence[str]:  # noqa: ARG002  as the protocol
        """None: every feed is asked for."""
        return ()

    def requests(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> Sequence[str]:  # noqa: ARG002  requests carry no id
        """One message for each feed."""
        feeds: dict[str, list[str]] = {}
        for stream in streams:
            feed, _, name = stream.partition(" ")
            feeds.setdefault(feed, []).extend([name] if name else [])
        event = "subscribe" if subscribe else "unsubscribe"
        return [
            msgspec.json.encode({"event": event, "feed": feed} | ({"product_ids": names} if names else {})).decode()
            for feed, names in feeds.items()
        ]

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame."""
        return read_market_frame(frame, wanted)


@dataclass(frozen=True, slots=True)
class KrakenFuturesMarket:
    """What Kraken Futures tells without a key."""

    def native_symbol(self, symbol: str) -> str:
        """The venue's name by its rule."""
        return shapes.native_symbol(symbol)

    async def listing(self, rest: PublicRest) -> Listing:
        """Every future and perpetual; marks are asked along, as the levels of inverse contracts need them."""
        contracts, unreadable = shapes.read_contracts(await rest.get(f"{API}/instruments"))
        try:
            rows, _ = shapes.read_tickers(await rest.get(f"{API}/tickers"))
        except ExchangeError:
            rows = []
        known = {row.symbol.upper(): row.mark_price for row in rows if row.mark_price is not None}
        return shapes.listing_of(contracts, unreadable, known)

    async def marks(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[MarkRow]:
        """Marks of this moment, without a time; one market is asked for alone."""
        path = f"{API}/tickers/{next(iter(wanted))}" if len(wanted) == 1 else f"{API}/tickers"
        rows, _ = shapes.read_tickers(await rest.get(path))
        return shapes.marks_of(rows, wanted)

    async def funding(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[FundingRate]:
        """Of perpetuals."""
        rows, now = shapes.read_tickers(await rest.get(f"{API}/tickers"))
        return shapes.funding_of(rows, wanted, now)

    async def candles(
        self, rest: PublicRest, native_symbol: str, since: datetime, until: datetime
    ) -> Sequence[MarkCandle]:
        """Candles of the mark price, page after page."""
        interval, step = shapes.candle_step(since, until)
        first, last = int(since.timestamp()) // step * step, int(until.timestamp())
        found: dict[datetime, MarkCandle] = {}
        for _ in range(MOST_CANDLE_PAGES):
            query = {"from": str(first), "to": str(last)}
            page, has_more = shapes.read_candles(await rest.get(f"{CHARTS}/{native_symbol}/{interval}", query))
            found |= {candle.opened_at: candle for candle in page}
            if not (page and has_more):
                break
            first = int(max(candle.opened_at for candle in page).timestamp()) + step
        return [found[opened_at] for opened_at in sorted(found) if opened_at <= until.astimezone(UTC)]

    async def tiers(
        self,
        rest: PublicRest,  # noqa: ARG002  as the protocol
        listing: Listing,
        native_symbols: Collection[str],
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """As listed."""
        listed = (listing.by_native[native] for native in native_symbols if native in listing.by_native)
        return {each.symbol: each.tiers for each in listed if each.tiers and not each.tiers_assumed}


CARD = VenueCard(
    grade=Grade.GOLD,
    mark_source="ticker feed, pushed when it changes; REST tickers in quiet times",
    account_stream="open_positions with the venue's liquidation price, balances, fills and orders with liquidations",
    tiers="margin levels of the listing; professional or retail by the maintenance margin that the account states",
    verified="recorded tickers, control frames, ordinary fills and orders, a session without tickers; the price of "
    "one reported inverse position",
    missing="REST states no liquidation price; multi-collateral thresholds unchecked, as no recording has the equity; "
    "balances, liquidations and REST accounts by documentation only; whether a higher level counts for the whole "
    "position is taken the dear way unless the account shows otherwise; isolated margin is taken as entry value by "
    "leverage; no relief for opposite perpetual and dated positions; with options the venue's ratio counts alone; "
    "what a key may do is not told; no margin calls on the stream",
)

ADAPTER = adapter_of(
    Venue(
        exchange="kraken_futures",
        title="Kraken Futures",
        card=CARD,
        addresses=Addresses(
            live=Hosts(rest="https://futures.kraken.com", websocket="wss://futures.kraken.com"),
            sandbox=Hosts(rest="https://demo-futures.kraken.com", websocket="wss://demo-futures.kraken.com"),
        ),
        marks=lambda options, hosts: KrakenFuturesMarks(options.venue, hosts.websocket),
        market=lambda _options, _hosts: KrakenFuturesMarket(),
        account=lambda options, hosts: KrakenFuturesAccount(options.venue, options.clock, hosts.private),
        ccxt_id="krakenfutures",
        allowed_calls=ALLOWED_CALLS,
        time_call=TIME,
        read_time=shapes.read_time,
        budget=Budget(limit=CALLS_PER_WINDOW, window_seconds=WINDOW_SECONDS),
        streams=StreamTuning(data_limit_seconds=QUIET_SECONDS, streams_per_message=100, streams_per_connection=200),
    )
)
