"""Bybit v5: linear and inverse contracts, on one account, behind two public connections.

The two families are told apart by name alone, and a topic on the other family's connection is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from liqwatch.errors import ExchangeBlocked, ExchangeError
from liqwatch.exchanges._bybit_account import ALLOWED_CALLS, PING, TIME, BybitAccountDialect
from liqwatch.exchanges.payloads import bybit_listing as answers
from liqwatch.exchanges.payloads import bybit_market as frames
from liqwatch.exchanges.plumbing.budget import Budget
from liqwatch.exchanges.plumbing.dialects import Ping
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.exchanges.plumbing.public_rest import PublicRest
from liqwatch.exchanges.plumbing.venue import Venue, adapter_of
from liqwatch.model import FundingRate, Instrument, LeverageTier, MarkCandle, MarkRow
from liqwatch.ports import Grade, VenueCard

EXCHANGE = "bybit"
LIVE = Hosts(rest="https://api.bybit.com", websocket="wss://stream.bybit.com")
SANDBOX = Hosts(rest="https://api-testnet.bybit.com", websocket="wss://stream-testnet.bybit.com")
DEMO = Hosts(
    rest="https://api-demo.bybit.com",
    websocket="wss://stream.bybit.com",
    private_websocket="wss://stream-demo.bybit.com",
)
"""Demo trading: real prices, keys of its own."""
REGIONAL_DOMAINS = {
    "eu": "bybit.eu",
    "georgia": "bybitgeorgia.ge",
    "indonesia": "bybit.id",
    "japan": "manepa.jp",
    "kazakhstan": "bybit.kz",
    "turkey": "bybit.tr",
}
"""Legal entities with hosts of their own (Bybit documentation, Connect and Integration Guidance, 2026-08)."""
REGIONS = {
    "demo": DEMO,
    **{
        name: Hosts(rest=f"https://api.{domain}", websocket=f"wss://stream.{domain}")
        for name, domain in REGIONAL_DOMAINS.items()
    },
}
REQUESTS_PER_WINDOW, WINDOW_SECONDS = 600.0, 5.0
STREAM_KINDS = (frames.TICKERS, frames.LIQUIDATIONS)
ARGUMENTS_PER_MESSAGE = 10
MARKETS_PER_CONNECTION = 250
"""Two topics each: the arguments of a connection may hold 21,000 characters in all."""
QUIET_SECONDS = 60.0
"""Tickers are pushed when something changes; in a quiet market nothing does for half a minute."""
ROWS_PER_PAGE = "1000"
MOST_PAGES = 50
MOST_UNANSWERED = 10_000
MINUTE_MS = 60_000


@dataclass(slots=True)
class BybitMarkDialect:
    """How Bybit speaks on its public streams.

    One unknown market refuses the whole request that names it, so a refused one is repeated topic by topic.
    """

    venue: str
    hosts: Hosts
    ping: Ping | None = PING
    _asked: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _request_count: int = 0

    def route(self, native_symbol: str) -> str:
        """`linear` or `inverse`: each has its own connection."""
        return answers.family_of(native_symbol)

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:
        """The ticker and the liquidations of each market."""
        del singly
        return [f"{kind}{symbol}" for symbol in native_symbols for kind in STREAM_KINDS]

    def url(self, first_stream: str) -> str:
        """The family's address."""
        return f"{self.hosts.websocket}/v5/public/{answers.family_of(first_stream)}"

    def streams_in_url(self, first_stream: str) -> Sequence[str]:  # noqa: ARG002  the address asks for nothing
        """None."""
        return ()

    def requests(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> Sequence[str]:
        """Small requests, so that few share the fate of a refused topic."""
        del identifier
        starts = range(0, len(streams), ARGUMENTS_PER_MESSAGE)
        groups = (tuple(streams[start : start + ARGUMENTS_PER_MESSAGE]) for start in starts)
        return [self._request(group, subscribe=subscribe) for group in groups]

    def _request(self, topics: tuple[str, ...], *, subscribe: bool) -> str:
        self._request_count += 1
        request_id = str(self._request_count)
        if subscribe:
            if len(self._asked) >= MOST_UNANSWERED:
                self._asked.clear()
            self._asked[request_id] = topics
        operation = "subscribe" if subscribe else "unsubscribe"
        return msgspec.json.encode({"op": operation, "args": topics, "req_id": request_id}).decode()

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame."""
        found = frames.read_mark_frame(frame, wanted)
        if found.is_data or found.liquidations:
            return found
        head = frames.read_head(frame)
        topics = self._asked.pop(head.request_id, ()) if head is not None and head.is_reply else ()
        if frames.REFUSED in found.rejected and len(topics) > 1:
            return MarkFrame(replies=[self._request((topic,), subscribe=True) for topic in topics], is_alive=True)
        return found


@dataclass(slots=True)
class BybitMarketDialect:
    """What Bybit tells without a key."""

    def native_symbol(self, symbol: str) -> str:
        """By the venue's own rule of naming."""
        return answers.native_symbol(symbol)

    async def listing(self, rest: PublicRest) -> Listing:
        """Every contract of both families; those before their launch only where the venue tells them."""
        found: list[Instrument] = []
        unreadable = 0
        for family in answers.CATEGORIES:
            instruments, odd = await self._instruments(rest, {"category": family})
            found += instruments
            unreadable += odd
        try:
            found += (await self._instruments(rest, {"category": answers.LINEAR, "status": "PreLaunch"}))[0]
        except ExchangeBlocked:
            raise
        except ExchangeError:
            return Listing.of(found, unreadable)
        return Listing.of(found, unreadable)

    async def _instruments(self, rest: PublicRest, question: Mapping[str, str]) -> tuple[list[Instrument], int]:
        found: list[Instrument] = []
        unreadable, cursor = 0, ""
        for _ in range(MOST_PAGES):
            query = {**question, "limit": ROWS_PER_PAGE, **({"cursor": cursor} if cursor else {})}
            body = await rest.get("/v5/market/instruments-info", query)
            page, _time = answers.page_of(body, "instruments-info")
            instruments, odd = answers.instruments_of(page)
            found += instruments
            unreadable += odd
            if not page.rows or not page.cursor or page.next_cursor == cursor:
                break
            cursor = page.next_cursor
        return found, unreadable

    async def marks(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[MarkRow]:
        """Marks of this moment, at the venue's time of the answer."""
        return [row for page, at in await self._tickers(rest, wanted) for row in answers.marks_of(page, at, wanted)]

    async def funding(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[FundingRate]:
        """Funding rates; dated contracts have none."""
        return [rate for page, _ in await self._tickers(rest, wanted) for rate in answers.funding_of(page, wanted)]

    async def _tickers(self, rest: PublicRest, wanted: Mapping[str, str]) -> list[tuple[answers.Page, int]]:
        """One answer for each family that is wanted."""
        pages: list[tuple[answers.Page, int]] = []
        for family, names in answers.by_family(wanted).items():
            query = {"category": family, **({"symbol": names[0]} if len(names) == 1 else {})}
            pages.append(answers.page_of(await rest.get("/v5/market/tickers", query), "tickers"))
        return pages

    async def candles(
        self, rest: PublicRest, native_symbol: str, since: datetime, until: datetime
    ) -> Sequence[MarkCandle]:
        """One-minute candles of the mark; an answer holds the newest of a time, so older ones are asked for after."""
        start_ms, end_ms = int(since.timestamp()) // 60 * MINUTE_MS, int(until.timestamp() * 1000)
        found: list[MarkCandle] = []
        for _ in range(MOST_PAGES):
            query = {
                "category": answers.family_of(native_symbol),
                "symbol": native_symbol,
                "interval": "1",
                "start": str(start_ms),
                "end": str(end_ms),
                "limit": ROWS_PER_PAGE,
            }
            page, _time = answers.page_of(await rest.get("/v5/market/mark-price-kline", query), "mark-price-kline")
            candles = answers.candles_of(page)
            found = [*candles, *found]
            if not candles or round(candles[0].opened_at.timestamp() * 1000) <= start_ms:
                break
            end_ms = round(candles[0].opened_at.timestamp() * 1000) - 1
        return found

    async def tiers(
        self, rest: PublicRest, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Risk limits, asked market by market: without a name the venue tells fifteen markets a page."""
        found: dict[str, tuple[LeverageTier, ...]] = {}
        for native in native_symbols:
            query = {"category": answers.family_of(native), "symbol": native}
            page, _time = answers.page_of(await rest.get("/v5/market/risk-limit", query), "risk-limit")
            tiers = answers.tiers_of(page, native)
            if tiers:
                found[listing.unified(native)] = tiers
        return found


ADAPTER = adapter_of(
    Venue(
        exchange=EXCHANGE,
        title="Bybit",
        card=VenueCard(
            grade=Grade.GOLD,
            mark_source="stream tickers, one per market, linear and inverse",
            account_stream="positions, wallets, orders, executions; own liquidations and deleveraging",
            tiers="risk limits, without a key",
            verified="tickers recorded 2026-08-09; positions and wallets captured 2023 to 2026; REST answers recorded",
            missing=(
                "a unified account with inverse positions, or in portfolio margin, is judged by Bybit's own ratio and "
                "prices; options are not read; no own liquidation and no isolated position of a unified account has "
                "been seen"
            ),
        ),
        addresses=Addresses(live=LIVE, sandbox=SANDBOX, regions=REGIONS),
        marks=lambda options, hosts: BybitMarkDialect(options.venue, hosts),
        market=lambda _, __: BybitMarketDialect(),
        account=lambda options, hosts: BybitAccountDialect(options.venue, hosts),
        ccxt_id="bybit",
        allowed_calls=ALLOWED_CALLS,
        time_call=TIME,
        read_time=answers.read_time,
        budget=Budget(limit=REQUESTS_PER_WINDOW, window_seconds=WINDOW_SECONDS),
        streams=StreamTuning(data_limit_seconds=QUIET_SECONDS, streams_per_connection=MARKETS_PER_CONNECTION),
    )
)
