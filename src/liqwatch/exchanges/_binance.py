"""Binance futures, both families: USDⓈ-M and COIN-M speak the same, under other paths and to other hosts.

Mark prices come over `<websocket>/market/ws/<stream>` on the USDⓈ-M host (routed since 2026-03; the old unrouted
address connects, acknowledges, and stays silent there). Few markets take a stream each, many the all-market array.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

import msgspec
import structlog

from liqwatch.clock import Clock
from liqwatch.errors import ExchangeBlocked, ExchangeError, PayloadError
from liqwatch.exchanges.payloads import binance_market as shapes
from liqwatch.exchanges.payloads.binance_funding import FundingIntervals, read_intervals
from liqwatch.exchanges.plumbing.dialects import Ping
from liqwatch.exchanges.plumbing.hosts import Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.exchanges.plumbing.public_rest import PublicRest
from liqwatch.model import FundingRate, LeverageTier, MarkCandle, MarkRow

ALL_MARKS = "!markPrice@arr@1s"
ALL_LIQUIDATIONS = "!forceOrder@arr"
ARRAY_FROM_MARKETS = 40
MOST_STREAMS = 1024
"""What the venue allows on one connection."""
INTERVALS_LAST_SECONDS = 86_400.0
WEIGHT_HEADER = "x-mbx-used-weight-1m"
WEIGHT_PER_MINUTE = 2400.0
"""One pool for both families."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What differs. `api` is the path and the prefix of ccxt's call names; `number` stands in a mark's `st`."""

    api: str
    number: int
    account: str
    positions: str
    brackets: str

    def call(self, name: str) -> str:
        """A ccxt raw call of this family: `PrivateGetOpenOrders` → `fapiPrivateGetOpenOrders`."""
        return f"{self.api}{name}"

    def path(self, name: str) -> str:
        """A public REST path."""
        return f"/{self.api}/v1/{name}"


USD_MARGINED = Family(
    api="fapi",
    number=1,
    account="fapiPrivateV3GetAccount",
    positions="fapiPrivateV3GetPositionRisk",
    brackets="fapiPrivateGetLeverageBracket",
)
COIN_MARGINED = Family(
    api="dapi",
    number=2,
    account="dapiPrivateGetAccount",
    positions="dapiPrivateGetPositionRisk",
    brackets="dapiPrivateV2GetLeverageBracket",
)


def market_url(hosts: Hosts, stream: str, *, is_routed: bool) -> str:
    """A connection that begins with one public stream; contract names can be non-ASCII."""
    route = "/market/ws" if is_routed else "/ws"
    return f"{hosts.websocket}{route}/{quote(stream, safe='!@')}"


def private_url(hosts: Hosts, listen_key: str, *, is_routed: bool) -> str:
    """The user-data stream of a listen key."""
    path = f"/private/ws?listenKey={listen_key}" if is_routed else f"/ws/{listen_key}"
    return f"{hosts.private}{path}"


@dataclass(slots=True)
class BinanceMarkDialect:
    """How Binance speaks on its mark price streams. A ping of ours proves nothing here: marks come every second."""

    venue: str
    hosts: Hosts
    family: Family = USD_MARGINED
    is_routed: bool = True
    tells_liquidations: bool = False
    """Whether other people's liquidations in the wanted markets are asked for as well."""
    ping: Ping | None = None

    def route(self, native_symbol: str) -> str:  # noqa: ARG002  one connection holds all
        """One connection for everything."""
        return ""

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:
        """One stream a market, or from forty markets upward the array of all."""
        if not native_symbols:
            return ()
        most = MOST_STREAMS // 2 if self.tells_liquidations else MOST_STREAMS
        if len(native_symbols) >= (most if singly else ARRAY_FROM_MARKETS):
            return (ALL_MARKS, ALL_LIQUIDATIONS) if self.tells_liquidations else (ALL_MARKS,)
        marks = [f"{symbol.lower()}@markPrice@1s" for symbol in native_symbols]
        forced = [f"{symbol.lower()}@forceOrder" for symbol in native_symbols if self.tells_liquidations]
        return [*marks, *forced]

    def url(self, first_stream: str) -> str:
        """Where to dial."""
        return market_url(self.hosts, first_stream, is_routed=self.is_routed)

    def streams_in_url(self, first_stream: str) -> Sequence[str]:
        """The address itself subscribes."""
        return (first_stream,)

    def requests(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> Sequence[str]:
        """A SUBSCRIBE or UNSUBSCRIBE message."""
        method = "SUBSCRIBE" if subscribe else "UNSUBSCRIBE"
        return (msgspec.json.encode({"method": method, "params": streams, "id": identifier}).decode(),)

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame; the merged arrays carry both families, only ours counts."""
        return shapes.read_mark_frame(frame, wanted, self.family.number)


@dataclass(slots=True)
class BinanceMarketDialect:
    """What Binance tells without a key."""

    family: Family
    clock: Clock
    _intervals: FundingIntervals | None = field(default=None, init=False)
    _intervals_due_at: float = field(default=0.0, init=False)

    def native_symbol(self, symbol: str) -> str:
        """By the venue's own rule of naming."""
        return shapes.native_symbol(symbol)

    async def listing(self, rest: PublicRest) -> Listing:
        """Every contract of the family."""
        return shapes.read_listing(await rest.get(self.family.path("exchangeInfo")))

    async def marks(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[MarkRow]:
        """Marks of this moment."""
        return shapes.read_premiums(await self._premiums(rest, wanted), wanted)

    async def funding(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[FundingRate]:
        """Funding rates; dated contracts have none."""
        premiums = await self._premiums(rest, wanted)
        return shapes.read_funding(premiums, wanted, await self._funding_intervals(rest))

    async def _funding_intervals(self, rest: PublicRest) -> FundingIntervals | None:
        """Asked once a day, outside the weight of other calls; after a failure the older list stands in meanwhile."""
        if self._intervals is not None and self.clock.monotonic() < self._intervals_due_at:
            return self._intervals
        try:
            self._intervals = read_intervals(await rest.get(self.family.path("fundingInfo")))
        except ExchangeBlocked:
            raise
        except ExchangeError as error:
            log.info("funding_intervals_not_asked", family=self.family.api, why=error.message)
        else:
            self._intervals_due_at = self.clock.monotonic() + INTERVALS_LAST_SECONDS
        return self._intervals

    async def _premiums(self, rest: PublicRest, wanted: Mapping[str, str]) -> bytes:
        query = {"symbol": next(iter(wanted))} if len(wanted) == 1 else None
        return await rest.get(self.family.path("premiumIndex"), query)

    async def candles(
        self, rest: PublicRest, native_symbol: str, since: datetime, until: datetime
    ) -> Sequence[MarkCandle]:
        """One-minute candles of the mark."""
        query = {
            "symbol": native_symbol,
            "interval": "1m",
            "startTime": str(int(since.timestamp()) // 60 * 60_000),
            "endTime": str(int(until.timestamp() * 1000)),
            "limit": "1000",
        }
        return shapes.read_candles(await rest.get(self.family.path("markPriceKlines"), query))

    async def tiers(
        self, rest: PublicRest, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Only a key is told the brackets."""
        del rest, listing, native_symbols
        return {}


def read_time(answer: object) -> float:
    """The venue's clock, epoch ms.

    Raises:
        PayloadError: the answer has none.
    """
    try:
        return msgspec.convert(answer, shapes.ServerTime, strict=False).milliseconds
    except msgspec.ValidationError as error:
        raise PayloadError(f"time: {error}") from None
