"""How near liquidation is: in percent, in the market's own moves, and how fast it comes nearer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import MarginMode, NotifyReason, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG = f"{BTC} long"
FIRST, WORSENED, RESOLVED = NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
LIQUIDATION = 800 / 9.9
FAR = 130.0
DISTANCE, VOLATILITY, DETERIORATION = "liquidation_distance", "distance_in_volatility", "deterioration"


def at(distance: float) -> float:
    """The mark from which the long's liquidation is so far away."""
    return LIQUIDATION / (1 - distance)


def told(story: Scenario) -> list[tuple[NotifyReason, Severity]]:
    """What was heard of the long."""
    return [(reason, severity) for reason, severity, subject in story.told() if subject == LONG]


@pytest.mark.parametrize(
    ("distance", "severity"), [(0.25, NOTICE), (0.15, WARNING), (0.08, CRITICAL), (0.04, EMERGENCY)]
)
async def test_liquidation_distance_has_four_levels(story: Scenario, distance: float, severity: Severity) -> None:
    await story.position(BTC)
    await story.mark(BTC, at(distance + 0.001))
    assert (FIRST, severity) not in told(story)
    await story.mark(BTC, at(distance - 0.001))
    assert told(story)[-1][1] is severity


async def test_the_all_clear_comes_only_when_the_distance_is_a_tenth_beyond_its_level(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, at(0.24), at(0.26), at(0.274))
    assert told(story) == [(FIRST, NOTICE)]
    await story.mark(BTC, at(0.276))
    assert told(story) == [(RESOLVED, NOTICE)]


async def test_a_wild_market_is_told_of_while_the_plain_distance_is_still_calm(story: Scenario) -> None:
    story.rules = {DISTANCE, VOLATILITY}
    await story.position(BTC)
    story.history(BTC, swing=0.0036, price=at(0.26))
    await story.mark(BTC, at(0.26))
    await story.still(6.0)
    assert "3.2 daily moves to liquidation" in story.said(VOLATILITY)
    assert "This market moves 8.2% a day; liquidation is 26.0% away." in story.said(VOLATILITY)
    assert told(story) == [(FIRST, WARNING)]
    await story.position(BTC, margin=600.0)
    assert told(story) == [(RESOLVED, WARNING)]


async def test_the_distance_in_daily_moves_is_unknown_without_a_price_history(story: Scenario) -> None:
    story.rules = {VOLATILITY}
    await story.position(BTC)
    await story.mark(BTC, at(0.02))
    await story.still(60.0)
    assert told(story) == []


async def test_daily_moves_that_become_unknown_clear_nothing(story: Scenario) -> None:
    story.rules = {VOLATILITY}
    await story.position(BTC)
    story.history(BTC, swing=0.0036, price=at(0.26))
    await story.mark(BTC, at(0.26))
    await story.still(6.0)
    assert told(story) == [(FIRST, WARNING)]
    await story.position(BTC, margin=None)
    await story.still(30.0)
    assert told(story) == []
    assert story.state_of(VOLATILITY, LONG) == "firing"


async def test_a_distance_that_shrinks_fast_is_told_before_any_level_is_reached(story: Scenario) -> None:
    story.rules = {DISTANCE, DETERIORATION}
    await story.position(BTC)
    await story.mark(BTC, FAR)
    await story.still(10.0)
    await story.mark(BTC, at(0.256))
    await story.still(6.0)
    assert "32% of the distance to liquidation lost in a short time" in story.said(DETERIORATION)
    assert "The mark came nearer; the liquidation price did not." in story.said(DETERIORATION)
    assert told(story) == [(FIRST, NOTICE)]


async def test_a_fall_is_forgotten_a_quarter_of_an_hour_after_the_market_stands_still(story: Scenario) -> None:
    story.rules = {DETERIORATION}
    await story.position(BTC)
    await story.mark(BTC, FAR)
    await story.still(10.0)
    await story.mark(BTC, at(0.256))
    await story.still(800.0, step=5.0)
    assert told(story) == [(FIRST, NOTICE)]
    await story.still(120.0, step=5.0)
    assert told(story) == [(RESOLVED, NOTICE)]


async def test_the_same_fall_over_an_hour_is_no_deterioration(story: Scenario) -> None:
    story.rules = {DETERIORATION}
    await story.position(BTC)
    for step in range(13):
        await story.mark(BTC, at(0.378 - 0.01 * step))
        await story.still(300.0, step=10.0)
    assert told(story) == []


async def test_without_anything_earlier_to_compare_with_no_deterioration_is_told(story: Scenario) -> None:
    story.rules = {DETERIORATION}
    await story.position(BTC)
    await story.mark(BTC, at(0.02))
    assert told(story) == []


async def test_a_liquidation_price_that_comes_nearer_because_collateral_was_taken_is_told_with_that_cause(
    story: Scenario,
) -> None:
    story.rules = {DETERIORATION}
    await story.position(BTC)
    await story.mark(BTC, FAR)
    await story.still(10.0)
    await story.position(BTC, margin=40.0)
    assert "Cause: collateral fell by 160.00 USDT." in story.said(DETERIORATION)
    assert told(story) == [(FIRST, NOTICE)]


async def test_a_liquidation_price_that_comes_nearer_because_the_position_grew_is_told_with_that_cause(
    story: Scenario,
) -> None:
    story.rules = {DETERIORATION}
    await story.position(BTC)
    await story.mark(BTC, FAR)
    await story.still(10.0)
    await story.position(BTC, contracts=40.0, entry_price=115.0)
    assert "Cause: the position went from 10 to 40 contracts." in story.said(DETERIORATION)
    assert [reason for reason, _ in told(story)] == [FIRST]


async def test_a_liquidation_price_that_comes_nearer_because_the_venue_changed_its_tiers_is_told_with_that_cause(
    story: Scenario,
) -> None:
    story.rules = {DETERIORATION}
    await story.position(BTC)
    await story.mark(BTC, FAR)
    await story.still(10.0)
    await story.tiers_arrive(BTC, tiers_with_deductions([(0.0, 1e12, 0.2)]))
    assert "Cause: the venue changed its tiers, maintenance rate 1.00% → 20.00%." in story.said(DETERIORATION)
    assert [reason for reason, _ in told(story)] == [FIRST]


async def test_a_liquidation_price_that_comes_nearer_because_another_position_loses_is_told_with_that_cause(
    story: Scenario,
) -> None:
    story.rules = {DETERIORATION}
    story.cross_wallets = {"USDT": 500.0}
    await story.position(BTC, margin_mode=MarginMode.CROSS)
    await story.position(ETH, margin_mode=MarginMode.CROSS)
    await story.mark(ETH, 100.0)
    await story.mark(BTC, 100.0)
    await story.still(10.0)
    await story.mark(ETH, 80.0)
    await story.still(6.0)
    assert any("Cause: other positions of the pool lost 200.00 USDT." in row.notification.body for row in story.heard)
    assert (FIRST, NOTICE) in told(story)


async def test_funding_is_named_where_it_has_helped_to_bring_the_liquidation_price_nearer(story: Scenario) -> None:
    story.rules = {DETERIORATION}
    await story.position(BTC, margin=100.0)
    await story.mark(BTC, 100.0)
    await story.still(10.0)
    await story.position(BTC, contracts=13.0, margin=93.5)
    assert "Cause: the position went from 10 to 13 contracts." in story.said(DETERIORATION)
    assert "Cause: funding or fees took 6.50 USDT." in story.said(DETERIORATION)
    assert told(story) == [(FIRST, NOTICE)]
