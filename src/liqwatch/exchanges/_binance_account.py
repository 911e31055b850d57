"""The private side of Binance futures: two signed answers make the whole, a listen key opens the stream."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError
from liqwatch.exchanges import _binance as public
from liqwatch.exchanges._binance import Family
from liqwatch.exchanges.payloads.binance_account import (
    AccountAnswer,
    ListenKeyAnswer,
    MultiAssetsAnswer,
    PositionRow,
    RestrictionsAnswer,
    leverage_tiers_of,
    read_brackets,
    read_user_event,
)
from liqwatch.exchanges.payloads.binance_events import heard_of
from liqwatch.exchanges.payloads.binance_orders import AlgoOrderRow, OrderRow, resting_order, waking_order
from liqwatch.exchanges.payloads.binance_snapshot import Owner, snapshot_of
from liqwatch.exchanges.plumbing.changes import Heard
from liqwatch.exchanges.plumbing.dialects import Opening, Ping
from liqwatch.exchanges.plumbing.hosts import Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.model import AccountSnapshot, LeverageTier, RestingOrder
from liqwatch.ports import KeyReport

MULTI_ASSETS = "fapiPrivateGetMultiAssetsMargin"
RESTRICTIONS = "sapiGetAccountApiRestrictions"
MODE_LASTS = timedelta(minutes=10)
KEEP_EVERY_SECONDS = 1800.0
"""A listen key lives for an hour."""

log = structlog.get_logger(__name__)


def allowed_calls(family: Family) -> dict[str, float]:
    """Everything that is ever asked with a key, by weight. The two that are no GET make and prolong a listen key."""
    calls = {
        family.account: 5.0,
        family.positions: 5.0,
        family.brackets: 1.0,
        family.call("PrivateGetOpenOrders"): 40.0,
        family.call("PrivateGetOpenAlgoOrders"): 40.0,
        family.call("PrivatePostListenKey"): 1.0,
        family.call("PrivatePutListenKey"): 1.0,
        family.call("PublicGetTime"): 1.0,
        RESTRICTIONS: 1.0,
    }
    return calls | ({MULTI_ASSETS: 30.0} if family is public.USD_MARGINED else {})


async def read_rights(calls: SignedCalls) -> KeyReport:
    """What the venue's own page says that the key may do. Raises as `SignedCalls.call`."""
    rights = await calls.call(RESTRICTIONS, RestrictionsAnswer)
    return KeyReport(
        can_withdraw=rights.withdrawals,
        can_transfer=rights.internal_transfer or rights.universal_transfer,
        can_trade=rights.can_trade,
        is_ip_bound=rights.is_ip_bound,
        expires_at=rights.expires_at,
    )


@dataclass(slots=True)
class BinanceAccountDialect:
    """How Binance is asked and how its user-data stream speaks."""

    venue: str
    hosts: Hosts
    family: Family = public.USD_MARGINED
    is_routed: bool = True
    ping: Ping | None = None
    keep_every_seconds: float | None = KEEP_EVERY_SECONDS
    says_ready: bool = False
    _is_multi_asset: bool = False
    _mode_known_at: datetime | None = None
    _told: set[str] = field(default_factory=set)

    async def read_account(self, account: str, calls: SignedCalls, listing: Listing, now: datetime) -> AccountSnapshot:
        """Positions and wallets; the venue answers each list whole."""
        await self._learn_mode(calls, now)
        rows = await calls.call(self.family.positions, list[PositionRow])
        answer = await calls.call(self.family.account, AccountAnswer)
        owner = Owner(account=account, venue=self.venue)
        return snapshot_of(owner, answer, rows, listing.by_native, is_multi_asset=self._is_multi_asset, as_of=now)

    async def _learn_mode(self, calls: SignedCalls, now: datetime) -> None:
        """Multi-assets mode, asked rarely. When it cannot be asked, what was known last stands."""
        is_known = self._mode_known_at is not None and now - self._mode_known_at < MODE_LASTS
        if is_known or self.family is not public.USD_MARGINED:
            return
        try:
            answer = await calls.call(MULTI_ASSETS, MultiAssetsAnswer)
        except ExchangeBlocked:
            raise
        except ExchangeError as error:
            if "mode" not in self._told:
                self._told.add("mode")
                log.warning("multi_assets_mode_unknown", venue=self.venue, why=error.message)
        else:
            self._is_multi_asset = answer.is_multi_asset
            self._mode_known_at = now

    async def leverage_tiers(
        self, calls: SignedCalls, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """The account's own brackets of every market in one answer; markets that are not listed are left out."""
        del native_symbols
        answers = read_brackets(await calls.call(self.family.brackets, object))
        return {
            listing.by_native[answer.symbol].symbol: leverage_tiers_of(answer)
            for answer in answers
            if answer.symbol in listing.by_native
        }

    async def resting_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        """Plain orders, and since 2025-12 the conditional ones on a list of their own."""
        plain = await calls.call(self.family.call("PrivateGetOpenOrders"), list[OrderRow])
        waking = await calls.call(self.family.call("PrivateGetOpenAlgoOrders"), list[AlgoOrderRow])
        return [
            *(resting_order(row, listing) for row in plain),
            *(waking_order(row, listing) for row in waking),
        ]

    async def rights(self, calls: SignedCalls) -> KeyReport:
        """What the key may do. Test nets and simulators without that page: whether it is good is asked elsewhere."""
        try:
            return await read_rights(calls)
        except ExchangeBlocked:
            raise
        except (ExchangeError, CredentialsError) as error:
            await calls.call(self.family.account, AccountAnswer)
            return KeyReport(note=f"permissions not verified: {error.message}")

    async def opening(self, calls: SignedCalls) -> Opening | None:
        """A listen key that is good now; the venue gives the same one again while it lives."""
        answer = await calls.call(self.family.call("PrivatePostListenKey"), ListenKeyAnswer)
        return Opening(public.private_url(self.hosts, answer.listen_key, is_routed=self.is_routed))

    async def keep(self, calls: SignedCalls) -> None:
        """Good for another hour."""
        await calls.call(self.family.call("PrivatePutListenKey"), dict)

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Decode a frame. After a change of settings the mode is asked anew."""
        event = read_user_event(frame)
        heard = heard_of(event, listing)
        if any(event for event in heard.events if getattr(event, "why", "") == "settings"):
            self._mode_known_at = None
        return heard
