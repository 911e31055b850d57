from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.advice.leverage import MOST_LEVERAGE, highest_safe_leverage, is_beyond_stop, leverage_table, opened
from liqwatch.margin.conventions import MAINTENANCE_ON_MARK_WITHOUT_FEE, Convention
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import UNREACHABLE, ContractKind, Instrument, LeverageTier, MarginMode, Position, Side


def pool_of(
    side: Side,
    rate: float = 0.004,
    kind: ContractKind = ContractKind.LINEAR,
    convention: Convention = MAINTENANCE_ON_MARK_WITHOUT_FEE,
) -> Pool:
    tiers = (LeverageTier(notional_floor=0, notional_cap=math.inf, maintenance_margin_rate=rate),)
    instrument = Instrument(
        symbol="BTC/USDT:USDT", native_symbol="BTCUSDT", settle_currency="USDT", contract_kind=kind, tiers=tiers
    )
    position = Position(
        symbol="BTC/USDT:USDT", side=side, contracts=2.0, entry_price=100.0, margin_mode=MarginMode.CROSS
    )
    return Pool(
        account="plan",
        venue="binance_usdm",
        subject="cross USDT",
        currency="USDT",
        margin_mode=MarginMode.CROSS,
        wallet_balance=5.0,
        holdings=(Holding(position, instrument),),
        convention=convention,
        outside_maintenance_margin=3.0,
    )


@pytest.mark.parametrize(
    ("leverage", "rate", "distance"),
    [(100, 0.004, 0.00602), (50, 0.005, 0.0151), (20, 0.01, 0.0404), (10, 0.01, 0.0909), (5, 0.01, 0.192)],
)
def test_distance_by_leverage_is_the_known_one(leverage: float, rate: float, distance: float) -> None:
    (row,) = leverage_table(pool_of(Side.LONG, rate), [leverage])
    assert row.margin == pytest.approx(200 / leverage)
    assert row.liquidation_distance == pytest.approx(distance, rel=0.005)


def test_a_long_without_leverage_cannot_be_liquidated_and_a_short_can() -> None:
    assert leverage_table(pool_of(Side.LONG), [1])[0].liquidation_price is UNREACHABLE
    assert isinstance(leverage_table(pool_of(Side.SHORT), [1])[0].liquidation_price, float)


KINDS = (ContractKind.LINEAR, ContractKind.INVERSE)
PER_LEVERAGE = replace(MAINTENANCE_ON_MARK_WITHOUT_FEE, name="factor", rate_is_per_leverage=True)


@given(
    side=st.sampled_from(list(Side)),
    away=st.floats(0.002, 0.4),
    rate=st.floats(0, 0.1),
    kind=st.sampled_from(KINDS),
    convention=st.sampled_from([MAINTENANCE_ON_MARK_WITHOUT_FEE, PER_LEVERAGE]),
)
def test_at_the_highest_leverage_the_stop_comes_first_and_just_above_it_no_more(
    side: Side, away: float, rate: float, kind: ContractKind, convention: Convention
) -> None:
    pool = pool_of(side, rate, kind, convention)
    stop = 100.0 * (1 - side.value * away)
    highest = highest_safe_leverage(pool, stop)
    assert highest is not None
    assert is_beyond_stop(opened(pool, highest), stop)
    assert highest == MOST_LEVERAGE or not is_beyond_stop(opened(pool, highest * 1.000001), stop)


def test_where_no_leverage_is_low_enough_there_is_none() -> None:
    assert highest_safe_leverage(pool_of(Side.LONG, rate=0.99), 1e-9) is not None
    assert highest_safe_leverage(pool_of(Side.SHORT, rate=0.5), 1e5) is None


def test_an_inverse_long_ends_halfway_down_even_without_leverage() -> None:
    assert highest_safe_leverage(pool_of(Side.LONG, rate=0.0, kind=ContractKind.INVERSE), 49.0) is None
    assert highest_safe_leverage(pool_of(Side.LONG, rate=0.0, kind=ContractKind.INVERSE), 51.0) is not None
