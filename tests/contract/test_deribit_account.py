"""Deribit accounts: wallets, ratios and liquidation prices in every margin model, orders, rights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from liqwatch.errors import PayloadError
from liqwatch.exchanges.deribit import read_time
from liqwatch.exchanges.payloads.deribit_account import (
    OrderRow,
    index_of,
    key_report_of,
    position_of,
    resting_order_of,
)
from liqwatch.margin.assess import assess
from liqwatch.margin.pools import pools_of
from liqwatch.model import (
    OrderKind,
    Position,
    Side,
    Unknown,
)

if TYPE_CHECKING:
    from tests.contract.conftest import DeribitRows

WHOLE: dict[str, Any] = {
    "cross_collateral_enabled": True,
    "margin_model": "cross_sm",
    "total_margin_balance_usd": 5000.0,
    "total_maintenance_margin_usd": 1000.0,
}
"""A portfolio in the pool of all currencies."""


def test_a_segregated_wallet_is_the_margin_balance_less_open_profit(deribit: DeribitRows) -> None:
    snapshot = deribit.snapshot(deribit.row(total_profit_loss=50.0), maintenance_margin=100.0)
    assert snapshot.cross_wallets == {"USDC": 950.0}
    assert snapshot.reported_margin_ratios == {"USDC": 0.1}
    assert not snapshot.is_multi_asset


def test_cross_collateral_is_one_pool_in_dollars_however_often_it_is_repeated(deribit: DeribitRows) -> None:
    portfolios = [deribit.portfolio(**WHOLE, currency=name) for name in ("BTC", "USDC", "USDT")]
    snapshot = deribit.snapshot_of(portfolios, [deribit.row(total_profit_loss=50.0)])
    assert (snapshot.is_multi_asset, snapshot.pool_currency) == (True, "USD")
    assert snapshot.cross_wallets == {"USD": 4950.0}
    assert snapshot.reported_margin_ratios == {"USD": 0.2}


@pytest.mark.parametrize(("coins", "is_known"), [(0.0004, True), (0.005, False), (-0.005, False)])
def test_coins_that_back_the_pool_move_with_the_mark_so_that_only_the_venues_ratio_counts(
    deribit: DeribitRows, coins: float, is_known: bool
) -> None:
    dollars = deribit.portfolio(**WHOLE, margin_balance=5000.0, balance=4500.0)
    bitcoin = deribit.portfolio(**WHOLE, currency="BTC", margin_balance=0.05, balance=coins)
    snapshot = deribit.snapshot_of([bitcoin, dollars], [deribit.row()])
    assert snapshot.cross_wallets == ({"USD": 5000.0} if is_known else {})
    assert snapshot.is_ratio_only is not is_known
    assert snapshot.reported_margin_ratios == {"USD": 0.2}


INVERSE = {"instrument_name": "BTC-PERPETUAL", "size": 1000.0, "size_currency": 0.01}
OPTION = {
    "instrument_name": "BTC_USDC-25DEC26-100000-C",
    "size": 0.1,
    "average_price": 1500.0,
    "size_currency": None,
}


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        (WHOLE, INVERSE),
        (WHOLE, OPTION),
        (WHOLE | {"margin_model": "cross_pm", "portfolio_margining_enabled": True}, {}),
        ({"margin_model": "segregated_pm", "maintenance_margin": 1.0}, {}),
        ({"maintenance_margin": 1.0}, OPTION),
    ],
)
def test_where_margin_cannot_be_rebuilt_the_wallet_is_unknown_and_the_venues_ratio_stands(
    deribit: DeribitRows, changes: dict[str, Any], row: dict[str, Any]
) -> None:
    snapshot = deribit.snapshot(deribit.row(**row), **changes)
    assert not snapshot.cross_wallets
    assert snapshot.is_ratio_only is (row is not OPTION or snapshot.is_multi_asset)
    (pool,) = pools_of(snapshot, deribit.listing().by_symbol, exchange="deribit", on=deribit.now.date())
    assert snapshot.reported_margin_ratios[pool.currency] > 0
    health = assess(pool, {position.symbol: 100_000.0 for position in snapshot.positions})
    assert isinstance(health.positions[0].computed_liquidation_price, Unknown)


def test_an_option_keeps_the_venues_name(deribit: DeribitRows) -> None:
    position = position_of(deribit.row(**OPTION), deribit.listing())
    assert (position.symbol, position.contracts) == ("BTC_USDC-25DEC26-100000-C", 0.1)


@pytest.mark.parametrize(
    ("portfolio", "row"),
    [
        ({"margin_balance": math.nan}, {}),
        ({}, {"total_profit_loss": None}),
        ({}, {"size_currency": None}),
        ({}, {"average_price": 0.0}),
        ({}, {"size": math.inf, "instrument_name": "BTC-PERPETUAL"}),
        (WHOLE | {"total_margin_balance_usd": None}, {}),
    ],
)
def test_a_figure_that_is_missing_or_cannot_be_refuses_the_account(
    deribit: DeribitRows, portfolio: dict[str, Any], row: dict[str, Any]
) -> None:
    with pytest.raises(PayloadError):
        deribit.snapshot(deribit.row(**row), **portfolio)


@pytest.mark.parametrize(
    ("stated", "ratios", "expected"),
    [
        ("80000.5", {}, 80000.5),
        (80000.5, {"btc_usdc": 0.7}, 80000.5),
        (None, {"btc_usdc": 0.7}, 70_000.0),
        (None, {"btc_usd": 0.7}, None),
        (None, {"btc_usdc": 0.0}, None),
        (None, {"btc_usdc": None}, None),
        (0, {}, None),
        ("", {}, None),
        (-5.0, {}, None),
        (0.77, {}, None),
    ],
)
def test_the_venues_liquidation_price_or_its_ratio_times_the_mark(
    deribit: DeribitRows, stated: Any, ratios: Mapping[str, float | None], expected: float | None
) -> None:
    row = deribit.row(estimated_liquidation_price=stated)
    position = position_of(row, deribit.listing(), {"USDC": ratios})
    assert position.reported_liquidation_price == (None if expected is None else pytest.approx(expected))


def test_the_index_of_a_market() -> None:
    assert index_of("BTC-PERPETUAL") == "btc_usd"
    assert index_of("SOL_USDC-PERPETUAL") == "sol_usdc"


@pytest.mark.parametrize(
    ("order_type", "kind"),
    [
        ("take_limit", OrderKind.TAKE_PROFIT),
        ("trailing_stop", OrderKind.TRAILING),
        ("stop_limit", OrderKind.STOP),
        ("limit", OrderKind.LIMIT),
    ],
)
def test_kinds_of_orders(deribit: DeribitRows, order_type: str, kind: OrderKind) -> None:
    row = OrderRow(instrument_name="BTC-PERPETUAL", direction="buy", order_type=order_type, price="99.5")
    order = resting_order_of(row, deribit.listing())
    assert (order.kind, order.order_side, order.limit_price) == (kind, Side.LONG, 99.5)


@pytest.mark.parametrize(
    ("scope", "trade", "wallet"),
    [
        ("account:read trade:read wallet:read mainaccount", False, False),
        ("connection account:read block_trade:read_write trade:read wallet:none", True, False),
        ("session:one account:read_write trade:read_write wallet:read_write", True, True),
        ("", False, False),
    ],
)
def test_the_scope_of_a_login_says_what_the_key_may_do(scope: str, trade: bool, wallet: bool) -> None:
    report = key_report_of(scope)
    assert (report.can_trade, report.can_withdraw, report.can_transfer) == (trade, wallet, wallet)
    assert ("account settings" in report.note) is ("account:read_write" in scope)


def test_the_venues_time() -> None:
    assert read_time({"jsonrpc": "2.0", "result": "1691161645596"}) == 1691161645596.0


def test_a_position_in_an_unlisted_future_is_kept_under_the_venues_name(deribit: DeribitRows) -> None:
    position = position_of(deribit.row(instrument_name="NEW_USDC-PERPETUAL"), deribit.listing())
    assert isinstance(position, Position)
    assert position.symbol == "NEW_USDC-PERPETUAL"
