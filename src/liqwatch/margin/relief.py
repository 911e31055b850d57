"""What would bring a position back to a wanted liquidation price: margin to add, or a part of it to close.

At the wanted price P the pool lacks -surplus(P). Margin fills that one to one. Closing a share of a cross position at
the present mark keeps what that share would lose on the way to P and frees its requirement there. Tiers only make a
smaller position need less, so the share is enough. Of an isolated position most venues free the closed share's margin
along with it, which leaves the liquidation price where it is: there only margin is offered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from liqwatch.margin.curve import leg_of
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.margin.marked import known_instrument
from liqwatch.margin.pnl import coordinate, unrealized_pnl
from liqwatch.margin.pools import Holding
from liqwatch.margin.words import money
from liqwatch.model import MarginMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """Either of two ways. `margin`: currency of the pool. The share is of the position; None: closing does not help."""

    margin: float
    currency: str
    share_to_close: float | None
    contracts_to_close: float | None

    def advice(self, goal: str) -> str:
        """An imperative sentence; `goal` completes "to …"."""
        way = f"Add about {money(self.margin, self.currency)} of margin"
        if self.share_to_close is not None and self.contracts_to_close is not None:
            way += f", or close about {self.share_to_close:.0%} of it ({self.contracts_to_close:,.4g} contracts),"
        return f"{way} to {goal}."


def relief_to_distance(pool: PoolHealth, health: PositionHealth, distance: float) -> Relief | None:
    """What it takes until liquidation is `distance` (a fraction of the mark) away; None as `relief_to_price`."""
    mark_price, price, now = health.mark_price, health.liquidation_price, health.liquidation_distance
    if mark_price is None or not isinstance(price, float) or not isinstance(now, float) or now == 0:
        return None
    side = math.copysign(1.0, (mark_price - price) * now)
    return relief_to_price(pool, health, mark_price * (1.0 - side * distance))


def relief_to_price(pool: PoolHealth, health: PositionHealth, price: float) -> Relief | None:
    """What it takes until `price` is the liquidation price; None where it is so already, or a fact is missing.

    Counted from the price in force: where the venue's own is nearer than ours, the difference is added.
    """
    marked, now = pool.marked, health.liquidation_price
    if marked.why_unknown or not isinstance(now, float) or price <= 0:
        return None
    holding = Holding(health.position, health.instrument)
    kind, curve = known_instrument(holding).contract_kind, marked.curve(health.position.symbol)
    lacking = curve.surplus(coordinate(kind, now)) - curve.surplus(coordinate(kind, price))
    if not 0 < lacking < math.inf:
        return None
    share = _share_to_close(pool, holding, price, lacking)
    return Relief(
        margin=lacking,
        currency=pool.pool.currency,
        share_to_close=share,
        contracts_to_close=None if share is None else share * health.position.contracts,
    )


def _share_to_close(pool: PoolHealth, holding: Holding, price: float, lacking: float) -> float | None:
    if pool.pool.margin_mode is MarginMode.ISOLATED:
        return None
    marked, position, instrument = pool.marked, holding.position, known_instrument(holding)
    mark_price = marked.marks[position.symbol]
    leg = leg_of(position, instrument, marked.convention, mark_price)
    x = coordinate(instrument.contract_kind, price)
    constant, linear, square = leg.requirement(x)
    way = unrealized_pnl(position, instrument, mark_price) - unrealized_pnl(position, instrument, price)
    fee = instrument.closing_fee_rate * leg.exposure * coordinate(instrument.contract_kind, mark_price)
    freed = way - fee + constant + (linear + square * x) * x
    return lacking / freed if freed >= lacking else None
