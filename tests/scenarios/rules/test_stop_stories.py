"""Whether a stop would work: missing, on the wrong side, beyond liquidation, too small, woken by the wrong price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from liqwatch.model import NotifyReason, OrderKind, RestingOrder, Severity, Side

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC = "BTC/USDT:USDT"
LONG, RULE = f"{BTC} long", "stop_loss"
FIRST, RESOLVED = NotifyReason.FIRST, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity


def stop(trigger_price: float = 90.0, **changes: Any) -> RestingOrder:
    """A stop for the whole position that the mark wakes."""
    plain = {"order_side": Side.SHORT, "trigger_by": "mark", "is_reduce_only": True, **changes}
    return RestingOrder(symbol=BTC, kind=OrderKind.STOP, trigger_price=trigger_price, **plain)


async def after_its_first_minutes(story: Scenario, *orders: RestingOrder) -> None:
    """A position that has been held for longer than a fresh entry may go without a stop."""
    story.rules = {RULE}
    await story.position(BTC)
    story.orders(*orders)
    await story.mark(BTC, 100.0)
    await story.still(620.0, step=5.0)


async def test_a_sound_stop_is_not_told(story: Scenario) -> None:
    await after_its_first_minutes(story, stop())
    assert story.told() == []


async def test_a_fresh_entry_has_ten_minutes_for_its_stop(story: Scenario) -> None:
    story.rules = {RULE}
    await story.position(BTC)
    story.orders()
    await story.mark(BTC, 100.0)
    await story.still(590.0, step=5.0)
    assert story.told() == []
    await story.still(20.0)
    assert story.told() == [(FIRST, WARNING, LONG)]


async def test_a_missing_stop_is_told_with_where_it_belongs_and_cleared_when_it_is_there(story: Scenario) -> None:
    await after_its_first_minutes(story)
    assert "no stop that works" in story.said(RULE)
    assert (
        "Place a reduce-only stop-market order that the mark price wakes, to sell 10 contracts between"
        in story.said(RULE)
    )
    assert story.told() == [(FIRST, WARNING, LONG)]
    story.orders(stop())
    await story.still(6.0)
    assert story.told() == [(RESOLVED, WARNING, LONG)]


@pytest.mark.parametrize(
    ("order", "severity", "why"),
    [
        (stop(110.0), WARNING, "its trigger is on the profit side of the mark"),
        (stop(70.0), WARNING, "its trigger is beyond the liquidation price, so it can never help"),
        (stop(contracts=4.0), WARNING, "Its stops cover 40.0% of it."),
        (stop(trigger_by="last"), NOTICE, "another price than the mark wakes it"),
        (stop(order_side=Side.LONG, is_reduce_only=False), WARNING, "its direction adds to the position"),
    ],
    ids=["wrong side", "beyond liquidation", "part", "wrong trigger", "adds"],
)
async def test_a_stop_that_cannot_help_is_told_with_what_is_wrong_with_it(
    story: Scenario, order: RestingOrder, severity: Severity, why: str
) -> None:
    await after_its_first_minutes(story, order)
    assert why in story.said(RULE)
    assert story.told() == [(FIRST, severity, LONG)]


async def test_orders_that_cannot_be_read_neither_alarm_nor_clear(story: Scenario) -> None:
    await after_its_first_minutes(story)
    story.told()
    story.watch.sights.learn_orders("main", None)
    await story.still(30.0)
    assert story.told() == []
    assert story.state_of(RULE, LONG) == "firing"


async def test_a_restart_does_not_make_an_old_position_fresh_again(story: Scenario) -> None:
    await after_its_first_minutes(story, stop())
    await story.restart()
    story.orders()
    await story.mark(BTC, 100.0)
    await story.still(6.0)
    assert story.told() == [(FIRST, WARNING, LONG)]
