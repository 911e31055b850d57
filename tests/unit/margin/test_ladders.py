"""Partial liquidation as each venue describes it, with round numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest

from liqwatch.margin import step_down_rows
from liqwatch.margin.assess import assess
from liqwatch.margin.conventions import Basis, Convention, TierMode
from liqwatch.margin.figures import FiguresRequest, figures_of
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.step_down import Step
from liqwatch.margin.step_down_rows import ROWS, PartFirst, StepDownRow, TierByTier, step_down_rule_of
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import Instrument, LeverageTier, MarginMode, Position, Side

SYMBOL = "BTC/USDT:USDT"
DEDUCTED = Convention(name="joined tiers")
FLAT = Convention(name="flat tiers", tier_mode=TierMode.FLAT)
ON_ENTRY = Convention(name="at entry", maintenance_basis=Basis.ENTRY)
FOUR_TIERS = tiers_with_deductions(
    [(0.0, 1e5, 0.01), (1e5, 2e5, 0.02), (2e5, 3e5, 0.04), (3e5, math.inf, 0.08)],
)


def pool_of(
    side: Side,
    contracts: float,
    *,
    wallet: float,
    convention: Convention = DEDUCTED,
    tiers: tuple[LeverageTier, ...] = FOUR_TIERS,
    liquidation_fee_rate: float = 0.0,
    mode: MarginMode = MarginMode.ISOLATED,
) -> Pool:
    """One position opened at 100."""
    instrument = Instrument(
        symbol=SYMBOL,
        native_symbol="BTCUSDT",
        settle_currency="USDT",
        tiers=tiers,
        liquidation_fee_rate=liquidation_fee_rate,
    )
    held = Position(symbol=SYMBOL, side=side, contracts=contracts, entry_price=100.0, margin_mode=mode)
    return Pool(
        account="main",
        venue="elsewhere",
        subject=held.subject,
        currency="USDT",
        margin_mode=mode,
        wallet_balance=wallet,
        holdings=(Holding(held, instrument),),
        convention=convention,
    )


def ladder(pool: Pool, exchange: str, mark_price: float = 100.0) -> tuple[Step, ...]:
    (mine,) = figures_of(assess(pool, {SYMBOL: mark_price}), FiguresRequest(exchange=exchange)).positions
    return mine.step_down


def left_after(steps: tuple[Step, ...]) -> list[float | None]:
    return [None if step.contracts_after is None else round(step.contracts_after, 6) for step in steps]


def test_bybit_sells_down_to_the_next_lower_tier_until_none_is_below() -> None:
    """Short 3,500 from 100 with 30,000: at P the loss is 3,500 (P - 100), maintenance 0.08 * 3,500 P - 17,000."""
    steps = ladder(pool_of(Side.SHORT, 3_500.0, wallet=30_000.0), "bybit")
    first = (30_000 + 350_000 + 17_000) / (3_500 * 1.08)
    assert steps[0].price == pytest.approx(first)
    assert left_after(steps)[0] == pytest.approx(3e5 / first, abs=1e-5)
    assert [step.tier_after for step in steps] == [3, 2, 1, None]
    assert steps[0].maintenance_margin_after == pytest.approx(0.04 * 3e5 - 5_000)
    assert steps[0].why == "reduced to the cap of tier 3: 300,000"
    assert steps[-1].contracts_after == steps[-1].maintenance_margin_after == 0.0
    assert steps[-1].why == "the rest is closed or taken over"


def test_the_second_step_comes_where_the_smaller_position_runs_out_again() -> None:
    first, second, *_ = ladder(pool_of(Side.SHORT, 3_500.0, wallet=30_000.0), "bybit")
    assert first.contracts_after is not None
    equity = 30_000 - 3_500 * (first.price - 100)
    left = first.contracts_after
    # rising from 300,000 the rest is in the highest tier again: equity - left * (P - first) = 0.08 * left * P - 17,000
    assert second.price == pytest.approx((equity + left * first.price + 17_000) / (left * 1.08))


def test_okx_skips_a_tier_and_takes_the_two_lowest_whole() -> None:
    tiers = tuple(replace(tier, maintenance_deduction=0.0) for tier in FOUR_TIERS)
    four = pool_of(Side.LONG, 3_900.0, wallet=45_000.0, convention=FLAT, tiers=tiers)
    assert [step.tier_after for step in ladder(four, "okx")] == [2, None]
    two = pool_of(Side.LONG, 1_500.0, wallet=10_000.0, convention=FLAT, tiers=tiers)
    (whole,) = ladder(two, "okx")
    assert whole.contracts_after == 0.0
    assert whole.why == "the whole position is closed or taken over"


def test_where_maintenance_is_taken_at_entry_the_tier_is_too() -> None:
    first, *_ = ladder(pool_of(Side.LONG, 2_500.0, wallet=25_000.0, convention=ON_ENTRY), "gate")
    assert first.contracts_after == pytest.approx(2_000.0)  # 200,000 at the entry price of 100


def test_hyperliquid_sells_a_fifth_of_a_large_position_first() -> None:
    steps = ladder(pool_of(Side.LONG, 2_000.0, wallet=20_000.0), "hyperliquid")
    assert left_after(steps) == [1_600.0, 0.0]
    assert steps[0].why == "20% of the position is sold first"
    assert steps[1].price < steps[0].price


def test_hyperliquid_takes_a_small_position_whole() -> None:
    assert left_after(ladder(pool_of(Side.LONG, 1_000.0, wallet=10_000.0), "hyperliquid")) == [0.0]


def test_binance_sells_as_much_as_it_finds_needed_and_then_takes_over_the_rest() -> None:
    first, rest = ladder(pool_of(Side.LONG, 2_000.0, wallet=20_000.0), "binance_usdm")
    assert first.contracts_after is first.tier_after is first.maintenance_margin_after is None
    assert (rest.price, rest.contracts_after) == (first.price, 0.0)


def test_kucoin_goes_in_parts_only_in_cross_mode_and_only_above_its_limit() -> None:
    large = pool_of(Side.LONG, 8_000.0, wallet=80_000.0, mode=MarginMode.CROSS)
    assert left_after(ladder(large, "kucoin_futures")) == [None, 0.0]
    small = pool_of(Side.LONG, 3_000.0, wallet=30_000.0, mode=MarginMode.CROSS)
    assert left_after(ladder(small, "kucoin_futures")) == [0.0]
    assert ladder(pool_of(Side.LONG, 8_000.0, wallet=80_000.0), "kucoin_futures") == ()


def test_a_liquidation_fee_that_eats_the_gain_brings_the_next_step_at_the_same_mark() -> None:
    steps = ladder(pool_of(Side.LONG, 3_500.0, wallet=30_000.0, liquidation_fee_rate=0.2), "bybit")
    assert len({step.price for step in steps}) == 1
    assert steps[-1].contracts_after == 0.0


def test_a_rest_that_can_never_be_liquidated_ends_the_ladder() -> None:
    """A small rest under a large remaining equity: no fall, not even to zero, reaches it again."""
    tiers = tiers_with_deductions([(0.0, 100.0, 0.01), (100.0, math.inf, 0.9)])
    steps = ladder(pool_of(Side.LONG, 10.0, wallet=600.0, tiers=tiers), "bybit")
    assert [step.tier_after for step in steps] == [1]


def test_a_pool_beyond_liquidation_starts_at_the_mark() -> None:
    first, *_ = ladder(pool_of(Side.LONG, 3_500.0, wallet=30_000.0), "bybit", mark_price=90.0)
    assert first.price == 90.0


@pytest.mark.parametrize("exchange", ["elsewhere", "deribit"])
def test_a_venue_without_a_row_has_no_ladder(exchange: str) -> None:
    assert ladder(pool_of(Side.LONG, 3_500.0, wallet=30_000.0), exchange) == ()


def test_without_tiers_there_is_no_ladder_by_tiers() -> None:
    fixed = Convention(name="told by the venue", maintenance_basis=Basis.FIXED)
    assert ladder(pool_of(Side.LONG, 10.0, wallet=100.0, convention=fixed, tiers=()), "bybit") == ()


def test_the_newest_row_that_has_begun_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = date(2026, 3, 1)
    rows = (
        StepDownRow(exchange="example", rule=TierByTier(), source="page read 2025"),
        StepDownRow(exchange="example", rule=PartFirst(share=0.5), source="page read 2026", since=changed),
    )
    monkeypatch.setattr(step_down_rows, "ROWS", rows)
    assert step_down_rule_of("example", MarginMode.CROSS, date(2026, 2, 28)) == TierByTier()
    assert step_down_rule_of("example", MarginMode.CROSS, changed) == PartFirst(share=0.5)
    assert step_down_rule_of("nowhere", MarginMode.CROSS, changed) is None


def test_every_ladder_names_its_source() -> None:
    assert all(row.source for row in ROWS)
