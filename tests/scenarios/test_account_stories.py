"""Positions come, go, turn over and become unknown; streams fall silent."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from liqwatch.alerts.policy import AlertPolicy
from liqwatch.model import UNREACHABLE, MarginMode, NotifyReason, Severity, Side, Unknown

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG, SHORT = f"{BTC} long", f"{BTC} short"
FAR, NEAR = 130.0, 105.0
FIRST, WORSENED, RESOLVED = NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
STREAM = "mark prices of binance_usdm"


async def test_a_closed_position_ends_its_alert(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, NEAR)
    story.told()
    await story.closed(LONG)
    (row,) = story.heard
    why = "ended for a reason nobody told: its orders could not be read"
    assert row.notification.title == f"⚪ ENDED · {LONG} · {why} (was notice)"
    assert story.told() == [(RESOLVED, NOTICE, LONG)]
    assert story.watch.book.symbols("binance_usdm") == []


async def test_a_position_closed_before_anything_was_told_ends_in_silence(story: Scenario) -> None:
    story.patience = AlertPolicy(hold={NOTICE: timedelta(seconds=30)})
    await story.position(BTC)
    await story.mark(BTC, FAR, NEAR)
    await story.closed(LONG)
    assert story.told() == []


async def test_a_position_turned_from_long_to_short_is_another_position(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, 85.0)
    assert story.told() == [(FIRST, CRITICAL, LONG)]
    await story.flipped(LONG)
    assert story.told() == [(RESOLVED, CRITICAL, LONG)]
    await story.mark(BTC, 115.0)
    assert story.told() == [(FIRST, EMERGENCY, SHORT)]


async def test_a_rule_that_is_switched_off_ends_its_alert_and_no_longer_quiets_another(story: Scenario) -> None:
    story.rules = {"liquidation_distance", "margin_ratio"}
    await story.position(BTC)
    await story.mark(BTC, FAR, 81.5)
    assert story.told() == [(FIRST, EMERGENCY, LONG)]
    story.rules = {"margin_ratio"}
    await story.restart()
    assert story.told() == [(RESOLVED, EMERGENCY, LONG)]
    await story.mark(BTC, 81.5)
    assert story.told() == [(FIRST, NOTICE, LONG)]


async def test_added_margin_clears_the_alert_without_a_tick(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, NEAR)
    story.told()
    await story.position(BTC, margin=600.0)
    assert story.told() == [(RESOLVED, NOTICE, LONG)]


async def test_a_margin_mode_flip_moves_the_position_to_the_shared_pool(story: Scenario) -> None:
    story.rules = {"liquidation_distance", "margin_ratio"}
    story.cross_wallets = {"USDT": 60.0}
    await story.position(BTC, margin=500.0)
    await story.mark(BTC, 100.0)
    assert story.told() == []
    await story.position(BTC, margin_mode=MarginMode.CROSS)
    assert story.told() == [(FIRST, CRITICAL, LONG)]
    assert [health.pool.subject for health in story.watch.present_health()] == ["cross USDT"]
    await story.position(BTC, margin=500.0)
    assert story.told() == [(RESOLVED, CRITICAL, LONG)]


async def test_one_cross_position_endangers_the_other(story: Scenario) -> None:
    story.cross_wallets = {"USDT": 500.0}
    await story.position(BTC, margin_mode=MarginMode.CROSS)
    await story.position(ETH, margin_mode=MarginMode.CROSS)
    await story.mark(ETH, 100.0)
    await story.mark(BTC, 100.0)
    assert story.told() == []
    await story.mark(ETH, 70.0)
    assert (FIRST, NOTICE, LONG) in story.told()


@pytest.mark.parametrize("rest", [0.0, 100.0])
async def test_a_liquidation_price_that_is_none_is_neither_near_nor_unknown(story: Scenario, rest: float) -> None:
    """The venue shows none, and our own arithmetic agrees: it cannot be reached."""
    await story.position(BTC, margin=1_001.0 + rest)
    await story.mark(BTC, FAR, 50.0, 1.0)
    await story.advance(60.0)
    (health,) = story.watch.present_health()
    assert health.positions[0].liquidation_distance is UNREACHABLE
    assert [told for told in story.told() if told[2] == LONG] == []


async def test_an_unknown_liquidation_price_is_told_and_never_passes_for_safe(story: Scenario) -> None:
    await story.position(BTC, tiers=())
    await story.mark(BTC, FAR)
    (health,) = story.watch.present_health()
    assert health.positions[0].liquidation_distance == Unknown(f"no leverage tiers for {BTC}")
    await advance_with_marks(story, 31.0, FAR)
    assert story.told() == [(FIRST, WARNING, LONG)]


async def test_becoming_unknown_does_not_clear_a_burning_alert(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, NEAR)
    story.told()
    await story.position(BTC, margin=None)
    await story.mark(BTC, FAR)
    assert story.told() == []
    assert story.state_of("liquidation_distance", LONG) == "firing"
    await story.position(BTC)
    assert story.told() == [(RESOLVED, NOTICE, LONG)]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("senseless", [0.0, -5.0, math.nan, math.inf])
async def test_a_senseless_reported_price_counts_as_none(story: Scenario, side: Side, senseless: float) -> None:
    await story.position(BTC, side, reported_liquidation_price=senseless)
    await story.mark(BTC, 60.0 if side is Side.SHORT else FAR)
    assert story.told() == []
    (health,) = story.watch.present_health()
    (mine,) = health.positions
    assert mine.liquidation_price == mine.computed_liquidation_price
    await story.mark(BTC, 115.0 if side is Side.SHORT else 83.0)
    assert story.told() == [(FIRST, EMERGENCY, f"{BTC} {side.word}")]


async def test_leverage_tiers_that_arrive_late_are_judged_at_once(story: Scenario) -> None:
    await story.position(BTC, tiers=())
    await story.mark(BTC, 85.0)
    assert story.told() == []
    await story.position(ETH)
    await story.tiers_arrive(BTC, story.contracts[ETH].tiers)
    assert story.told() == [(FIRST, CRITICAL, LONG)]


async def test_a_stream_that_falls_silent_is_told_and_told_again_when_it_speaks(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR)
    await story.advance(14.0)
    assert story.told() == []
    await story.advance(2.0)
    assert story.told() == [(FIRST, WARNING, STREAM)]
    await story.advance(60.0)
    assert story.told() == [(WORSENED, CRITICAL, STREAM)]
    await story.mark(BTC, FAR)
    await story.advance(1.0)
    assert story.told() == [(RESOLVED, CRITICAL, STREAM)]


async def test_silence_is_told_sooner_where_a_critical_alert_burns(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, 85.0)
    story.told()
    await story.advance(6.0)
    assert story.told() == [(FIRST, WARNING, STREAM)]


async def test_one_silent_market_is_named_while_the_stream_lives(story: Scenario) -> None:
    await story.position(BTC)
    await story.position(ETH, Side.LONG)
    await story.mark(ETH, FAR)
    await advance_with_marks(story, 17.0, FAR)
    assert story.told() == [(FIRST, WARNING, f"mark price of {ETH} (binance_usdm)")]
    await story.mark(ETH, FAR)
    await story.advance(1.0)
    assert story.told() == [(RESOLVED, WARNING, f"mark price of {ETH} (binance_usdm)")]


async def test_a_silent_market_is_not_cleared_by_the_silence_of_its_whole_stream(story: Scenario) -> None:
    await story.position(BTC)
    await story.position(ETH)
    await story.mark(ETH, FAR)
    await advance_with_marks(story, 17.0, FAR)
    story.told()
    await story.advance(20.0)
    assert (RESOLVED, WARNING, f"mark price of {ETH} (binance_usdm)") not in story.told()
    await advance_with_marks(story, 2.0, FAR)
    assert story.told() == [(RESOLVED, WARNING, STREAM)]
    await story.mark(ETH, FAR)
    await story.advance(1.0)
    assert (RESOLVED, WARNING, f"mark price of {ETH} (binance_usdm)") in story.told()


async def test_the_silence_of_a_market_in_which_nothing_is_held_any_more_is_over(story: Scenario) -> None:
    await story.position(BTC)
    await story.position(ETH)
    await story.mark(ETH, FAR)
    await advance_with_marks(story, 17.0, FAR)
    story.told()
    await story.closed(f"{ETH} long")
    await advance_with_marks(story, 1.0, FAR)
    assert story.told() == [(RESOLVED, WARNING, f"mark price of {ETH} (binance_usdm)")]


async def advance_with_marks(story: Scenario, seconds: float, price: float) -> None:
    """Let time pass while the mark of the one market keeps arriving."""
    for _ in range(round(seconds)):
        await story.advance(0.9)
        await story.mark(BTC, price)
