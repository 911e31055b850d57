"""The private side of Bitget: classic accounts by v2, unified ones (UTA) by v3. The venue is asked once which it is."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, ExchangeUnreachable
from liqwatch.exchanges.payloads.bitget_account import (
    AccountsAnswer,
    Owner,
    PositionRow,
    PositionsAnswer,
    ProductAnswers,
    UnifiedAccountAnswer,
    UnifiedPositionsAnswer,
    classic_snapshot,
    stated_tiers,
    unified_snapshot,
)
from liqwatch.exchanges.payloads.bitget_events import heard_of, read_account_frame
from liqwatch.exchanges.payloads.bitget_market import PONG, PRODUCTS, head_of
from liqwatch.exchanges.payloads.bitget_orders import (
    ClassicOrdersAnswer,
    ClassicRightsAnswer,
    OrderRow,
    StrategyOrdersAnswer,
    UnifiedOrdersAnswer,
    UnifiedRightsAnswer,
    classic_rights,
    resting_order,
    strategy_orders,
    unified_rights,
)
from liqwatch.exchanges.plumbing.changes import Heard
from liqwatch.exchanges.plumbing.dialects import Opening, Ping
from liqwatch.exchanges.plumbing.hosts import Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.signed_calls import Answer, SignedCalls
from liqwatch.model import AccountSnapshot, ContractKind, LeverageTier, RestingOrder
from liqwatch.ports import KeyReport

SETTINGS = "privateUtaGetV3AccountSettings"
CLASSIC_POSITIONS = "privateMixGetV2MixPositionAllPosition"
CLASSIC_ACCOUNTS = "privateMixGetV2MixAccountAccounts"
CLASSIC_ORDERS = "privateMixGetV2MixOrderOrdersPending"
CLASSIC_PLANS = "privateMixGetV2MixOrderOrdersPlanPending"
CLASSIC_RIGHTS = "privateSpotGetV2SpotAccountInfo"
UNIFIED_POSITIONS = "privateUtaGetV3PositionCurrentPosition"
UNIFIED_ACCOUNT = "privateUtaGetV3AccountAssets"
UNIFIED_ORDERS = "privateUtaGetV3TradeUnfilledOrders"
UNIFIED_STRATEGIES = "privateUtaGetV3TradeUnfilledStrategyOrders"
UNIFIED_RIGHTS = "privateUtaGetV3AccountInfo"
TIME = "publicCommonGetV2PublicTime"
ALLOWED_CALLS = dict.fromkeys(
    (
        SETTINGS,
        CLASSIC_POSITIONS,
        CLASSIC_ACCOUNTS,
        CLASSIC_ORDERS,
        CLASSIC_PLANS,
        CLASSIC_RIGHTS,
        UNIFIED_POSITIONS,
        UNIFIED_ACCOUNT,
        UNIFIED_ORDERS,
        UNIFIED_STRATEGIES,
        UNIFIED_RIGHTS,
        TIME,
    ),
    1.0,
)
"""Everything that is ever asked with a key: reads only. Bitget counts requests, not weights."""
ONLY_UNIFIED = "40085"
"""The venue's refusal of a classic question about a unified account."""
PLAN_TYPES = ("normal_plan", "track_plan", "profit_loss")
CLASSIC_CHANNELS = ("positions", "account", "orders")
UNIFIED_TOPICS = ("position", "account", "order", "adl-notification")
PAGE_ROWS = 100
MOST_PAGES = 100
PING_EVERY_SECONDS = 30.0
LOGIN_PATH = "/user/verify"


@dataclass(slots=True)
class BitgetAccountDialect:
    """How Bitget is asked with a key and how its private stream speaks."""

    venue: str
    hosts: Hosts
    ping: Ping | None = field(default_factory=lambda: Ping("ping", PING_EVERY_SECONDS))
    keep_every_seconds: float | None = None
    says_ready: bool = True
    _is_unified: bool | None = None
    _waiting: set[str] = field(default_factory=set)
    _granted: set[str] = field(default_factory=set)

    async def read_account(self, account: str, calls: SignedCalls, listing: Listing, now: datetime) -> AccountSnapshot:
        """Positions and balances of every product type; the venue answers each list whole."""
        owner = Owner(account=account, venue=self.venue)
        if await self._unified(calls):
            rows = await self._rows(calls)
            answer = await calls.call(UNIFIED_ACCOUNT, UnifiedAccountAnswer)
            return unified_snapshot(owner, answer.data, rows, listing, now)
        answers = [await self._classic_answers(calls, product) for product in PRODUCTS]
        self._is_unified = False
        return classic_snapshot(owner, answers, listing, now)

    async def _classic(self, calls: SignedCalls, name: str, answer: type[Answer], product: str) -> Answer:
        """A classic question about one product type. An account that has become unified is learnt anew."""
        try:
            return await calls.call(name, answer, {"productType": product})
        except CredentialsError as error:
            if ONLY_UNIFIED not in error.message:
                raise
            self._is_unified = None
            raise ExchangeUnreachable("the account is unified, which the venue did not say when asked") from None

    async def _unified(self, calls: SignedCalls) -> bool:
        """Whether the account is unified.

        A classic account is refused on v3; that it is classic is remembered only once v2 has answered.
        """
        if self._is_unified is None:
            try:
                await calls.call(SETTINGS, dict)
            except (ExchangeBlocked, ExchangeUnreachable):
                raise
            except (ExchangeError, CredentialsError):
                return False
            self._is_unified = True
        return self._is_unified

    async def _classic_answers(self, calls: SignedCalls, product: str) -> ProductAnswers:
        positions = await self._classic(calls, CLASSIC_POSITIONS, PositionsAnswer, product)
        accounts = await self._classic(calls, CLASSIC_ACCOUNTS, AccountsAnswer, product)
        return ProductAnswers(product=product, accounts=accounts.data, rows=positions.data)

    async def _rows(self, calls: SignedCalls) -> list[PositionRow]:
        """Every position row, whichever kind the account is."""
        rows: list[PositionRow] = []
        is_unified = await self._unified(calls)
        for product in PRODUCTS:
            if is_unified:
                answer = await calls.call(UNIFIED_POSITIONS, UnifiedPositionsAnswer, {"category": product})
                rows.extend(answer.data.rows or ())
            else:
                rows.extend((await self._classic(calls, CLASSIC_POSITIONS, PositionsAnswer, product)).data)
        return rows

    async def leverage_tiers(
        self, calls: SignedCalls, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Only of inverse markets, at the rate stated of the positions held; all others are told without a key."""
        found = (listing.by_native.get(native) for native in native_symbols)
        if not any(each is not None and each.contract_kind is ContractKind.INVERSE for each in found):
            return {}
        return stated_tiers(await self._rows(calls), listing)

    async def resting_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        """Plain, trigger, trailing, take-profit and stop-loss orders of every product type."""
        if await self._unified(calls):
            return await self._unified_orders(calls, listing)
        rows: list[OrderRow] = []
        for product in PRODUCTS:
            rows += await self._classic_pages(calls, CLASSIC_ORDERS, {"productType": product})
            for plan in PLAN_TYPES:
                rows += await self._classic_pages(calls, CLASSIC_PLANS, {"productType": product, "planType": plan})
        return [resting_order(row, listing) for row in rows]

    async def _classic_pages(self, calls: SignedCalls, name: str, asked: Mapping[str, object]) -> list[OrderRow]:
        rows: list[OrderRow] = []
        beyond: dict[str, object] = {}
        for _ in range(MOST_PAGES):
            page = (await calls.call(name, ClassicOrdersAnswer, {**asked, "limit": str(PAGE_ROWS), **beyond})).data
            rows.extend(page.rows or ())
            if not page.rows or not page.end_id or beyond == {"idLessThan": page.end_id}:
                return rows
            beyond = {"idLessThan": page.end_id}
        raise ExchangeError(f"{name}: no end after {MOST_PAGES} pages")

    async def _unified_orders(self, calls: SignedCalls, listing: Listing) -> list[RestingOrder]:
        orders: list[RestingOrder] = []
        for product in PRODUCTS:
            orders.extend(resting_order(row, listing) for row in await self._unified_pages(calls, product))
            strategies = await calls.call(UNIFIED_STRATEGIES, StrategyOrdersAnswer, {"category": product})
            for row in strategies.data or ():
                orders.extend(strategy_orders(row, listing))
        return orders

    async def _unified_pages(self, calls: SignedCalls, product: str) -> list[OrderRow]:
        rows: list[OrderRow] = []
        asked: dict[str, object] = {"category": product, "limit": str(PAGE_ROWS)}
        for _ in range(MOST_PAGES):
            page = (await calls.call(UNIFIED_ORDERS, UnifiedOrdersAnswer, asked)).data
            rows.extend(page.rows or ())
            if not page.rows or not page.cursor or page.cursor == asked.get("cursor"):
                return rows
            asked["cursor"] = page.cursor
        raise ExchangeError(f"{UNIFIED_ORDERS}: no end after {MOST_PAGES} pages")

    async def rights(self, calls: SignedCalls) -> KeyReport:
        """What the key may do. Where that page is refused: whether the key is good is asked elsewhere."""
        is_unified = await self._unified(calls)
        try:
            if is_unified:
                return unified_rights((await calls.call(UNIFIED_RIGHTS, UnifiedRightsAnswer)).data)
            return classic_rights((await calls.call(CLASSIC_RIGHTS, ClassicRightsAnswer)).data)
        except (ExchangeBlocked, ExchangeUnreachable):
            raise
        except (ExchangeError, CredentialsError) as error:
            await self._rows(calls)
            return KeyReport(note=f"permissions not verified: {error.message}")

    async def opening(self, calls: SignedCalls) -> Opening | None:
        """The login; subscriptions follow when it is granted."""
        is_unified = await self._unified(calls)
        self._waiting, self._granted = {_key(each) for each in _arguments(is_unified=is_unified)}, set()
        version = "v3" if is_unified else "v2"
        return Opening(f"{self.hosts.private}/{version}/ws/private", (_login(calls),))

    async def keep(self, calls: SignedCalls) -> None:
        """Nothing has to be prolonged."""

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Decode a frame; the answer to the login asks for the channels, their grants make the stream ready."""
        head = None if frame == PONG else head_of(frame)
        if head is None:
            return read_account_frame(frame, listing)
        if head.event == "login" and str(head.code) in {"0", ""}:
            arguments = _arguments(is_unified=self._is_unified is True)
            return Heard(replies=(msgspec.json.encode({"op": "subscribe", "args": arguments}).decode(),))
        heard = heard_of(head, listing)
        if head.event in {"subscribe", "error"} and heard.end is None:
            return self._answered(head.arg.key, heard, is_granted=head.event == "subscribe")
        return heard

    def _answered(self, key: str, heard: Heard, *, is_granted: bool) -> Heard:
        """Ready when every channel has been answered and one with positions is granted."""
        self._waiting.discard(key)
        if is_granted:
            self._granted.add(key)
        has_positions = any(each.partition(":")[2] in {"positions", "position"} for each in self._granted)
        return Heard(is_ready=not self._waiting and has_positions, rejected=heard.rejected)


def _arguments(*, is_unified: bool) -> list[dict[str, str]]:
    """What to subscribe to: nine arguments at most, the venue cuts connections over too many."""
    if is_unified:
        return [{"instType": "UTA", "topic": topic} for topic in UNIFIED_TOPICS]
    return [
        {"instType": product, "channel": channel, "coin" if channel == "account" else "instId": "default"}
        for product in PRODUCTS
        for channel in CLASSIC_CHANNELS
    ]


def _key(argument: Mapping[str, str]) -> str:
    """As `Argument.key` has it in the venue's answer."""
    return f"{argument['instType']}:{argument.get('channel') or argument['topic']}"


def _login(calls: SignedCalls) -> str:
    """The signed login: HMAC-SHA256 over seconds, GET and the path, in base64."""
    timestamp = str(calls.server_now_ms() // 1000)
    signed = hmac.new(calls.secret("secret").encode(), f"{timestamp}GET{LOGIN_PATH}".encode(), hashlib.sha256)
    argument = {
        "apiKey": calls.secret("api_key"),
        "passphrase": calls.secret("passphrase"),
        "timestamp": timestamp,
        "sign": base64.b64encode(signed.digest()).decode(),
    }
    return msgspec.json.encode({"op": "login", "args": [argument]}).decode()
