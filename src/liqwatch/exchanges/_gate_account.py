"""The private side of Gate: what is asked with a key, and how the account's stream is opened."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, ExchangeUnreachable, PayloadError
from liqwatch.exchanges.payloads import gate_orders as orders
from liqwatch.exchanges.payloads.gate_account import (
    FamilyAnswers,
    FuturesAccount,
    UnifiedAccount,
    is_unified,
    snapshot_of,
)
from liqwatch.exchanges.payloads.gate_contracts import FAMILIES
from liqwatch.exchanges.payloads.gate_events import BALANCES, CHANNELS, DELEVERAGING_RANKS, hear_frame
from liqwatch.exchanges.payloads.gate_positions import PositionRow
from liqwatch.exchanges.plumbing.changes import Heard
from liqwatch.exchanges.plumbing.dialects import Opening, Ping
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.model import AccountSnapshot, LeverageTier, RestingOrder
from liqwatch.ports import KeyReport

ACCOUNT = "privateFuturesGetSettleAccounts"
POSITIONS = "privateFuturesGetSettlePositions"
UNIFIED = "privateUnifiedGetAccounts"
ORDERS = "privateFuturesGetSettleOrders"
TRIGGER_ORDERS = "privateFuturesGetSettlePriceOrders"
TRAIL_ORDERS = "privateFuturesGetSettleAutoorderV1TrailList"
DETAIL = "privateAccountGetDetail"
MAIN_KEYS = "privateAccountGetMainKeys"
ALLOWED_CALLS: Mapping[str, float] = dict.fromkeys(
    (ACCOUNT, POSITIONS, UNIFIED, ORDERS, TRIGGER_ORDERS, TRAIL_ORDERS, DETAIL, MAIN_KEYS), 1.0
)
PAGE_ROWS = 100
MOST_PAGES = 200
ALL_CONTRACTS = "!all"
NEVER_FUNDED = "USER_NOT_FOUND"
"""What a family answers to an account that has never transferred anything into it."""
MILLISECONDS = 1000

Answer = TypeVar("Answer")


@dataclass(slots=True)
class GateAccountDialect:
    """One account. Each request of the stream carries a signature of its own; there is no login."""

    venue: str
    base_url: str
    ping: Ping | None
    keep_every_seconds: float | None = None
    says_ready: bool = True

    async def read_account(self, account: str, calls: SignedCalls, listing: Listing, now: datetime) -> AccountSnapshot:
        """Wallets and positions of every settle family, and the margin of a unified account.

        Raises:
            PayloadError: an answer does not tell what it must.
        """
        answers = [
            answer for family in families_of(listing) if (answer := await _family_answers(calls, family)) is not None
        ]
        unified = await calls.call(UNIFIED, UnifiedAccount) if is_unified(answers) else None
        return snapshot_of((account, self.venue), answers, unified, listing, now)

    async def leverage_tiers(
        self, calls: SignedCalls, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Everybody is told the tiers."""
        del calls, listing, native_symbols
        return {}

    async def resting_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        """Plain, price-triggered and trailing orders of every family."""
        found: list[RestingOrder] = []
        for family in families_of(listing):
            try:
                found += [
                    orders.plain_order(order, listing)
                    for order in await _pages(calls, ORDERS, orders.PlainOrder, {"settle": family, "status": "open"})
                ]
                found += [
                    orders.trigger_order(order, listing)
                    for order in await _pages(
                        calls, TRIGGER_ORDERS, orders.TriggerOrder, {"settle": family, "status": "open"}
                    )
                ]
                found += [orders.trail_order(order, listing) for order in await _trail_orders(calls, family)]
            except (CredentialsError, ExchangeError) as error:
                _pass_over_never_funded(error)
        return found

    async def rights(self, calls: SignedCalls) -> KeyReport:
        """What the key may do, where the venue shows the list of keys to it (it needs the right to read accounts)."""
        detail = await calls.call(DETAIL, orders.AccountDetail)
        try:
            keys = await calls.call(MAIN_KEYS, list[orders.MainKey])
        except (ExchangeUnreachable, ExchangeBlocked):
            raise
        except (CredentialsError, ExchangeError):
            keys = []
        return orders.key_report(calls.secret("api_key"), keys, detail)

    async def opening(self, calls: SignedCalls) -> Opening | None:
        """The stream of the family that holds most positions: the account has one connection."""
        detail = await calls.call(DETAIL, orders.AccountDetail)
        family = await busiest_family(calls)
        messages = tuple(
            subscription(calls, number, channel, str(detail.user_id)) for number, channel in enumerate(CHANNELS, 1)
        )
        return Opening(f"{self.base_url}/{family}", messages, {"X-Gate-Size-Decimal": "1"})

    async def keep(self, calls: SignedCalls) -> None:
        """Nothing has to be prolonged."""

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Read a frame of the stream."""
        return hear_frame(frame, listing)


def families_of(listing: Listing) -> list[str]:
    """The settle families that the venue lists contracts of; all that are known before it has told."""
    listed = {instrument.settle_currency.lower() for instrument in listing.by_symbol.values()}
    return [family for family in FAMILIES if family in listed or not listed]


async def busiest_family(calls: SignedCalls) -> str:
    """The family with most open positions, the first one where none has any."""
    counts: dict[str, int] = {}
    for family in FAMILIES:
        try:
            rows = await _positions(calls, family)
        except (ExchangeUnreachable, ExchangeBlocked):
            raise
        except (CredentialsError, ExchangeError) as error:
            if family == FAMILIES[0]:
                _pass_over_never_funded(error)
            rows = []
        counts[family] = sum(row.contracts != 0 for row in rows)
    return max(counts, key=lambda family: counts[family])


def subscription(calls: SignedCalls, number: int, channel: str, user: str) -> str:
    """One signed request: HMAC-SHA512 over `channel=…&event=subscribe&time=…` (futures websocket v4, read 2026-11)."""
    seconds = calls.server_now_ms() // MILLISECONDS
    payload = {BALANCES: [user], DELEVERAGING_RANKS: [ALL_CONTRACTS]}.get(channel, [user, ALL_CONTRACTS])
    text = f"channel={channel}&event=subscribe&time={seconds}"
    signature = hmac.new(calls.secret("secret").encode(), text.encode(), hashlib.sha512).hexdigest()
    return msgspec.json.encode(
        {
            "id": number,
            "time": seconds,
            "channel": channel,
            "event": "subscribe",
            "payload": payload,
            "auth": {"method": "api_key", "KEY": calls.secret("api_key"), "SIGN": signature},
        }
    ).decode()


async def _family_answers(calls: SignedCalls, family: str) -> FamilyAnswers | None:
    try:
        account = await calls.call(ACCOUNT, FuturesAccount, {"settle": family})
        return FamilyAnswers(family, account, await _positions(calls, family))
    except (CredentialsError, ExchangeError) as error:
        _pass_over_never_funded(error)
        return None


async def _positions(calls: SignedCalls, family: str) -> list[PositionRow]:
    return await _pages(calls, POSITIONS, PositionRow, {"settle": family, "holding": "true"})


async def _pages(calls: SignedCalls, name: str, row: type[Answer], query: Mapping[str, object]) -> list[Answer]:
    """Every row of a list that is cut into pages by `limit` and `offset`: a page can be shorter than asked for."""
    rows: list[Answer] = []
    for _ in range(MOST_PAGES):
        page = await calls.call(name, list[row], {**query, "limit": PAGE_ROWS, "offset": len(rows)})  # type: ignore[valid-type]
        rows += page
        if not page:
            return rows
    raise PayloadError(f"{name}: the list has no end")


async def _trail_orders(calls: SignedCalls, family: str) -> list[orders.TrailOrder]:
    """Trailing orders, which have numbered pages and an envelope of their own."""
    found: list[orders.TrailOrder] = []
    for number in range(1, MOST_PAGES):
        query = {"settle": family, "is_finished": "false", "page_num": number, "page_size": PAGE_ROWS}
        page = (await calls.call(TRAIL_ORDERS, orders.TrailAnswer, query)).data.orders
        found += page
        if not page:
            return found
    raise PayloadError(f"{TRAIL_ORDERS}: the list has no end")


def _pass_over_never_funded(error: CredentialsError | ExchangeError) -> None:
    """Raise the error again, except where it says that the account has nothing in that family."""
    if NEVER_FUNDED not in error.message:
        raise error
