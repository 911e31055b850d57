"""How large a position may be so that its stop costs no more than the chosen part of the balance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from liqwatch.model import Side

DEFAULT_RISK = 0.02
HIGH_RISK = 0.03
"""Above this part of the balance per trade, a usual losing streak does lasting harm."""
USUAL_STREAKS = (1, 2, 3, 5, 10, 20, 33, 50, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What is planned. `risk` is the part of `balance` the stop may cost; `fee_rate` is paid at entry and at the stop.

    Prices in quote currency, `balance` in the same. Entry and stop must differ.
    """

    balance: float
    risk: float
    entry_price: float
    stop_price: float
    fee_rate: float = 0.0

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be sized."""
        if self.entry_price == self.stop_price:
            raise ValueError("the stop is at the entry price")
        if not (0 < self.risk < 1 and 0 <= self.fee_rate < 1):
            raise ValueError("risk and fee rate are fractions")

    @property
    def side(self) -> Side:
        """A stop below the entry belongs to a long, one above it to a short."""
        return Side.LONG if self.stop_price < self.entry_price else Side.SHORT


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSize:
    """The size that fits. `quantity` in base units, money in quote currency, `stop_distance` a fraction of the entry.

    `least_leverage`: below it, even the whole balance would not be margin enough.
    """

    risk_money: float
    stop_distance: float
    quantity: float
    notional: float
    least_leverage: float


def position_size(trade: Trade) -> PositionSize:
    """Risk money ÷ what one unit loses between entry and stop, fees included (linear contracts)."""
    risk_money = trade.balance * trade.risk
    loss_per_unit = abs(trade.entry_price - trade.stop_price) + trade.fee_rate * (trade.entry_price + trade.stop_price)
    quantity = risk_money / loss_per_unit
    notional = quantity * trade.entry_price
    return PositionSize(
        risk_money=risk_money,
        stop_distance=abs(trade.entry_price - trade.stop_price) / trade.entry_price,
        quantity=quantity,
        notional=notional,
        least_leverage=notional / trade.balance,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """What a run of losses leaves, as fractions of the first balance.

    `left_fixed`: the same money is risked each time. `left_compounding`: the same part of what is left.
    `gain_needed`: what the compounding balance would have to gain to be whole again.
    """

    losses: int
    left_fixed: float
    left_compounding: float
    gain_needed: float


def losing_streaks(risk: float, counts: Iterable[int] = USUAL_STREAKS) -> tuple[Streak, ...]:
    """The table of losing streaks for a risk per trade."""
    return tuple(_streak(risk, count) for count in counts)


def losses_to_nothing(risk: float) -> int:
    """How many losses of the same money use up the balance; risking a part of what is left never does."""
    return math.ceil(1 / risk - 1e-9)


def _streak(risk: float, count: int) -> Streak:
    left = (1 - risk) ** count
    return Streak(
        losses=count,
        left_fixed=max(1 - risk * count, 0.0),
        left_compounding=left,
        gain_needed=1 / left - 1 if left > 0 else math.inf,
    )
