from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from liqwatch.margin.assess import computed_liquidation_price
from liqwatch.margin.conventions import MAINTENANCE_ON_MARK_WITHOUT_FEE, Basis, Convention, TierMode
from liqwatch.margin.explain import Explanation, explain
from liqwatch.margin.marked import MarkedPool
from liqwatch.margin.pools import Pool
from liqwatch.model import UNREACHABLE, ContractKind, Unknown
from liqwatch.testing.strategies import marks_for, pools

CONVENTIONS = [
    Convention(name="drawn", maintenance_basis=maintenance, closing_fee_basis=fee, tier_mode=tiers)
    for maintenance in (Basis.LIQUIDATION, Basis.ENTRY, Basis.MARK, Basis.FIXED)
    for fee in (Basis.NONE, Basis.LIQUIDATION, Basis.ENTRY, Basis.MARK)
    for tiers in TierMode
]


@st.composite
def marked_pools(draw: st.DrawFn) -> MarkedPool:
    kind = draw(st.sampled_from([ContractKind.LINEAR, ContractKind.INVERSE]))
    pool: Pool = draw(pools(most=4, convention=draw(st.sampled_from(CONVENTIONS)), kind=kind))
    return MarkedPool(pool, draw(marks_for(pool)))


def terms_of(text: str) -> tuple[float, float]:
    """Constant and slope of "-5 + 3 * P"."""
    found = re.fullmatch(r"(\S+)(?: ([+-]) (\S+) \* (?:1/)?P)?", text)
    assert found, text
    constant, sign, slope = found.groups()
    number = float(slope.replace(",", "")) if slope else 0.0
    return float(constant.replace(",", "")), -number if sign == "-" else number


def told(marked: MarkedPool, index: int = 0) -> Explanation:
    return explain(marked, marked.pool.holdings[index], row=None)


@given(marked=marked_pools())
def test_the_printed_equation_solved_by_hand_gives_the_printed_price(marked: MarkedPool) -> None:
    explanation = told(marked)
    price = computed_liquidation_price(marked, marked.pool.holdings[0])
    assert explanation.liquidation_price == price
    steps = {step.title: step for step in explanation.steps}
    if "They meet at" not in steps or "jumps" in steps["They meet at"].sum:
        return
    assert isinstance(price, float)
    equity, must_hold = terms_of(steps["Equity"].sum), terms_of(steps["Must hold"].sum)
    x = (must_hold[0] - equity[0]) / (equity[1] - must_hold[1])
    instrument = marked.pool.holdings[0].instrument
    assert instrument is not None
    by_hand = 1 / x if instrument.contract_kind is ContractKind.INVERSE else x
    # Ten digits are printed; where large terms cancel, fewer are left of them.
    lost = abs(equity[0]) / max(abs(must_hold[0] - equity[0]), 1e-9) + 1
    assert by_hand == pytest.approx(price, rel=1e-6 * lost)
    assert steps["They meet at"].result == pytest.approx(price)


@given(marked=marked_pools())
def test_every_explanation_ends_with_a_verdict(marked: MarkedPool) -> None:
    explanation = told(marked)
    if explanation.liquidation_price is UNREACHABLE:
        assert explanation.conclusion.startswith("Cannot be liquidated")
    else:
        assert explanation.conclusion.startswith(("Liquidation at", "Beyond liquidation"))


@given(pool=pools(most=3))
def test_what_cannot_be_computed_has_a_reason_instead_of_steps(pool: Pool) -> None:
    unknown = MarkedPool(replace(pool, wallet_balance=None), dict.fromkeys(pool.symbols, 100.0))
    explanation = told(unknown)
    assert isinstance(explanation.liquidation_price, Unknown)
    assert explanation.steps == ()
    assert explanation.conclusion == "Not computed: the wallet balance is not known."


@given(pool=pools(most=4, convention=MAINTENANCE_ON_MARK_WITHOUT_FEE))
def test_every_other_position_of_the_pool_is_named(pool: Pool) -> None:
    explanation = told(MarkedPool(pool, dict.fromkeys(pool.symbols, 100.0)))
    titles = " ".join(step.title for step in explanation.steps)
    assume(explanation.steps)
    assert all(holding.position.subject in titles for holding in pool.holdings[1:])
