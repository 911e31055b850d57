"""A leveraged position. Quantities are positive; `side` carries the sign."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Side(Enum):
    """LONG gains when the price rises (+1), SHORT when it falls (-1)."""

    LONG = 1
    SHORT = -1

    @property
    def word(self) -> str:
        """`long` or `short`."""
        return self.name.lower()


class MarginMode(Enum):
    """ISOLATED: the position has margin of its own. CROSS: it shares a pool."""

    ISOLATED = "isolated"
    CROSS = "cross"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One open position (in hedge mode a market has up to two).

    `isolated_wallet` is the margin assigned to an isolated position without unrealised PnL (settle
    currency); None in cross mode. `reported_liquidation_price` is the venue's own figure already
    cleaned of its "none" sentinels; None when it shows none.
    `reported_maintenance_margin` is the venue's amount at `reported_mark_price`, its own mark in the
    same answer.
    """

    symbol: str
    side: Side
    contracts: float
    entry_price: float
    margin_mode: MarginMode
    leverage: float | None = None
    isolated_wallet: float | None = None
    reported_liquidation_price: float | None = None
    reported_maintenance_margin: float | None = None
    reported_mark_price: float | None = None
    adl_rank: float | None = None

    @property
    def subject(self) -> str:
        """The name under which alerts about this position are kept: symbol and side."""
        return f"{self.symbol} {self.side.word}"
