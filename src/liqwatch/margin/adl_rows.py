"""How venues count a position's place in the line for auto-deleveraging, brought to one scale: 1 is first in line.

Some count up to the front, Gate counts down to it. What stands in `Position.adl_rank` is the venue's own number.
"""

from __future__ import annotations

from dataclasses import dataclass

from liqwatch.margin.conventions import canonical_exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class AdlRow:
    """One venue's scale: its numbers at the end and at the front of the line. `meaningless`: those that say nothing."""

    exchange: str
    last: float
    first: float
    source: str
    meaningless: frozenset[float] = frozenset()

    def place(self, rank: float) -> float | None:
        """The share of the line that comes later, from 0 to 1; None where the number says nothing."""
        low, high = sorted((self.last, self.first))
        if rank in self.meaningless or not low <= rank <= high:
            return None
        return (rank - self.last) / (self.first - self.last)

    def shown(self, rank: float) -> str:
        """The venue's number with its scale, for people."""
        return f"{rank:g}, where {self.first:g} is first in line and {self.last:g} last"


_BINANCE = "Binance docs, Position ADL quantile estimation: 0 to 4, higher is nearer (read 2026-11)"

ADL_ROWS: tuple[AdlRow, ...] = (
    AdlRow(exchange="binance_usdm", last=0, first=4, source=_BINANCE),
    AdlRow(exchange="binance_coinm", last=0, first=4, source=_BINANCE),
    AdlRow(exchange="binance_portfolio", last=0, first=4, source=_BINANCE),
    AdlRow(
        exchange="bybit",
        last=1,
        first=5,
        meaningless=frozenset({0.0}),
        source="Bybit docs, adlRankIndicator: 1 to 5, 0 for an empty position; reported positions (read 2026-11)",
    ),
    AdlRow(
        exchange="okx",
        last=0,
        first=5,
        source="OKX docs, Get positions, adl: 0 to 5, the smaller the weaker (read 2026-11)",
    ),
    AdlRow(
        exchange="gate",
        last=5,
        first=1,
        meaningless=frozenset({6.0}),
        source="Gate docs, adl_ranking: 1 is the highest, 5 the lowest, 6 no position or in liquidation (read 2026-11)",
    ),
    AdlRow(
        exchange="kucoin_futures",
        last=0,
        first=1,
        source="KuCoin docs, delevPercentage, an ADL ranking percentile; support, Auto-Deleveraging (read 2026-11)",
    ),
)


def adl_row(venue: str) -> AdlRow | None:
    """The scale of a venue (`gate`, `gate@sandbox`, `ccxt:gate`), if anybody has read how it counts."""
    exchange = canonical_exchange(venue.partition("@")[0].removeprefix("ccxt:"))
    return next((row for row in ADL_ROWS if row.exchange == exchange), None)
