"""Which venues liquidate in steps, and how: dated rows, like the conventions.

A row applies from `since` until the next row of the same exchange and margin mode begins. A venue without a
row takes the whole position at once, or nobody has read how it proceeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from liqwatch.model import MarginMode


@dataclass(frozen=True, slots=True)
class TierByTier:
    """Each time down to the cap of a lower tier; a position without that many tiers below it goes whole."""

    tiers_at_a_time: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFirst:
    """One part first, then the rest. `share` None: the venue chooses how much.

    Positions up to `above_notional` (settle currency) go whole.
    """

    share: float | None = None
    above_notional: float = 0.0


StepDownRule: TypeAlias = TierByTier | PartFirst


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDownRow:
    """A rule in force at one exchange. `source` names the document and when it was read."""

    exchange: str
    rule: StepDownRule
    source: str
    since: date = date.min
    margin_mode: MarginMode | None = None


_BINANCE = "Binance FAQ, Liquidation protocols (read 2026-11)"

ROWS: tuple[StepDownRow, ...] = (
    StepDownRow(exchange="binance_usdm", rule=PartFirst(), source=_BINANCE),
    StepDownRow(exchange="binance_coinm", rule=PartFirst(), source=_BINANCE),
    StepDownRow(exchange="bybit", rule=TierByTier(), source="Bybit help, UTA liquidation process (read 2026-11)"),
    StepDownRow(exchange="okx", rule=TierByTier(2), source="OKX help, tiered maintenance margin rules (read 2026-11)"),
    StepDownRow(exchange="gate", rule=TierByTier(), source="Gate help, futures liquidation process (read 2026-11)"),
    StepDownRow(exchange="htx", rule=TierByTier(), source="HTX help, partial liquidation (read 2026-11)"),
    StepDownRow(
        exchange="hyperliquid",
        rule=PartFirst(share=0.2, above_notional=100_000.0),
        source="Hyperliquid docs, Liquidations (read 2026-11)",
    ),
    StepDownRow(
        exchange="kucoin_futures",
        rule=PartFirst(above_notional=600_000.0),
        source="KuCoin help, cross margin liquidation (read 2026-11)",
        margin_mode=MarginMode.CROSS,
    ),
)


def step_down_rule_of(exchange: str, margin_mode: MarginMode, on: date) -> StepDownRule | None:
    """The rule in force on that day, or None."""
    rows = [
        row for row in ROWS if row.exchange == exchange and row.since <= on and row.margin_mode in (None, margin_mode)
    ]
    return max(rows, key=lambda row: row.since).rule if rows else None
