"""What the simulated venue knows: markets, mark prices, accounts and their positions. No I/O, no time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from liqwatch.model import MarginMode, Side
from liqwatch.testing.venue.figures import (
    Leg,
    liquidation_price,
    maintenance_margin,
    notional_of,
    unrealized_profit,
)
from liqwatch.testing.venue.markets import VenueMarket


@dataclass(slots=True, kw_only=True)
class VenuePosition:
    """One open position. `contracts` is positive; `isolated_wallet` None means cross margin."""

    native_symbol: str
    side: Side
    contracts: float
    entry_price: float
    leverage: int = 10
    isolated_wallet: float | None = None
    realized_profit: float = 0.0
    updated_ms: int = 0

    @property
    def margin_mode(self) -> MarginMode:
        """Isolated when it has a wallet of its own."""
        return MarginMode.CROSS if self.isolated_wallet is None else MarginMode.ISOLATED

    @property
    def signed_contracts(self) -> float:
        """The venue's `positionAmt`: negative for a short."""
        return self.side.value * self.contracts


@dataclass(slots=True, kw_only=True)
class VenueAccount:
    """One account behind one key.

    `cross_wallets` holds free wallet balances by asset, without isolated wallets. With a `secret` the
    signature of each private call is verified, without one its presence is enough.
    """

    api_key: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    cross_wallets: dict[str, float] = field(default_factory=dict)
    positions: list[VenuePosition] = field(default_factory=list)
    is_hedge_mode: bool = False
    is_multi_asset: bool = False
    can_trade: bool = False
    can_transfer: bool = False
    can_withdraw: bool = False
    closed_leverages: dict[str, int] = field(default_factory=dict)
    """Leverage set for markets without a position."""

    def find(self, native_symbol: str, side: Side) -> VenuePosition | None:
        """The open position of that market and side."""
        for position in self.positions:
            if (position.native_symbol, position.side) == (native_symbol, side):
                return position
        return None

    def position_side(self, side: Side) -> str:
        """The venue's `positionSide`: both directions share one slot unless hedge mode splits them."""
        return side.name if self.is_hedge_mode else "BOTH"

    def leverage_of(self, native_symbol: str) -> int:
        """Leverage as set for a market."""
        for position in self.positions:
            if position.native_symbol == native_symbol:
                return position.leverage
        return self.closed_leverages.get(native_symbol, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFigures:
    """One position counted at the present mark; money in the margin asset."""

    position: VenuePosition
    market: VenueMarket
    mark_price: float
    notional: float
    unrealized_profit: float
    maintenance_margin: float
    initial_margin: float
    liquidation_price: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletFigures:
    """One asset of an account at the present marks."""

    asset: str
    cross_wallet: float
    cross_profit: float
    wallet_balance: float
    unrealized_profit: float
    maintenance_margin: float
    initial_margin: float


class VenueBook:
    """The whole state of the venue; whoever changes a field here decides what is announced."""

    def __init__(self, markets: Iterable[VenueMarket], accounts: Iterable[VenueAccount]) -> None:
        """Prices begin at each market's own `mark_price`."""
        self.markets = {market.native_symbol: market for market in markets}
        self.mark_prices = {symbol: market.mark_price for symbol, market in self.markets.items()}
        self.accounts = {account.api_key: account for account in accounts}

    def leg(self, position: VenuePosition) -> Leg:
        """The position as the formulas want it."""
        market = self.markets[position.native_symbol]
        return Leg(
            side=position.side,
            contracts=position.contracts * market.contract_size,
            entry_price=position.entry_price,
            brackets=market.brackets,
            fee_rate=market.closing_fee_rate,
            is_inverse=market.is_inverse,
        )

    def figures(self, account: VenueAccount, position: VenuePosition) -> PositionFigures:
        """Everything that positionRisk says about one position."""
        market = self.markets[position.native_symbol]
        mark_price = self.mark_prices[position.native_symbol]
        leg = self.leg(position)
        notional = notional_of(leg, mark_price)
        return PositionFigures(
            position=position,
            market=market,
            mark_price=mark_price,
            notional=notional,
            unrealized_profit=unrealized_profit(leg, mark_price),
            maintenance_margin=maintenance_margin(leg, mark_price),
            initial_margin=notional / position.leverage,
            liquidation_price=self._liquidation_price(account, position),
        )

    def wallet(self, account: VenueAccount, asset: str) -> WalletFigures:
        """One asset's line of the account answer."""
        cross_profit = profit = maintenance = initial = isolated = 0.0
        for position in account.positions:
            if self.markets[position.native_symbol].margin_asset != asset:
                continue
            figures = self.figures(account, position)
            profit += figures.unrealized_profit
            maintenance += figures.maintenance_margin
            initial += figures.initial_margin
            isolated += position.isolated_wallet or 0.0
            if position.isolated_wallet is None:
                cross_profit += figures.unrealized_profit
        cross_wallet = account.cross_wallets.get(asset, 0.0)
        return WalletFigures(
            asset=asset,
            cross_wallet=cross_wallet,
            cross_profit=cross_profit,
            wallet_balance=cross_wallet + isolated,
            unrealized_profit=profit,
            maintenance_margin=maintenance,
            initial_margin=initial,
        )

    def is_under(self, account: VenueAccount, position: VenuePosition) -> bool:
        """Whether the pool behind a position no longer covers its maintenance margin."""
        pool = list(self._pool(account, position))
        equity = self._pool_wallet(account, position)
        required = 0.0
        for member in pool:
            mark_price = self.mark_prices[member.native_symbol]
            equity += unrealized_profit(self.leg(member), mark_price)
            required += maintenance_margin(self.leg(member), mark_price)
        return equity <= required

    def _liquidation_price(self, account: VenueAccount, position: VenuePosition) -> float | None:
        balance = self._pool_wallet(account, position)
        legs: list[Leg] = []
        for member in self._pool(account, position):
            leg = self.leg(member)
            if member.native_symbol == position.native_symbol:
                legs.append(leg)
                continue
            mark_price = self.mark_prices[member.native_symbol]
            balance += unrealized_profit(leg, mark_price) - maintenance_margin(leg, mark_price)
        return liquidation_price(balance, legs, self.mark_prices[position.native_symbol])

    def _pool(self, account: VenueAccount, position: VenuePosition) -> Iterator[VenuePosition]:
        """The positions that stand or fall together with this one, itself among them."""
        if position.isolated_wallet is not None:
            yield position
            return
        asset = self.markets[position.native_symbol].margin_asset
        for member in account.positions:
            same_asset = self.markets[member.native_symbol].margin_asset == asset
            if member.isolated_wallet is None and (same_asset or account.is_multi_asset):
                yield member

    def _pool_wallet(self, account: VenueAccount, position: VenuePosition) -> float:
        if position.isolated_wallet is not None:
            return position.isolated_wallet
        if account.is_multi_asset:
            return sum(account.cross_wallets.values())
        return account.cross_wallets.get(self.markets[position.native_symbol].margin_asset, 0.0)
