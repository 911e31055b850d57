"""Conditions of the user's own: all of these, any of those, for so long, until a day, from a size on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from liqwatch.model import NotifyReason, Severity
from liqwatch.rules.compound import Condition, parse_comparison, rule_of

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC = "BTC/USDT:USDT"
LONG, NAME = f"{BTC} long", "crowded"
FIRST, RESOLVED = NotifyReason.FIRST, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
NEAR, FAR = 95.0, 130.0


async def watching(story: Scenario, **halves: Any) -> None:
    """A story with one condition and no other rule; the mark is near."""
    all_of, any_of = (tuple(map(parse_comparison, halves.pop(half, ()))) for half in ("all_of", "any_of"))
    condition = Condition(name=NAME, severity=WARNING, all_of=all_of, any_of=any_of, **halves)
    story.rules, story.conditions = set(), (rule_of(condition),)
    story.begin()
    await story.position(BTC)
    await story.mark(BTC, FAR)


async def becomes(story: Scenario, mark_price: float, rate: float | None = None) -> None:
    if rate is not None:
        story.funding(BTC=rate)
    await story.mark(BTC, mark_price)
    await story.still(6.0)


BOTH = ("liquidation_distance < 20%", "funding_rate > 0.1%")


async def test_a_condition_of_all_is_told_when_the_last_part_comes_true_and_cleared_when_one_fails(
    story: Scenario,
) -> None:
    await watching(story, all_of=BOTH, message="too many longs")
    await becomes(story, NEAR, 0.0001)
    assert story.told() == []
    await becomes(story, NEAR, 0.002)
    assert "crowded: too many longs" in story.said(NAME)
    assert "liquidation_distance < 20%: now 14.94%, holds" in story.said(NAME)
    assert "funding_rate > 0.1%: now 0.20%, holds" in story.said(NAME)
    assert story.told() == [(FIRST, WARNING, LONG)]
    await becomes(story, FAR)
    assert story.told() == [(RESOLVED, WARNING, LONG)]


async def test_a_condition_of_any_is_told_when_one_part_comes_true(story: Scenario) -> None:
    await watching(story, any_of=BOTH)
    await becomes(story, FAR, 0.002)
    assert story.told() == [(FIRST, WARNING, LONG)]
    await becomes(story, NEAR)
    await becomes(story, NEAR, 0.0001)
    assert story.told() == []
    await becomes(story, FAR)
    assert story.told() == [(RESOLVED, WARNING, LONG)]


async def test_all_and_any_together_ask_for_both_halves(story: Scenario) -> None:
    await watching(story, all_of=("mark_price < 100",), any_of=("funding_rate > 0.1%", "leverage > 100x"))
    await becomes(story, NEAR, 0.0001)
    assert story.told() == []
    await becomes(story, NEAR, 0.002)
    assert story.told() == [(FIRST, WARNING, LONG)]


async def test_a_condition_with_a_hold_time_must_hold_so_long(story: Scenario) -> None:
    await watching(story, all_of=("mark_price < 100",), hold=timedelta(minutes=2))
    await becomes(story, NEAR)
    await story.still(60.0)
    await becomes(story, FAR)
    await becomes(story, NEAR)
    await story.still(110.0)
    assert story.told() == []
    await story.still(10.0)
    assert story.told() == [(FIRST, WARNING, LONG)]


async def test_a_condition_is_not_looked_at_after_its_day(story: Scenario) -> None:
    await watching(story, all_of=("mark_price < 100",), expires_at=story.clock.now() + timedelta(hours=1))
    await story.still(3_600.0, step=30.0)
    await becomes(story, NEAR)
    assert story.told() == []


async def test_an_alert_of_a_condition_ends_when_the_condition_expires(story: Scenario) -> None:
    await watching(story, all_of=("mark_price < 100",), expires_at=story.clock.now() + timedelta(hours=1))
    await becomes(story, NEAR)
    assert story.told() == [(FIRST, WARNING, LONG)]
    await story.still(3_600.0, step=30.0)
    assert story.told() == [(RESOLVED, WARNING, LONG)]


async def test_positions_below_the_minimum_notional_are_left_out(story: Scenario) -> None:
    await watching(story, all_of=("mark_price < 100",), minimum_notional=2_000.0)
    await becomes(story, NEAR)
    assert story.told() == []
    await story.position(BTC, contracts=30.0, margin=600.0)
    await story.still(6.0)
    assert story.told() == [(FIRST, WARNING, LONG)]


async def test_a_part_that_is_unknown_neither_fulfils_a_condition_nor_ends_it(story: Scenario) -> None:
    await watching(story, all_of=BOTH)
    await becomes(story, NEAR)
    assert story.told() == []
    await becomes(story, NEAR, 0.002)
    assert story.told() == [(FIRST, WARNING, LONG)]
    story.funding()
    await story.still(60.0)
    assert story.told() == []
    assert story.state_of(NAME, LONG) == "firing"


async def test_an_unknown_part_does_not_matter_where_the_rest_decides(story: Scenario) -> None:
    await watching(story, any_of=BOTH)
    await becomes(story, NEAR)
    assert story.told() == [(FIRST, WARNING, LONG)]
    await becomes(story, FAR)
    assert story.told() == []
    await becomes(story, FAR, 0.0001)
    assert story.told() == [(RESOLVED, WARNING, LONG)]
