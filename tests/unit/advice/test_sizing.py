from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.advice.sizing import Trade, losing_streaks, losses_to_nothing, position_size
from liqwatch.model import Side


def test_two_percent_of_ten_thousand_is_two_hundred() -> None:
    size = position_size(Trade(balance=10_000, risk=0.02, entry_price=100, stop_price=95))
    assert size.risk_money == pytest.approx(200)
    assert size.quantity == pytest.approx(40)
    assert size.notional == pytest.approx(4_000)
    assert size.stop_distance == pytest.approx(0.05)
    assert size.least_leverage == pytest.approx(0.4)


def test_the_stop_tells_the_side() -> None:
    assert Trade(balance=1, risk=0.1, entry_price=100, stop_price=95).side is Side.LONG
    assert Trade(balance=1, risk=0.1, entry_price=100, stop_price=105).side is Side.SHORT


@given(
    balance=st.floats(1, 1e9),
    risk=st.floats(1e-4, 0.9),
    entry=st.floats(1e-6, 1e6),
    away=st.floats(0.001, 0.9),
    fee=st.floats(0, 0.01),
    side=st.sampled_from(list(Side)),
)
def test_the_stop_costs_exactly_the_risk_fees_included(
    balance: float, risk: float, entry: float, away: float, fee: float, side: Side
) -> None:
    stop = entry * (1 - side.value * away)
    trade = Trade(balance=balance, risk=risk, entry_price=entry, stop_price=stop, fee_rate=fee)
    quantity = position_size(trade).quantity
    loss = side.value * quantity * (entry - stop) + fee * quantity * (entry + stop)
    assert loss == pytest.approx(balance * risk)


def test_a_stop_at_the_entry_cannot_be_sized() -> None:
    with pytest.raises(ValueError, match="at the entry"):
        Trade(balance=1, risk=0.1, entry_price=100, stop_price=100)


@pytest.mark.parametrize(("risk", "losses"), [(0.03, 34), (0.02, 50), (0.01, 100), (0.3, 4), (0.25, 4)])
def test_fixed_money_is_gone_after_so_many_losses(risk: float, losses: int) -> None:
    assert losses_to_nothing(risk) == losses


def test_the_same_streak_compounding_leaves_more_than_a_third() -> None:
    (after_33,) = losing_streaks(0.03, [33])
    assert after_33.left_fixed == pytest.approx(0.01)
    assert after_33.left_compounding == pytest.approx(0.366, abs=0.0005)
    assert after_33.gain_needed == pytest.approx(1.7323, abs=0.0005)
    (after_100,) = losing_streaks(0.01, [100])
    assert after_100.left_fixed == pytest.approx(0.0, abs=1e-12)
    assert after_100.left_compounding == pytest.approx(0.366, abs=0.0005)


def test_a_streak_that_leaves_nothing_needs_an_infinite_gain() -> None:
    (row,) = losing_streaks(0.99999, [100])
    assert math.isinf(row.gain_needed)
