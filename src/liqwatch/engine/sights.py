"""What rules may look at beside the present figures: gathered from the feeds, remembered, handed over as `Sight`s."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from liqwatch.clock import Clock
from liqwatch.engine.book import Book
from liqwatch.engine.equity_memory import EquityMemory
from liqwatch.engine.memory import DAY, MINUTE_SECONDS, MINUTES_A_DAY, MarketMemory, PositionMemory
from liqwatch.engine.pegs import Reference, prices
from liqwatch.engine.waiting_orders import Orders, WaitingOrders
from liqwatch.margin.account_equity import account_equity
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.margin.pools import Holding
from liqwatch.margin.standing import standing_of
from liqwatch.model import AccountSnapshot, FundingRate, MarkCandle, Reading, Unknown
from liqwatch.rules.sight import NO_HISTORY, PastPosition, Sight

MOVE_WITHIN = timedelta(minutes=5)

PositionKey = tuple[str, str]
"""Account and position subject."""


@dataclass(frozen=True, slots=True)
class Recollection:
    """The port `Past` for one position of one account."""

    now: datetime
    memory: PositionMemory | None
    equity: EquityMemory | None

    def position(self, within: timedelta) -> Sequence[PastPosition]:
        """This position's samples no older than that."""
        return self.memory.within(self.now - within) if self.memory else ()

    def equity_peak(self, within: timedelta) -> float | None:
        """The greatest equity of this account within that time, transfers left out."""
        return self.equity.peak(self.now - within) if self.equity else None

    def first_seen(self) -> datetime | None:
        """When this position was first seen."""
        return self.memory.first_seen if self.memory else None


class Sights:
    """Facts by venue, market and account, and a bounded memory of the last day."""

    def __init__(self, book: Book, clock: Clock) -> None:
        """Nothing is known yet."""
        self._book = book
        self._clock = clock
        self._orders = WaitingOrders()
        self._snapshots: dict[str, AccountSnapshot] = {}
        self._funding: dict[str, Mapping[str, FundingRate]] = {}
        self._markets: dict[tuple[str, str], MarketMemory] = {}
        self._positions: dict[PositionKey, PositionMemory] = {}
        self._references: dict[str, Mapping[str, Reference]] = {}
        self._equity: dict[str, EquityMemory] = {}

    def learn_orders(self, account: str, orders: Orders) -> None:
        """The orders that wait; None: they cannot be read now."""
        self._orders.learn(account, orders, self._clock.now())

    def orders_around(self, account: str, whole_at: datetime, gone_at: datetime) -> tuple[Orders, Orders]:
        """The orders that waited while a position was whole, and those after it was gone, where they were read then."""
        return self._orders.around(account, whole_at, gone_at)

    def marks_since(self, venue: str, symbol: str, since: datetime) -> Sequence[float]:
        """The extremes of a market since then, and its present mark."""
        present = self._book.marks(venue, [symbol])
        return (*self._market(venue, symbol).extremes(since), *present.values())

    def learn_funding(self, venue: str, rates: Mapping[str, FundingRate]) -> None:
        """The funding rates in force at a venue."""
        self._funding[venue] = rates

    def learn_candles(self, venue: str, symbol: str, candles: Iterable[MarkCandle]) -> None:
        """How far a mark went in minutes that we did not see."""
        self._market(venue, symbol).learn(candles)

    def closes(self, venue: str, symbol: str) -> Sequence[tuple[float, float]]:
        """(epoch seconds, mark) of the last 24 hours."""
        return self._market(venue, symbol).closes(self._clock.now())

    def note_snapshot(self, after: AccountSnapshot, now: datetime) -> None:
        """A new answer of an account: positions first seen, positions gone, money moved in or out."""
        self._snapshots[after.account] = after
        subjects = {(after.account, position.subject) for position in after.positions}
        for key in subjects - self._positions.keys():
            self._positions[key] = PositionMemory(now)
        for key in [key for key in self._positions if key[0] == after.account and key not in subjects]:
            del self._positions[key]
        self._equity_of(after.account).saw(after)

    def note_health(self, health: PoolHealth, now: datetime) -> None:
        """The figures of a pool at this moment."""
        pool = health.pool
        self.note_marks(pool.venue, pool.symbols, now)
        for position in health.positions:
            memory = self._positions.get((pool.account, position.position.subject))
            if memory is not None:
                memory.note(_figures(health, position, now))

    def note_marks(self, venue: str, symbols: Iterable[str], now: datetime) -> None:
        """The marks of this moment."""
        for symbol, mark_price in self._book.marks(venue, symbols).items():
            self._market(venue, symbol).note(mark_price, now)

    def note_references(self, account: str, venue: str, pegs: Mapping[str, Reference], now: datetime) -> None:
        """The markets that price what an account stands on, and their marks of this moment."""
        self._references[account] = pegs
        self.note_marks(venue, [each.symbol for each in pegs.values()], now)

    def note_equity(self, snapshot: AccountSnapshot, pools: Sequence[PoolHealth], now: datetime) -> None:
        """The equity of an account, where it is known and in one currency."""
        equity = account_equity(pools, snapshot.cross_wallets)
        if not isinstance(equity, Unknown):
            self._equity_of(snapshot.account).note(*equity, now)

    def sight(
        self, health: PoolHealth, position: PositionHealth | None, options: Mapping[str, float], now: datetime
    ) -> Sight:
        """One look at a pool, or at one of its positions."""
        pool = health.pool
        market = self._markets.get((pool.venue, position.position.symbol)) if position else None
        memory = self._positions.get((pool.account, position.position.subject)) if position else None
        return Sight(
            now=now,
            pool=health,
            position=position,
            snapshot=self._snapshots.get(pool.account),
            options=options,
            past=Recollection(now, memory, self._equity.get(pool.account)),
            orders=self._orders.newest(pool.account),
            funding_rates=self._funding.get(pool.venue, {}),
            daily_volatility=_known(market.daily_volatility(now) if market else None),
            market_move=self._market_move(health, position, now),
            silent_seconds=self._silent_seconds(health, position),
        )

    def glance(
        self, health: PoolHealth, position: PositionHealth | None, options: Mapping[str, float], now: datetime
    ) -> Sight:
        """One look at the present figures only: what a rule that follows every tick may go by."""
        return Sight(now=now, pool=health, position=position, options=options)

    def account_sight(
        self, pools: Sequence[PoolHealth], snapshot: AccountSnapshot, options: Mapping[str, float], now: datetime
    ) -> Sight:
        """One look at a whole account; `pools` is not empty."""
        account, pegs = snapshot.account, self._references.get(snapshot.account, {})
        weightiest = max(pools, key=lambda health: sum(each.notional or 0.0 for each in health.positions))
        venue = weightiest.pool.venue
        return Sight(
            now=now,
            pool=weightiest,
            pools=pools,
            snapshot=snapshot,
            options=options,
            past=Recollection(now, None, self._equity.get(account)),
            orders=self._orders.newest(account),
            funding_rates=self._funding.get(venue, {}),
            peg_prices=prices(pegs, lambda symbol: self._mark(venue, symbol)),
            peg_moves=self._day_moves(venue, pegs, now),
        )

    def saved(self) -> dict[str, Any]:
        """What must survive a restart: when positions were first seen, and the equity of the day."""
        return {
            "first_seen": [[*key, memory.first_seen.isoformat()] for key, memory in self._positions.items()],
            "equity": {account: memory.saved() for account, memory in self._equity.items()},
        }

    def restore(self, saved: Mapping[str, Any], accounts: Container[str] | None = None) -> None:
        """What was remembered before a restart, of these accounts (None: of all)."""
        for account, subject, at in saved.get("first_seen", ()):
            if accounts is None or account in accounts:
                self._positions[account, subject] = PositionMemory(datetime.fromisoformat(at))
        for account, equity in saved.get("equity", {}).items():
            if accounts is None or account in accounts:
                self._equity_of(account).restore(equity)

    def forget_old(self, now: datetime) -> None:
        """Drop the markets of which nothing is known for a day: nobody holds anything there any more."""
        oldest = int(now.timestamp()) // MINUTE_SECONDS - MINUTES_A_DAY
        for key, market in list(self._markets.items()):
            if (market.newest_minute or 0) < oldest:
                del self._markets[key]

    def _mark(self, venue: str, symbol: str) -> float | None:
        return self._book.marks(venue, [symbol]).get(symbol)

    def _day_moves(self, venue: str, pegs: Mapping[str, Reference], now: datetime) -> dict[str, float]:
        """The change of each coin's price over the last 24 h, where it is remembered."""
        before = prices(pegs, lambda symbol: self._market(venue, symbol).price_before(now, DAY))
        present = prices(pegs, lambda symbol: self._mark(venue, symbol))
        return {coin: present[coin] / before[coin] - 1.0 for coin in present.keys() & before.keys()}

    def _market_move(self, health: PoolHealth, position: PositionHealth | None, now: datetime) -> Reading:
        if position is None or not position.mark_price:
            return NO_HISTORY
        market = self._markets.get((health.pool.venue, position.position.symbol))
        earlier = market.price_before(now, MOVE_WITHIN) if market else None
        return NO_HISTORY if not earlier else position.mark_price / earlier - 1.0

    def _silent_seconds(self, health: PoolHealth, position: PositionHealth | None) -> float:
        if position is None:
            return 0.0
        return self._book.mark_age_seconds(health.pool.venue, position.position.symbol, self._clock.monotonic())

    def _market(self, venue: str, symbol: str) -> MarketMemory:
        return self._markets.setdefault((venue, symbol), MarketMemory())

    def _equity_of(self, account: str) -> EquityMemory:
        return self._equity.setdefault(account, EquityMemory())


def _figures(health: PoolHealth, position: PositionHealth, now: datetime) -> PastPosition:
    distance, price = position.liquidation_distance, position.liquidation_price
    standing = standing_of(health.marked, Holding(position.position, position.instrument))
    return PastPosition(
        at=now,
        mark_price=standing.mark_price,
        liquidation_price=price if isinstance(price, float) else None,
        liquidation_distance=distance if isinstance(distance, float) else None,
        contracts=standing.contracts,
        collateral=standing.collateral,
        other_pnl=standing.other_pnl,
        maintenance_rate=standing.maintenance_rate,
    )


def _known(volatility: float | None) -> Reading:
    return NO_HISTORY if volatility is None else volatility
