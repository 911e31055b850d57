"""Collateral loans: how near a debt is to the level at which the lender sells what secures it.

Each collateral carries up to its counted value (after haircuts) times its liquidation level. The debt over the
sum of those limits is the margin ratio, 1 at liquidation; the health factor is its inverse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from liqwatch.model import UNREACHABLE, Reading, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class HaircutTier:
    """The share of the value between floor and cap (currency of the debt) that the lender counts."""

    value_floor: float
    value_cap: float
    value_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanCollateral:
    """An asset that secures a loan. `price` is the lender's (Bybit: the lower of last and index price).

    Levels are loan-to-value ratios of the counted value. `haircuts` ascend and join; the last reaches on beyond
    its cap; none: all of the value counts.
    """

    asset: str
    quantity: float
    price: float
    liquidation_level: float
    margin_call_level: float | None = None
    haircuts: tuple[HaircutTier, ...] = ()

    @property
    def value(self) -> float:
        """Market value."""
        return self.quantity * self.price

    @property
    def counted_value(self) -> float:
        """What the lender counts of it."""
        return counted_value(self.value, self.haircuts)

    @property
    def liquidation_limit(self) -> float:
        """The debt that it carries before it is sold."""
        return self.counted_value * self.liquidation_level

    @property
    def margin_call_limit(self) -> float:
        """The debt that it carries before the lender calls for more."""
        return self.counted_value * self.call_level

    @property
    def call_level(self) -> float:
        """The margin-call level; a lender that never calls only liquidates."""
        return self.liquidation_level if self.margin_call_level is None else self.margin_call_level


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """A debt (principal and interest) and what secures it, in one currency."""

    debt: float
    collateral: tuple[LoanCollateral, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanPrices:
    """Where one collateral's price alone brings the margin call and the liquidation, and the fall until then.

    `liquidation_distance` is a fraction of the present price, negative beyond liquidation.
    """

    margin_call_price: Reading
    liquidation_price: Reading
    liquidation_distance: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanHealth:
    """One loan now. `loan_to_value` is debt ÷ counted value, `collateral_ratio` its inverse (1.5 is 150 %).

    `margin_ratio`: 1 is liquidation, larger is worse; `health_factor` is its inverse. `margin_call_ratio`: 1 is the
    margin call. `margin_buffer`: how much more debt the collateral would carry. `prices`: in the order of the
    loan's collateral.
    """

    loan: Loan
    collateral_value: float
    loan_to_value: float
    collateral_ratio: float
    margin_ratio: float
    margin_call_ratio: float
    health_factor: float
    margin_buffer: float
    prices: tuple[LoanPrices, ...]


def assess_loan(loan: Loan) -> LoanHealth:
    """Judge a loan at the prices of its collateral."""
    counted = math.fsum(each.counted_value for each in loan.collateral)
    limit = math.fsum(each.liquidation_limit for each in loan.collateral)
    return LoanHealth(
        loan=loan,
        collateral_value=counted,
        loan_to_value=_share(loan.debt, counted),
        collateral_ratio=_share(counted, loan.debt),
        margin_ratio=_share(loan.debt, limit),
        margin_call_ratio=_share(loan.debt, math.fsum(each.margin_call_limit for each in loan.collateral)),
        health_factor=_share(limit, loan.debt),
        margin_buffer=limit - loan.debt,
        prices=tuple(_prices(loan, each) for each in loan.collateral),
    )


def level_of_collateral_ratio(collateral_ratio: float) -> float:
    """The loan-to-value level of a required collateral ratio: 150 % is a level of two thirds."""
    return 1.0 / collateral_ratio


def counted_value(value: float, haircuts: Sequence[HaircutTier]) -> float:
    """The value after haircuts, each tier applied to the part inside it."""
    if not haircuts:
        return value
    inside = (max(min(value, tier.value_cap) - tier.value_floor, 0.0) * tier.value_share for tier in haircuts[:-1])
    last = haircuts[-1]
    return math.fsum(inside) + max(value - last.value_floor, 0.0) * last.value_share


def value_for(counted: float, haircuts: Sequence[HaircutTier]) -> float:
    """The market value of which this much counts; infinite when no value does."""
    if not haircuts:
        return counted
    missing = counted
    for tier in haircuts[:-1]:
        whole = (tier.value_cap - tier.value_floor) * tier.value_share
        if missing <= whole and tier.value_share > 0:
            return tier.value_floor + missing / tier.value_share
        missing -= whole
    last = haircuts[-1]
    return last.value_floor + missing / last.value_share if last.value_share > 0 else math.inf


def _share(part: float, whole: float) -> float:
    """Part ÷ whole; nothing at all is no risk, something over nothing is infinite."""
    if whole > 0:
        return part / whole
    return math.inf if part > 0 else 0.0


def _prices(loan: Loan, moving: LoanCollateral) -> LoanPrices:
    others = [each for each in loan.collateral if each is not moving]
    to_call = loan.debt - math.fsum(each.margin_call_limit for each in others)
    to_sale = loan.debt - math.fsum(each.liquidation_limit for each in others)
    price = _price_for(to_sale, moving, moving.liquidation_level)
    return LoanPrices(
        margin_call_price=_price_for(to_call, moving, moving.call_level),
        liquidation_price=price,
        liquidation_distance=_distance(moving, price),
    )


def _distance(collateral: LoanCollateral, price: Reading) -> Reading:
    if not isinstance(price, float):
        return price
    if collateral.price <= 0:
        return Unknown(f"{collateral.asset} has no price to count a distance from")
    return (collateral.price - price) / collateral.price


def _price_for(debt: float, collateral: LoanCollateral, level: float) -> Reading:
    """The price at which this collateral alone just carries `debt`."""
    if debt <= 0:
        return UNREACHABLE
    if collateral.quantity <= 0 or level <= 0:
        return Unknown(f"{collateral.asset} carries none of the debt")
    price = value_for(debt / level, collateral.haircuts) / collateral.quantity
    return price if math.isfinite(price) else Unknown(f"no price of {collateral.asset} carries the debt")
