"""Collateral loans: levels, haircuts, and the price at which the lender sells."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.loans import (
    HaircutTier,
    Loan,
    LoanCollateral,
    assess_loan,
    counted_value,
    level_of_collateral_ratio,
    value_for,
)
from liqwatch.model import UNREACHABLE, Unknown

HAIRCUTS = (
    HaircutTier(value_floor=0.0, value_cap=50_000.0, value_share=1.0),
    HaircutTier(value_floor=50_000.0, value_cap=100_000.0, value_share=0.975),
    HaircutTier(value_floor=100_000.0, value_cap=200_000.0, value_share=0.5),
)


def bitcoin(**changes: float) -> LoanCollateral:
    collateral = LoanCollateral(
        asset="BTC", quantity=1.0, price=20_000.0, liquidation_level=0.83, margin_call_level=0.75
    )
    return replace(collateral, **changes)  # type: ignore[arg-type]  # every field changed here is a number


def test_a_loan_is_liquidated_where_its_level_is_reached() -> None:
    health = assess_loan(Loan(debt=10_000.0, collateral=(bitcoin(),)))
    (prices,) = health.prices
    assert health.loan_to_value == pytest.approx(0.5)
    assert health.collateral_ratio == pytest.approx(2.0)
    assert health.margin_ratio == pytest.approx(0.5 / 0.83)
    assert health.health_factor == pytest.approx(0.83 / 0.5)
    assert health.margin_call_ratio == pytest.approx(0.5 / 0.75)
    assert health.margin_buffer == pytest.approx(6_600.0)
    assert prices.margin_call_price == pytest.approx(10_000 / 0.75)  # 13,333 and 12,048 as Binance states them
    assert prices.liquidation_price == pytest.approx(10_000 / 0.83)
    assert prices.liquidation_distance == pytest.approx(1 - 10_000 / 0.83 / 20_000)


def test_a_required_collateral_ratio_of_150_percent_is_a_level_of_two_thirds() -> None:
    level = level_of_collateral_ratio(1.5)
    health = assess_loan(Loan(debt=10_000.0, collateral=(bitcoin(liquidation_level=level, price=15_000.0),)))
    assert health.collateral_ratio == pytest.approx(1.5)
    assert health.margin_ratio == pytest.approx(1.0)


def test_without_a_margin_call_level_only_liquidation_comes() -> None:
    pledged = replace(bitcoin(), margin_call_level=None)
    (prices,) = assess_loan(Loan(debt=10_000.0, collateral=(pledged,))).prices
    assert prices.margin_call_price == prices.liquidation_price


def test_other_collateral_that_carries_the_debt_alone_makes_a_price_unreachable() -> None:
    gold = LoanCollateral(asset="PAXG", quantity=10.0, price=2_000.0, liquidation_level=0.8)
    health = assess_loan(Loan(debt=10_000.0, collateral=(bitcoin(), gold)))
    assert health.prices[0].liquidation_price is UNREACHABLE
    assert health.prices[0].liquidation_distance is UNREACHABLE
    assert health.prices[1].liquidation_price is UNREACHABLE  # 16,600 by the first one


def test_a_loan_without_debt_is_no_risk_and_one_without_collateral_is_lost() -> None:
    free = assess_loan(Loan(debt=0.0, collateral=(bitcoin(),)))
    assert (free.margin_ratio, free.health_factor) == (0.0, math.inf)
    assert free.prices[0].liquidation_price is UNREACHABLE
    bare = assess_loan(Loan(debt=1.0, collateral=()))
    assert (bare.margin_ratio, bare.health_factor, bare.loan_to_value) == (math.inf, 0.0, math.inf)
    assert assess_loan(Loan(debt=0.0, collateral=())).margin_ratio == 0.0


def test_collateral_that_counts_for_nothing_has_no_price() -> None:
    empty = assess_loan(Loan(debt=1.0, collateral=(bitcoin(quantity=0.0),)))
    assert isinstance(empty.prices[0].liquidation_price, Unknown)
    capped = replace(bitcoin(), haircuts=(HAIRCUTS[0], HaircutTier(value_floor=50_000, value_cap=1e9, value_share=0.0)))
    lost = assess_loan(Loan(debt=50_000.0, collateral=(capped,)))
    assert isinstance(lost.prices[0].liquidation_price, Unknown)


def test_worthless_collateral_has_a_price_to_reach_but_no_distance_to_it() -> None:
    (prices,) = assess_loan(Loan(debt=10_000.0, collateral=(bitcoin(price=0.0),))).prices
    assert prices.liquidation_price == pytest.approx(10_000 / 0.83)
    assert isinstance(prices.liquidation_distance, Unknown)


def test_the_last_haircut_reaches_on_beyond_its_cap() -> None:
    assert counted_value(300_000.0, HAIRCUTS) == pytest.approx(50_000 + 48_750 + 100_000)


@given(st.floats(1.0, 1e6))
def test_the_value_behind_a_counted_value_is_found_again(value: float) -> None:
    assert value_for(counted_value(value, HAIRCUTS), HAIRCUTS) == pytest.approx(value)


@given(st.floats(100.0, 200_000.0), st.floats(0.1, 10.0), st.floats(0.5, 0.95), st.floats(0.0, 50_000.0))
def test_at_its_liquidation_price_a_loan_is_at_one(debt: float, quantity: float, level: float, beside: float) -> None:
    moving = LoanCollateral(asset="ETH", quantity=quantity, price=3_000.0, liquidation_level=level, haircuts=HAIRCUTS)
    other = LoanCollateral(asset="BTC", quantity=1.0, price=beside, liquidation_level=0.8)
    price = assess_loan(Loan(debt=debt, collateral=(moving, other))).prices[0].liquidation_price
    if price is UNREACHABLE:
        assert other.liquidation_limit >= debt
        return
    assert isinstance(price, float)
    there = assess_loan(Loan(debt=debt, collateral=(replace(moving, price=price), other)))
    assert there.margin_ratio == pytest.approx(1.0)
    assert there.health_factor == pytest.approx(1.0)
