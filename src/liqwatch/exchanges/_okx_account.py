"""The private side of OKX: three signed answers make the whole, one login opens the stream."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
import structlog

from liqwatch.errors import ExchangeBlocked, ExchangeError, PayloadError
from liqwatch.exchanges.payloads.okx_account import (
    BalanceRow,
    ConfigurationRow,
    Owner,
    PositionRow,
    has_stand_in,
    key_report,
    snapshot_of,
)
from liqwatch.exchanges.payloads.okx_envelope import Page
from liqwatch.exchanges.payloads.okx_events import AccountStream
from liqwatch.exchanges.payloads.okx_orders import (
    CONDITIONAL_KINDS,
    ConditionalRow,
    OrderRow,
    resting_orders_of,
    waking_orders_of,
)
from liqwatch.exchanges.plumbing.changes import Heard
from liqwatch.exchanges.plumbing.dialects import Opening, Ping
from liqwatch.exchanges.plumbing.hosts import Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.model import AccountSnapshot, LeverageTier, RestingOrder
from liqwatch.ports import KeyReport

CONFIGURATION = "privateGetAccountConfig"
BALANCE = "privateGetAccountBalance"
POSITIONS = "privateGetAccountPositions"
ORDERS = "privateGetTradeOrdersPending"
CONDITIONAL_ORDERS = "privateGetTradeOrdersAlgoPending"
TIME = "publicGetPublicTime"
ALLOWED_CALLS = {
    CONFIGURATION: 4.0,
    BALANCE: 2.0,
    POSITIONS: 2.0,
    ORDERS: 1.0,
    CONDITIONAL_ORDERS: 1.0,
    TIME: 1.0,
}
PRIVATE_PATH = "/ws/v5/private"
LOGIN_PATH = "/users/self/verify"
ON_EVENTS_ONLY = '{"updateInterval":"0"}'
"""Without it positions and balances come every five seconds even if nothing has happened."""
CHANNELS = (
    {"channel": "balance_and_position"},
    {"channel": "orders", "instType": "ANY"},
    {"channel": "liquidation-warning", "instType": "ANY"},
    {"channel": "account", "extraParams": ON_EVENTS_ONLY},
    {"channel": "positions", "instType": "ANY", "extraParams": ON_EVENTS_ONLY},
)
MODE_LASTS = timedelta(minutes=10)
PAGE_ROWS = 100
MOST_PAGES = 50
PING = Ping("ping", every_seconds=20.0)
"""OKX cuts a connection that has been silent for 30 s; the answer is the bare text `pong`."""

Row = TypeVar("Row", OrderRow, ConditionalRow)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class OkxAccountDialect:
    """How OKX is asked with a key and how its private stream speaks."""

    venue: str
    hosts: Hosts
    ping: Ping | None = PING
    keep_every_seconds: float | None = None
    says_ready: bool = True
    _stream: AccountStream = field(default_factory=AccountStream)
    _account_mode: str = ""
    _mode_known_at: datetime | None = None

    async def read_account(self, account: str, calls: SignedCalls, listing: Listing, now: datetime) -> AccountSnapshot:
        """Mode, positions and balances; each list comes whole, without pages."""
        await self._learn_mode(calls, now)
        rows = (await calls.call(POSITIONS, Page[PositionRow])).rows
        balance = only_row((await calls.call(BALANCE, Page[BalanceRow])).rows, BALANCE)
        owner = Owner(account=account, venue=self.venue, account_mode=self._account_mode)
        snapshot = snapshot_of(owner, rows, balance, listing, now)
        self._stream.account_mode = self._account_mode
        self._stream.has_stand_in = not snapshot.is_multi_asset and has_stand_in(rows, listing)
        return snapshot

    async def _learn_mode(self, calls: SignedCalls, now: datetime) -> None:
        """The account's mode, asked rarely. When it cannot be asked, what was known last stands.

        The venue's clock is measured with it: OKX refuses a late timestamp as it refuses a key, with 401.
        """
        if self._mode_known_at is not None and now - self._mode_known_at < MODE_LASTS:
            return
        try:
            await calls.measure_skew_ms()
            row = only_row((await calls.call(CONFIGURATION, Page[ConfigurationRow])).rows, CONFIGURATION)
        except ExchangeBlocked:
            raise
        except ExchangeError as error:
            if not self._account_mode:
                raise
            log.warning("account_mode_not_asked", venue=self.venue, why=error.message)
            return
        self._account_mode = row.account_mode
        self._mode_known_at = now

    async def leverage_tiers(
        self, calls: SignedCalls, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """None: tiers are told without a key."""
        del calls, listing, native_symbols
        return {}

    async def resting_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        """Plain orders and conditional ones, each list to its end."""
        orders = resting_orders_of(await paged(calls, ORDERS, Page[OrderRow], {}), listing)
        for kind in CONDITIONAL_KINDS:
            rows = await paged(calls, CONDITIONAL_ORDERS, Page[ConditionalRow], {"ordType": kind})
            orders += waking_orders_of(rows, listing)
        return orders

    async def rights(self, calls: SignedCalls) -> KeyReport:
        """The rights of the key that asks, as its account configuration states them."""
        return key_report(only_row((await calls.call(CONFIGURATION, Page[ConfigurationRow])).rows, CONFIGURATION))

    async def opening(self, calls: SignedCalls) -> Opening | None:
        """A login, signed for this moment; what is wanted is asked for once it is granted."""
        if self._stream.clock_refused:
            await calls.measure_skew_ms()
        was = self._stream
        self._stream = AccountStream(
            subscription=request("subscribe", CHANNELS),
            account_mode=self._account_mode or was.account_mode,
            has_stand_in=was.has_stand_in,
        )
        return Opening(f"{self.hosts.private}{PRIVATE_PATH}", (login(calls),))

    async def keep(self, calls: SignedCalls) -> None:
        """Nothing to prolong."""
        del calls

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Read a frame of the present connection."""
        return self._stream.hear(frame, listing)


def request(operation: str, arguments: Sequence[Mapping[str, str]]) -> str:
    """A message to either stream."""
    return msgspec.json.encode({"op": operation, "args": arguments}).decode()


def login(calls: SignedCalls) -> str:
    """The login message: base64 of HMAC-SHA256 over timestamp (s), `GET` and path (Login, OKX docs, read 2026-11)."""
    seconds = str(calls.server_now_ms() // 1000)
    text = f"{seconds}GET{LOGIN_PATH}".encode()
    signature = base64.b64encode(hmac.digest(calls.secret("secret").encode(), text, "sha256")).decode()
    key, passphrase = calls.secret("api_key"), calls.secret("passphrase")
    return request("login", ({"apiKey": key, "passphrase": passphrase, "timestamp": seconds, "sign": signature},))


Only = TypeVar("Only")


def only_row(rows: Sequence[Only], what: str) -> Only:
    """The one row of an answer.

    Raises:
        PayloadError: there is none.
    """
    if not rows:
        raise PayloadError(f"{what}: no row in the answer")
    return rows[0]


async def paged(calls: SignedCalls, name: str, kind: type[Page[Row]], parameters: Mapping[str, str]) -> list[Row]:
    """Every row of a list that is asked in pages, newest first.

    Raises:
        PayloadError: the list does not end.
    """
    rows: list[Row] = []
    after: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = (await calls.call(name, kind, {**parameters, **after})).rows
        if not page or (rows and page[-1].order_id == rows[-1].order_id):
            return rows
        rows += page
        after = {"after": page[-1].order_id}
    raise PayloadError(f"{name}: more than {MOST_PAGES * PAGE_ROWS} rows")
