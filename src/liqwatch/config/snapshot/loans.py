"""Collateral loans in a snapshot: as they are written, what has to fit together, and the loans they become."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from liqwatch.config.codes import Code
from liqwatch.config.snapshot.fields import Label, Level, NotNegative, Positive, RatioAboveOne, Share, not_empty
from liqwatch.config.table import Table
from liqwatch.config.values import shown
from liqwatch.errors import Problem
from liqwatch.margin.loans import HaircutTier, Loan, LoanCollateral, level_of_collateral_ratio

REQUIRED_COLLATERAL_RATIO = 1.5
"""What a loan is compared with unless it says its own: 150 %."""


class HaircutTable(Table):
    """The share of the value between floor and cap (currency of the debt) that the lender counts."""

    value_floor: NotNegative = Field(description="Where the tier begins; 0 for the first.")
    value_cap: Positive | None = Field(
        default=None, description="Where the tier ends; null or absent in the last tier only. The last reaches beyond."
    )
    value_share: Share = Field(description="What the lender counts of the value inside (1 - haircut).")


class LoanCollateralTable(Table):
    """An asset that secures a loan."""

    asset: Label = Field(description="Name of the asset.")
    quantity: Positive = Field(description="Units of the asset.")
    price: Positive = Field(description="The lender's price of a unit, currency of the debt.")
    liquidation_level: Level | None = Field(
        default=None,
        description="Loan-to-value at which it is sold; absent: 1 ÷ the loan's stated required_collateral_ratio.",
    )
    margin_call_level: Level | None = Field(
        default=None, description="Loan-to-value at which the lender calls for more; absent: it only liquidates."
    )
    haircuts: Annotated[tuple[HaircutTable, ...], Field(strict=False)] = Field(
        default=(), description="Haircut tiers, each for the part of the value inside it; absent: all of it counts."
    )


class LoanTable(Table):
    """A debt and what secures it."""

    name: Label | None = Field(default=None, description="What to call it; absent: its number.")
    currency: Label = Field(default="quote currency", description="Currency of the debt.")
    debt: NotNegative = Field(description="Principal and interest.")
    required_collateral_ratio: RatioAboveOne | None = Field(
        default=None,
        description="Collateral ÷ debt to compare with; absent: 1.5. Stated, also the level of liquidation by default.",
    )
    collateral: Annotated[tuple[LoanCollateralTable, ...], Field(strict=False), AfterValidator(not_empty)] = Field(
        description="What secures it, at least one asset.", json_schema_extra={"minItems": 1}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineLoan:
    """A loan with its name. `required_collateral_ratio`: 1.5 is 150 %. `has_margin_call`: the lender calls first."""

    name: str
    currency: str
    loan: Loan
    required_collateral_ratio: float
    has_margin_call: bool


def check_loan(table: LoanTable, path: str) -> Iterator[Problem]:
    """What does not fit together in one loan."""
    seen: dict[str, int] = {}
    for index, collateral in enumerate(table.collateral):
        place = f"{path}.collateral[{index}]"
        first = seen.setdefault(collateral.asset, index)
        if first != index:
            message = f"{shown(collateral.asset)} stands in collateral[{first}] already"
            yield Code.DUPLICATE_ENTRY.problem(f"{place}.asset", message, "add them up into one entry")
        yield from _levels(table, collateral, place)
        yield from _haircuts(collateral.haircuts, f"{place}.haircuts")


def loan_of(table: LoanTable, number: int) -> OfflineLoan:
    """The loan of a table that has passed its checks; `number` names it when it has no name."""
    return OfflineLoan(
        name=table.name or str(number),
        currency=table.currency,
        loan=Loan(debt=table.debt, collateral=tuple(_collateral(table, each) for each in table.collateral)),
        required_collateral_ratio=table.required_collateral_ratio or REQUIRED_COLLATERAL_RATIO,
        has_margin_call=any(each.margin_call_level is not None for each in table.collateral),
    )


def _collateral(loan: LoanTable, table: LoanCollateralTable) -> LoanCollateral:
    level = _liquidation_level(loan, table)
    if level is None:
        raise ValueError("collateral without a liquidation level passes no check")
    return LoanCollateral(
        asset=table.asset,
        quantity=table.quantity,
        price=table.price,
        liquidation_level=level,
        margin_call_level=table.margin_call_level,
        haircuts=tuple(
            HaircutTier(
                value_floor=tier.value_floor,
                value_cap=math.inf if tier.value_cap is None else tier.value_cap,
                value_share=tier.value_share,
            )
            for tier in table.haircuts
        ),
    )


def _liquidation_level(loan: LoanTable, table: LoanCollateralTable) -> float | None:
    """As stated; else that of the ratio the loan itself states. The usual 150 % is no lender's promise."""
    if table.liquidation_level is None and loan.required_collateral_ratio is not None:
        return level_of_collateral_ratio(loan.required_collateral_ratio)
    return table.liquidation_level


def _levels(loan: LoanTable, table: LoanCollateralTable, path: str) -> Iterator[Problem]:
    level = _liquidation_level(loan, table)
    if level is None:
        mend = "give the lender's level, or the loan's `required_collateral_ratio`"
        yield Code.MISSING_KEY.problem(f"{path}.liquidation_level", "missing", mend)
    elif table.margin_call_level is not None and table.margin_call_level > level:
        message = f"comes after liquidation at {level:.4g}"
        yield Code.LEVELS_CROSSED.problem(f"{path}.margin_call_level", message, "a lender calls before it sells")


def _haircuts(tiers: Sequence[HaircutTable], path: str) -> Iterator[Problem]:
    if tiers and tiers[0].value_floor != 0:
        message = f"the first tier begins at {tiers[0].value_floor:,.10g}, which leaves a gap"
        yield Code.HAIRCUTS_BROKEN.problem(f"{path}[0].value_floor", message, "the first tier begins at 0")
    for index, tier in enumerate(tiers):
        if tier.value_cap is None and index < len(tiers) - 1:
            yield Code.HAIRCUTS_BROKEN.problem(f"{path}[{index}].value_cap", "only the last tier has no end")
        elif tier.value_cap is not None and tier.value_cap <= tier.value_floor:
            yield Code.HAIRCUTS_BROKEN.problem(f"{path}[{index}].value_cap", "must be above value_floor")
    for index, (lower, upper) in enumerate(pairwise(tiers)):
        if lower.value_cap is not None and lower.value_cap != upper.value_floor:
            word = "leaves a gap" if upper.value_floor > lower.value_cap else "overlaps"
            message = f"{word}: the tier before ends at {lower.value_cap:,.10g}"
            yield Code.HAIRCUTS_BROKEN.problem(f"{path}[{index + 1}].value_floor", message)
