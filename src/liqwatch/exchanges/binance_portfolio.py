"""Binance Portfolio Margin: USDⓈ-M marks, and an account that is watched by the venue's own ratio."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError
from liqwatch.exchanges import _binance as binance
from liqwatch.exchanges._binance_account import KEEP_EVERY_SECONDS, RESTRICTIONS, read_rights
from liqwatch.exchanges.binance_usdm import FAMILY, LIVE, VENUE
from liqwatch.exchanges.payloads.binance_account import ListenKeyAnswer, leverage_tiers_of, read_brackets
from liqwatch.exchanges.payloads.binance_orders import AlgoOrderRow, OrderRow, resting_order, waking_order
from liqwatch.exchanges.payloads.binance_portfolio import (
    PortfolioAnswer,
    PortfolioAnswers,
    PortfolioPositionRow,
    heard_in,
    snapshot_of,
)
from liqwatch.exchanges.payloads.binance_snapshot import Owner
from liqwatch.exchanges.plumbing.changes import Heard
from liqwatch.exchanges.plumbing.dialects import Opening, Ping
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.signed_calls import SignedCalls
from liqwatch.exchanges.plumbing.venue import adapter_of
from liqwatch.model import AccountSnapshot, LeverageTier, RestingOrder
from liqwatch.ports import Grade, KeyReport, VenueCard

EXCHANGE = "binance_portfolio"
ACCOUNT = "papiGetAccount"
LINEAR_POSITIONS = "papiGetUmPositionRisk"
INVERSE_POSITIONS = "papiGetCmPositionRisk"
BRACKETS = "papiGetUmLeverageBracket"
OPEN_ORDERS = "papiGetUmOpenOrders"
OPEN_ALGO_ORDERS = "papiGetUmAlgoOpenAlgoOrders"
MAKE_LISTEN_KEY, KEEP_LISTEN_KEY = "papiPostListenKey", "papiPutListenKey"
TIME = FAMILY.call("PublicGetTime")
"""`papi` has no clock of its own."""
CALLS = {
    ACCOUNT: 20.0,
    LINEAR_POSITIONS: 5.0,
    INVERSE_POSITIONS: 1.0,
    BRACKETS: 1.0,
    OPEN_ORDERS: 40.0,
    OPEN_ALGO_ORDERS: 40.0,
    MAKE_LISTEN_KEY: 1.0,
    KEEP_LISTEN_KEY: 1.0,
    TIME: 1.0,
    RESTRICTIONS: 1.0,
}
"""By weight. The two that are no GET make and prolong a listen key."""


@dataclass(slots=True)
class PortfolioAccountDialect:
    """How a portfolio margin account is asked and how its stream speaks."""

    venue: str
    hosts: Hosts
    ping: Ping | None = None
    keep_every_seconds: float | None = KEEP_EVERY_SECONDS
    says_ready: bool = False

    async def read_account(self, account: str, calls: SignedCalls, listing: Listing, now: datetime) -> AccountSnapshot:
        """Positions first and the ratio last, so that it holds them; the venue answers each list whole."""
        linear = await calls.call(LINEAR_POSITIONS, list[PortfolioPositionRow])
        inverse = await calls.call(INVERSE_POSITIONS, list[PortfolioPositionRow])
        answer = await calls.call(ACCOUNT, PortfolioAnswer)
        answers = PortfolioAnswers(account=answer, linear=linear, inverse=inverse)
        return snapshot_of(Owner(account=account, venue=self.venue), answers, listing, now)

    async def leverage_tiers(
        self, calls: SignedCalls, listing: Listing, native_symbols: Collection[str]
    ) -> Mapping[str, tuple[LeverageTier, ...]]:
        """The account's own brackets of every USDⓈ-M market in one answer."""
        del native_symbols
        return {
            listing.by_native[answer.symbol].symbol: leverage_tiers_of(answer)
            for answer in read_brackets(await calls.call(BRACKETS, object))
            if answer.symbol in listing.by_native
        }

    async def resting_orders(self, calls: SignedCalls, listing: Listing) -> Sequence[RestingOrder]:
        """USDⓈ-M orders, plain and conditional."""
        plain = await calls.call(OPEN_ORDERS, list[OrderRow])
        waking = await calls.call(OPEN_ALGO_ORDERS, list[AlgoOrderRow])
        return [*(resting_order(row, listing) for row in plain), *(waking_order(row, listing) for row in waking)]

    async def rights(self, calls: SignedCalls) -> KeyReport:
        """What the key may do; where the venue does not say, at least whether the key is good."""
        try:
            return await read_rights(calls)
        except ExchangeBlocked:
            raise
        except (ExchangeError, CredentialsError) as error:
            await calls.call(ACCOUNT, PortfolioAnswer)
            return KeyReport(note=f"permissions not verified: {error.message}")

    async def opening(self, calls: SignedCalls) -> Opening | None:
        """A listen key that is good now; the venue gives the same one again while it lives."""
        answer = await calls.call(MAKE_LISTEN_KEY, ListenKeyAnswer)
        return Opening(f"{self.hosts.private}/pm/ws/{answer.listen_key}")

    async def keep(self, calls: SignedCalls) -> None:
        """Good for another hour."""
        await calls.call(KEEP_LISTEN_KEY, dict)

    def hear(self, frame: bytes, listing: Listing) -> Heard:
        """Decode a frame."""
        return heard_in(frame, listing)


ADAPTER = adapter_of(
    replace(
        VENUE,
        exchange=EXCHANGE,
        title="Binance Portfolio Margin",
        card=VenueCard(
            grade=Grade.GOLD,
            mark_source="stream markPrice@1s of USDⓈ-M, all-market array from 40 markets",
            account_stream="user data: USDⓈ-M and COIN-M positions, margin assets, risk level changes",
            tiers="leverage brackets of USDⓈ-M, with a key",
            verified="account answer and risk level by documentation; one position and one account update captured",
            missing=(
                "uniMMR is as fresh as the last REST read; COIN-M positions are named without a mark, "
                "and their orders are not read; no real risk level change has been seen"
            ),
        ),
        addresses=Addresses(live=LIVE),
        marks=lambda options, hosts: binance.BinanceMarkDialect(options.venue, hosts, FAMILY, tells_liquidations=True),
        account=lambda options, hosts: PortfolioAccountDialect(options.venue, hosts),
        allowed_calls=CALLS,
        time_call=TIME,
    )
)
