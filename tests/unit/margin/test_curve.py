"""Corners of the walk along a market: zero surplus, tier edges, jumps, breached pools, hedged twins."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from liqwatch.margin.assess import assess, bankruptcy_price
from liqwatch.margin.conventions import MAINTENANCE_ON_MARK_WITHOUT_FEE, Convention, TierMode
from liqwatch.margin.curve import first_crossing
from liqwatch.margin.health import PoolHealth
from liqwatch.margin.marked import MarkedPool
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import UNREACHABLE, Instrument, LeverageTier, MarginMode, Position, Side

SYMBOL = "BTC/USDT:USDT"
ONE_PERCENT = tiers_with_deductions([(0.0, math.inf, 0.01)])
FLAT = Convention(name="flat tiers", tier_mode=TierMode.FLAT)


def flat_tiers(*rows: tuple[float, float, float]) -> tuple[LeverageTier, ...]:
    return tuple(
        LeverageTier(notional_floor=floor, notional_cap=cap, maintenance_margin_rate=rate) for floor, cap, rate in rows
    )


def position(side: Side, contracts: float = 10.0, *, entry_price: float = 100.0) -> Position:
    return Position(
        symbol=SYMBOL, side=side, contracts=contracts, entry_price=entry_price, margin_mode=MarginMode.CROSS
    )


def pool(
    wallet: float,
    *positions: Position,
    tiers: tuple[LeverageTier, ...] = ONE_PERCENT,
    convention: Convention = MAINTENANCE_ON_MARK_WITHOUT_FEE,
) -> Pool:
    contract = Instrument(symbol=SYMBOL, native_symbol="BTCUSDT", settle_currency="USDT", tiers=tiers)
    return Pool(
        account="main",
        venue="binance_usdm",
        subject="cross USDT",
        currency="USDT",
        margin_mode=MarginMode.CROSS,
        wallet_balance=wallet,
        holdings=tuple(Holding(each, contract) for each in positions),
        convention=convention,
    )


def judged(each: Pool, mark_price: float) -> PoolHealth:
    return assess(each, {SYMBOL: mark_price})


def test_a_pool_that_is_exactly_at_liquidation_is_at_distance_zero() -> None:
    health = judged(pool(10.0, position(Side.LONG)), 100.0)
    assert health.margin_ratio == 1.0
    (mine,) = health.positions
    assert (mine.computed_liquidation_price, mine.liquidation_distance) == (100.0, 0.0)


def test_a_breached_pool_names_the_price_of_recovery_at_a_negative_distance() -> None:
    health = judged(pool(10.0, position(Side.LONG)), 95.0)
    (mine,) = health.positions
    assert mine.computed_liquidation_price == pytest.approx(100.0)
    assert mine.liquidation_distance == pytest.approx((95.0 - 100.0) / 95.0)


def test_a_pool_without_equity_has_an_infinite_margin_ratio() -> None:
    assert judged(pool(10.0, position(Side.LONG)), 98.0).margin_ratio == math.inf


def test_a_root_on_a_tier_edge_is_found_once_and_exactly() -> None:
    tiers = tiers_with_deductions([(0.0, 900.0, 0.01), (900.0, math.inf, 0.05)])
    wallet = 100.0 + 9.0  # at 90 the loss is 100 and the maintenance of 900 is 9
    (mine,) = judged(pool(wallet, position(Side.LONG), tiers=tiers), 100.0).positions
    assert mine.computed_liquidation_price == pytest.approx(90.0)


@pytest.mark.parametrize("mark_price", [95.0, 100.0, 105.0])
def test_the_tier_that_counts_is_the_one_at_the_liquidation_price(mark_price: float) -> None:
    tiers = tiers_with_deductions([(0.0, 500.0, 0.01), (500.0, math.inf, 0.1)])
    (mine,) = judged(pool(600.0, position(Side.LONG), tiers=tiers), mark_price).positions
    assert mine.computed_liquidation_price == pytest.approx(400 / 9.9)


def test_where_flat_tiers_jump_the_edge_itself_can_be_the_liquidation_price() -> None:
    tiers = flat_tiers((0.0, 1_200.0, 0.01), (1_200.0, math.inf, 0.2))
    short = pool(300.0, position(Side.SHORT), tiers=tiers, convention=FLAT)
    (mine,) = judged(short, 100.0).positions
    assert mine.computed_liquidation_price == 120.0


def test_of_several_roots_the_first_from_the_mark_counts() -> None:
    """A long falls below maintenance, is saved by a milder tier, and falls below again."""
    tiers = flat_tiers((0.0, 850.0, 0.01), (850.0, math.inf, 0.2))
    curve = judged(pool(280.0, position(Side.LONG), tiers=tiers, convention=FLAT), 100.0).marked.curve(SYMBOL)
    first = first_crossing(curve, 100.0, -1)
    assert first == pytest.approx(90.0)
    saved = first_crossing(curve, 89.0, -1)
    assert saved == pytest.approx(85.0)
    assert first_crossing(curve, 84.0, -1) == pytest.approx(720 / 9.9)


def test_twins_of_one_market_share_one_price_and_only_the_larger_is_near_it() -> None:
    twins = pool(100.0, position(Side.LONG, 10.0), position(Side.SHORT, 4.0))
    long, short = judged(twins, 100.0).positions
    assert (
        long.computed_liquidation_price == short.computed_liquidation_price == pytest.approx((600 - 100) / (6 - 0.14))
    )
    assert isinstance(long.liquidation_distance, float)
    assert (long.is_hedged_leg, short.is_hedged_leg) == (False, True)
    assert short.liquidation_distance is UNREACHABLE


def test_a_larger_short_twin_is_liquidated_above_the_mark() -> None:
    twins = pool(100.0, position(Side.LONG, 4.0), position(Side.SHORT, 10.0))
    long, short = judged(twins, 100.0).positions
    assert short.liquidation_price == pytest.approx((600 + 100) / (6 + 0.14))
    assert long.liquidation_distance is UNREACHABLE


def test_ample_margin_makes_a_long_unreachable() -> None:
    (mine,) = judged(pool(1_001.0, position(Side.LONG)), 100.0).positions
    assert mine.liquidation_price is UNREACHABLE
    assert mine.liquidation_distance is UNREACHABLE
    assert mine.loss_at_liquidation is None


def test_the_nearer_of_reported_and_computed_counts() -> None:
    for reported, counts in ((95.0, 95.0), (80.0, 90 / 0.99)):
        mine = replace(position(Side.LONG), reported_liquidation_price=reported)
        (health,) = judged(pool(100.0, mine), 100.0).positions
        assert health.liquidation_price == pytest.approx(counts)


@pytest.mark.parametrize("mark_price", [100.0, 85.0])  # before and beyond
def test_the_walk_to_bankruptcy_counts_equity_alone(mark_price: float) -> None:
    one = pool(100.0, position(Side.LONG))
    assert bankruptcy_price(MarkedPool(one, {SYMBOL: mark_price}), one.holdings[0]) == pytest.approx(90.0)


@pytest.mark.parametrize(("short_contracts", "mark_price"), [(9.9, 120.0), (10.0, 110.0), (10.0, 150.0)])
def test_nearly_even_twins_are_liquidated_on_the_other_side_by_maintenance(
    short_contracts: float, mark_price: float
) -> None:
    """The larger side never gets there, but maintenance on both legs does, upward."""
    rates = tiers_with_deductions([(0.0, math.inf, 0.02)])
    twins = pool(50.0, position(Side.LONG), position(Side.SHORT, short_contracts), tiers=rates)
    health = judged(twins, mark_price)
    long, short = health.positions
    price = short.computed_liquidation_price
    assert isinstance(price, float)
    assert judged(twins, price).margin_ratio == pytest.approx(1.0)
    assert (long.is_hedged_leg, short.is_hedged_leg) == (True, False)
    assert isinstance(short.liquidation_distance, float)
    assert (short.liquidation_distance <= 0) == (mark_price == 150.0)
