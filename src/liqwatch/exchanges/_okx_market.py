"""The public side of OKX: how its stream is asked, and what REST tells without a key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from liqwatch.clock import Clock
from liqwatch.exchanges._okx_account import PING, request
from liqwatch.exchanges.payloads import okx_listing as listings
from liqwatch.exchanges.payloads import okx_market as shapes
from liqwatch.exchanges.payloads.okx_envelope import CONTRACTS, SWAP, contract_family, instrument_family
from liqwatch.exchanges.plumbing.dialects import Ping
from liqwatch.exchanges.plumbing.hosts import Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.exchanges.plumbing.public_rest import PublicRest
from liqwatch.model import FundingRate, Instrument, LeverageTier, MarkCandle, MarkRow

PUBLIC_PATH = "/ws/v5/public"
FAMILIES_PER_CALL = 5
CALL_PAUSE_SECONDS = 0.25
"""Tiers may be asked ten times in two seconds."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MOST_CANDLES = 1440
"""What the venue keeps of each length of candle, a hundred a page."""
CANDLES_PER_PAGE = 100
PERPETUAL_MARK = "_XPERP-"
"""In the names of dated contracts that pay funding."""

Item = TypeVar("Item")


@dataclass(slots=True)
class OkxMarkDialect:
    """How OKX speaks on its public stream: a channel a market, and the forced orders of a whole family."""

    venue: str
    hosts: Hosts
    ping: Ping | None = PING

    def route(self, native_symbol: str) -> str:  # noqa: ARG002  one connection holds all
        """One connection for everything."""
        return ""

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:
        """`mark-price:<market>` for each, and `liquidation-orders:<family>` for the families among them."""
        del singly
        families = sorted({contract_family(native) for native in native_symbols} - {""})
        return [
            *(f"{shapes.MARK_CHANNEL}:{native}" for native in native_symbols),
            *(f"{shapes.LIQUIDATION_CHANNEL}:{family}" for family in families),
        ]

    def url(self, first_stream: str) -> str:
        """Where to dial, whatever is wanted."""
        del first_stream
        return f"{self.hosts.websocket}{PUBLIC_PATH}"

    def streams_in_url(self, first_stream: str) -> Sequence[str]:
        """The address asks for nothing."""
        del first_stream
        return ()

    def requests(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> Sequence[str]:
        """One message for all; OKX acknowledges each argument by itself."""
        del identifier
        return (request("subscribe" if subscribe else "unsubscribe", [_argument(stream) for stream in streams]),)

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame."""
        return shapes.read_public_frame(frame, wanted)


def _argument(stream: str) -> dict[str, str]:
    channel, _, name = stream.partition(":")
    return {"channel": channel, "instType" if channel == shapes.LIQUIDATION_CHANNEL else "instId": name}


@dataclass(slots=True)
class OkxMarketDialect:
    """What OKX tells without a key."""

    clock: Clock

    def native_symbol(self, symbol: str) -> str:
        """By the venue's own rule of naming."""
        return listings.native_symbol(symbol)

    async def listing(self, rest: PublicRest) -> Listing:
        """Every swap and every future."""
        instruments: list[Instrument] = []
        unreadable = 0
        for family in CONTRACTS:
            body = await rest.get("/api/v5/public/instruments", {"instType": family})
            found, bad = listings.read_contracts(body)
            instruments += found
            unreadable += bad
        return Listing.of(instruments, unreadable)

    async def marks(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[MarkRow]:
        """Marks of this moment."""
        updates = await self._updates(rest, wanted)
        return [
            (wanted[native], update.mark_price, update.exchange_ms)
            for native, update in updates.items()
            if native in wanted
        ]

    async def _updates(self, rest: PublicRest, natives: Collection[str]) -> dict[str, shapes.MarkUpdate]:
        """A lone market by itself, several by the family."""
        updates: dict[str, shapes.MarkUpdate] = {}
        for family in sorted({contract_family(native) for native in natives} - {""}):
            members = [native for native in natives if contract_family(native) == family]
            query = {"instType": family} | ({"instId": members[0]} if len(members) == 1 else {})
            updates |= shapes.read_marks(await rest.get("/api/v5/public/mark-price", query))
        return updates

    async def funding(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[FundingRate]:
        """Funding rates of swaps and X-Perps; other dated contracts have none."""
        paying = [native for native in wanted if contract_family(native) == SWAP or PERPETUAL_MARK in native]
        if not paying:
            return []
        query = {"instId": paying[0] if len(paying) == 1 else "ANY"}
        return shapes.read_funding(await rest.get("/api/v5/public/funding-rate", query), wanted)

    async def candles(
        self, rest: PublicRest, native_symbol: str, since: datetime, until: datetime
    ) -> Sequence[MarkCandle]:
        """Candles of the mark, ascending: of a minute for the last day, of an hour where more is asked."""
        length = MINUTE if until - since <= MOST_CANDLES * MINUTE else HOUR
        first = since - length
        query = {"instId": native_symbol, "bar": "1m" if length == MINUTE else "1H", "limit": str(CANDLES_PER_PAGE)}
        found: dict[datetime, MarkCandle] = {}
        before = until + length
        for _ in range(MOST_CANDLES // CANDLES_PER_PAGE + 1):
            after = {"after": str(int(before.timestamp() * 1000))}
            page = shapes.read_candles(await rest.get("/api/v5/market/mark-price-candles", {**query, **after}))
            found |= {candle.opened_at: candle for candle in page}
            if not page or min(candle.opened_at for candle in page) <= first:
                break
            before = min(candle.opened_at for candle in page)
        return [found[at] for at in sorted(found) if first < at <= until]

    async def tiers(
        self, rest: PublicRest, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Tiers of these markets, at their marks of this moment; a market without a mark is left out."""
        tiers: dict[str, tuple[LeverageTier, ...]] = {}
        for family, instruments in listings.families_of(native_symbols, listing).items():
            updates = await self._updates(rest, [each.native_symbol for each in instruments])
            tables = await self._tables(rest, family, {instrument_family(each.native_symbol) for each in instruments})
            tiers |= {
                each.symbol: listings.leverage_tiers_of(
                    tables[instrument_family(each.native_symbol)], each, updates[each.native_symbol].mark_price
                )
                for each in instruments
                if each.native_symbol in updates and instrument_family(each.native_symbol) in tables
            }
        return tiers

    async def _tables(
        self, rest: PublicRest, family: str, instrument_families: Collection[str]
    ) -> Mapping[str, list[listings.TierRow]]:
        tables: dict[str, list[listings.TierRow]] = {}
        for some in in_batches(sorted(instrument_families), FAMILIES_PER_CALL):
            if tables:
                await self.clock.sleep(CALL_PAUSE_SECONDS)
            query = {"instType": family, "tdMode": "cross", "instFamily": ",".join(some)}
            tables |= listings.read_tiers(await rest.get("/api/v5/public/position-tiers", query))
        return tables


def in_batches(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """So many at a time."""
    return (items[start : start + most] for start in range(0, len(items), most))
