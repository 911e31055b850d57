"""Families of liquidation arithmetic: at which price a venue takes maintenance and the fee of closing.

Nearly every venue is one of a handful; which one belongs to whom stands in `convention_rows.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


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


MAINTENANCE_ON_MARK_WITHOUT_FEE: Final = Convention(name="maintenance on mark, no fee")

MAINTENANCE_ON_MARK_WITH_FEE: Final = Convention(
    name="maintenance and closing fee on mark", closing_fee_basis=Basis.LIQUIDATION
)

FLAT_MAINTENANCE_ON_MARK_WITH_FEE: Final = Convention(
    name="maintenance of flat tiers and closing fee on mark",
    closing_fee_basis=Basis.LIQUIDATION,
    tier_mode=TierMode.FLAT,
)

MAINTENANCE_AT_ENTRY: Final = Convention(name="maintenance fixed at entry", maintenance_basis=Basis.ENTRY)

MAINTENANCE_AT_ENTRY_WITH_FEE: Final = Convention(
    name="maintenance fixed at entry, closing fee on mark",
    maintenance_basis=Basis.ENTRY,
    closing_fee_basis=Basis.LIQUIDATION,
)

MAINTENANCE_AND_FEE_AT_ENTRY: Final = Convention(
    name="maintenance and closing fee fixed at entry", maintenance_basis=Basis.ENTRY, closing_fee_basis=Basis.ENTRY
)

MAINTENANCE_FROZEN: Final = Convention(name="maintenance frozen at the present mark", maintenance_basis=Basis.MARK)

MAINTENANCE_FROZEN_WITH_FEE: Final = Convention(
    name="maintenance and closing fee frozen at the present mark",
    maintenance_basis=Basis.MARK,
    closing_fee_basis=Basis.MARK,
)

ADJUSTMENT_FACTOR: Final = Convention(
    name="adjustment factor divided by leverage, on mark, no fee", rate_is_per_leverage=True
)

GROWING_MAINTENANCE: Final = Convention(name="maintenance on mark with a rate that grows with the position, no fee")
