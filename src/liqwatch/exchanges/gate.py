"""Gate perpetual futures, all settle families: usdt, btc and usd1.

Each family has REST paths and a websocket address of its own. A contract asked for at another family's address is
acknowledged and stays silent, so every family gets a connection of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from liqwatch.clock import Clock
from liqwatch.errors import ExchangeBlocked, ExchangeError, ExchangeUnreachable, PayloadError
from liqwatch.exchanges._gate_account import ALLOWED_CALLS, GateAccountDialect
from liqwatch.exchanges.payloads import gate_contracts as shapes
from liqwatch.exchanges.payloads.gate_market import PUBLIC_LIQUIDATIONS, TICKERS, read_mark_frame
from liqwatch.exchanges.plumbing.budget import Budget
from liqwatch.exchanges.plumbing.dialects import Ping
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.exchanges.plumbing.public_rest import PublicRest
from liqwatch.exchanges.plumbing.venue import Venue, adapter_of
from liqwatch.model import FundingRate, Instrument, LeverageTier, MarkCandle, MarkRow
from liqwatch.ports import Grade, VenueCard, VenueOptions

LIVE = Hosts(rest="https://api.gateio.ws", websocket="wss://fx-ws.gateio.ws")
SANDBOX = Hosts(rest="https://api-testnet.gateapi.io", websocket="wss://ws-testnet.gate.com")
STREAM_PATH, SANDBOX_STREAM_PATH = "/v4/ws", "/v4/ws/futures"
API = "/api/v4/futures"
PING = Ping('{"time":1,"channel":"futures.ping"}', 10.0)
"""The venue cuts a connection after 30 s without a word from us, and answers this one."""
CALLS_PER_WINDOW, WINDOW_SECONDS = 200.0, 10.0
SINGLE_CALLS = 4
"""For so many markets of a family single questions are smaller than the whole list."""


def stream_path(options: VenueOptions) -> str:
    """Where the families' streams are; the test net keeps them elsewhere."""
    is_sandbox = options.sandbox and options.websocket_url is None
    return SANDBOX_STREAM_PATH if is_sandbox else STREAM_PATH


@dataclass(slots=True)
class GateMarkDialect:
    """How Gate speaks on its public streams. A stream is a channel and a contract: `futures.tickers BTC_USDT`."""

    venue: str
    clock: Clock
    base_url: str
    ping: Ping | None = PING

    def route(self, native_symbol: str) -> str:
        """A connection for each settle family."""
        return shapes.family_of(native_symbol)

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:  # noqa: ARG002  always singly
        """Prices first, so that a connection begins with one."""
        return [f"{channel} {native}" for channel in (TICKERS, PUBLIC_LIQUIDATIONS) for native in native_symbols]

    def url(self, first_stream: str) -> str:
        """The address of the family that the stream's contract belongs to."""
        _, _, native = first_stream.partition(" ")
        return f"{self.base_url}/{shapes.family_of(native)}"

    def streams_in_url(self, first_stream: str) -> Sequence[str]:  # noqa: ARG002  nothing is asked by dialling
        """None."""
        return ()

    def requests(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> Sequence[str]:
        """One message a channel, its contracts as payload."""
        contracts: dict[str, list[str]] = {}
        for stream in streams:
            channel, _, native = stream.partition(" ")
            contracts.setdefault(channel, []).append(native)
        return [
            msgspec.json.encode(
                {
                    "id": identifier,
                    "time": int(self.clock.now().timestamp()),
                    "channel": channel,
                    "event": "subscribe" if subscribe else "unsubscribe",
                    "payload": natives,
                }
            ).decode()
            for channel, natives in contracts.items()
        ]

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame."""
        return read_mark_frame(frame, wanted)


@dataclass(slots=True)
class GateMarketDialect:
    """What Gate tells without a key."""

    def native_symbol(self, symbol: str) -> str:
        """By the venue's own rule of naming."""
        return shapes.native_symbol(symbol)

    async def listing(self, rest: PublicRest) -> Listing:
        """Every contract of every family; a family other than usdt that the venue does not know is left out."""
        instruments: list[Instrument] = []
        unreadable = 0
        for family in shapes.FAMILIES:
            try:
                body = await rest.get(f"{API}/{family}/contracts")
                found, odd = shapes.read_contracts(body, family)
            except (ExchangeUnreachable, ExchangeBlocked, PayloadError):
                raise
            except ExchangeError:
                if family == shapes.FAMILIES[0]:
                    raise
                continue
            instruments += found
            unreadable += odd
        return Listing.of(instruments, unreadable)

    async def marks(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[MarkRow]:
        """Marks of this moment, without a time."""
        return [
            row
            for family, natives in _by_family(wanted).items()
            for row in shapes.read_tickers(await rest.get(f"{API}/{family}/tickers", _only(natives)), wanted)
        ]

    async def funding(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[FundingRate]:
        """Funding rates, which stand in the list of contracts."""
        rates: list[FundingRate] = []
        for family, natives in _by_family(wanted).items():
            path = f"{API}/{family}/contracts"
            paths = [path] if len(natives) > SINGLE_CALLS else [f"{path}/{native}" for native in natives]
            for each in paths:
                rates += shapes.read_funding(await rest.get(each), wanted)
        return rates

    async def candles(
        self, rest: PublicRest, native_symbol: str, since: datetime, until: datetime
    ) -> Sequence[MarkCandle]:
        """Candles of the mark price."""
        query = shapes.candle_query(native_symbol, since, until)
        return shapes.read_candles(await rest.get(f"{API}/{shapes.family_of(native_symbol)}/candlesticks", query))

    async def tiers(
        self, rest: PublicRest, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Risk limit tiers, asked contract by contract: without a contract the venue tells of a hundred only."""
        tiers: dict[str, tuple[LeverageTier, ...]] = {}
        for native in native_symbols:
            path = f"{API}/{shapes.family_of(native)}/risk_limit_tiers"
            found = shapes.read_tiers(await rest.get(path, {"contract": native}))
            if found:
                tiers[listing.unified(native)] = found
        return tiers


def _by_family(natives: Collection[str]) -> dict[str, list[str]]:
    families: dict[str, list[str]] = {}
    for native in natives:
        families.setdefault(shapes.family_of(native), []).append(native)
    return families


def _only(natives: Sequence[str]) -> dict[str, str] | None:
    return {"contract": natives[0]} if len(natives) == 1 else None


class ServerTime(msgspec.Struct, frozen=True, gc=False):
    """`/spot/time`, the one clock for all products."""

    milliseconds: float = msgspec.field(name="server_time")


def read_time(answer: object) -> float:
    """The venue's clock, epoch ms. Raises ValidationError."""
    return msgspec.convert(answer, ServerTime, strict=False).milliseconds


ADAPTER = adapter_of(
    Venue(
        exchange="gate",
        title="Gate perpetual futures",
        card=VenueCard(
            grade=Grade.GOLD,
            mark_source="stream futures.tickers of each settle family (usdt, btc, usd1), REST tickers when it is quiet",
            account_stream="positions, balances, own liquidations, deleveraging and its rank, risk limit changes; "
            "of the family that holds most positions, the others by REST",
            tiers="risk_limit_tiers, without a key",
            verified="ticker frames captured 2019 to 2026, two position frames of 2022, positions reported over REST; "
            "the other private channels by the venue's examples only",
            missing="dated (delivery) contracts and options; isolated positions of one market and side in split mode "
            "count as the one in more danger",
        ),
        addresses=Addresses(live=LIVE, sandbox=SANDBOX),
        marks=lambda options, hosts: GateMarkDialect(
            options.venue, options.clock, f"{hosts.websocket}{stream_path(options)}"
        ),
        market=lambda _, __: GateMarketDialect(),
        account=lambda options, hosts: GateAccountDialect(
            options.venue, f"{hosts.private}{stream_path(options)}", PING
        ),
        ccxt_id="gate",
        allowed_calls=ALLOWED_CALLS,
        time_call="publicSpotGetTime",
        read_time=read_time,
        budget=Budget(limit=CALLS_PER_WINDOW, window_seconds=WINDOW_SECONDS),
        streams=StreamTuning(data_limit_seconds=120.0, streams_per_message=60, streams_per_connection=200),
    )
)
