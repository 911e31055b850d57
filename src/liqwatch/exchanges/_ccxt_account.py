"""The private side of an account at a venue that is reached through ccxt: asked over REST, read only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

import structlog

from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, ExchangeUnreachable, PayloadError
from liqwatch.exchanges._ccxt_market import CcxtMarket, tiers_through
from liqwatch.exchanges._ccxt_venues import CcxtVenue
from liqwatch.exchanges.payloads import ccxt_unified as read
from liqwatch.exchanges.plumbing.ccxt_unified import UnifiedSession, UnifiedSetup
from liqwatch.exchanges.plumbing.venue import CCXT_NAMES
from liqwatch.model import (
    AccountSnapshot,
    Instrument,
    LeverageTier,
    MarginMode,
    Position,
    RestingOrder,
    SnapshotSource,
)
from liqwatch.ports import AccountOptions, KeyReport, VenueOptions

UNSAID = "the venue does not say what this key may do"
NEEDS_SYMBOL = "ArgumentsRequired"
MILLISECONDS = 1000

log = structlog.get_logger(__name__)


class CcxtAccount:
    """One account, read only."""

    def __init__(self, venue: CcxtVenue, options: VenueOptions, account: AccountOptions, market: CcxtMarket) -> None:
        """No I/O yet.

        Raises:
            CredentialsError: a part of the key is missing, or the venue cannot be read with what liqwatch takes.
        """
        path = f"accounts.{account.account}"
        if venue.no_key:
            raise CredentialsError(f"{options.venue} {venue.no_key}", path=path, mend="type the positions in")
        missing = [name for name in venue.credentials if not account.credentials.get(name)]
        if missing:
            raise CredentialsError(f"missing: {', '.join(missing)}", path=path)
        self.account = account.account
        self._traits = venue
        self._options = options
        self._clock = options.clock
        self._market = market
        self._session = UnifiedSession(
            UnifiedSetup(
                exchange_id=venue.exchange_id,
                credentials={CCXT_NAMES[name]: value for name, value in account.credentials.items()},
                needless=venue.needless,
                options=venue.options,
                sandbox=options.sandbox,
                rest_url=options.rest_url,
                websocket_url=options.websocket_url,
            ),
            options.clock,
        )
        self._reading = asyncio.Lock()
        self._answering: set[int] = set()
        self._told: set[str] = set()
        self._held: tuple[str, ...] = ()
        self._closed = asyncio.Event()

    async def snapshot(self) -> AccountSnapshot:
        """The whole account, asked over REST.

        Raises:
            CredentialsError: the key is refused.
            PayloadError: an answer lacks what a position needs; nothing of it is used.
            ExchangeError: the venue could not be asked.
        """
        async with self._reading:
            instruments = await self._learn()
            now = self._clock.now()
            positions = await self._positions()
            wallets = await self._wallets(positions, instruments)
            self._held = tuple({position.symbol for position in positions})
            return AccountSnapshot(
                account=self.account,
                venue=self._options.venue,
                positions=tuple(positions),
                cross_wallets=wallets,
                as_of=now,
                source=SnapshotSource.REST,
            )

    async def _learn(self) -> Mapping[str, Instrument]:
        instruments = await self._market.instruments()
        await self._session.listing_from(self._market.session)
        return instruments

    async def _positions(self) -> list[Position]:
        positions = read.positions_of(await self._session.ask("fetch_positions"), self._traits.positions)
        for index, parameters in enumerate(self._traits.families):
            positions += await self._family(index, parameters)
        return list({position.subject: position for position in positions}.values())

    async def _family(self, index: int, parameters: Mapping[str, object]) -> list[Position]:
        """One more kind of contracts. Once it has answered, it must; an account may have no access to it at all."""
        try:
            rows = await self._session.ask("fetch_positions", None, dict(parameters))
        except (ExchangeUnreachable, ExchangeBlocked):
            raise
        except (ExchangeError, CredentialsError) as error:
            if index in self._answering:
                raise
            self._tell("positions_not_read", f"{dict(parameters)}: {error.message}")
            return []
        self._answering.add(index)
        return read.positions_of(rows, self._traits.positions)

    async def _wallets(self, positions: Sequence[Position], instruments: Mapping[str, Instrument]) -> dict[str, float]:
        """The cross wallet of each currency in which cross positions settle, as far as the balance tells it.

        A total also holds what is assigned to isolated positions, so with one of those in a currency it tells nothing.
        """
        wallet = self._traits.wallet
        settle = {
            position.subject: instruments[position.symbol].settle_currency
            for position in positions
            if position.symbol in instruments
        }
        modes = [(settle.get(each.subject, ""), each.margin_mode) for each in positions]
        mixed = {currency for currency, mode in modes if mode is MarginMode.ISOLATED}
        wanted = {currency for currency, mode in modes if mode is MarginMode.CROSS and currency} - mixed
        if wallet is None or not wanted:
            return {}
        balance = await self._session.ask("fetch_balance", dict(wallet.parameters))
        totals = {currency: read.total_of(balance, currency) for currency in wanted}
        if wallet.includes_pnl:
            for position in positions:
                currency = settle.get(position.subject, "")
                profit = _profit(position, instruments.get(position.symbol))
                total = totals.get(currency)
                if total is not None:
                    totals[currency] = None if profit is None else total - profit
        return {currency: total for currency, total in totals.items() if total is not None}

    async def changes(self) -> AsyncIterator[AccountSnapshot]:
        """Nothing is pushed: the account is asked again and again instead."""
        await self._closed.wait()
        nothing: tuple[AccountSnapshot, ...] = ()
        for snapshot in nothing:
            yield snapshot

    async def leverage_tiers(self, symbols: Collection[str]) -> Mapping[str, tuple[LeverageTier, ...]]:
        """The leverage tiers of these markets, as far as ccxt tells them.

        Raises:
            ExchangeError: the venue could not be asked.
        """
        instruments = await self._learn()
        known = [symbol for symbol in symbols if symbol in instruments]
        try:
            return await tiers_through(self._session, self._traits, known)
        except (ExchangeUnreachable, ExchangeBlocked):
            raise
        except (ExchangeError, CredentialsError) as error:
            self._tell("leverage_tiers_not_told", error.message)
            return {}

    async def resting_orders(self) -> Sequence[RestingOrder]:
        """The orders that wait; where ccxt needs a market, those in the markets held.

        Raises:
            CredentialsError: the key may not read orders.
            ExchangeError: the venue could not be asked.
        """
        await self._learn()
        if not await self._session.offers("fetchOpenOrders"):
            return ()
        try:
            rows = list(await self._session.ask("fetch_open_orders"))
        except ExchangeError as error:
            if NEEDS_SYMBOL not in error.message:
                raise
            rows = [row for symbol in self._held for row in await self._session.ask("fetch_open_orders", symbol)]
        orders = (read.order_of(row) for row in rows)
        return [order for order in orders if order is not None]

    async def probe(self) -> KeyReport:
        """Clock skew where the venue tells its time; what the key may do is not told through ccxt.

        Raises:
            ExchangeError: the venue could not be asked.
        """
        if not await self._session.offers("fetchTime"):
            return KeyReport(note=UNSAID)
        before, started = self._clock.now(), self._clock.monotonic()
        server_ms = read.number(await self._session.ask("fetch_time"))
        if server_ms is None:
            raise PayloadError("fetch_time: no time in the answer")
        half_trip_ms = (self._clock.monotonic() - started) * MILLISECONDS / 2
        skew_ms = server_ms - (before.timestamp() * MILLISECONDS + half_trip_ms)
        await self._session.sign_by_clock_of_venue(skew_ms)
        return KeyReport(note=UNSAID, clock_skew_ms=skew_ms)

    async def close(self) -> None:
        """Give back the session."""
        self._closed.set()
        await self._session.close()

    def _tell(self, event: str, why: str) -> None:
        if why not in self._told:
            self._told.add(why)
            log.warning(event, account=self.account, venue=self._options.venue, why=why)


def _profit(position: Position, instrument: Instrument | None) -> float | None:
    """Unrealised PnL in settle currency at the mark of the same answer; None where that is not told."""
    mark = position.reported_mark_price
    if instrument is None or mark is None:
        return None
    count = position.side.value * position.contracts * instrument.contract_size
    if instrument.contract_kind.value == "inverse":
        return count * (1.0 / position.entry_price - 1.0 / mark)
    return count * (mark - position.entry_price)
