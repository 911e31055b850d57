"""An account that owes coins is told how much it owns for them; what cannot be seen is never taken for nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.backing import Backing, Worth, backing_of, worth_of
from liqwatch.margin.loans import Loan, LoanCollateral, assess_loan
from liqwatch.margin.pools import Collateral
from liqwatch.model import UNREACHABLE, MarginMode, Severity, Unknown
from liqwatch.rules.base import Danger, Ladder, Level
from liqwatch.rules.collateral import RULE, advice, detail, headline, read
from liqwatch.rules.sight import Sight
from liqwatch.testing.sights import LONG, SYMBOL, account_of, sight_of

PRICES = {"USDT": 1.0, "USDC": 1.0, "BTC": 60_000.0}


def look(wallets: dict[str, float], **changes: Any) -> Sight:
    account = account_of(cross_wallets=wallets, **changes)
    return sight_of(account, peg_prices=PRICES)


def test_the_ratio_is_what_is_owned_by_what_is_owed() -> None:
    assert read(look({"USDT": 6_000.0, "BTC": -0.05})) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("ratio", "severity"),
    [(1.51, None), (1.5, Severity.WARNING), (1.3, Severity.CRITICAL), (1.1, Severity.EMERGENCY)],
)
def test_below_150_percent_is_a_warning_and_worse_below(ratio: float, severity: Severity | None) -> None:
    levels = tuple(Level(each, value, value * 1.1) for each, value in RULE.levels.items())
    assert Ladder(Danger.BELOW, levels).judge(read(look({"USDT": ratio * 6_000.0, "USDC": -6_000.0}))).fired == severity


def test_without_a_debt_there_is_nothing_to_cover() -> None:
    assert read(look({"USDT": 6_000.0})) is UNREACHABLE
    assert advice(look({"USDT": 6_000.0})) is None
    assert detail(look({"USDT": 6_000.0})) == ()


def test_unrealised_losses_count() -> None:
    account = account_of(cross_wallets={"USDT": 9_000.0, "USDC": -4_000.0})
    assert read(sight_of(account, marks={SYMBOL: 57_000.0}, peg_prices=PRICES)) == pytest.approx(1.5)


def test_a_loss_beyond_the_wallet_is_a_debt() -> None:
    account = account_of(cross_wallets={"USDT": 1_000.0, "USDC": 9_000.0})
    assert read(sight_of(account, marks={SYMBOL: 56_000.0}, peg_prices=PRICES)) == pytest.approx(3.0)


def test_isolated_margin_does_not_cover_debts() -> None:
    isolated = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=6_000.0)
    account = account_of(isolated, cross_wallets={"USDT": 3_000.0, "USDC": -2_000.0})
    assert read(sight_of(account, peg_prices=PRICES)) == pytest.approx(1.5)


def test_a_missing_price_leaves_it_unknown() -> None:
    assert read(look({"USDT": 6_000.0, "DOGE": -1_000.0})) == Unknown("no price of DOGE")


def test_an_account_told_as_one_sum_might_owe_unseen() -> None:
    sight = look({"USDT": 6_000.0}, is_multi_asset=True, pool_currency="USDT")
    assert read(sight) == Unknown("the venue tells this account's margin as one sum, not by coin")


def test_without_a_snapshot_or_a_profit_it_is_unknown() -> None:
    assert isinstance(read(replace(look({"USDT": 1.0}), snapshot=None)), Unknown)
    assert isinstance(read(sight_of(account_of(cross_wallets={"USDC": -5.0}), marks={}, peg_prices=PRICES)), Unknown)


def test_the_message_tells_both_sides_and_what_to_add_or_repay() -> None:
    sight = look({"USDT": 8_400.0, "BTC": -0.1})
    assert detail(sight) == ("Owned 8,400.00, owed 6,000.00 dollars (0.1 BTC); the ratio is owned ÷ owed.",)
    assert advice(sight) == (
        "Add 600.00 dollars of collateral, or repay 1,200.00 dollars of the debt, to be back at 150%."
    )
    assert advice(look({"USDT": 9_000.0, "BTC": -0.1})) is None


def test_following_the_advice_leads_to_the_target() -> None:
    assert read(look({"USDT": 9_000.0, "BTC": -0.1})) == pytest.approx(1.5)
    assert read(look({"USDT": 7_200.0, "BTC": -0.08})) == pytest.approx(1.5)


def test_pledged_coins_of_a_pool_count_with_their_debts() -> None:
    sight = look({"USDT": 6_000.0})
    pledged = replace(sight.pool.pool, collateral=(Collateral(asset="BTC", symbol=SYMBOL, quantity=-0.1),))
    pool = replace(sight.pool, pool=pledged)
    assert read(replace(sight, pool=pool, pools=(pool,))) == pytest.approx(1.0)


def test_every_reading_has_a_headline() -> None:
    assert headline(1.42) == "collateral ratio 142%"
    assert headline(UNREACHABLE) == "owes no coin"
    assert headline(Unknown("x")) == "collateral ratio unknown: x"


@given(st.floats(1, 1e6), st.floats(1, 1e6))
def test_it_is_the_collateral_ratio_of_a_loan_without_haircuts(owned: float, owed: float) -> None:
    pledge = LoanCollateral(asset="USDT", quantity=owned, price=1.0, liquidation_level=0.9)
    assert read(look({"USDT": owned, "USDC": -owed})) == pytest.approx(
        assess_loan(Loan(debt=owed, collateral=(pledge,))).collateral_ratio
    )


@given(st.dictionaries(st.sampled_from(["USDT", "USDC", "BTC"]), st.floats(-1e6, 1e6), min_size=1))
def test_both_sides_are_never_negative_and_differ_by_the_net_worth(wallets: dict[str, float]) -> None:
    worth = worth_of(Backing(wallets, {}, is_one_sum=False), PRICES)
    assert isinstance(worth, Worth)
    assert worth.owned >= 0
    assert worth.owed >= 0
    net = sum(amount * PRICES[coin] for coin, amount in wallets.items())
    assert worth.owned - worth.owed == pytest.approx(net, abs=1e-3)


def test_coins_are_sorted_once() -> None:
    sight = look({"USDT": 6_000.0, "BTC": 0.5})
    assert sight.snapshot is not None
    backing = backing_of(sight.snapshot, sight.pools)
    assert backing.owned == {"USDT": 6_000.0, "BTC": 0.5}
