"""What holding costs: funding that eats the equity, and funding that shows a crowd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqwatch.model import NotifyReason, Severity, Side

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC = "BTC/USDT:USDT"
LONG, SHORT = f"{BTC} long", f"{BTC} short"
FIRST, WORSENED, RESOLVED = NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
FUNDING, OVERHEATED = "funding", "funding_overheated"


async def held(story: Scenario, rule: str, side: Side = Side.LONG) -> None:
    """A position of 1,000 on 200 of equity."""
    story.rules = {rule}
    await story.position(BTC, side)
    await story.mark(BTC, 100.0)


async def rate_becomes(story: Scenario, rate: float) -> None:
    story.funding(BTC=rate)
    await story.still(6.0)


async def test_the_usual_funding_rate_is_not_told(story: Scenario) -> None:
    await held(story, FUNDING)
    await rate_becomes(story, 0.0001)
    assert story.told() == []


async def test_funding_against_the_position_is_told_by_what_it_takes_of_the_equity_a_day(story: Scenario) -> None:
    await held(story, FUNDING)
    await rate_becomes(story, 0.0025)
    assert "funding takes 3.8% of the equity a day" in story.said(FUNDING)
    assert "It pays 0.2500% per 8 h: 7.50 USDT a day." in story.said(FUNDING)
    assert story.told() == [(FIRST, WARNING, LONG)]
    await rate_becomes(story, 0.008)
    assert story.told() == [(WORSENED, CRITICAL, LONG)]
    await rate_becomes(story, 0.0001)
    assert story.told() == [(RESOLVED, CRITICAL, LONG)]


async def test_whoever_is_paid_is_not_warned(story: Scenario) -> None:
    await held(story, FUNDING, Side.SHORT)
    await rate_becomes(story, 0.008)
    assert story.told() == []


async def test_funding_is_unknown_where_the_venue_tells_no_rate_and_unknown_clears_nothing(story: Scenario) -> None:
    await held(story, FUNDING)
    await story.still(30.0)
    assert story.told() == []
    await rate_becomes(story, 0.0025)
    assert story.told() == [(FIRST, WARNING, LONG)]
    story.funding()
    await story.still(30.0)
    assert story.told() == []
    assert story.state_of(FUNDING, LONG) == "firing"


async def test_an_overheated_market_is_told_whoever_pays(story: Scenario) -> None:
    await held(story, OVERHEATED, Side.SHORT)
    await rate_becomes(story, 0.0015)
    assert "funding at 0.150% per 8 h" in story.said(OVERHEATED)
    assert "Longs crowd this market and pay this position: a squeeze may still go further." in story.said(OVERHEATED)
    assert story.told() == [(FIRST, NOTICE, SHORT)]
    await rate_becomes(story, -0.004)
    assert "Shorts crowd this market, and this is one of them" in story.said(OVERHEATED)
    assert story.told() == [(WORSENED, WARNING, SHORT)]
    await rate_becomes(story, 0.0001)
    assert story.told() == [(RESOLVED, WARNING, SHORT)]


async def test_a_rate_that_is_told_no_more_does_not_cool_a_market(story: Scenario) -> None:
    await held(story, OVERHEATED)
    await rate_becomes(story, 0.0015)
    assert story.told() == [(FIRST, NOTICE, LONG)]
    story.funding()
    await story.still(30.0)
    assert story.told() == []
    assert story.state_of(OVERHEATED, LONG) == "firing"
