"""What venues themselves call a margin ratio, brought to one scale: 1 is the event, larger is worse.

Half of them count up to the event, half count down to it, and not all meet it at 100 %. The native value and
its direction stay beside the normalised one, so that a message can speak the venue's language.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from liqwatch.model import Reading, Unknown


class Direction(Enum):
    """Which way a native ratio is safe."""

    HIGH_IS_SAFE = "high is safe"
    LOW_IS_SAFE = "low is safe"


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeRatio:
    """One venue's ratio: `name` is what its interface calls it, `event` the native value at which it liquidates.

    `milestones`: other native values at which the venue acts, with what it does. `is_approximate`: the venue
    says so itself. `is_shifted`: the native value has the adjustment factor taken off already (HTX).
    """

    exchange: str
    product: str
    name: str
    direction: Direction
    event: float
    source: str
    milestones: tuple[tuple[float, str], ...] = ()
    is_approximate: bool = False
    is_shifted: bool = False


@dataclass(frozen=True, slots=True)
class NormalisedRatio:
    """`margin_ratio` is maintenance ÷ equity, 1 at the event; `native` is what the venue said."""

    margin_ratio: Reading
    native: float | None
    row: NativeRatio


def normalise(native: float | None, row: NativeRatio, *, adjustment_factor: float = 0.0) -> NormalisedRatio:
    """Bring a native ratio to our scale; a missing or senseless one becomes `Unknown`, never zero.

    `adjustment_factor` is the contract's, for rows that are shifted by it.
    """
    return NormalisedRatio(_margin_ratio(native, row, adjustment_factor), native, row)


def native_at(margin_ratio: float, row: NativeRatio, *, adjustment_factor: float = 0.0) -> float:
    """The native value at one of our ratios (> 0): a level of 0.8 is a uniMMR of 1.3125."""
    shift = adjustment_factor if row.is_shifted else 0.0
    if row.direction is Direction.LOW_IS_SAFE:
        return margin_ratio * row.event
    return (row.event + shift) / margin_ratio - shift


def account_margin_ratio(
    equity: float, maintenance_margin: float, *, closing_fees: float = 0.0, opening_fees: float = 0.0
) -> float:
    """The ratio of an account of which only sums are known: what must be held ÷ what is there, 1 is liquidation.

    Maintenance includes that of open orders, and the fees theirs, where the venue counts them (KuCoin, OKX).
    """
    left = equity - opening_fees
    return (maintenance_margin + closing_fees) / left if left > 0 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSums:
    """An account of which only sums are known. `equity` has the fees of open orders taken off already.

    `requirement` is what must be held: maintenance, with closing fees where the venue counts them.
    """

    equity: float
    requirement: float

    def native(self, row: NativeRatio) -> float:
        """The ratio as the venue would show it; infinite where it divides by nothing.

        Where nothing must be held, a debt alone is bad.
        """
        if row.direction is Direction.LOW_IS_SAFE:
            if self.equity > 0:
                return self.requirement / self.equity
            return math.inf if self.requirement > 0 or self.equity < 0 else 0.0
        if self.requirement > 0:
            return self.equity / self.requirement
        return -math.inf if self.equity < 0 else math.inf

    def margin_buffer(self, row: NativeRatio) -> float:
        """Equity above that of the event: a uniMMR liquidates at 1.05 times the maintenance."""
        share = row.event if row.direction is Direction.HIGH_IS_SAFE else 1.0 / row.event
        return self.equity - self.requirement * share


def counted_equity(holdings: Sequence[tuple[float, float, float]]) -> float:
    """Equity of several assets from (net quantity, price, value share).

    A haircut takes from what is owned; a debt counts in full.
    """
    return math.fsum(min(quantity * price, quantity * price * share) for quantity, price, share in holdings)


def _margin_ratio(native: float | None, row: NativeRatio, adjustment_factor: float) -> Reading:
    if native is None:
        return Unknown(f"{row.exchange} shows no {row.name} now")
    if math.isnan(native):
        return Unknown(f"{row.exchange} shows a {row.name} that is not a number")
    if row.direction is Direction.LOW_IS_SAFE:
        # A negative one has a negative equity below the line: worse than any positive one.
        return native / row.event if native >= 0 else math.inf
    shift = adjustment_factor if row.is_shifted else 0.0
    if row.is_shifted and shift <= 0:
        return Unknown(f"the adjustment factor behind {row.name} is not known")
    return (row.event + shift) / (native + shift) if native + shift > 0 else math.inf
