"""Bitget futures: USDT-, USDC- and coin-margined, classic and unified accounts.

Mark prices come over `<websocket>/v2/ws/public` in the ticker channel, all product types in one connection. A market
asked for under a wrong product type is acknowledged and stays silent, so the list of contracts says which it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import msgspec

from liqwatch.clock import Clock
from liqwatch.exchanges._bitget_account import ALLOWED_CALLS, PING_EVERY_SECONDS, TIME, BitgetAccountDialect
from liqwatch.exchanges.payloads import bitget_listing as shapes
from liqwatch.exchanges.payloads.bitget_market import PRODUCTS, read_mark_frame
from liqwatch.exchanges.plumbing.budget import Budget
from liqwatch.exchanges.plumbing.dialects import Ping
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.exchanges.plumbing.public_rest import PublicRest
from liqwatch.exchanges.plumbing.venue import Venue, adapter_of
from liqwatch.model import ContractKind, FundingRate, Instrument, LeverageTier, MarkCandle, MarkRow
from liqwatch.ports import Grade, VenueCard

LIVE = Hosts(rest="https://api.bitget.com", websocket="wss://ws.bitget.com")
MARKET_PATH = "/api/v2/mix/market"
MOST_ARGUMENTS = 10
"""More in one message have closed connections (25 did, 2026-09)."""
MOST_STREAMS = 48
"""The venue advises fewer than 50 channels on one connection."""
QUIET_SECONDS = 60.0
"""A ticker is pushed when it changes: quiet markets say nothing for a while."""
CANDLES_PER_ANSWER = 200
MOST_CANDLE_ANSWERS = 30
REQUESTS_PER_MINUTE = 1200.0


@dataclass(slots=True)
class ProductTypes:
    """Which product type each market belongs to: as listed, else by its name."""

    _listed: dict[str, str] = field(default_factory=dict)

    def learn(self, instruments: Iterable[Instrument]) -> None:
        """Remember what is listed."""
        for instrument in instruments:
            self._listed[instrument.native_symbol] = shapes.product_of(instrument)

    def of(self, native: str) -> str:
        """The product type of a market."""
        return self._listed.get(native) or shapes.product_by_name(native)

    def sorted_out(self, wanted: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Wanted markets by product type."""
        found: dict[str, dict[str, str]] = {}
        for native, symbol in wanted.items():
            found.setdefault(self.of(native), {})[native] = symbol
        return found


_product_types: WeakKeyDictionary[Clock, ProductTypes] = WeakKeyDictionary()


def product_types(clock: Clock) -> ProductTypes:
    """One table for the list, which learns it, and the stream, which needs it; the clock is what they share."""
    return _product_types.setdefault(clock, ProductTypes())


@dataclass(slots=True)
class BitgetMarkDialect:
    """How Bitget speaks on its public stream. A stream is named `USDT-FUTURES:BTCUSDT`."""

    venue: str
    hosts: Hosts
    products: ProductTypes = field(default_factory=ProductTypes)
    ping: Ping | None = field(default_factory=lambda: Ping("ping", PING_EVERY_SECONDS))

    def route(self, native_symbol: str) -> str:  # noqa: ARG002  one connection holds all product types
        """One connection for everything."""
        return ""

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:  # noqa: ARG002  always single
        """One ticker a market."""
        return [f"{self.products.of(native)}:{native}" for native in native_symbols]

    def url(self, first_stream: str) -> str:  # noqa: ARG002  one address
        """Where to dial."""
        return f"{self.hosts.websocket}/v2/ws/public"

    def streams_in_url(self, first_stream: str) -> Sequence[str]:  # noqa: ARG002  the address asks for nothing
        """None."""
        return ()

    def requests(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> Sequence[str]:  # noqa: ARG002
        """Messages of at most ten arguments."""
        operation = "subscribe" if subscribe else "unsubscribe"
        return [
            msgspec.json.encode(
                {"op": operation, "args": [_argument(each) for each in streams[start : start + MOST_ARGUMENTS]]}
            ).decode()
            for start in range(0, len(streams), MOST_ARGUMENTS)
        ]

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame."""
        return read_mark_frame(frame, wanted)


def _argument(stream: str) -> dict[str, str]:
    product, _, native = stream.partition(":")
    return {"instType": product, "channel": "ticker", "instId": native}


@dataclass(slots=True)
class BitgetMarketDialect:
    """What Bitget tells without a key."""

    products: ProductTypes = field(default_factory=ProductTypes)

    def native_symbol(self, symbol: str) -> str:
        """By the venue's own rule of naming."""
        return shapes.native_symbol(symbol)

    async def listing(self, rest: PublicRest) -> Listing:
        """Every contract of every product type."""
        instruments: list[Instrument] = []
        unreadable = 0
        for product in PRODUCTS:
            body = await rest.get(f"{MARKET_PATH}/contracts", {"productType": product})
            found, spoilt = shapes.read_contracts(body)
            instruments += found
            unreadable += spoilt
        self.products.learn(instruments)
        return Listing.of(instruments, unreadable)

    async def marks(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[MarkRow]:
        """Marks of this moment: one market alone, or all of its product type."""
        rows: list[MarkRow] = []
        for product, markets in self.products.sorted_out(wanted).items():
            query = {"productType": product}
            if len(markets) == 1:
                body = await rest.get(f"{MARKET_PATH}/symbol-price", {**query, "symbol": next(iter(markets))})
            else:
                body = await rest.get(f"{MARKET_PATH}/tickers", query)
            rows += shapes.read_marks(body, markets)
        return rows

    async def funding(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[FundingRate]:
        """Funding rates; dated contracts have none."""
        rates: list[FundingRate] = []
        for product, markets in self.products.sorted_out(wanted).items():
            body = await rest.get(f"{MARKET_PATH}/current-fund-rate", {"productType": product})
            rates += shapes.read_funding(body, markets)
        return rates

    async def candles(
        self, rest: PublicRest, native_symbol: str, since: datetime, until: datetime
    ) -> Sequence[MarkCandle]:
        """One-minute candles of the mark, the newest first asked for: an answer counts back from its end."""
        first = since.replace(second=0, microsecond=0)
        end, candles = until, list[MarkCandle]()
        for _ in range(MOST_CANDLE_ANSWERS):
            start = max(first, end - timedelta(minutes=CANDLES_PER_ANSWER))
            query = {
                "symbol": native_symbol,
                "productType": self.products.of(native_symbol),
                "granularity": "1m",
                "startTime": str(int(start.timestamp() * 1000)),
                "endTime": str(int(end.timestamp() * 1000)),
                "limit": str(CANDLES_PER_ANSWER),
            }
            body = await rest.get(f"{MARKET_PATH}/history-mark-candles", query)
            candles = [*shapes.read_candles(body, start, end), *candles]
            if start <= first:
                break
            end = start - timedelta(milliseconds=1)
        return candles

    async def tiers(
        self, rest: PublicRest, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Position tiers of linear markets; in which unit those of inverse ones are is not documented."""
        tiers: dict[str, tuple[LeverageTier, ...]] = {}
        for native in native_symbols:
            instrument = listing.by_native.get(native)
            if instrument is not None and instrument.contract_kind is not ContractKind.INVERSE:
                query = {"symbol": native, "productType": self.products.of(native)}
                body = await rest.get(f"{MARKET_PATH}/query-position-lever", query)
                tiers[instrument.symbol] = shapes.read_tiers(body)
        return tiers


ADAPTER = adapter_of(
    Venue(
        exchange="bitget",
        title="Bitget futures",
        card=VenueCard(
            grade=Grade.GOLD,
            mark_source="ticker stream (v2), 48 markets a connection",
            account_stream="positions, balances, own liquidations; unified accounts: also deleveraging notices",
            tiers="position tiers, without a key; coin-margined: the rate of the position held",
            verified="ticker frames captured up to 2026-09; positions of 2023 to 2025; pushes by documentation",
            missing="no real push of a position or liquidation seen; coin-margined by documentation; demo trading",
        ),
        addresses=Addresses(live=LIVE),
        marks=lambda options, hosts: BitgetMarkDialect(options.venue, hosts, product_types(options.clock)),
        market=lambda options, _: BitgetMarketDialect(product_types(options.clock)),
        account=lambda options, hosts: BitgetAccountDialect(options.venue, hosts),
        ccxt_id="bitget",
        allowed_calls=ALLOWED_CALLS,
        time_call=TIME,
        read_time=shapes.read_time,
        required_credentials=("api_key", "secret", "passphrase"),
        budget=Budget(limit=REQUESTS_PER_MINUTE),
        streams=StreamTuning(
            data_limit_seconds=QUIET_SECONDS,
            streams_per_message=MOST_ARGUMENTS,
            streams_per_connection=MOST_STREAMS,
        ),
    )
)
