"""Margin trading on spot markets: borrowed positions with a price of their own, and accounts judged by margin level."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from liqwatch.model import UNREACHABLE, Reading, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowedPosition:
    """An isolated spot margin position (OKX).

    LONG: `assets` are base units and `debt` quote units; SHORT: the other way round. Assets include the trader's
    own margin, debt includes interest. The fee is charged on the debt and on its maintenance.
    """

    side: Side
    assets: float
    debt: float
    maintenance_margin_rate: float
    fee_rate: float = 0.0

    def debt_at(self, price: float) -> float:
        """The debt in units of the assets."""
        return self.debt / price if self.side is Side.LONG else self.debt * price

    def equity(self, price: float) -> float:
        """What is left after repaying, in units of the assets."""
        return self.assets - self.debt_at(price)

    def maintenance_margin(self, price: float) -> float:
        """Without fee, in units of the assets."""
        return self.maintenance_margin_rate * self.debt_at(price)

    def requirement(self, price: float) -> float:
        """Maintenance and fee, in units of the assets."""
        maintenance = self.maintenance_margin(price)
        return maintenance + self.fee_rate * (self.debt_at(price) + maintenance)

    def margin_ratio(self, price: float) -> float:
        """Maintenance and fee ÷ equity; 1 is liquidation, infinite when nothing is left."""
        required, equity = self.requirement(price), self.equity(price)
        return required / equity if equity > 0 else math.inf

    @property
    def liquidation_price(self) -> Reading:
        """Where assets just cover debt, maintenance and fee; unreachable without debt."""
        return self.price_at_ratio(1.0)

    def price_at_ratio(self, margin_ratio: float) -> Reading:
        """The price at which the margin ratio is `margin_ratio` (> 0); unreachable without debt."""
        required = (1.0 + self.maintenance_margin_rate) * (1.0 + self.fee_rate) - 1.0
        needed = self.debt * (1.0 + required / margin_ratio)
        if needed <= 0:
            return UNREACHABLE
        return needed / self.assets if self.side is Side.LONG else self.assets / needed


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelPosition:
    """A spot position on margin (Kraken); `quantity` is in base units.

    The used margin of a long is fixed at cost; that of a short is counted in base coin and grows with the price.
    """

    symbol: str
    side: Side
    quantity: float
    entry_price: float
    leverage: float

    def unrealized_pnl(self, price: float) -> float:
        """Quote currency, signed."""
        return self.side.value * self.quantity * (price - self.entry_price)

    def used_margin(self, price: float) -> float:
        """Quote currency."""
        return self.quantity / self.leverage * (self.entry_price if self.side is Side.LONG else price)

    @property
    def used_margin_slope(self) -> float:
        """Used margin per unit of price."""
        return 0.0 if self.side is Side.LONG else self.quantity / self.leverage


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAccount:
    """An account judged by margin level = equity ÷ used margin. `balance` excludes unrealised PnL."""

    balance: float
    positions: Sequence[LevelPosition]
    prices: Mapping[str, float]

    @property
    def equity(self) -> float:
        """Balance and unrealised PnL."""
        return self.balance + math.fsum(each.unrealized_pnl(self.prices[each.symbol]) for each in self.positions)

    @property
    def used_margin(self) -> float:
        """Of all positions."""
        return math.fsum(each.used_margin(self.prices[each.symbol]) for each in self.positions)

    @property
    def margin_level(self) -> float:
        """High is safe; infinite while nothing is borrowed."""
        used = self.used_margin
        return self.equity / used if used > 0 else math.inf

    def price_at_level(self, symbol: str, level: float) -> Reading:
        """The price of one market, the others standing still, at which the account's level is `level`."""
        moving = [each for each in self.positions if each.symbol == symbol]
        slope = math.fsum(each.side.value * each.quantity - level * each.used_margin_slope for each in moving)
        surplus = self.equity - level * self.used_margin
        if slope == 0:
            return UNREACHABLE
        price = self.prices[symbol] - surplus / slope
        return price if price > 0 else UNREACHABLE
