"""The demo's story: two accounts, seven positions, one crash and its recovery.

Positions were opened earlier, at prices of their own, so that nothing is near danger at the start:

==========================  =================================================================
main, hedge mode            BTC isolated long (one warning), ETH isolated twins (the long goes
                            critical, the short is never in danger), SOL isolated short (a
                            notice when the rebound overshoots), BNB cross long (far from danger)
fund, one-way mode          XRP and DOGE cross longs on one USDT wallet: each loss eats the
                            other's margin, and a gap takes both straight to emergency
==========================  =================================================================

Nobody is liquidated, and at the end every market is back beyond the levels at which alerts clear.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from liqwatch.clock import Clock
from liqwatch.model import Side
from liqwatch.testing import crash_path
from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.markets import PERPETUALS, VenueMarket
from liqwatch.testing.venue.server import BinanceVenue

MAIN_KEY = "demo-main-key"
MAIN_SECRET = "demo-main-secret"  # noqa: S105 - opens the simulator only
FUND_KEY = "demo-fund-key"
FUND_SECRET = "demo-fund-secret"  # noqa: S105 - opens the simulator only
ACCOUNT_NAMES = {MAIN_KEY: "main", FUND_KEY: "fund"}
FRAMES_PER_SECOND = 20
STORY_SECONDS = 25.0
FUND_WALLET = 99_500.0
"""USDT; tuned so that the coupled pair comes within a few per cent of liquidation and no nearer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """How near one position comes to its liquidation price, at which point of the story.

    `distance` and `last_distance` (at the end) are fractions of the mark; None when no price liquidates it.
    """

    account: str
    native_symbol: str
    side: Side
    distance: float | None
    progress: float
    mark_price: float
    liquidation_price: float | None
    last_distance: float | None


class CrashStory:
    """Markets, accounts and price path. Every call of `accounts` gives fresh ones."""

    @property
    def markets(self) -> tuple[VenueMarket, ...]:
        """The story's markets at their first price."""
        return tuple(
            replace(market, mark_price=self.price(market.native_symbol, 0.0))
            for market in PERPETUALS
            if market.native_symbol in crash_path.LEVELS
        )

    def price(self, native_symbol: str, progress: float) -> float:
        """Mark price (quote currency) at `progress` 0 … 1."""
        return crash_path.price(native_symbol, progress)

    def accounts(self) -> tuple[VenueAccount, VenueAccount]:
        """`main` and `fund`, as they stand before the crash."""
        main = VenueAccount(
            api_key=MAIN_KEY,
            secret=MAIN_SECRET,
            is_hedge_mode=True,
            cross_wallets={"USDT": 30_000.0},
            positions=_main_positions(),
        )
        fund = VenueAccount(
            api_key=FUND_KEY, secret=FUND_SECRET, cross_wallets={"USDT": FUND_WALLET}, positions=_fund_positions()
        )
        return main, fund

    def closest_approaches(self, frames: int = int(STORY_SECONDS * FRAMES_PER_SECOND)) -> tuple[Approach, ...]:
        """The whole story computed with the venue's own arithmetic, without a socket."""
        closest: dict[tuple[str, str, Side], Approach] = {}
        for approach in self.approaches(frames):
            key = (approach.account, approach.native_symbol, approach.side)
            nearest = closest.get(key, approach)
            if _nearness(approach) < _nearness(nearest):
                nearest = approach
            closest[key] = replace(nearest, last_distance=approach.distance)
        return tuple(closest.values())

    def approaches(self, frames: int) -> Iterator[Approach]:
        """Every position at every frame, in the order of time."""
        book = VenueBook(self.markets, self.accounts())
        for frame in range(frames + 1):
            progress = frame / frames
            for symbol in book.markets:
                book.mark_prices[symbol] = self.price(symbol, progress)
            for account in book.accounts.values():
                for position in account.positions:
                    yield _approach(book, account, position, progress)


async def play(venue: BinanceVenue, clock: Clock, seconds: float = STORY_SECONDS) -> None:
    """Drive the venue through the story in `seconds`, publishing 20 times a second."""
    story = CrashStory()
    started = clock.monotonic()
    progress = 0.0
    while progress < 1.0:
        progress = min((clock.monotonic() - started) / seconds, 1.0)
        for symbol in crash_path.LEVELS:
            venue.set_price(symbol, story.price(symbol, progress))
        await venue.publish()
        await clock.sleep(1 / FRAMES_PER_SECOND)


def _main_positions() -> list[VenuePosition]:
    return [
        _isolated("BTCUSDT", Side.LONG, contracts=0.8, entry_price=97_500.0, leverage=10, wallet=7_800.0),
        _isolated("ETHUSDT", Side.LONG, contracts=15.0, entry_price=3_500.0, leverage=10, wallet=5_250.0),
        _isolated("ETHUSDT", Side.SHORT, contracts=5.0, entry_price=4_450.0, leverage=2, wallet=11_125.0),
        _isolated("SOLUSDT", Side.SHORT, contracts=120.0, entry_price=232.0, leverage=4, wallet=6_960.0),
        _cross("BNBUSDT", contracts=10.0, entry_price=1_180.0, leverage=2),
    ]


def _fund_positions() -> list[VenuePosition]:
    return [
        _cross("XRPUSDT", contracts=80_000.0, entry_price=2.62, leverage=5),
        _cross("DOGEUSDT", contracts=540_000.0, entry_price=0.231, leverage=5),
    ]


def _isolated(
    native_symbol: str, side: Side, *, contracts: float, entry_price: float, leverage: int, wallet: float
) -> VenuePosition:
    return VenuePosition(
        native_symbol=native_symbol,
        side=side,
        contracts=contracts,
        entry_price=entry_price,
        leverage=leverage,
        isolated_wallet=wallet,
    )


def _cross(native_symbol: str, *, contracts: float, entry_price: float, leverage: int) -> VenuePosition:
    return VenuePosition(
        native_symbol=native_symbol, side=Side.LONG, contracts=contracts, entry_price=entry_price, leverage=leverage
    )


def _approach(book: VenueBook, account: VenueAccount, position: VenuePosition, progress: float) -> Approach:
    figures = book.figures(account, position)
    liquidation = figures.liquidation_price
    distance = None
    if liquidation is not None:
        distance = position.side.value * (figures.mark_price - liquidation) / figures.mark_price
    return Approach(
        account=ACCOUNT_NAMES[account.api_key],
        native_symbol=position.native_symbol,
        side=position.side,
        distance=distance,
        progress=progress,
        mark_price=figures.mark_price,
        liquidation_price=liquidation,
        last_distance=distance,
    )


def _nearness(approach: Approach) -> float:
    return float("inf") if approach.distance is None else approach.distance
