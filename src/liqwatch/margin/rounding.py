"""Prices leave the house rounded to the contract's tick, once, in the direction that errs early."""

from __future__ import annotations

import math
from decimal import Decimal

GRAIN = 1e-9
"""A price within this fraction of a tick of a tick is on it: float noise must not cost a whole tick."""


def round_toward(price: float, tick: float, target: float) -> float:
    """The tick nearest to `price` on the side of `target` (a liquidation price rounds toward the mark).

    Never past `target`: where no tick lies between the two, the tick on the other side of `price`.
    """
    if tick <= 0 or not math.isfinite(price):
        return price
    steps = price / tick
    nearest = round(steps)
    if abs(steps - nearest) <= GRAIN * max(1.0, abs(steps)):
        count = nearest
    else:
        count = math.ceil(steps) if target > price else math.floor(steps)
    rounded = float(Decimal(count) * Decimal(repr(tick)))
    is_past = (rounded - target) * (target - price) > 0
    return float(Decimal(count - round(math.copysign(1, target - price))) * Decimal(repr(tick))) if is_past else rounded


def decimals_of(tick: float) -> int:
    """How many digits after the point a tick has; 0.10 has one, 0.00001 five."""
    exponent = Decimal(repr(tick)).normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
