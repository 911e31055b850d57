"""Deribit: inverse and linear futures and perpetuals, JSON-RPC over one websocket address for everything.

Each market has a `ticker` channel, which carries the mark, and a `trades` channel, which names liquidations. The
account's connection logs in read only. Options are neither listed nor priced; one that is held keeps its name.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Final

import msgspec

from liqwatch.errors import ExchangeError
from liqwatch.exchanges.payloads.deribit_account import (
    LoginAnswer,
    OrdersAnswer,
    PositionsAnswer,
    SummariesAnswer,
    TimeAnswer,
    key_report_of,
    resting_order_of,
    snapshot_of,
)
from liqwatch.exchanges.payloads.deribit_listing import (
    Summary,
    funding_of,
    linear_currencies,
    listing_of,
    marks_of,
    native_symbol,
    read_futures,
    read_summaries,
    read_ticker,
    settle_currency_of,
)
from liqwatch.exchanges.payloads.deribit_market import (
    HEARTBEAT,
    PLATFORM_STATE,
    TEST,
    read_market_frame,
    request,
)
from liqwatch.exchanges.payloads.deribit_pushes import PortfolioChange, hear_frame, login
from liqwatch.exchanges.plumbing.budget import Budget
from liqwatch.exchanges.plumbing.changes import AccountEvent, Heard, Nudge
from liqwatch.exchanges.plumbing.dialects import Opening, Ping
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.exchanges.plumbing.public_rest import PublicRest
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.exchanges.plumbing.venue import Venue, adapter_of
from liqwatch.model import AccountSnapshot, FundingRate, LeverageTier, MarkCandle, MarkRow, RestingOrder
from liqwatch.ports import Grade, KeyReport, VenueCard

PATH: Final = "/ws/api/v2"
PUBLIC: Final = "/api/v2/public"
MOST_CHANNELS_PER_REQUEST: Final = 400
"""The venue takes 500."""
REQUEST_PAUSE_SECONDS: Final = 0.35
"""The venue takes about 3.3 subscriptions a second."""
QUIET_SECONDS: Final = 60.0
"""A ticker is pushed when it changes, so a quiet market says nothing for a while."""
REMEMBERED_REQUESTS: Final = 64
RATIO_NEWS: Final = 0.005
"""Pushes come several times a second; a margin ratio that moved by less is not told."""
WALLET_NEWS_SHARE: Final = 0.001
"""Funding drips all the time; realised profit that moved by less of the margin balance waits for the next answer."""

POSITIONS: Final = "privateGetGetPositions"
SUMMARIES: Final = "privateGetGetAccountSummaries"
ORDERS: Final = "privateGetGetOpenOrders"
LOGIN: Final = "publicGetAuth"
TIME: Final = "publicGetGetTime"


@dataclass(slots=True)
class DeribitMarks:
    """How Deribit speaks on its public channels."""

    venue: str
    address: str
    ping: Ping | None = field(default_factory=lambda: Ping(TEST, 5.0))
    _asked: dict[int, frozenset[str]] = field(default_factory=dict)
    _requests: int = 0

    def route(self, native_symbol: str) -> str:  # noqa: ARG002  as the protocol
        """One connection takes all markets."""
        return ""

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:  # noqa: ARG002  as the protocol
        """Marks first, then trades for their liquidations, then the state of the venue."""
        if not native_symbols:
            return ()
        tickers = [f"ticker.{name}.100ms" for name in native_symbols]
        return [*tickers, *(f"trades.{name}.100ms" for name in native_symbols), PLATFORM_STATE]

    def url(self, first_stream: str) -> str:  # noqa: ARG002  as the protocol
        """One address for everything."""
        return self.address + PATH

    def streams_in_url(self, first_stream: str) -> Sequence[str]:  # noqa: ARG002  as the protocol
        """None: every channel is asked for."""
        return ()

    def requests(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> Sequence[str]:  # noqa: ARG002  connections count apart, the memory is one
        """A subscription, with the heartbeat that tells whether either end is gone; or its end."""
        self._requests += 1
        channels = {"channels": list(streams)}
        if not subscribe:
            return (request("public/unsubscribe", channels, self._requests),)
        self._asked[self._requests] = frozenset(streams)
        self._asked.pop(self._requests - REMEMBERED_REQUESTS, None)
        return HEARTBEAT, request("public/subscribe", channels, self._requests)

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame."""
        return read_market_frame(frame, wanted, self._asked)


@dataclass(frozen=True, slots=True)
class DeribitMarket:
    """What Deribit tells without a key."""

    def native_symbol(self, symbol: str) -> str:
        """The venue's name by its rule."""
        return native_symbol(symbol)

    async def listing(self, rest: PublicRest) -> Listing:
        """Futures and perpetuals. The marks of linear ones are asked along: their maintenance grows with the base."""
        body = await rest.get(f"{PUBLIC}/get_instruments", {"currency": "any", "kind": "future"})
        futures, unreadable = read_futures(body)
        try:
            rows = await self._summaries(rest, linear_currencies(futures))
        except ExchangeError:
            rows = []
        known = {row.instrument_name: row.mark_price for row in rows if row.mark_price is not None}
        return listing_of(futures, unreadable, known)

    async def marks(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[MarkRow]:
        """One market by its ticker, several by the summaries of their currencies."""
        if len(wanted) == 1:
            query = {"instrument_name": next(iter(wanted))}
            return read_ticker(await rest.get(f"{PUBLIC}/ticker", query), wanted)
        return marks_of(await self._summaries(rest, _currencies(wanted)), wanted)

    async def funding(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[FundingRate]:
        """Of perpetuals."""
        return funding_of(await self._summaries(rest, _currencies(wanted)), wanted)

    async def candles(
        self,
        rest: PublicRest,  # noqa: ARG002  as the protocol
        native_symbol: str,  # noqa: ARG002
        since: datetime,  # noqa: ARG002
        until: datetime,  # noqa: ARG002
    ) -> Sequence[MarkCandle]:
        """None: the venue keeps a history of the mark for some options only."""
        return ()

    async def tiers(
        self,
        rest: PublicRest,  # noqa: ARG002  as the protocol
        listing: Listing,
        native_symbols: Collection[str],
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """As listed, of contracts whose growth is known; the others' stay assumed."""
        listed = (listing.by_native[native] for native in native_symbols if native in listing.by_native)
        return {each.symbol: each.tiers for each in listed if each.tiers and not each.tiers_assumed}

    async def _summaries(self, rest: PublicRest, currencies: Sequence[str]) -> list[Summary]:
        bodies = [
            await rest.get(f"{PUBLIC}/get_book_summary_by_currency", {"currency": currency, "kind": "future"})
            for currency in currencies
        ]
        return list(chain.from_iterable(map(read_summaries, bodies)))


def _currencies(wanted: Mapping[str, str]) -> list[str]:
    return sorted({settle_currency_of(native) for native in wanted})


@dataclass(slots=True)
class DeribitAccount:
    """How one account is read; remembers what was last told of its margin, to tell news from noise."""

    venue: str
    address: str
    ping: Ping | None = field(default_factory=lambda: Ping(TEST, 8.0))
    keep_every_seconds: float | None = None
    says_ready: bool = True
    _ratios: dict[str, float] = field(default_factory=dict)
    _realised: dict[str, float] = field(default_factory=dict)

    async def read_account(self, account: str, calls: SignedCalls, listing: Listing, now: datetime) -> AccountSnapshot:
        """Positions of every currency and kind, and the summaries of all currencies; neither answer has pages."""
        positions = await calls.call(POSITIONS, PositionsAnswer)
        portfolios = (await calls.call(SUMMARIES, SummariesAnswer)).result.portfolios
        snapshot = snapshot_of((account, self.venue), portfolios, positions.rows, listing, now)
        self._ratios = dict(snapshot.reported_margin_ratios)
        self._realised = {each.currency: each.realised for each in portfolios}
        return snapshot

    async def leverage_tiers(
        self,
        calls: SignedCalls,  # noqa: ARG002  as the protocol
        listing: Listing,  # noqa: ARG002
        native_symbols: Collection[str],  # noqa: ARG002
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """A key is told no more than everybody."""
        return {}

    async def resting_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        """Plain orders and those that wait for a trigger, of every currency; the answers have no pages."""
        plain = await calls.call(ORDERS, OrdersAnswer, {"type": "all"})
        triggered = await calls.call(ORDERS, OrdersAnswer, {"type": "trigger_all"})
        rows = {row.order_id: row for row in (*plain.rows, *triggered.rows)}
        return [resting_order_of(row, listing) for row in rows.values()]

    async def rights(self, calls: SignedCalls) -> KeyReport:
        """The scope of a login by signature: the secret stays here, and the token granted is not kept."""
        timestamp, nonce = str(calls.server_now_ms()), secrets.token_hex(8)
        text = f"{timestamp}\n{nonce}\n"
        signature = hmac.new(calls.secret("secret").encode(), text.encode(), hashlib.sha256).hexdigest()
        parameters = {
            "grant_type": "client_signature",
            "client_id": calls.secret("api_key"),
            "timestamp": timestamp,
            "nonce": nonce,
            "data": "",
            "signature": signature,
        }
        return key_report_of((await calls.call(LOGIN, LoginAnswer, parameters)).result.scope)

    async def opening(self, calls: SignedCalls) -> Opening | None:
        """Log in; the subscription follows the grant."""
        return Opening(self.address + PATH, (login(calls.secret("api_key"), calls.secret("secret")),))

    async def keep(self, calls: SignedCalls) -> None:
        """A connection's login lasts as long as the connection."""

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Read a frame; what it says of the margin is told where it is news."""
        heard = hear_frame(frame, listing)
        if not any(isinstance(event, PortfolioChange) for event in heard.events):
            return heard
        weighed = (self._weighed(event) for event in heard.events)
        return replace(heard, events=tuple(event for event in weighed if event is not None))

    def _weighed(self, event: AccountEvent) -> AccountEvent | None:
        if not isinstance(event, PortfolioChange):
            return event
        moved = abs(event.realised - self._realised.get(event.currency, 0.0))
        if moved > WALLET_NEWS_SHARE * abs(event.margin_balance):
            self._realised[event.currency] = event.realised
            return Nudge(f"the balance of {event.currency} moved")
        known = self._ratios.get(event.pool, 0.0)
        if event.margin_ratio == known or abs(event.margin_ratio - known) < RATIO_NEWS:
            return None
        self._ratios[event.pool] = event.margin_ratio
        return event


def read_time(answer: object) -> float:
    """Epoch milliseconds in the answer of `public/get_time`."""
    milliseconds = msgspec.convert(answer, TimeAnswer, strict=False).milliseconds
    if not math.isfinite(milliseconds):
        raise ValueError("no time")
    return milliseconds


CARD = VenueCard(
    grade=Grade.GOLD,
    mark_source="ticker channels, pushed when they change; REST in quiet times",
    account_stream="user.changes and user.portfolio, read only",
    tiers="half the initial rate of the listed leverage; growth with size known for BTC, ETH, LTC, ADA, TRX",
    verified="recorded tickers, control frames and portfolio; maintenance of six reported positions",
    missing="no reported liquidation price to check the formula with; pushes of user.changes and liquidations by "
    "documentation only; with options, portfolio margin, or coins that settle or back a cross-collateral "
    "pool, the venue's ratio and prices count alone; no mark candles, no margin calls on the stream",
)

ADAPTER = adapter_of(
    Venue(
        exchange="deribit",
        title="Deribit futures",
        card=CARD,
        addresses=Addresses(
            live=Hosts(rest="https://www.deribit.com", websocket="wss://www.deribit.com"),
            sandbox=Hosts(rest="https://test.deribit.com", websocket="wss://test.deribit.com"),
        ),
        marks=lambda options, hosts: DeribitMarks(options.venue, hosts.websocket),
        market=lambda _options, _hosts: DeribitMarket(),
        account=lambda options, hosts: DeribitAccount(options.venue, hosts.private),
        ccxt_id="deribit",
        allowed_calls={POSITIONS: 1.0, SUMMARIES: 1.0, ORDERS: 1.0, LOGIN: 1.0, TIME: 1.0},
        time_call=TIME,
        read_time=read_time,
        budget=Budget(limit=1000.0),
        streams=StreamTuning(
            data_limit_seconds=QUIET_SECONDS,
            streams_per_message=MOST_CHANNELS_PER_REQUEST,
            message_pause_seconds=REQUEST_PAUSE_SECONDS,
        ),
    )
)
