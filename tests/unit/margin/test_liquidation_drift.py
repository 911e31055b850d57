"""The cause that is named is the one that was changed: every fact behind a liquidation price, one at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from liqwatch.margin.assess import computed_liquidation_price
from liqwatch.margin.conventions import Basis, Convention
from liqwatch.margin.liquidation_drift import DriftCause, drifts, price_under_old_tiers
from liqwatch.margin.marked import MarkedPool, known_instrument
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.standing import rates_then_and_now, standing_of, tier_rate
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import ContractKind, MarginMode, Side
from liqwatch.testing.sights import CONTRACT, LONG
from liqwatch.testing.strategies import marks_for, pools

ON_ENTRY = Convention(name="at entry", maintenance_basis=Basis.ENTRY)
ON_MARK = Convention(name="on mark")
TOLD = Convention(name="told", maintenance_basis=Basis.FIXED)


def with_first(pool: Pool, holding: Holding) -> Pool:
    return replace(pool, holdings=(holding, *pool.holdings[1:]))


def poorer(pool: Pool, share: float) -> Pool:
    return replace(pool, wallet_balance=(pool.wallet_balance or 0.0) * (1 - share))


def stricter(pool: Pool, factor: float) -> Pool:
    """Every tier of the first market asks so many times as much."""
    first = pool.holdings[0]
    contract = known_instrument(first)
    tiers = tuple(
        replace(
            tier,
            maintenance_margin_rate=tier.maintenance_margin_rate * factor,
            maintenance_deduction=tier.maintenance_deduction * factor,
        )
        for tier in contract.tiers
    )
    return with_first(pool, Holding(first.position, replace(contract, tiers=tiers)))


def traded(pool: Pool, marks: dict[str, float], factor: float) -> Pool:
    """The first position was enlarged at the present mark: its profit stays, its entry follows."""
    first = pool.holdings[0]
    position, mark = first.position, marks[first.position.symbol]
    entry = mark + (position.entry_price - mark) / factor
    bigger = replace(position, contracts=position.contracts * factor, entry_price=entry)
    return with_first(pool, Holding(bigger, first.instrument))


def causes(before: Pool, after: Pool, marks: dict[str, float], earlier: dict[str, float] | None = None) -> set[str]:
    then = standing_of(MarkedPool(before, earlier or marks), before.holdings[0])
    return {drift.cause.value for drift in drifts(MarkedPool(after, marks), after.holdings[0], then)}


def only(cause: DriftCause, pool: Pool, marks: dict[str, float]) -> set[str]:
    """That cause, where there is a liquidation price to move."""
    price = computed_liquidation_price(MarkedPool(pool, marks), pool.holdings[0])
    return {cause.value} if isinstance(price, float) else set()


@given(data=st.data(), share=st.integers(1, 90))
def test_lost_collateral_is_the_only_cause_named(data: st.DataObject, share: int) -> None:
    pool = data.draw(pools())
    marks = data.draw(marks_for(pool))
    after = poorer(pool, share / 100)
    found = causes(pool, after, marks)
    assert found in (only(DriftCause.COLLATERAL, after, marks), only(DriftCause.FUNDING_OR_FEES, after, marks))


@given(data=st.data(), factor=st.integers(101, 300))
def test_raised_tiers_are_the_only_cause_named_and_the_old_price_is_exact(data: st.DataObject, factor: int) -> None:
    pool = data.draw(pools())
    marks = data.draw(marks_for(pool))
    after = stricter(pool, factor / 100)
    assert causes(pool, after, marks) == only(DriftCause.TIERS, after, marks)
    marked, holding = MarkedPool(after, marks), after.holdings[0]
    rates = rates_then_and_now(marked, holding, standing_of(MarkedPool(pool, marks), pool.holdings[0]))
    assert rates is not None
    old = computed_liquidation_price(MarkedPool(pool, marks), pool.holdings[0])
    found = price_under_old_tiers(marked, holding, rates)
    assert found == pytest.approx(old, rel=1e-6) if isinstance(old, float) else found == old


@given(data=st.data(), factor=st.integers(11, 40))
def test_a_larger_position_is_the_only_cause_named(data: st.DataObject, factor: int) -> None:
    pool = data.draw(pools(most=1))
    marks = data.draw(marks_for(pool))
    after = traded(pool, marks, factor / 10)
    assume(after.holdings[0].position.entry_price > 0)
    found = causes(pool, after, marks)
    assert found <= {DriftCause.CONTRACTS.value}
    marked = MarkedPool(after, marks)
    if marked.equity > marked.requirement:
        assert found == only(DriftCause.CONTRACTS, after, marks)


@given(data=st.data(), move=st.integers(1, 50))
def test_the_loss_of_another_market_is_the_only_cause_named(data: st.DataObject, move: int) -> None:
    pool = data.draw(pools(most=4))
    assume(len(pool.holdings) > 1)
    marks = data.draw(marks_for(pool))
    other = pool.holdings[1].position
    later = {**marks, other.symbol: marks[other.symbol] * (1 - other.side.value * move / 100)}
    assert causes(pool, pool, later, marks) == only(DriftCause.OTHER_POSITIONS, pool, later)


@given(data=st.data(), move=st.integers(-90, 200))
def test_the_own_mark_is_no_cause(data: st.DataObject, move: int) -> None:
    pool = data.draw(pools(most=3))
    marks = data.draw(marks_for(pool))
    symbol = pool.holdings[0].position.symbol
    assert causes(pool, pool, {**marks, symbol: marks[symbol] * (1 + move / 100)}, marks) == set()


@pytest.mark.parametrize("kind", [ContractKind.LINEAR, ContractKind.INVERSE])
@given(data=st.data())
def test_nothing_changed_names_nothing(kind: ContractKind, data: st.DataObject) -> None:
    pool = data.draw(pools(kind=kind))
    marks = data.draw(marks_for(pool))
    assert causes(pool, pool, marks) == set()


@given(data=st.data(), share=st.integers(5, 60), factor=st.integers(11, 30))
def test_every_change_is_found_and_the_strongest_comes_first(data: st.DataObject, share: int, factor: int) -> None:
    pool = data.draw(pools(most=1))
    marks = data.draw(marks_for(pool))
    after = stricter(poorer(pool, share / 100), factor / 10)
    then = standing_of(MarkedPool(pool, marks), pool.holdings[0])
    found = drifts(MarkedPool(after, marks), after.holdings[0], then)
    moves = [drift.moved for drift in found]
    assert moves == sorted(moves, reverse=True)
    assert all(move > 0 for move in moves)


def cross(contracts: float = 1.0, wallet: float = 20_000.0, side: Side = Side.LONG) -> Pool:
    return Pool(
        account="main",
        venue="binance_usdm",
        subject="cross USDT",
        currency="USDT",
        margin_mode=MarginMode.CROSS,
        wallet_balance=wallet,
        holdings=(Holding(replace(LONG, contracts=contracts, side=side), CONTRACT),),
        convention=ON_MARK,
    )


MARKS = {LONG.symbol: 60_000.0}


def test_the_moved_price_is_that_of_the_difference() -> None:
    (drift,) = drifts(
        MarkedPool(cross(wallet=10_000.0), MARKS),
        cross().holdings[0],
        standing_of(MarkedPool(cross(), MARKS), cross().holdings[0]),
    )
    assert (drift.cause, drift.before, drift.after) == (DriftCause.COLLATERAL, 20_000.0, 10_000.0)
    assert drift.moved == pytest.approx(10_000 / 0.996)


def test_where_there_was_no_liquidation_price_the_move_is_infinite() -> None:
    safe = cross(wallet=70_000.0)
    then = standing_of(MarkedPool(safe, MARKS), safe.holdings[0])
    (drift,) = drifts(MarkedPool(cross(), MARKS), cross().holdings[0], then)
    assert drift.moved == math.inf


def test_a_payment_the_size_of_funding_is_named_as_that() -> None:
    for taken, cause in ((300.0, DriftCause.FUNDING_OR_FEES), (301.0, DriftCause.COLLATERAL)):
        then = standing_of(MarkedPool(cross(), MARKS), cross().holdings[0])
        (drift,) = drifts(MarkedPool(cross(wallet=20_000.0 - taken), MARKS), cross().holdings[0], then)
        assert drift.cause is cause


def test_a_loss_that_closing_has_realised_is_no_loss_of_collateral() -> None:
    marks = {LONG.symbol: 50_000.0}
    then = standing_of(MarkedPool(cross(), marks), cross().holdings[0])
    half = cross(contracts=0.5, wallet=15_000.0)
    assert drifts(MarkedPool(half, marks), half.holdings[0], then) == ()


def test_without_facts_nothing_is_named() -> None:
    then = standing_of(MarkedPool(cross(), MARKS), cross().holdings[0])
    blind = replace(cross(), wallet_balance=None)
    assert drifts(MarkedPool(blind, MARKS), blind.holdings[0], then) == ()
    assert standing_of(MarkedPool(blind, MARKS), blind.holdings[0]).collateral is None
    dark = standing_of(MarkedPool(cross(), {}), cross().holdings[0])
    assert (dark.mark_price, dark.other_pnl, dark.maintenance_rate) == (None, None, None)
    assert drifts(MarkedPool(cross(), MARKS), cross().holdings[0], dark) == ()
    rich = cross(wallet=70_000.0)
    assert drifts(MarkedPool(rich, MARKS), rich.holdings[0], then) == ()


def test_a_tier_belongs_to_the_notional_that_the_venue_looks_at() -> None:
    # 300,000 is the edge: six at the mark of 60,000 are above it, six at an entry of 40,000 are not.
    six = replace(LONG, contracts=6.0, entry_price=40_000.0)
    pool = with_first(cross(), Holding(six, CONTRACT))
    for convention, rate in ((ON_MARK, 0.005), (ON_ENTRY, 0.004), (TOLD, None)):
        marked = MarkedPool(replace(pool, convention=convention), MARKS)
        assert tier_rate(marked, pool.holdings[0], 60_000.0, 6.0) == rate
    on_entry = MarkedPool(replace(pool, convention=ON_ENTRY), MARKS)
    assert tier_rate(on_entry, pool.holdings[0], 60_000.0, 1.0) is None, "where it was entered then is not known"


def test_both_legs_of_a_hedge_are_in_the_old_tiers() -> None:
    old = replace(CONTRACT, tiers=tiers_with_deductions([(0.0, 1e9, 0.01)]))
    new = replace(CONTRACT, tiers=tiers_with_deductions([(0.0, 1e9, 0.03)]))
    legs = (LONG, replace(LONG, side=Side.SHORT, contracts=0.4))
    before, after = (replace(cross(), holdings=tuple(Holding(leg, each) for leg in legs)) for each in (old, new))
    expected = computed_liquidation_price(MarkedPool(before, MARKS), before.holdings[0])
    assert price_under_old_tiers(MarkedPool(after, MARKS), after.holdings[0], (0.01, 0.03)) == pytest.approx(expected)
    assert price_under_old_tiers(MarkedPool(after, MARKS), after.holdings[0], (0.0, 0.0)) == computed_liquidation_price(
        MarkedPool(after, MARKS), after.holdings[0]
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: cross(wallet=10_000.0), "collateral fell by 10,000.00 USDT"),
        (lambda: cross(wallet=19_900.0), "funding or fees took 100.00 USDT"),
        (lambda: cross(contracts=1.5), "the position went from 1 to 1.5 contracts"),
        (lambda: stricter(cross(), 2.0), "the venue changed its tiers, maintenance rate 0.40% → 0.80%"),
        (lambda: replace(cross(), outside_unrealized_pnl=-0.5), "other positions of the pool lost 0.500 USDT"),
    ],
)
def test_every_cause_has_its_words(change: Callable[[], Pool], words: str) -> None:
    then = standing_of(MarkedPool(cross(), MARKS), cross().holdings[0])
    (drift,) = drifts(MarkedPool(change(), MARKS), change().holdings[0], then)
    assert drift.words("USDT") == words
