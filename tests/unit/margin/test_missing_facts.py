"""A missing fact makes a figure unknown, with the reason; never zero, never safe."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from liqwatch.margin.assess import assess
from liqwatch.margin.health import FigureSource, PoolHealth
from liqwatch.margin.pools import Holding, Pool, pools_of
from liqwatch.margin.tiers import first_gap, tier_of, tiers_with_deductions
from liqwatch.model import AccountSnapshot, Instrument, MarginMode, Position, Side, SnapshotSource, Unknown

SYMBOL = "BTC/USDT:USDT"
TIERS = tiers_with_deductions([(0.0, 50_000.0, 0.004), (50_000.0, 250_000.0, 0.005)])
CONTRACT = Instrument(symbol=SYMBOL, native_symbol="BTCUSDT", settle_currency="USDT", price_tick=0.1, tiers=TIERS)
LONG = Position(
    symbol=SYMBOL,
    side=Side.LONG,
    contracts=1.0,
    entry_price=100.0,
    margin_mode=MarginMode.ISOLATED,
    leverage=10.0,
    isolated_wallet=10.0,
)


def snapshot(
    *positions: Position, wallets: dict[str, float] | None = None, is_multi_asset: bool = False
) -> AccountSnapshot:
    return AccountSnapshot(
        account="main",
        venue="binance_usdm",
        positions=positions,
        cross_wallets=wallets or {},
        as_of=datetime(2026, 11, 20, tzinfo=UTC),
        source=SnapshotSource.REST,
        is_multi_asset=is_multi_asset,
    )


def pools(account: AccountSnapshot, *contracts: Instrument, exchange: str = "binance_usdm") -> tuple[Pool, ...]:
    return pools_of(account, {each.symbol: each for each in contracts}, exchange=exchange, on=date(2026, 11, 20))


def judged(position: Position, contract: Instrument | None, *, exchange: str = "binance_usdm") -> PoolHealth:
    (pool,) = pools(snapshot(position), *([contract] if contract else []), exchange=exchange)
    return assess(pool, {SYMBOL: 100.0})


@pytest.mark.parametrize(
    ("position", "contract", "exchange", "reason"),
    [
        (LONG, CONTRACT, "nowhere", "no verified formula for this exchange"),
        (LONG, None, "binance_usdm", f"{SYMBOL} is not a market this exchange lists"),
        (LONG, replace(CONTRACT, tiers=()), "binance_usdm", f"no leverage tiers for {SYMBOL}"),
        (replace(LONG, entry_price=0.0), CONTRACT, "binance_usdm", f"no entry price for {SYMBOL}"),
        (replace(LONG, entry_price=math.nan), CONTRACT, "binance_usdm", f"no entry price for {SYMBOL}"),
        (replace(LONG, isolated_wallet=None), CONTRACT, "binance_usdm", "the wallet balance is not known"),
    ],
)
def test_each_missing_fact_is_named(
    position: Position, contract: Instrument | None, exchange: str, reason: str
) -> None:
    health = judged(position, contract, exchange=exchange)
    (mine,) = health.positions
    assert health.margin_ratio == health.equity == Unknown(reason)
    assert mine.liquidation_distance == Unknown(reason)
    assert mine.loss_at_liquidation is None
    assert health.margin_buffer is None


def test_without_a_mark_nothing_is_known() -> None:
    (pool,) = pools(snapshot(LONG), CONTRACT)
    (mine,) = assess(pool, {}).positions
    assert mine.liquidation_distance == Unknown(f"no mark price yet for {SYMBOL}")
    assert (mine.mark_price, mine.notional, mine.unrealized_pnl) == (None, None, None)


def test_the_venues_own_price_serves_where_ours_cannot_be_computed() -> None:
    health = judged(replace(LONG, reported_liquidation_price=90.0), replace(CONTRACT, tiers=()))
    (mine,) = health.positions
    assert (mine.liquidation_price, mine.liquidation_source) == (90.0, FigureSource.REPORTED)
    assert mine.liquidation_distance == pytest.approx(0.1)
    assert isinstance(health.margin_ratio, Unknown)


def test_positions_are_sorted_into_pools_isolated_ones_first() -> None:
    crossed = replace(LONG, symbol="ETH/USDT:USDT", margin_mode=MarginMode.CROSS, isolated_wallet=None)
    in_coin = replace(crossed, symbol="ETH/USDC:USDC")
    found = pools(snapshot(crossed, LONG, in_coin, wallets={"USDT": 5.0}), CONTRACT)
    assert [(pool.subject, pool.wallet_balance) for pool in found] == [
        (f"{SYMBOL} long", 10.0),
        ("cross USDC", None),
        ("cross USDT", 5.0),
    ]


def test_in_multi_asset_mode_all_cross_positions_share_one_pool() -> None:
    crossed = replace(LONG, symbol="ETH/USDT:USDT", margin_mode=MarginMode.CROSS, isolated_wallet=None)
    in_coin = replace(crossed, symbol="ETH/USDC:USDC")
    (pool,) = pools(snapshot(crossed, in_coin, wallets={"USDT": 5.0}, is_multi_asset=True), CONTRACT)
    assert pool.symbols == {"ETH/USDT:USDT", "ETH/USDC:USDC"}
    assert pool.holdings[0] == Holding(crossed, None)


def test_a_notional_on_the_cap_belongs_to_the_milder_tier_and_beyond_the_last_to_the_last() -> None:
    assert tier_of(TIERS, 50_000.0) is TIERS[0]
    assert tier_of(TIERS, 50_000.01) is TIERS[1]
    assert tier_of(TIERS, 1e9) is TIERS[-1]


def test_a_gap_between_tiers_is_named() -> None:
    assert first_gap(TIERS) is None
    assert (
        first_gap((TIERS[0], replace(TIERS[1], notional_floor=60_000.0)))
        == "tier ends at 50000, the next begins at 60000"
    )
