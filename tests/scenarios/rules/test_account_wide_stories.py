"""An account as a whole: one market too heavy, a day's loss, debts, and the coins that everything stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqwatch.model import MarginMode, NotifyReason, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC, ETH, PEG = "BTC/USDT:USDT", "ETH/USDT:USDT", "USDC/USDT:USDT"
ACCOUNT = "account main"
FIRST, WORSENED, RESOLVED = NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
EXPOSURE, DRAWDOWN = "exposure", "drawdown"
COLLATERAL, FALL, DEPEG = "collateral", "collateral_fall", "depeg"


async def cross(story: Scenario, rule: str, **wallets: float) -> None:
    """Ten contracts at 100 on shared wallets."""
    story.rules = {rule}
    story.cross_wallets = wallets
    await story.position(BTC, margin_mode=MarginMode.CROSS)
    await story.mark(BTC, 100.0)


async def priced(story: Scenario, prices: dict[str, float]) -> None:
    """The venue lists markets that price coins, and they stand at these marks."""
    for symbol in prices:
        story.lists(symbol)
    await story.answered()
    await story.marked(prices)
    await story.still(6.0)


async def test_one_market_that_outweighs_the_account_is_told_with_how_much_to_close(story: Scenario) -> None:
    await cross(story, EXPOSURE, USDT=1_000.0)
    await story.still(6.0)
    assert story.told() == []
    await story.position(BTC, margin_mode=MarginMode.CROSS, contracts=40.0)
    assert "one market weighs 400% of the equity" in story.said(EXPOSURE)
    assert "Close about 1,000.00 USDT worth of BTC/USDT to be back at 300%." in story.said(EXPOSURE)
    assert story.told() == [(FIRST, NOTICE, ACCOUNT)]
    await story.position(BTC, margin_mode=MarginMode.CROSS)
    assert story.told() == [(RESOLVED, NOTICE, ACCOUNT)]


async def test_a_hedge_is_no_exposure(story: Scenario) -> None:
    story.rules = {EXPOSURE}
    story.cross_wallets = {"USDT": 1_000.0}
    story.hold(BTC, margin_mode=MarginMode.CROSS, contracts=40.0)
    (long,) = story.positions.values()
    short = type(long.side)(-1)
    story.hold(BTC, short, margin_mode=MarginMode.CROSS, contracts=39.0)
    await story.answered()
    await story.mark(BTC, 100.0)
    await story.still(6.0)
    assert story.told() == []


async def test_an_exposure_that_becomes_unknown_clears_nothing(story: Scenario) -> None:
    await cross(story, EXPOSURE, USDT=200.0)
    await story.still(6.0)
    assert story.told() == [(FIRST, NOTICE, ACCOUNT)]
    await story.position(ETH, margin_mode=MarginMode.CROSS)
    await story.still(6.0)
    assert story.told() == []
    assert story.state_of(EXPOSURE, ACCOUNT) == "firing"


async def test_a_days_loss_is_told_by_how_far_the_equity_is_below_its_peak(story: Scenario) -> None:
    await cross(story, DRAWDOWN, USDT=1_000.0)
    await story.still(10.0)
    for price in (89.0, 79.0, 64.0):
        await story.mark(BTC, price)
        await story.still(6.0)
    assert "equity down 36.0% from its peak of the last 24 h" in story.said(DRAWDOWN)
    assert "Equity 640.00 USDT, peak 1,000.00 USDT: 360.00 USDT lost." in story.said(DRAWDOWN)
    assert story.told() == [(FIRST, NOTICE, ACCOUNT), (WORSENED, WARNING, ACCOUNT), (WORSENED, CRITICAL, ACCOUNT)]
    await story.mark(BTC, 100.0)
    await story.still(6.0)
    assert story.told() == [(RESOLVED, CRITICAL, ACCOUNT)]


async def test_a_withdrawal_is_no_loss(story: Scenario) -> None:
    await cross(story, DRAWDOWN, USDT=1_000.0)
    await story.still(10.0)
    story.cross_wallets = {"USDT": 500.0}
    await story.answered()
    await story.still(10.0)
    assert story.told() == []


async def test_the_peak_of_a_day_ago_is_forgotten(story: Scenario) -> None:
    await cross(story, DRAWDOWN, USDT=1_000.0)
    await story.still(10.0)
    await story.mark(BTC, 85.0)
    await story.still(60.0, step=10.0)
    assert story.told() == [(FIRST, NOTICE, ACCOUNT)]
    await story.still(24.5 * 3_600, step=60.0)
    assert story.told() == [(RESOLVED, NOTICE, ACCOUNT)]


async def test_a_restart_does_not_forget_the_peak_of_the_day(story: Scenario) -> None:
    await cross(story, DRAWDOWN, USDT=1_000.0)
    await story.still(10.0)
    await story.restart(down_for_seconds=600.0)
    await story.mark(BTC, 85.0)
    await story.still(6.0)
    assert story.told() == [(FIRST, NOTICE, ACCOUNT)]


async def test_an_equity_that_becomes_unknown_clears_nothing(story: Scenario) -> None:
    await cross(story, DRAWDOWN, USDT=1_000.0)
    await story.still(10.0)
    await story.mark(BTC, 85.0)
    await story.still(6.0)
    assert story.told() == [(FIRST, NOTICE, ACCOUNT)]
    await story.tiers_arrive(BTC, ())
    await story.still(6.0)
    assert story.told() == []
    assert story.state_of(DRAWDOWN, ACCOUNT) == "firing"


async def test_an_account_that_owes_is_told_when_its_collateral_falls_below_150_percent_of_the_debt(
    story: Scenario,
) -> None:
    await cross(story, COLLATERAL, USDT=2_000.0, BTC=-10.0)
    await priced(story, {PEG: 1.0})
    assert story.told() == []
    story.cross_wallets = {"USDT": 1_400.0, "BTC": -10.0}
    await story.answered()
    assert "collateral ratio 140%" in story.said(COLLATERAL)
    assert story.told() == [(FIRST, WARNING, ACCOUNT)]
    story.cross_wallets = {"USDT": 2_000.0, "BTC": -10.0}
    await story.answered()
    assert story.told() == [(RESOLVED, WARNING, ACCOUNT)]


async def test_an_account_without_debt_has_no_collateral_ratio(story: Scenario) -> None:
    await cross(story, COLLATERAL, USDT=120.0)
    await story.still(6.0)
    assert story.told() == []


async def test_a_collateral_coin_that_falls_is_told(story: Scenario) -> None:
    await cross(story, FALL, USDT=200.0, BTC=10.0)
    story.history(BTC, swing=0.0001, price=100.0, minutes=1_440)
    await priced(story, {PEG: 1.0})
    assert story.told() == []
    await story.mark(BTC, 80.0)
    await story.still(6.0)
    assert "a collateral coin fell 20.0% in 24 h" in story.said(FALL)
    assert f"BTC -20.0% in 24 h; {BTC} long loses on the same fall." in story.said(FALL)
    assert story.told() == [(FIRST, WARNING, ACCOUNT)]
    await story.mark(BTC, 99.0)
    await story.still(6.0)
    assert story.told() == [(RESOLVED, WARNING, ACCOUNT)]


async def test_a_stablecoin_that_loses_its_peg_is_told(story: Scenario) -> None:
    await cross(story, DEPEG, USDT=200.0, USDC=5_000.0)
    await priced(story, {PEG: 1.0})
    assert story.told() == []
    await priced(story, {PEG: 0.97})
    assert "a stablecoin of this account is worth 0.9700 dollars" in story.said(DEPEG)
    assert "USDC 0.9700 dollars, 5,000.00 held" in story.said(DEPEG)
    assert story.told() == [(FIRST, WARNING, ACCOUNT)]
    await priced(story, {PEG: 1.0})
    assert story.told() == [(RESOLVED, WARNING, ACCOUNT)]


async def test_the_coin_that_positions_are_counted_in_is_watched_through_the_other_stablecoin(story: Scenario) -> None:
    await cross(story, DEPEG, USDT=200.0)
    await priced(story, {PEG: 1.0 / 0.94})
    assert "USDT 0.9400 dollars, 200.00 held" in story.said(DEPEG)
    assert story.told() == [(FIRST, CRITICAL, ACCOUNT)]


@pytest.mark.parametrize("rule", [COLLATERAL, FALL, DEPEG])
async def test_what_coins_are_worth_is_unknown_where_nobody_tells_it_and_unknown_alarms_nobody(
    story: Scenario, rule: str
) -> None:
    await cross(story, rule, USDT=2_000.0, XYZ=-1_000.0, ABC=5.0)
    await story.still(30.0)
    assert story.told() == []
