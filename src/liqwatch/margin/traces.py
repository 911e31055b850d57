"""What was seen around the end of a position: orders that are gone, marks that came, prices they reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liqwatch.model import UNREACHABLE, OrderKind, Position, Reading, RestingOrder, Side

NEAR = 0.003
"""How close, as a share of the price, the marks must have come to a price to have touched it: marks are sampled."""
STOPS = (OrderKind.STOP, OrderKind.TRAILING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What was seen around the end. Orders None: not read; without those of after, any may be gone.

    `marks`: all since the position was last seen whole. `liquidation_price`: the last one, UNREACHABLE for the
    smaller side of a hedge.
    """

    orders_before: Sequence[RestingOrder] | None = None
    orders_after: Sequence[RestingOrder] | None = None
    marks: Sequence[float] = ()
    liquidation_price: Reading = UNREACHABLE

    def woken_orders(self, before: Position) -> tuple[RestingOrder, ...]:
        """Orders that would have closed the position, wait no more, and whose price the marks reached."""
        after = None if self.orders_after is None else set(self.orders_after)
        return tuple(
            order
            for order in self.orders_before or ()
            if order.symbol == before.symbol and order.order_side is not before.side
            if (after is None or order not in after) and self._woke(order, before.side)
        )

    def reached(self, price: Reading | None, side: Side) -> bool:
        """Whether any mark moved against that side as far as the price, or came near it."""
        if not isinstance(price, float):
            return False
        return any(side.value * (mark - price) <= NEAR * price for mark in self.marks)

    def _woke(self, order: RestingOrder, side: Side) -> bool:
        """A stop is reached by a loss, a target and a limit order by a gain."""
        price = order.limit_price if order.kind is OrderKind.LIMIT else order.trigger_price
        return self.reached(price, side if order.kind in STOPS else Side(-side.value))
