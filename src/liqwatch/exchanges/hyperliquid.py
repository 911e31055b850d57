"""Hyperliquid perpetuals: the venue's own dex and every builder-deployed one (HIP-3). An address is all it takes.

Every question is a `POST /info`, every stream is on `<websocket>/ws`. One unknown coin in a subscription closes the
socket without a word, so that only listed names are asked for.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import msgspec

from liqwatch.clock import Clock
from liqwatch.errors import CredentialsError, PayloadError
from liqwatch.exchanges.payloads import hyperliquid_account as account
from liqwatch.exchanges.payloads import hyperliquid_market as market
from liqwatch.exchanges.payloads.hyperliquid_stream import ALL_STATES, UserEar
from liqwatch.exchanges.plumbing.budget import Budget
from liqwatch.exchanges.plumbing.changes import Heard
from liqwatch.exchanges.plumbing.dialects import Opening, Ping
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.exchanges.plumbing.public_rest import PublicRest
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.exchanges.plumbing.venue import Venue, adapter_of
from liqwatch.model import (
    AccountSnapshot,
    FundingRate,
    Instrument,
    LeverageTier,
    MarkCandle,
    MarkRow,
    RestingOrder,
)
from liqwatch.ports import Grade, KeyReport, VenueCard

Answer = TypeVar("Answer")

EXCHANGE = "hyperliquid"
INFO = "publicPostInfo"
INFO_PATH = "/info"
INFO_WEIGHT = 4.0
"""Most questions about an account weigh 2, a few 20 (docs, Rate limits, 2026-11): the mean of one reading."""
WEIGHT_PER_MINUTE = 1200.0
MOST_DEXES = 40
"""So many builder-deployed dexes are read; the test net has hundreds, and each costs a question."""
PING = Ping(json.dumps({"method": "ping"}), every_seconds=20.0)
USER_STREAMS = ("userEvents", "userNonFundingLedgerUpdates", ALL_STATES)
"""The last one is what readiness waits for."""
AGENT, UNSEEN = "agent", "missing"
"""Roles of an address: an API wallet's, and one that has never been used."""
ADDRESS = re.compile(r"0x[0-9a-f]{40}")
LIVE = Hosts(rest="https://api.hyperliquid.xyz", websocket="wss://api.hyperliquid.xyz")
SANDBOX = Hosts(rest="https://api.hyperliquid-testnet.xyz", websocket="wss://api.hyperliquid-testnet.xyz")


def subscription(kind: str, *, subscribe: bool = True, **parts: str) -> str:
    """A message that asks for a stream, or gives it up."""
    method = "subscribe" if subscribe else "unsubscribe"
    return json.dumps({"method": method, "subscription": {"type": kind, **parts}})


def stream_url(websocket: str) -> str:
    """Where every stream is."""
    return f"{websocket}/ws"


@dataclass(slots=True)
class HyperliquidMarkDialect:
    """One stream a coin; a stream's name is the coin's."""

    venue: str
    hosts: Hosts
    ping: Ping | None = PING

    def route(self, native_symbol: str) -> str:  # noqa: ARG002  one connection holds all
        """One connection for everything."""
        return ""

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:  # noqa: ARG002  always
        """The coins."""
        return list(native_symbols)

    def url(self, first_stream: str) -> str:  # noqa: ARG002  one address for everything
        """Where to dial."""
        return stream_url(self.hosts.websocket)

    def streams_in_url(self, first_stream: str) -> Sequence[str]:  # noqa: ARG002
        """The address asks for nothing."""
        return ()

    def requests(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> Sequence[str]:  # noqa: ARG002
        """A message for every coin."""
        return [subscription("activeAssetCtx", subscribe=subscribe, coin=coin) for coin in streams]

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        """Decode a frame."""
        return market.read_mark_frame(frame, wanted)


@dataclass(slots=True)
class HyperliquidMarketDialect:
    """What everybody is told."""

    clock: Clock

    def native_symbol(self, symbol: str) -> str:
        """By the venue's own rule of naming."""
        return market.native_symbol(symbol)

    async def listing(self, rest: PublicRest) -> Listing:
        """Every market of every dex. A builder-deployed dex that cannot be read is left out and counted."""
        dexes = market.read_dexes(await rest.post(INFO_PATH, {"type": "perpDexs"}))
        main = await self._universe(rest, market.MAIN_DEX)
        others = await asyncio.gather(*(self._universe_if_readable(rest, dex) for dex in dexes[:MOST_DEXES]))
        universes = [main, *(each for each in others if each is not None)]
        names = await self._token_names(rest, universes)
        instruments: list[Instrument] = []
        unreadable = len(dexes) + 1 - len(universes)
        for universe in universes:
            collateral = names.get(universe.collateral_token)
            if collateral is None:
                unreadable += len(universe.coins)
                continue
            instruments += market.instruments_of(universe, collateral)
            unreadable += universe.unreadable
        return Listing.of(instruments, unreadable)

    async def _token_names(self, rest: PublicRest, universes: Sequence[market.Universe]) -> Mapping[int, str]:
        """Asked only where a dex takes another token than the venue's own."""
        if not any(universe.collateral_token for universe in universes):
            return {0: market.MAIN_COLLATERAL}
        return {
            **market.read_token_names(await rest.post(INFO_PATH, {"type": "spotMeta"})),
            0: market.MAIN_COLLATERAL,
        }

    async def _universe(self, rest: PublicRest, dex: str) -> market.Universe:
        question = {"type": "metaAndAssetCtxs", **({"dex": dex} if dex else {})}
        return market.read_universe(await rest.post(INFO_PATH, question), dex)

    async def _universe_if_readable(self, rest: PublicRest, dex: str) -> market.Universe | None:
        try:
            return await self._universe(rest, dex)
        except PayloadError:
            return None

    async def _universes(self, rest: PublicRest, wanted: Collection[str]) -> list[market.Universe]:
        dexes = dict.fromkeys(market.dex_of(native) for native in wanted)
        return [await self._universe(rest, dex) for dex in dexes]

    async def marks(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[MarkRow]:
        """Marks of this moment, a question for each dex."""
        return market.marks_of(await self._universes(rest, wanted), wanted)

    async def funding(self, rest: PublicRest, wanted: Mapping[str, str]) -> Sequence[FundingRate]:
        """Funding of the running hour."""
        return market.funding_of(await self._universes(rest, wanted), wanted, self.clock.now())

    async def candles(
        self, rest: PublicRest, native_symbol: str, since: datetime, until: datetime
    ) -> Sequence[MarkCandle]:
        """None: the venue's candles are those of trades."""
        del rest, native_symbol, since, until
        return ()

    async def tiers(
        self, rest: PublicRest, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """The list of markets tells them."""
        del rest
        held = [listing.by_native[native] for native in native_symbols if native in listing.by_native]
        return {each.symbol: each.tiers for each in held if not each.tiers_assumed}


@dataclass(slots=True)
class HyperliquidAccountDialect:
    """What an address holds. Nothing is signed: whoever knows an address may look."""

    venue: str
    hosts: Hosts
    clock: Clock
    ping: Ping | None = PING
    keep_every_seconds: float | None = None
    says_ready: bool = True
    ear: UserEar = field(default_factory=UserEar)
    role: str = ""

    async def read_account(
        self, account_name: str, calls: SignedCalls, listing: Listing, now: datetime
    ) -> AccountSnapshot:
        """Every dex; spot balances where they stand behind positions, asked last, as near to the main dex as can be."""
        await self._refuse_agents(calls)
        pooling = account.pooling_of(await self._ask(calls, str, "userAbstraction"))
        dexes = [*(dex for dex in self._dexes(listing) if dex != market.MAIN_DEX), market.MAIN_DEX]
        states = {
            dex: await self._ask_dex(calls, account.ClearinghouseState, "clearinghouseState", dex) for dex in dexes
        }
        spot = None
        if pooling is not account.Pooling.APART:
            spot = await self._ask(calls, account.SpotState, "spotClearinghouseState")
        answers = account.Answers(pooling=pooling, states=states, spot=spot)
        snapshot = account.snapshot_of(account_name, self.venue, answers, listing, now)
        if pooling is account.Pooling.APART:
            self.ear.keeps_wallets = True
        else:
            self.ear.keeps_wallets = False if snapshot.is_multi_asset else None
        return snapshot

    async def leverage_tiers(
        self, calls: SignedCalls, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Those of every market: the list of markets tells them, so that they are there before any position is."""
        del calls, native_symbols
        return {each.symbol: each.tiers for each in listing.by_symbol.values() if not each.tiers_assumed}

    async def resting_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        """Open orders of every dex; one answer holds them all."""
        rows: list[account.OrderRow] = []
        for dex in self._dexes(listing):
            rows += await self._ask_dex(calls, list[account.OrderRow], "frontendOpenOrders", dex)
        return account.orders_of(rows, listing)

    async def rights(self, calls: SignedCalls) -> KeyReport:
        """An address can do nothing."""
        await self._refuse_agents(calls)
        note = "address only; the venue has never seen it" if self.role == UNSEEN else "address only"
        return KeyReport(can_withdraw=False, can_transfer=False, can_trade=False, note=note)

    async def opening(self, calls: SignedCalls) -> Opening | None:
        """No login: three subscriptions that name the address."""
        self.ear.user = _user(calls)
        self.ear.prints.clear()
        messages = tuple(subscription(kind, user=self.ear.user) for kind in USER_STREAMS)
        return Opening(stream_url(self.hosts.private), messages)

    async def keep(self, calls: SignedCalls) -> None:
        """Nothing has to be prolonged."""
        del calls

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Read a frame."""
        return self.ear.hear(frame, listing, self.clock.now())

    async def _refuse_agents(self, calls: SignedCalls) -> None:
        """An API wallet's own address reads as an empty account, which would look safe for ever."""
        if self.role:
            return
        answer = await self._ask(calls, account.UserRole, "userRole")
        if answer.role == AGENT:
            raise CredentialsError(
                "wallet_address is that of an API wallet, which holds nothing itself",
                mend="name the address of the account that the API wallet acts for",
            )
        self.role = answer.role

    def _dexes(self, listing: Listing) -> Iterable[str]:
        """Those that list anything, and those that the stream has spoken of: no list can hide a position."""
        return dict.fromkeys([*account.dexes_of(listing), *sorted(self.ear.dexes)])

    async def _ask(self, calls: SignedCalls, answer: type[Answer], question: str) -> Answer:
        return await calls.call(INFO, answer, {"type": question, "user": _user(calls)})

    async def _ask_dex(self, calls: SignedCalls, answer: type[Answer], question: str, dex: str) -> Answer:
        return await calls.call(INFO, answer, {"type": question, "user": _user(calls), **({"dex": dex} if dex else {})})


def _user(calls: SignedCalls) -> str:
    """The address as the venue writes it. Raises CredentialsError where it is none."""
    address = calls.secret("wallet_address").strip().lower()
    if ADDRESS.fullmatch(address) is None:
        raise CredentialsError("wallet_address is no address", mend="write 0x and forty hexadecimal digits")
    return address


def read_time(answer: object) -> float:
    """The venue's clock, epoch ms. Raises PayloadError for anything else."""
    try:
        return msgspec.convert(answer, float, strict=False)
    except msgspec.ValidationError as error:
        raise PayloadError(f"exchangeStatus: {error}") from None


ADAPTER = adapter_of(
    Venue(
        exchange=EXCHANGE,
        title="Hyperliquid perpetuals, HIP-3 dexes included",
        card=VenueCard(
            grade=Grade.GOLD,
            mark_source="stream activeAssetCtx, one a coin; the frames have no time of their own",
            account_stream="states of all dexes, own fills with liquidations and ADL, ledger updates; by address alone",
            tiers="margin tables in the list of markets, without a key",
            verified="captured marks, states, liquidation fills; 13 reported prices to 1e-8, 7 times none",
            missing="no margin call is sent; no mark candles; portfolio margin by the venue's ratio only",
        ),
        addresses=Addresses(live=LIVE, sandbox=SANDBOX),
        marks=lambda options, hosts: HyperliquidMarkDialect(options.venue, hosts),
        market=lambda options, _: HyperliquidMarketDialect(options.clock),
        account=lambda options, hosts: HyperliquidAccountDialect(options.venue, hosts, options.clock),
        ccxt_id="hyperliquid",
        allowed_calls={INFO: INFO_WEIGHT},
        # ccxt's own name: the raw call tells the time only to those who ask for `exchangeStatus`.
        time_call="fetch_time",
        read_time=read_time,
        required_credentials=("wallet_address",),
        budget=Budget(limit=WEIGHT_PER_MINUTE),
        # A coin whose underlying sleeps pushes nothing for long; the venue allows 1,000 streams to an address in all.
        streams=StreamTuning(data_limit_seconds=60.0, streams_per_connection=900),
    )
)
