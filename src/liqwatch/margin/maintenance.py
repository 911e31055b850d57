"""What one position must hold, under a convention: the tier's rate, taken at the price the venue takes it at."""

from __future__ import annotations

from collections.abc import Sequence

from liqwatch.margin.conventions import Basis, Convention, TierMode
from liqwatch.margin.pnl import notional
from liqwatch.margin.tiers import tier_of
from liqwatch.model import Instrument, LeverageTier, Position


def maintenance_of(position: Position, instrument: Instrument, convention: Convention, mark_price: float) -> float:
    """Maintenance margin at `mark_price`, settle currency, without closing fee.

    A basis of LIQUIDATION or MARK takes the value at the mark, ENTRY at entry; FIXED is what the venue told.
    """
    if convention.maintenance_basis is Basis.FIXED:
        return position.reported_maintenance_margin or 0.0
    at_entry = convention.maintenance_basis is Basis.ENTRY
    value = notional(position, instrument, position.entry_price if at_entry else mark_price)
    tier = tier_of(tiers_of(instrument, convention), value)
    rate = tier.maintenance_margin_rate * rate_factor(position, convention)
    return (rate + instrument.maintenance_rate_growth * value) * value - tier.maintenance_deduction


def closing_fee_of(position: Position, instrument: Instrument, convention: Convention, mark_price: float) -> float:
    """The fee that the venue counts on the maintenance side, at `mark_price`, settle currency."""
    if convention.closing_fee_basis is Basis.NONE or not instrument.closing_fee_rate:
        return 0.0
    at_entry = convention.closing_fee_basis is Basis.ENTRY
    return instrument.closing_fee_rate * notional(
        position, instrument, position.entry_price if at_entry else mark_price
    )


def tiers_of(instrument: Instrument, convention: Convention) -> Sequence[LeverageTier]:
    """The tiers as the convention reads them: FLAT knows no deductions."""
    if convention.tier_mode is TierMode.DEDUCTION or not any(tier.maintenance_deduction for tier in instrument.tiers):
        return instrument.tiers
    return tuple(
        LeverageTier(
            notional_floor=tier.notional_floor,
            notional_cap=tier.notional_cap,
            maintenance_margin_rate=tier.maintenance_margin_rate,
        )
        for tier in instrument.tiers
    )


def rate_factor(position: Position, convention: Convention) -> float:
    """What the tier's rate is multiplied by: 1, or 1/leverage where the rate is an adjustment factor (HTX)."""
    return 1.0 / position.leverage if convention.rate_is_per_leverage and position.leverage else 1.0
