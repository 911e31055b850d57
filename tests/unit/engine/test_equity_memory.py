"""What an account was worth: money moved is no loss, one currency is not held against another."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from liqwatch.engine.equity_memory import EquityMemory
from liqwatch.model import AccountSnapshot, MarginMode, Position, Side, SnapshotSource

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = START + timedelta(minutes=10)


def held(contracts: float = 1.0, **more: Any) -> Position:
    plain = {"entry_price": 100.0, "margin_mode": MarginMode.CROSS, "symbol": "BTC/USDT:USDT", "side": Side.LONG}
    return Position(contracts=contracts, **{**plain, **more})


def account(*positions: Position, pooled: bool = False, **wallets: float) -> AccountSnapshot:
    return AccountSnapshot(
        account="main",
        venue="v",
        positions=positions or (held(),),
        cross_wallets=wallets,
        as_of=START,
        source=SnapshotSource.REST,
        is_multi_asset=pooled,
    )


def remembered(*seen: AccountSnapshot) -> EquityMemory:
    memory = EquityMemory()
    memory.note(1_000.0, "USDT", START)
    for snapshot in seen:
        memory.saw(snapshot)
    return memory


def test_what_is_paid_in_or_out_moves_the_past_with_it() -> None:
    assert remembered(account(USDT=1_000.0), account(USDT=400.0)).peak(START) == 400.0
    assert remembered(account(USDT=1_000.0), account(USDT=1_500.0)).peak(START) == 1_500.0


def test_a_coin_that_the_positions_do_not_settle_in_is_none_of_their_equity() -> None:
    seen = account(USDT=1_000.0, SHIB=0.0), account(USDT=1_000.0, SHIB=1e9), account(USDT=1_000.0, SHIB=0.0)
    for count in range(1, 4):
        assert remembered(*seen[:count]).peak(START) == 1_000.0


def test_a_change_of_size_may_have_changed_the_wallet_by_itself() -> None:
    assert remembered(account(USDT=1_000.0), account(held(0.5), USDT=700.0)).peak(START) == 1_000.0


def test_margin_put_behind_an_isolated_position_has_not_left_the_account() -> None:
    mode = MarginMode.ISOLATED
    before = account(held(margin_mode=mode, isolated_wallet=100.0), USDT=900.0)
    after = account(held(margin_mode=mode, isolated_wallet=400.0), USDT=600.0)
    assert remembered(before, after).peak(START) == 1_000.0


def test_a_fall_of_the_coins_in_one_pool_is_a_loss_and_no_withdrawal() -> None:
    assert remembered(account(pooled=True, USDT=1_000.0), account(pooled=True, USDT=970.0)).peak(START) == 1_000.0
    assert remembered(account(pooled=True, USDT=1_000.0), account(pooled=True, USDT=500.0)).peak(START) == 500.0


def test_equity_in_another_currency_begins_a_new_comparison() -> None:
    memory = remembered(account(USDT=1_000.0))
    memory.note(2.0, "BTC", LATER)
    assert memory.peak(START) == 2.0


def test_a_restart_forgets_nothing_and_a_withdrawal_meanwhile_is_no_loss() -> None:
    again = EquityMemory()
    again.restore(json.loads(json.dumps(remembered(account(USDT=1_000.0)).saved())))
    assert again.peak(START) == 1_000.0
    assert again.peak(LATER) is None
    again.saw(account(USDT=300.0))
    assert again.peak(START) == 300.0
