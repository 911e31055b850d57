"""Leverage tiers: which one a notional falls in, and what maintenance it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from liqwatch.model import LeverageTier

JOINT_TOLERANCE = 1e-9
"""Fraction of the notional by which two tiers may miss each other: rounding in published deductions."""


def tier_of(tiers: Sequence[LeverageTier], notional: float) -> LeverageTier:
    """The tier of a notional; caps are inclusive, and beyond the last cap the last tier applies.

    Raises IndexError when `tiers` is empty: callers ask `Unknown` first.
    """
    for tier in tiers:
        if notional <= tier.notional_cap:
            return tier
    return tiers[-1]


def join_smoothly(tiers: Sequence[LeverageTier]) -> bool:
    """Whether maintenance is continuous at every edge, as deductions make it."""
    for lower, upper in pairwise(tiers):
        step = (upper.maintenance_margin_rate - lower.maintenance_margin_rate) * lower.notional_cap
        step -= upper.maintenance_deduction - lower.maintenance_deduction
        if abs(step) > JOINT_TOLERANCE * lower.notional_cap:
            return False
    return True


def next_deduction(previous_deduction: float, floor: float, rate: float, previous_rate: float) -> float:
    """The deduction of the tier that begins at `floor`, such that maintenance does not jump there."""
    return previous_deduction + floor * (rate - previous_rate)


def tiers_with_deductions(rates: Sequence[tuple[float, float, float]]) -> tuple[LeverageTier, ...]:
    """Tiers from (floor, cap, rate) whose maintenance joins without a jump.

    Binance states the deduction as `cum`, Bybit as `mmDeduction`.
    """
    deduction, previous_rate, tiers = 0.0, None, []
    for floor, cap, rate in rates:
        if previous_rate is not None:
            deduction = next_deduction(deduction, floor, rate, previous_rate)
        previous_rate = rate
        tiers.append(
            LeverageTier(
                notional_floor=floor, notional_cap=cap, maintenance_margin_rate=rate, maintenance_deduction=deduction
            )
        )
    return tuple(tiers)


def first_gap(tiers: Sequence[LeverageTier]) -> str | None:
    """Why these tiers cannot be used (a gap, an overlap, an order), or None."""
    for lower, upper in pairwise(tiers):
        if lower.notional_cap != upper.notional_floor:
            return f"tier ends at {lower.notional_cap:g}, the next begins at {upper.notional_floor:g}"
    return None
