"""The private side of Bybit: paged signed answers make the whole, a login opens the stream."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import msgspec

from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, PayloadError
from liqwatch.exchanges.payloads.bybit_account import (
    AccountInfo,
    AccountInfoAnswer,
    ApiKeyAnswer,
    Owner,
    PositionAnswer,
    PositionRow,
    Wallet,
    WalletAnswer,
    key_report_of,
    snapshot_of,
)
from liqwatch.exchanges.payloads.bybit_events import TOPICS, heard_of
from liqwatch.exchanges.payloads.bybit_listing import INVERSE, LINEAR
from liqwatch.exchanges.payloads.bybit_orders import OrderAnswer, OrderRow, resting_order_of
from liqwatch.exchanges.plumbing.changes import Heard
from liqwatch.exchanges.plumbing.dialects import Opening, Ping
from liqwatch.exchanges.plumbing.hosts import Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.model import AccountSnapshot, ContractKind, LeverageTier, RestingOrder
from liqwatch.ports import KeyReport

INFO = "privateGetV5AccountInfo"
WALLET = "privateGetV5AccountWalletBalance"
POSITIONS = "privateGetV5PositionList"
ORDERS = "privateGetV5OrderRealtime"
KEY = "privateGetV5UserQueryApi"
TIME = "publicGetV5MarketTime"
ALLOWED_CALLS: Mapping[str, float] = dict.fromkeys((INFO, WALLET, POSITIONS, ORDERS, KEY, TIME), 1.0)
"""Everything that is ever asked with a key: reads. The venue counts requests."""
POSITIONS_PER_PAGE, ORDERS_PER_PAGE = 200, 50
MOST_PAGES = 100
USUAL_SETTLE_CURRENCIES = ("USDT", "USDC")
LOGIN_LASTS_MS = 10_000
PRIVATE_PATH = "/v5/private"
PING = Ping('{"op":"ping"}', 20.0)
SUBSCRIBE = msgspec.json.encode({"op": "subscribe", "args": TOPICS, "req_id": "private"}).decode()
ASYMMETRIC_KEY = "PRIVATE KEY"
"""What an RSA key's text holds; ccxt can sign with one, a login to the stream of ours cannot."""

Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)


class Page(Protocol[Row_co]):
    """One page of a list."""

    @property
    def rows(self) -> Sequence[Row_co]:
        """Its rows."""
        ...

    @property
    def cursor(self) -> str | None:
        """Where the next page begins, percent-encoded; empty on the last."""
        ...


class Paged(Protocol[Row_co]):
    """An answer that is a page."""

    @property
    def result(self) -> Page[Row_co]:
        """The page."""
        ...


@dataclass(slots=True)
class BybitAccountDialect:
    """How Bybit is asked and how its private stream speaks. The margin mode is learned with each read."""

    venue: str
    hosts: Hosts
    ping: Ping | None = PING
    keep_every_seconds: float | None = None
    says_ready: bool = True
    _is_isolated: bool | None = None
    _was_refused: bool = False

    async def read_account(self, account: str, calls: SignedCalls, listing: Listing, now: datetime) -> AccountSnapshot:
        """Positions of every settle currency to the last page, and the wallet behind them, asked last."""
        info = (await calls.call(INFO, AccountInfoAnswer)).result
        rows: list[PositionRow] = []
        for question in self._questions(listing):
            rows += await self._paged(calls, POSITIONS, PositionAnswer, {**question, "limit": POSITIONS_PER_PAGE})
        wallet = await self._wallet(calls, info)
        self._is_isolated = info.is_isolated
        return snapshot_of(Owner(account=account, venue=self.venue), info, wallet, rows, listing, now)

    async def _wallet(self, calls: SignedCalls, info: AccountInfo) -> Wallet:
        answer = await calls.call(WALLET, WalletAnswer, {"accountType": info.account_type})
        if not answer.result.rows:
            raise PayloadError(f"wallet-balance: no {info.account_type} account in the answer")
        return answer.result.rows[0]

    def _questions(self, listing: Listing) -> Iterator[dict[str, str]]:
        """Linear contracts are asked for by settle currency, inverse ones all at once."""
        linear = {
            each.settle_currency
            for each in listing.by_symbol.values()
            if each.contract_kind is not ContractKind.INVERSE
        }
        for currency in sorted(linear.union(USUAL_SETTLE_CURRENCIES)):
            yield {"category": LINEAR, "settleCoin": currency}
        yield {"category": INVERSE}

    async def _paged(
        self, calls: SignedCalls, name: str, answer: type[Paged[Row]], question: Mapping[str, Any]
    ) -> list[Row]:
        """Every row, to the last page. A full last page has a cursor too, and an empty page behind it."""
        rows: list[Row] = []
        cursor = ""
        for _ in range(MOST_PAGES):
            page = (await calls.call(name, answer, {**question, "cursor": cursor} if cursor else question)).result
            rows += page.rows
            if not page.rows or not page.cursor:
                return rows
            if page.cursor == cursor:
                break
            cursor = page.cursor
        raise PayloadError(f"{name}: the pages do not end")

    async def leverage_tiers(
        self, calls: SignedCalls, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Everybody is told the risk limits."""
        del calls, listing, native_symbols
        return {}

    async def resting_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        """Plain and conditional orders, and the stops and targets set on positions, stand in one list."""
        rows: list[OrderRow] = []
        for question in self._questions(listing):
            rows += await self._paged(calls, ORDERS, OrderAnswer, {**question, "limit": ORDERS_PER_PAGE})
        return [resting_order_of(row, listing) for row in rows if row.is_waiting]

    async def rights(self, calls: SignedCalls) -> KeyReport:
        """What the key may do. Demo trading has no such page: whether the key is good is asked elsewhere."""
        try:
            return key_report_of((await calls.call(KEY, ApiKeyAnswer)).result)
        except ExchangeBlocked:
            raise
        except (ExchangeError, CredentialsError) as error:
            await calls.call(INFO, AccountInfoAnswer)
            return KeyReport(note=f"permissions not verified: {error.message}")

    async def opening(self, calls: SignedCalls) -> Opening | None:
        """The login; what is wanted is asked for once it is granted. After a refusal the clock is measured first."""
        secret = calls.secret("secret")
        if ASYMMETRIC_KEY in secret:
            return None
        if self._was_refused:
            self._was_refused = False
            await calls.measure_skew_ms()
        expires_ms = calls.server_now_ms() + LOGIN_LASTS_MS
        signature = hmac.new(secret.encode(), f"GET/realtime{expires_ms}".encode(), hashlib.sha256).hexdigest()
        login = {"op": "auth", "args": [calls.secret("api_key"), expires_ms, signature], "req_id": "login"}
        return Opening(f"{self.hosts.private}{PRIVATE_PATH}", (msgspec.json.encode(login).decode(),))

    async def keep(self, calls: SignedCalls) -> None:
        """Pings are enough."""

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Decode a frame."""
        heard = heard_of(frame, listing, is_isolated=self._is_isolated, subscribe=SUBSCRIBE)
        if heard.end is not None:
            self._was_refused = True
        return heard
