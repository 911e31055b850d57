"""How each venue counts maintenance: named families, dated rows.

A venue's change of formula is a new row with the day it began; a row applies from `since` until the
next row of the same exchange, margin mode and contract kind begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from liqwatch.model import ContractKind, MarginMode


class Basis(Enum):
    """The price at which an amount is taken."""

    LIQUIDATION = "liquidation"
    ENTRY = "entry"
    MARK = "mark"
    FIXED = "fixed"
    NONE = "none"


class TierMode(Enum):
    """DEDUCTION: tiers join without a jump. FLAT: one rate on the whole, with jumps at the edges."""

    DEDUCTION = "deduction"
    FLAT = "flat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """One family of liquidation arithmetic.

    `rate_is_per_leverage`: the tier's rate is an adjustment factor, divided by the position's leverage (HTX).
    """

    name: str
    maintenance_basis: Basis = Basis.LIQUIDATION
    closing_fee_basis: Basis = Basis.NONE
    tier_mode: TierMode = TierMode.DEDUCTION
    rate_is_per_leverage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConventionRow:
    """A family in force at one exchange. `source` names the document and the day it was read."""

    exchange: str
    convention: Convention
    source: str
    since: date = date.min
    margin_mode: MarginMode | None = None
    contract_kind: ContractKind | None = None


MAINTENANCE_ON_MARK_WITHOUT_FEE = Convention(name="maintenance on mark, no fee")

ROWS: tuple[ConventionRow, ...] = (
    ConventionRow(
        exchange="binance_usdm",
        convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
        source="Binance FAQ, How to calculate liquidation price of USDⓈ-M futures contracts (read 2026-11)",
    ),
)


def convention_of(exchange: str, margin_mode: MarginMode, contract_kind: ContractKind, on: date) -> Convention | None:
    """The family in force on that day; None when nobody has verified one for this exchange."""
    rows = [
        row
        for row in ROWS
        if row.exchange == exchange
        and row.since <= on
        and row.margin_mode in (None, margin_mode)
        and row.contract_kind in (None, contract_kind)
    ]
    return max(rows, key=lambda row: row.since).convention if rows else None
