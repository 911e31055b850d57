"""What the venue does to a position: the line for deleveraging, new tiers, silence, figures that differ or lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import NotifyReason, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC = "BTC/USDT:USDT"
LONG = f"{BTC} long"
FIRST, WORSENED, RESOLVED = NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
LIQUIDATION = 800 / 9.9
RANK, TIERS, TROUBLE = "adl_rank", "tier_change", "venue_trouble"
DISAGREE, UNKNOWN = "figures_disagree", "figures_unknown"
ROUNDED_AWAY = (
    "margin/words.price rounds to the nearest tick, away from the mark here; the line above it toward the mark"
)
TWO_PERCENT = tiers_with_deductions([(0.0, 1e12, 0.02)])


async def ranked(story: Scenario, rank: float | None) -> None:
    await story.position(BTC, adl_rank=rank)


async def test_a_winner_near_the_front_of_the_line_for_deleveraging_is_told(story: Scenario) -> None:
    story.rules = {RANK}
    await ranked(story, 1.0)
    await story.mark(BTC, 130.0)
    await ranked(story, 3.0)
    assert "near the front of the line for auto-deleveraging (75%)" in story.said(RANK)
    assert "The venue's rank: 3, where 4 is first in line and 0 last." in story.said(RANK)
    assert story.told() == [(FIRST, NOTICE, LONG)]
    await ranked(story, 4.0)
    assert story.told() == [(WORSENED, WARNING, LONG)]
    await ranked(story, 1.0)
    assert story.told() == [(RESOLVED, WARNING, LONG)]


async def test_a_position_without_profit_is_not_what_the_venue_deleverages(story: Scenario) -> None:
    story.rules = {RANK}
    await ranked(story, 4.0)
    await story.mark(BTC, 95.0)
    await ranked(story, 4.0)
    assert story.told() == []


async def test_a_rank_that_is_told_no_more_clears_nothing(story: Scenario) -> None:
    story.rules = {RANK}
    await story.position(BTC, adl_rank=None)
    await story.mark(BTC, 130.0)
    await ranked(story, None)
    assert story.told() == []
    await ranked(story, 4.0)
    assert story.told() == [(FIRST, WARNING, LONG)]
    await ranked(story, None)
    assert story.told() == []
    assert story.state_of(RANK, LONG) == "firing"


async def test_a_venue_that_raises_its_maintenance_rate_is_told_of_with_both_liquidation_prices(
    story: Scenario,
) -> None:
    story.rules = {TIERS}
    await story.position(BTC)
    await story.mark(BTC, 130.0)
    await story.still(10.0)
    await story.tiers_arrive(BTC, TWO_PERCENT)
    assert "the venue raised the maintenance rate" in story.said(TIERS)
    assert "Maintenance rate 1.00% → 2.00%: your liquidation price 80.81 → 81.6" in story.said(TIERS)
    assert story.told() == [(FIRST, WARNING, LONG)]


@pytest.mark.xfail(strict=True, reason=ROUNDED_AWAY)
async def test_one_message_knows_one_liquidation_price_rounded_toward_the_mark(story: Scenario) -> None:
    story.rules = {TIERS}
    await story.position(BTC)
    await story.mark(BTC, 130.0)
    await story.still(10.0)
    await story.tiers_arrive(BTC, TWO_PERCENT)
    assert "Mark 130.00 · liquidation 81.64 (computed)" in story.said(TIERS)
    assert "your liquidation price 80.81 → 81.64" in story.said(TIERS)


async def test_new_tiers_are_over_a_day_later(story: Scenario) -> None:
    story.rules = {TIERS}
    await story.position(BTC)
    await story.mark(BTC, 130.0)
    await story.still(10.0)
    await story.tiers_arrive(BTC, TWO_PERCENT)
    story.told()
    await story.still(25 * 3_600, step=60.0)
    await story.answered()
    assert story.told() == [(RESOLVED, WARNING, LONG)]


async def test_tiers_that_become_unknown_clear_nothing(story: Scenario) -> None:
    story.rules = {TIERS}
    await story.position(BTC)
    await story.mark(BTC, 130.0)
    await story.still(10.0)
    await story.tiers_arrive(BTC, TWO_PERCENT)
    story.told()
    await story.tiers_arrive(BTC, ())
    assert story.told() == []
    assert story.state_of(TIERS, LONG) == "firing"


async def fell_and_fell_silent(story: Scenario, distance: float) -> None:
    """The market falls to that distance within a minute; then nothing comes any more."""
    story.rules = {TROUBLE}
    await story.position(BTC)
    await story.mark(BTC, 230.0)
    await story.still(360.0, step=5.0)
    await story.mark(BTC, LIQUIDATION / (1 - distance))
    await story.advance(90.0)


def about_the_long(story: Scenario) -> list[tuple[NotifyReason, Severity]]:
    return [(reason, severity) for reason, severity, subject in story.told() if subject == LONG]


async def test_silence_after_a_fall_to_near_liquidation_is_an_emergency(story: Scenario) -> None:
    await fell_and_fell_silent(story, 0.05)
    assert "binance_usdm has been silent for" in story.said(TROUBLE)
    assert "after a move of -63.0% in five minutes; at its last word you were 5.0% from liquidation." in story.said(
        TROUBLE
    )
    assert about_the_long(story)[-1][1] is EMERGENCY


async def test_the_same_silence_far_from_liquidation_is_left_to_the_alert_about_the_stream(story: Scenario) -> None:
    story.rules = {TROUBLE}
    await story.position(BTC)
    await story.mark(BTC, 230.0)
    await story.still(360.0, step=5.0)
    await story.advance(90.0)
    assert story.told("data_staleness") != []
    assert about_the_long(story) == []


async def test_a_venue_that_speaks_again_is_no_trouble_any_more(story: Scenario) -> None:
    await fell_and_fell_silent(story, 0.05)
    story.told()
    await story.still(6.0)
    assert about_the_long(story) == [(RESOLVED, EMERGENCY)]


async def test_a_distance_that_is_unknown_while_the_venue_is_silent_counts_as_near(story: Scenario) -> None:
    story.rules = {TROUBLE}
    await story.position(BTC, margin=None)
    await story.mark(BTC, 130.0)
    await story.advance(150.0)
    assert "how far liquidation is cannot be known" in story.said(TROUBLE)
    assert about_the_long(story)[-1][1] is EMERGENCY


async def test_a_liquidation_price_that_differs_from_the_venues_for_a_minute_is_told(story: Scenario) -> None:
    story.rules = {DISAGREE}
    await story.position(BTC, reported_liquidation_price=82.0, reported_mark_price=130.0)
    await story.mark(BTC, 130.0)
    await story.answered()
    await story.still(58.0)
    await story.answered()
    assert story.told() == []
    await story.still(4.0)
    await story.answered()
    assert "the venue's liquidation price and ours differ" in story.said(DISAGREE)
    assert "Venue 82, computed 80.808081" in story.said(DISAGREE)
    assert story.told() == [(FIRST, WARNING, LONG)]
    await story.position(BTC, reported_liquidation_price=LIQUIDATION, reported_mark_price=130.0)
    assert story.told() == [(RESOLVED, WARNING, LONG)]


async def test_a_difference_that_is_gone_within_the_minute_is_not_told(story: Scenario) -> None:
    story.rules = {DISAGREE}
    await story.position(BTC, reported_liquidation_price=82.0, reported_mark_price=130.0)
    await story.mark(BTC, 130.0)
    await story.still(30.0)
    await story.position(BTC, reported_liquidation_price=LIQUIDATION, reported_mark_price=130.0)
    await story.still(60.0)
    assert story.told() == []


async def test_a_position_whose_liquidation_price_cannot_be_known_is_told_after_half_a_minute(story: Scenario) -> None:
    story.rules = {UNKNOWN}
    await story.position(BTC, tiers=())
    await story.mark(BTC, 130.0)
    await story.still(29.0)
    assert story.told() == []
    await story.still(2.0)
    assert story.told() == [(FIRST, WARNING, LONG)]
    await story.position(BTC)
    assert story.told() == [(RESOLVED, WARNING, LONG)]
