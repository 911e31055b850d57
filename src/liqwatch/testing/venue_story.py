"""The demo's story at any venue: two cross longs on one wallet fall together, each eating the other's margin.

The wallet is found by bisection with the simulator's arithmetic, so that at the low both stand a fixed distance before
liquidation: critical, and nobody liquidated. Coupled as they are, both are far from danger before and after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from liqwatch.model import Side
from liqwatch.testing import crash_path
from liqwatch.testing.story import STORY_FRAMES, Approach, closest_of
from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.wires import load_wire

ACCOUNT_NAME = "main"
ADDRESS = "0x5e" + "0d" * 19
"""The account's key everywhere; it has the shape of a wallet's address, which some venues ask for."""
SECRET = "ZGVtby1zZWNyZXQtZm9yLXRoZS1zaW11bGF0b3I="  # noqa: S105 - opens the simulator only
"""In base64, as some venues give theirs."""
PASSPHRASE = "demo-passphrase"  # noqa: S105 - opens the simulator only
LEADER = "BTCUSDT"
"""Every market moves as this one does."""
POSITION_DOLLARS = 20_000.0
LEVERAGE = 5
CLOSEST_DISTANCE = 0.06
"""Between the default levels of critical (0.08) and emergency (0.04)."""
POOLED_ONLY = frozenset({"bybit"})
"""Where cross margin exists only in the account that pools all assets."""
SEARCH_STEPS = 60
POSITIONS = 2


class VenueStory:
    """One account at one venue; every call of `accounts` gives a fresh one."""

    def __init__(self, exchange: str) -> None:
        """Raises UnknownPart for an exchange that the simulator does not know."""
        self.exchange = exchange
        self._listed = load_wire(exchange).markets

    @property
    def account_names(self) -> Mapping[str, str]:
        """The one account."""
        return {ADDRESS: ACCOUNT_NAME}

    @property
    def markets(self) -> Sequence[VenueMarket]:
        """All that the venue lists: those without a position move as well."""
        return self._listed

    def price(self, native_symbol: str, progress: float) -> float:
        """Mark price (quote currency) at `progress` 0 … 1. Raises KeyError for a market that is not listed."""
        start = {market.native_symbol: market.mark_price for market in self._listed}[native_symbol]
        return start * _share_of_start(progress)

    def accounts(self) -> Sequence[VenueAccount]:
        """The account as it stands before the crash."""
        return [self._account(self._wallet)]

    def closest_approaches(self) -> Sequence[Approach]:
        """See `Story`."""
        return closest_of(self, STORY_FRAMES)

    @cached_property
    def held(self) -> Sequence[VenueMarket]:
        """The first two linear markets; where all are inverse, the first two that one wallet carries."""
        linear = [market for market in self._listed if not market.is_inverse] or list(self._listed)
        return [market for market in linear if market.margin_asset == linear[0].margin_asset][:POSITIONS]

    @cached_property
    def _wallet(self) -> float:
        """Margin asset; the more, the farther from liquidation."""
        lowest = min((frame / STORY_FRAMES for frame in range(STORY_FRAMES + 1)), key=_share_of_start)
        worth = sum(_notional(market, _contracts(market)) for market in self.held)
        too_little, enough = 0.0, worth
        for _ in range(SEARCH_STEPS):
            middle = (too_little + enough) / 2
            if self._distance_at(lowest, middle) < CLOSEST_DISTANCE:
                too_little = middle
            else:
                enough = middle
        return round(enough, 6)

    def _distance_at(self, progress: float, wallet: float) -> float:
        """Of the position that is nearest to its liquidation price; a fraction of the mark."""
        account = self._account(wallet)
        book = VenueBook(self._listed, [account])
        book.mark_prices = {symbol: self.price(symbol, progress) for symbol in book.markets}
        counted = [book.figures(account, position) for position in account.positions]
        return min(1 - (each.liquidation_price or 0.0) / each.mark_price for each in counted)

    def _account(self, wallet: float) -> VenueAccount:
        positions = [
            VenuePosition(
                native_symbol=market.native_symbol,
                side=Side.LONG,
                contracts=_contracts(market),
                entry_price=self.price(market.native_symbol, 0.0),
                leverage=LEVERAGE,
            )
            for market in self.held
        ]
        return VenueAccount(
            api_key=ADDRESS,
            secret=SECRET,
            passphrase=PASSPHRASE,
            cross_wallets={self.held[0].margin_asset: wallet},
            positions=positions,
            is_multi_asset=self.exchange in POOLED_ONLY,
        )


def _share_of_start(progress: float) -> float:
    return crash_path.price(LEADER, progress) / crash_path.price(LEADER, 0.0)


def _contracts(market: VenueMarket) -> float:
    """About the same money in each market, in whole steps of quantity."""
    dollars = market.contract_size * (1.0 if market.is_inverse else market.mark_price)
    steps = max(round(POSITION_DOLLARS / dollars / market.quantity_step), 1)
    return round(steps * market.quantity_step, 9)


def _notional(market: VenueMarket, contracts: float) -> float:
    """Margin asset, at the market's first price."""
    if market.is_inverse:
        return contracts * market.contract_size / market.mark_price
    return contracts * market.contract_size * market.mark_price
