"""The private side of Kraken Futures: what is asked with a key, and how the account's stream is opened and heard."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from liqwatch.clock import Clock
from liqwatch.errors import CredentialsError
from liqwatch.exchanges.payloads import kraken_futures_listing as shapes
from liqwatch.exchanges.payloads.kraken_futures_account import (
    FLEX,
    AccountsAnswer,
    OrdersAnswer,
    PositionsAnswer,
    Wallet,
    resting_order_of,
    snapshot_of,
)
from liqwatch.exchanges.payloads.kraken_futures_market import read_head
from liqwatch.exchanges.payloads.kraken_futures_pushes import FEEDS, AccountEar
from liqwatch.exchanges.payloads.kraken_futures_tiers import Exposure, Schedule, leverage_tiers, schedule_in_force
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.changes import Heard
from liqwatch.exchanges.plumbing.dialects import Opening, Ping
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.model import AccountSnapshot, LeverageTier, RestingOrder
from liqwatch.ports import KeyReport

ACCOUNTS: Final = "privateGetAccounts"
POSITIONS: Final = "privateGetOpenpositions"
ORDERS: Final = "privateGetOpenorders"
INSTRUMENTS: Final = "publicGetInstruments"
TICKERS: Final = "publicGetTickers"
ALLOWED_CALLS: Final[Mapping[str, float]] = {ACCOUNTS: 2.0, POSITIONS: 2.0, ORDERS: 2.0, INSTRUMENTS: 1.0, TICKERS: 1.0}
"""Costs out of 500 in ten seconds (Futures REST, Rate limits)."""
PATH: Final = "/ws/v1"
Row = TypeVar("Row")

RIGHTS_UNKNOWN: Final = (
    "Kraken does not say here what a key may do: make one with General API read only and no Withdrawal API"
)


@dataclass(slots=True)
class KrakenFuturesAccount:
    """One account. The venue sends a challenge, and every subscription carries its signature."""

    venue: str
    clock: Clock
    address: str
    ping: Ping | None = None
    keep_every_seconds: float | None = None
    says_ready: bool = True
    ear: AccountEar = field(default_factory=AccountEar)
    _subscriptions: Callable[[str], tuple[str, ...]] = field(default=lambda _: (), repr=False)

    async def read_account(self, account: str, calls: SignedCalls, listing: Listing, now: datetime) -> AccountSnapshot:
        """Every wallet and every position; neither answer has pages.

        Raises:
            PayloadError: an answer does not tell what it must.
        """
        positions = await calls.call(POSITIONS, PositionsAnswer)
        accounts = await calls.call(ACCOUNTS, AccountsAnswer)
        snapshot = snapshot_of((account, self.venue), accounts, positions, listing, now)
        self.ear.learn(snapshot)
        return snapshot

    async def leverage_tiers(
        self, calls: SignedCalls, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """Tiers of the margin schedule that the account's own maintenance margins prove it to be under.

        Empty where nothing is held or no schedule explains them: everybody's tiers stand.
        """
        positions = await calls.call(POSITIONS, PositionsAnswer)
        if not positions.held or not native_symbols:
            return {}
        accounts = await calls.call(ACCOUNTS, AccountsAnswer)
        contracts = readable((await calls.call(INSTRUMENTS, ListedContracts)).instruments, shapes.Contract)
        rows = readable((await calls.call(TICKERS, TickerRows)).tickers, shapes.TickerRow)
        marks = {row.symbol.upper(): row.mark_price for row in rows if row.mark_price}
        schedules = schedules_of([each for each in contracts if each.kind in shapes.FUTURES], marks)
        found = schedule_in_force(schedules, pools_of(accounts, positions, listing, marks)) or {}
        return {listing.unified(native): found[native] for native in native_symbols if found.get(native)}

    async def resting_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        """Limits, stops, take-profits and trailing stops in one answer."""
        return [resting_order_of(row, listing) for row in (await calls.call(ORDERS, OrdersAnswer)).rows]

    async def rights(self, calls: SignedCalls) -> KeyReport:
        """The venue does not say; a key that is refused altogether is found out."""
        await calls.call(ORDERS, OrdersAnswer)
        return KeyReport(note=RIGHTS_UNKNOWN)

    async def opening(self, calls: SignedCalls) -> Opening | None:
        """Ask for a challenge.

        Raises:
            CredentialsError: the secret is not the base64 text that the venue hands out.
        """
        key, secret = calls.secret("api_key"), signing_key(calls.secret("secret"))
        self._subscriptions = lambda challenge: subscriptions(key, secret, challenge)
        return Opening(self.address + PATH, (_text({"event": "challenge", "api_key": key}),))

    async def keep(self, calls: SignedCalls) -> None:
        """Nothing has to be prolonged."""

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Answer the challenge; leave the rest to the ear."""
        try:
            head = read_head(frame)
        except UNREADABLE:
            return Heard(rejected="undecodable")
        if head.event == "challenge" and head.message:
            return Heard(replies=self._subscriptions(head.message))
        return self.ear.hear(frame, listing, self.clock.now())


class ListedContracts(msgspec.Struct, frozen=True):
    """`/instruments`."""

    instruments: list[object]


class TickerRows(msgspec.Struct, frozen=True):
    """`/tickers`."""

    tickers: list[object]


def readable(rows: Sequence[object], kind: type[Row]) -> list[Row]:
    """The rows that are as documented: an odd one blinds nobody."""
    found: list[Row] = []
    for row in rows:
        with suppress(msgspec.ValidationError):
            found.append(msgspec.convert(row, kind, strict=False))
    return found


def signing_key(secret: str) -> bytes:
    """The bytes behind the secret. Raises CredentialsError."""
    try:
        return base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        raise CredentialsError("the secret is not the base64 text that Kraken hands out") from None


def signed_challenge(secret: bytes, challenge: str) -> str:
    """HMAC-SHA512 over the SHA-256 of the challenge, base64 (Futures websocket, Challenge, 2026-05)."""
    digest = hashlib.sha256(challenge.encode()).digest()
    return base64.b64encode(hmac.new(secret, digest, hashlib.sha512).digest()).decode()


def subscriptions(key: str, secret: bytes, challenge: str) -> tuple[str, ...]:
    """A signed subscription to every feed."""
    signed = {"api_key": key, "original_challenge": challenge, "signed_challenge": signed_challenge(secret, challenge)}
    return tuple(_text({"event": "subscribe", "feed": feed, **signed}) for feed in FEEDS)


def schedules_of(contracts: Sequence[shapes.Contract], marks: Mapping[str, float]) -> list[Schedule]:
    """Schedules to choose from, the likeliest and dearest reading of each first: professional, then retail."""
    return [
        {
            each.native_symbol: leverage_tiers(
                each.retail_levels if is_retail else each.levels,
                shapes.unit_value(each, marks.get(each.native_symbol)) or 0.0,
                stepwise=stepwise,
            )
            for each in contracts
        }
        for is_retail in (False, True)
        for stepwise in (False, True)
    ]


def pools_of(
    accounts: AccountsAnswer, positions: PositionsAnswer, listing: Listing, marks: Mapping[str, float]
) -> list[tuple[float, list[Exposure]]]:
    """The maintenance margin stated of each wallet, and the positions in it."""
    held: dict[str, list[Exposure]] = {}
    for row in positions.held:
        instrument, mark_price = listing.by_native.get(row.native_symbol), marks.get(row.native_symbol)
        if instrument is None or mark_price is None:
            return []
        inverse = instrument.settle_currency != shapes.QUOTE
        value = row.contracts * instrument.contract_size * (1 / mark_price if inverse else mark_price)
        held.setdefault(instrument.settle_currency, []).append(Exposure(row.native_symbol, value))
    flex = accounts.accounts.get(FLEX, Wallet())
    stated = {shapes.currency(wallet.currency): wallet.requirements.maintenance for _, wallet in accounts.inverse}
    stated[shapes.QUOTE] = flex.maintenance or 0.0
    return [(stated.get(coin, 0.0), exposures) for coin, exposures in held.items()]


def _text(document: Mapping[str, object]) -> str:
    return msgspec.json.encode(document).decode()
