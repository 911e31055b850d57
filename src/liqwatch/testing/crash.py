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
from dataclasses import replace

from liqwatch.clock import Clock
from liqwatch.model import Side
from liqwatch.testing import crash_path
from liqwatch.testing.story import STORY_FRAMES, STORY_SECONDS, Approach, approaches_of, closest_of, play_story
from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import PERPETUALS, VenueMarket
from liqwatch.testing.venue.simulator import VenueSimulator

MAIN_KEY = "demo-main-key"
MAIN_SECRET = "demo-main-secret"  # noqa: S105 - opens the simulator only
FUND_KEY = "demo-fund-key"
FUND_SECRET = "demo-fund-secret"  # noqa: S105 - opens the simulator only
ACCOUNT_NAMES = {MAIN_KEY: "main", FUND_KEY: "fund"}
FUND_WALLET = 99_500.0
"""USDT; tuned so that the coupled pair comes within a few per cent of liquidation and no nearer."""


class CrashStory:
    """Markets, accounts and price path. Every call of `accounts` gives fresh ones."""

    exchange = "binance_usdm"
    account_names = ACCOUNT_NAMES

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

    def closest_approaches(self, frames: int = STORY_FRAMES) -> tuple[Approach, ...]:
        """The whole story computed with the venue's own arithmetic, without a socket."""
        return closest_of(self, frames)

    def approaches(self, frames: int) -> Iterator[Approach]:
        """Every position at every frame, in the order of time."""
        yield from approaches_of(self, frames)


async def play(venue: VenueSimulator, clock: Clock, seconds: float = STORY_SECONDS) -> None:
    """Drive the venue through the story in `seconds`."""
    await play_story(CrashStory(), venue, clock, seconds)


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
