"""A KuCoin account with a key: classic or unified, as the venue says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode, urlsplit

import msgspec

from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, ExchangeUnreachable, PayloadError
from liqwatch.exchanges.payloads.kucoin_futures_account import (
    KeyAnswer,
    OrdersAnswer,
    Overview,
    OverviewAnswer,
    PositionsAnswer,
    TokenAnswer,
    key_report,
    positions_of,
    resting_order_of,
    wallets_of,
)
from liqwatch.exchanges.payloads.kucoin_futures_market import head_of
from liqwatch.exchanges.payloads.kucoin_futures_pushes import hear_push
from liqwatch.exchanges.payloads.kucoin_futures_unified import (
    ModeAnswer,
    UnifiedOrdersAnswer,
    UnifiedOverviewAnswer,
    UnifiedPositionsAnswer,
    UnifiedRow,
    pool_ratio,
    pool_wallet,
    unified_order_of,
    unified_position_of,
)
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.changes import Heard, Rows
from liqwatch.exchanges.plumbing.dialects import Opening, Ping
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.model import AccountSnapshot, LeverageTier, Position, RestingOrder, Side, SnapshotSource
from liqwatch.ports import KeyReport

POSITIONS = "futuresPrivateGetPositions"
OVERVIEW = "futuresPrivateGetAccountOverview"
ORDERS = "futuresPrivateGetOrders"
STOP_ORDERS = "futuresPrivateGetStopOrders"
TOKEN = "futuresPrivatePostBulletPrivate"  # noqa: S105  the name of a call
UNIFIED_TOKEN = "privatePostBulletPrivate"  # noqa: S105  the name of a call
KEY = "privateGetUserApiKey"
MODE = "utaPrivateGetAccountMode"
UNIFIED_OVERVIEW = "utaPrivateGetAccountModeAccountOverview"
UNIFIED_POSITIONS = "utaPrivateGetAccountModePositionOpenList"
UNIFIED_ORDERS = "utaPrivateGetAccountModeOrderOpenList"

ALLOWED_CALLS: Mapping[str, float] = {
    "futuresPublicGetTimestamp": 2.0,
    POSITIONS: 2.0,
    OVERVIEW: 5.0,
    ORDERS: 2.0,
    STOP_ORDERS: 6.0,
    TOKEN: 10.0,
    UNIFIED_TOKEN: 10.0,
    KEY: 10.0,
    MODE: 30.0,
    UNIFIED_OVERVIEW: 5.0,
    UNIFIED_POSITIONS: 3.0,
    UNIFIED_ORDERS: 4.0,
}
"""Weights of the futures pool (2,000 in 30 s at the lowest grade). The two token calls open streams, no more."""
USUAL_CURRENCIES = ("USDT", "USDC", "XBT")
"""Asked for even without a position; any other settle currency as soon as a position has it."""
ORDERS_PER_PAGE = 1000
UNIFIED_PER_PAGE = 200
MOST_PAGES = 100
POOL_CURRENCY = "USD"
UNIFIED: Mapping[str, object] = {"accountMode": "unified"}

CLASSIC_TOPICS = ("/contractAccount/wallet", "/contract/marginMode", "/contract/crossLeverage", "/contract/positionAll")
UNIFIED_CHANNELS: tuple[Mapping[str, str], ...] = (
    {"channel": "lw", "tradeType": "FUTURES"},
    {"channel": "balance", "accountType": "UNIFIED"},
    {"channel": "positionAll", "tradeType": "UNIFIED"},
)
"""In both streams the positions come last, so that their acknowledgement stands for all."""


def _encoded(message: Mapping[str, object]) -> str:
    return msgspec.json.encode(message).decode()


CLASSIC_REQUESTS = tuple(
    _encoded({"id": str(number), "type": "subscribe", "topic": topic, "privateChannel": True, "response": True})
    for number, topic in enumerate(CLASSIC_TOPICS, start=101)
)
UNIFIED_REQUESTS = tuple(
    _encoded({"id": str(number), "action": "SUBSCRIBE", **each})
    for number, each in enumerate(UNIFIED_CHANNELS, start=201)
)
GRANTS_ALL = frozenset({"104", "203"})
"""The identifiers of the last request of either stream."""


@dataclass(slots=True)
class KucoinAccount:
    """How an account is read and heard. `is_elsewhere`: streams are not at the address that the venue names."""

    venue: str
    websocket: str
    is_elsewhere: bool
    ping: Ping | None
    keep_every_seconds: float | None = None
    says_ready: bool = True
    _is_unified: bool | None = field(default=None, init=False)
    _held: dict[str, Side] = field(default_factory=dict, init=False)

    async def read_account(self, account: str, calls: SignedCalls, listing: Listing, now: datetime) -> AccountSnapshot:
        """The whole account. Raises as `SignedCalls.call`."""
        if await self._unified(calls):
            return await self._read_unified(account, calls, listing, now)
        rows = (await calls.call(POSITIONS, PositionsAnswer)).data
        currencies = dict.fromkeys((*USUAL_CURRENCIES, *(row.settle_currency for row in rows if row.settle_currency)))
        overviews: list[Overview] = []
        for currency in currencies:
            answer = await calls.call(OVERVIEW, OverviewAnswer, {"currency": currency})
            if answer.data.currency != currency:
                raise PayloadError(f"account-overview: asked for {currency}, told of {answer.data.currency}")
            overviews.append(answer.data)
        positions = positions_of(rows, listing)
        self._note_held(positions)
        return AccountSnapshot(
            account=account,
            venue=self.venue,
            positions=positions,
            cross_wallets=wallets_of(overviews, rows),
            as_of=now,
            source=SnapshotSource.REST,
        )

    async def _read_unified(self, account: str, calls: SignedCalls, listing: Listing, now: datetime) -> AccountSnapshot:
        rows = await self._unified_rows(calls)
        overview = (await calls.call(UNIFIED_OVERVIEW, UnifiedOverviewAnswer, UNIFIED)).data
        return AccountSnapshot(
            account=account,
            venue=self.venue,
            positions=tuple(unified_position_of(row, listing) for row in rows),
            cross_wallets={POOL_CURRENCY: pool_wallet(overview, rows, listing)},
            as_of=now,
            source=SnapshotSource.REST,
            is_multi_asset=True,
            pool_currency=POOL_CURRENCY,
            reported_margin_ratios={POOL_CURRENCY: pool_ratio(overview)},
        )

    async def _unified_rows(self, calls: SignedCalls) -> Sequence[UnifiedRow]:
        """Every open position; the answer does not say how many pages there are, so one without news is the end."""
        rows: dict[tuple[str, str, str], UnifiedRow] = {}
        for page in range(1, MOST_PAGES):
            asked = {**UNIFIED, "pageNumber": page, "pageSize": UNIFIED_PER_PAGE}
            answer = await calls.call(UNIFIED_POSITIONS, UnifiedPositionsAnswer, asked)
            named = {(row.identifier, row.symbol, row.position_side): row for row in answer.data}
            if not named.keys() - rows.keys():
                break
            rows |= named
        return [row for row in rows.values() if row.contracts != 0]

    async def leverage_tiers(
        self,
        calls: SignedCalls,  # noqa: ARG002  the market side tells all
        listing: Listing,  # noqa: ARG002
        native_symbols: Collection[str],  # noqa: ARG002
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """None beyond the public ones."""
        return {}

    async def resting_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        """Plain orders, then stops. Raises as `SignedCalls.call`."""
        if await self._unified(calls):
            return await self._unified_orders(calls, listing)
        orders: list[RestingOrder] = []
        for call, query in ((ORDERS, {"status": "active"}), (STOP_ORDERS, {})):
            for page in range(1, MOST_PAGES):
                asked = {**query, "currentPage": page, "pageSize": ORDERS_PER_PAGE}
                answer = (await calls.call(call, OrdersAnswer, asked)).data
                orders.extend(resting_order_of(row, listing) for row in answer.items)
                if page >= answer.pages:
                    break
        return orders

    async def _unified_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        orders: list[RestingOrder] = []
        for page in range(1, MOST_PAGES):
            asked = {**UNIFIED, "tradeType": "FUTURES", "pageNumber": page, "pageSize": UNIFIED_PER_PAGE}
            answer = (await calls.call(UNIFIED_ORDERS, UnifiedOrdersAnswer, asked)).data
            orders.extend(unified_order_of(row, listing) for row in answer.items)
            if page >= answer.pages:
                break
        return orders

    async def rights(self, calls: SignedCalls) -> KeyReport:
        """What the key may do. Raises as `SignedCalls.call`."""
        return key_report((await calls.call(KEY, KeyAnswer)).data)

    async def opening(self, calls: SignedCalls) -> Opening | None:
        """A token, and the address that goes with it; subscriptions wait for the venue's welcome."""
        self._is_unified = None
        if await self._unified(calls):
            token = (await calls.call(UNIFIED_TOKEN, TokenAnswer, {"version": "v2"})).data.token
            return Opening(f"{self.websocket}/?{urlencode({'token': token})}")
        answer = (await calls.call(TOKEN, TokenAnswer)).data
        if not answer.servers:
            raise PayloadError("bullet-private: no instanceServers")
        query = urlencode({"token": answer.token, "connectId": "liqwatch"})
        return Opening(f"{self._address(answer.servers[0].endpoint)}?{query}")

    def _address(self, endpoint: str) -> str:
        """The named endpoint, at another scheme and host where the user has put the venue elsewhere."""
        return f"{self.websocket}{urlsplit(endpoint).path}" if self.is_elsewhere else endpoint

    async def keep(self, calls: SignedCalls) -> None:
        """Nothing to prolong: the connection is renewed before the token's day is over."""

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Subscribe after the welcome, be ready after the last acknowledgement, read the rest."""
        try:
            head = head_of(frame)
        except UNREADABLE:
            return Heard(rejected="undecodable")
        if head.kind == "welcome":
            return Heard(replies=CLASSIC_REQUESTS)
        if head.message == "welcome":
            return Heard(replies=UNIFIED_REQUESTS)
        if head.identifier in GRANTS_ALL and head.topic == "":
            return Heard(end="not_granted", rejected="request_refused") if head.is_refusal else Heard(is_ready=True)
        heard = hear_push(frame, listing, self._held)
        for event in heard.events:
            if isinstance(event, Rows):
                self._note_held(event.positions)
        return heard

    def _note_held(self, positions: Sequence[Position]) -> None:
        self._held |= {position.symbol: position.side for position in positions}

    async def _unified(self, calls: SignedCalls) -> bool:
        """Which kind of account it is, asked once until the next opening; one that may not ask is a classic one.

        The clock is measured before: a time that is 5 s off is refused like a wrong key.
        """
        if self._is_unified is None:
            await calls.measure_skew_ms()
            try:
                self._is_unified = (await calls.call(MODE, ModeAnswer)).data.mode == "UNIFIED"
            except (ExchangeUnreachable, ExchangeBlocked, PayloadError):
                raise
            except (ExchangeError, CredentialsError):
                self._is_unified = False
        return self._is_unified
