"""The orders that wait at a venue, as they were read at two moments: what a position's end is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from liqwatch.model import RestingOrder

Orders = Sequence[RestingOrder] | None
"""None: they could not be read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The orders of one moment."""

    orders: Orders
    at: datetime


class WaitingOrders:
    """The last two readings of every account."""

    def __init__(self) -> None:
        """None has been read yet."""
        self._readings: dict[str, tuple[Reading, ...]] = {}

    def learn(self, account: str, orders: Orders, now: datetime) -> None:
        """The orders that wait now."""
        self._readings[account] = (*self._readings.get(account, ())[-1:], Reading(orders, now))

    def newest(self, account: str) -> Orders:
        """As last read."""
        readings = self._readings.get(account, ())
        return readings[-1].orders if readings else None

    def around(self, account: str, whole_at: datetime, gone_at: datetime) -> tuple[Orders, Orders]:
        """The orders while a position was whole, and those after it was gone (None: not read since).

        A reading between the two moments may be of either time: what it names counts as having waited.
        """
        readings = self._readings.get(account, ())
        before = [each.orders for each in readings if each.at <= whole_at][-1:]
        between = [each.orders for each in readings if whole_at < each.at < gone_at]
        after = next((each.orders for each in readings if each.at >= gone_at), None)
        return _together([*before, *between]), after


def _together(readings: Sequence[Orders]) -> Orders:
    """Everything that any of them names; None where none could be read."""
    known = [orders for orders in readings if orders is not None]
    return tuple({order: None for orders in known for order in orders}) if known else None
