"""KuCoin Futures: addresses, calls, and the three ways in which the venue is spoken to.

Marks come over the tokenless socket. The account's stream is the classic one, or the one of the unified account
(UTA): which of the two an account has is asked at each opening, and a key of one kind sees nothing of the other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from liqwatch.exchanges._kucoin_futures_account import ALLOWED_CALLS, KucoinAccount
from liqwatch.exchanges.payloads.kucoin_futures_listing import (
    native_symbol,
    read_current_funding,
    read_current_mark,
    read_funding,
    read_listing,
    read_marks,
    read_tiers,
)
from liqwatch.exchanges.payloads.kucoin_futures_market import read_mark_frame
from liqwatch.exchanges.plumbing.budget import Budget
from liqwatch.exchanges.plumbing.dialects import Ping
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.exchanges.plumbing.public_rest import PublicRest
from liqwatch.exchanges.plumbing.venue import Venue, adapter_of
from liqwatch.model import FundingRate, LeverageTier, MarkCandle, MarkRow
from liqwatch.ports import Grade, VenueCard, VenueOptions

LIVE = Hosts(
    rest="https://api-futures.kucoin.com",
    websocket="wss://x-push-futures.kucoin.com",
    private_websocket="wss://wsapi-push.kucoin.com",
)
"""The classic account's stream is wherever the token's answer says."""
CONTRACTS = "/api/v1/contracts/active"
PING = Ping('{"id":"1","type":"ping"}', every_seconds=18.0)
REQUESTS_IN_ONE = 1000


@dataclass(slots=True)
class KucoinMarks:
    """The tokenless public socket: one subscription a market, acknowledged even for markets that do not exist."""

    venue: str
    websocket: str
    ping: Ping | None = PING

    def route(self, native_symbol: str) -> str:  # noqa: ARG002  one connection holds every family
        """One connection for all."""
        return ""

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:  # noqa: ARG002  there is no all-market channel
        """One stream a market."""
        return list(native_symbols)

    def url(self, first_stream: str) -> str:  # noqa: ARG002  nothing is asked for in the address
        """Where to dial."""
        return self.websocket

    def streams_in_url(self, first_stream: str) -> Sequence[str]:  # noqa: ARG002  as above
        """None."""
        return ()

    def requests(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> Sequence[str]:
        """One message a market."""
        action = "SUBSCRIBE" if subscribe else "UNSUBSCRIBE"
        return [
            msgspec.json.encode(
                {
                    "id": str(identifier * REQUESTS_IN_ONE + place),
                    "action": action,
                    "channel": "mark-price",
                    "tradeType": "FUTURES",
                    "symbol": stream,
                }
            ).decode()
            for place, stream in enumerate(streams)
        ]

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame."""
        return read_mark_frame(frame, wanted)


@dataclass(frozen=True, slots=True)
class KucoinMarket:
    """What is told without a key."""

    def native_symbol(self, symbol: str) -> str:
        """`XBTUSDTM` for `BTC/USDT:USDT`."""
        return native_symbol(symbol)

    async def listing(self, rest: PublicRest) -> Listing:
        """Every contract."""
        return read_listing(await rest.get(CONTRACTS))

    async def marks(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[MarkRow]:
        """One market by its own call, which has a time; several out of the list of contracts."""
        if len(wanted) == 1:
            return read_current_mark(await rest.get(f"/api/v1/mark-price/{next(iter(wanted))}/current"), wanted)
        return read_marks(await rest.get(CONTRACTS), wanted) if wanted else []

    async def funding(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[FundingRate]:
        """As `marks`."""
        if len(wanted) == 1:
            native, symbol = next(iter(wanted.items()))
            return read_current_funding(await rest.get(f"/api/v1/funding-rate/{native}/current"), symbol)
        return read_funding(await rest.get(CONTRACTS), wanted) if wanted else []

    async def candles(
        self,
        rest: PublicRest,  # noqa: ARG002  the venue has candles of last and index prices only
        native_symbol: str,  # noqa: ARG002
        since: datetime,  # noqa: ARG002
        until: datetime,  # noqa: ARG002
    ) -> Sequence[MarkCandle]:
        """None: the venue keeps no candles of the mark."""
        return ()

    async def tiers(
        self, rest: PublicRest, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Risk limits, one call a market."""
        return {
            listing.unified(native): read_tiers(await rest.get(f"/api/v1/contracts/risk-limit/{native}"))
            for native in native_symbols
        }


def _marks(options: VenueOptions, hosts: Hosts) -> KucoinMarks:
    return KucoinMarks(options.venue, hosts.websocket)


def _market(_options: VenueOptions, _hosts: Hosts) -> KucoinMarket:
    return KucoinMarket()


def _account(options: VenueOptions, hosts: Hosts) -> KucoinAccount:
    return KucoinAccount(options.venue, hosts.private, is_elsewhere=hosts.private != LIVE.private, ping=PING)


def server_time_ms(answer: object) -> float:
    """`{"code":"200000","data":1790113097236}`. Raises LookupError, TypeError or ValueError for anything else."""
    if not isinstance(answer, dict):
        raise TypeError("no object")
    return float(answer["data"])


ADAPTER = adapter_of(
    Venue(
        exchange="kucoin_futures",
        title="KuCoin Futures",
        card=VenueCard(
            grade=Grade.GOLD,
            mark_source="mark-price channel of the tokenless socket, mark price over REST",
            account_stream="classic positionAll and wallet topics; unified positionAll, balance and warning channels",
            tiers="risk limits of isolated margin, without a key",
            verified="mark and instrument frames, classic and unified position frames, positions and overview over "
            "REST as recorded; isolated prices of 2021 to 2024 and cross prices of 2025 and 2026 within one tick",
            missing="candles of the mark; the account's own taker fee; the rate of cross positions that grows with "
            "size; prices of isolated positions told in 2026 (they count maintenance and fee at the mark); the "
            "reason of a forced close in a unified account; no test net",
        ),
        addresses=Addresses(live=LIVE),
        marks=_marks,
        market=_market,
        account=_account,
        ccxt_id="kucoinfutures",
        allowed_calls=ALLOWED_CALLS,
        time_call="futuresPublicGetTimestamp",
        read_time=server_time_ms,
        required_credentials=("api_key", "secret", "passphrase"),
        budget=Budget(limit=2000.0, window_seconds=30.0),
        streams=StreamTuning(streams_per_message=100, streams_per_connection=500),
    )
)
