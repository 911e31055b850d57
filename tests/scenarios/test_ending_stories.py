"""How a position ended: liquidated, partly liquidated, deleveraged, stopped, profit taken, by hand, or nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from liqwatch.config.settings import Settings
from liqwatch.model import NotifyReason, OrderKind, RestingOrder, Severity, Side

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC = "BTC/USDT:USDT"
LONG, RULE = f"{BTC} long", "position_closed"
FIRST, RESOLVED = NotifyReason.FIRST, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
FAR = 130.0


def order(kind: OrderKind, price: float, **more: Any) -> RestingOrder:
    """An order that closes the long."""
    return RestingOrder(
        symbol=BTC,
        order_side=Side.SHORT,
        kind=kind,
        trigger_price=price,
        trigger_by="mark",
        is_reduce_only=True,
        **more,
    )


async def held(story: Scenario, *orders: RestingOrder) -> None:
    """A long whose orders are known, seen whole at 130."""
    story.rules = {RULE, "liquidation_distance"}
    story.orders(*orders)
    await story.position(BTC)
    await story.mark(BTC, FAR)
    story.orders(*orders)
    story.told()


async def shrinks(story: Scenario, contracts: float, **more: Any) -> None:
    story.hold(BTC, contracts=contracts)
    await story.answered(**more)


async def test_a_liquidation_is_an_emergency_told_in_the_venues_words_with_the_last_figures(story: Scenario) -> None:
    await held(story)
    await story.closed(LONG, forced={LONG: "liquidated at 80.5"})
    said = story.said(RULE)
    assert f"EMERGENCY · {LONG} · liquidated at 80.5" in said
    assert "Last seen: mark 130.00, liquidation 80.81" in said
    assert story.told() == [(FIRST, EMERGENCY, LONG)]


async def test_a_liquidation_that_the_venue_tells_later_is_told_once_more_as_what_it_was(story: Scenario) -> None:
    await held(story)
    await story.closed(LONG)
    await story.answered(forced={LONG: "liquidated at 80.5"})
    assert [severity for _, severity, _ in story.told()] == [NOTICE, EMERGENCY]
    await story.answered(forced={LONG: "liquidated at 80.5"})
    assert story.told() == []


async def test_a_partial_liquidation_tells_from_how_much_to_how_much(story: Scenario) -> None:
    await held(story)
    await shrinks(story, 4.0, forced={LONG: "partly liquidated"})
    assert "partly liquidated: 10 contracts became 4" in story.said(RULE)
    assert story.told() == [(FIRST, CRITICAL, LONG)]


async def test_auto_deleveraging_is_told_as_that(story: Scenario) -> None:
    await held(story)
    await story.closed(LONG, forced={LONG: "deleveraged at 131"})
    assert "deleveraged at 131" in story.said(RULE)
    assert story.told() == [(FIRST, CRITICAL, LONG)]


async def test_a_settled_contract_is_told_as_that(story: Scenario) -> None:
    await held(story)
    await story.closed(LONG, forced={LONG: "settled at delivery"})
    assert story.told() == [(FIRST, WARNING, LONG)]


async def test_a_stop_that_was_reached_is_told_as_the_end_of_the_position(story: Scenario) -> None:
    await held(story, order(OrderKind.STOP, 110.0))
    await story.mark(BTC, 109.9)
    story.orders()
    story.told()
    await story.closed(LONG)
    assert "stopped by its stop order at 110" in story.said(RULE)
    assert story.told() == [(FIRST, WARNING, LONG)]


async def test_a_target_that_was_reached_is_good_news(story: Scenario) -> None:
    await held(story, order(OrderKind.TAKE_PROFIT, 150.0))
    await story.mark(BTC, 150.5)
    story.orders()
    await story.closed(LONG)
    assert "profit taken by its take profit order at 150" in story.said(RULE)
    assert story.told() == [(FIRST, NOTICE, LONG)]


async def test_an_end_for_which_nothing_else_speaks_was_by_hand(story: Scenario) -> None:
    await held(story)
    await story.closed(LONG)
    assert "closed by hand or by a bot" in story.said(RULE)
    assert story.told() == [(FIRST, NOTICE, LONG)]


async def test_a_part_closed_by_hand_is_told_as_a_reduction(story: Scenario) -> None:
    await held(story)
    await shrinks(story, 6.0)
    assert "reduced by hand or by a bot: 10 contracts became 6" in story.said(RULE)


async def test_an_end_at_the_liquidation_price_is_probably_a_liquidation_though_the_venue_is_silent(
    story: Scenario,
) -> None:
    await held(story)
    await story.mark(BTC, 80.8)
    story.told()
    await story.closed(LONG)
    assert "probably liquidated: the mark reached its liquidation price, and the venue has not said why" in story.said(
        RULE
    )
    assert story.told() == [(FIRST, EMERGENCY, LONG)]


async def test_where_stop_and_liquidation_price_were_both_passed_nobody_guesses(story: Scenario) -> None:
    await held(story, order(OrderKind.STOP, 81.0))
    await story.mark(BTC, 80.5)
    story.orders()
    story.told()
    await story.closed(LONG)
    assert "stopped or liquidated: the mark passed its stop at 81 and its liquidation price" in story.said(RULE)
    assert (FIRST, CRITICAL, LONG) in story.told()


async def test_an_end_is_unknown_where_the_orders_cannot_be_read(story: Scenario) -> None:
    story.rules = {RULE}
    await story.position(BTC)
    await story.mark(BTC, FAR)
    await story.closed(LONG)
    assert "ended for a reason nobody told: its orders could not be read" in story.said(RULE)
    assert story.told() == [(FIRST, WARNING, LONG)]


async def test_a_position_that_grows_has_not_ended(story: Scenario) -> None:
    await held(story)
    await shrinks(story, 14.0)
    assert story.told(RULE) == []


async def test_the_end_of_a_position_is_never_called_an_all_clear(story: Scenario) -> None:
    story.orders()
    await story.position(BTC)
    await story.mark(BTC, FAR, 85.0)
    await story.closed(LONG)
    assert "ENDED" in story.said("liquidation_distance")
    assert "RESOLVED" not in story.said("liquidation_distance")


async def test_endings_below_the_least_severity_asked_for_are_not_told(story: Scenario) -> None:
    story.settings = Settings.model_validate({"rules": {"position_closed": {"min_severity": "critical"}}})
    await held(story)
    await story.closed(LONG)
    assert story.told() == []
    await held(story)
    await story.closed(LONG, forced={LONG: "liquidated at 80.5"})
    assert story.told() == [(FIRST, EMERGENCY, LONG)]


@pytest.mark.parametrize("down_for_seconds", [0.0, 600.0])
async def test_a_position_that_ended_while_the_process_was_down_ends_its_alert(
    story: Scenario, down_for_seconds: float
) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, 85.0)
    story.told()
    del story.positions[LONG]
    await story.restart(down_for_seconds=down_for_seconds)
    assert "ENDED" in story.said("liquidation_distance")
    assert story.told() == [(RESOLVED, CRITICAL, LONG)]
