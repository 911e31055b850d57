"""Positions from the config file become the same snapshot that a venue would give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from liqwatch.engine.plan import AccountPlan, TypedPosition
from liqwatch.engine.typed import typed_instruments, typed_snapshot
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import Instrument, MarginMode, Side, SnapshotSource

SYMBOL = "BTC/USDT:USDT"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
CONTRACT = Instrument(
    symbol=SYMBOL,
    native_symbol="BTCUSDT",
    settle_currency="USDT",
    contract_size=0.01,
    tiers=tiers_with_deductions([(0.0, 1e9, 0.01)]),
    tiers_assumed=True,
)


def typed(
    *,
    leverage: float | None = None,
    margin: float | None = None,
    margin_mode: MarginMode = MarginMode.ISOLATED,
    rate: float | None = None,
    symbol: str = SYMBOL,
) -> TypedPosition:
    return TypedPosition(
        symbol=symbol,
        side=Side.LONG,
        contracts=50.0,
        entry_price=60_000.0,
        margin_mode=margin_mode,
        leverage=leverage,
        margin=margin,
        maintenance_margin_rate=rate,
        maintenance_deduction=5.0,
    )


def plan(*positions: TypedPosition, wallet_balance: float | None = None) -> AccountPlan:
    return AccountPlan(
        account="paper",
        exchange="binance_usdm",
        venue="binance_usdm",
        reconcile_every=timedelta(seconds=20),
        typed=positions,
        wallet_balance=wallet_balance,
    )


def test_leverage_gives_the_margin_of_an_isolated_position() -> None:
    snapshot = typed_snapshot(plan(typed(leverage=10.0)), {SYMBOL: CONTRACT}, NOW)
    (position,) = snapshot.positions
    assert (position.isolated_wallet, position.leverage) == (3_000.0, 10.0)
    assert (snapshot.source, snapshot.as_of, snapshot.cross_wallets) == (SnapshotSource.TYPED, NOW, {})


def test_a_typed_margin_counts_as_it_is_and_tells_the_leverage() -> None:
    (position,) = typed_snapshot(plan(typed(margin=4_000.0)), {SYMBOL: CONTRACT}, NOW).positions
    assert (position.isolated_wallet, position.leverage) == (4_000.0, 7.5)


def test_a_cross_position_draws_on_the_wallet_of_its_currency() -> None:
    account = plan(typed(leverage=10.0, margin_mode=MarginMode.CROSS), wallet_balance=500.0)
    snapshot = typed_snapshot(account, {SYMBOL: CONTRACT}, NOW)
    assert snapshot.positions[0].isolated_wallet is None
    assert snapshot.cross_wallets == {"USDT": 500.0}


def test_without_a_typed_wallet_the_cross_balance_is_unknown() -> None:
    snapshot = typed_snapshot(plan(typed(margin_mode=MarginMode.CROSS)), {SYMBOL: CONTRACT}, NOW)
    assert snapshot.cross_wallets == {}


def test_a_market_that_the_venue_does_not_list_stays_in() -> None:
    unlisted = typed(leverage=10.0, symbol="GONE/USDT:USDT")
    snapshot = typed_snapshot(plan(unlisted, wallet_balance=5.0), {SYMBOL: CONTRACT}, NOW)
    (position,) = snapshot.positions
    assert (position.symbol, position.isolated_wallet) == ("GONE/USDT:USDT", None)
    assert typed_instruments(plan(typed(symbol="GONE/USDT:USDT", rate=0.02)), {SYMBOL: CONTRACT}) == {SYMBOL: CONTRACT}


def test_a_typed_maintenance_rate_replaces_the_assumed_one() -> None:
    known = typed_instruments(plan(typed(leverage=10.0, rate=0.02)), {SYMBOL: CONTRACT})
    (tier,) = known[SYMBOL].tiers
    assert (tier.maintenance_margin_rate, tier.maintenance_deduction) == (0.02, 5.0)
    assert not known[SYMBOL].tiers_assumed
