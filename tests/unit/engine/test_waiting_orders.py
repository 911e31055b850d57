"""Which orders waited before a position ended, and which after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from liqwatch.engine.waiting_orders import WaitingOrders
from liqwatch.model import OrderKind, RestingOrder, Side

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def stop(price: float) -> RestingOrder:
    return RestingOrder(
        symbol="BTC/USDT:USDT", order_side=Side.SHORT, kind=OrderKind.STOP, trigger_price=price, is_reduce_only=True
    )


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_what_was_read_before_the_end_only_says_nothing_of_the_time_after_it() -> None:
    orders = WaitingOrders()
    orders.learn("main", [stop(90.0)], at(0))
    orders.learn("main", [stop(90.0)], at(300))
    assert orders.around("main", at(400), at(420)) == ((stop(90.0),), None)


def test_what_is_read_after_the_end_is_held_against_what_waited_before() -> None:
    orders = WaitingOrders()
    orders.learn("main", [stop(90.0)], at(0))
    orders.learn("main", [], at(300))
    before, after = orders.around("main", at(280), at(299))
    assert before == (stop(90.0),)
    assert after == []


def test_what_was_read_between_the_two_answers_counts_as_waiting() -> None:
    orders = WaitingOrders()
    orders.learn("main", [stop(90.0)], at(0))
    orders.learn("main", [stop(95.0)], at(300))
    assert orders.around("main", at(290), at(310)) == ((stop(90.0), stop(95.0)), None)


def test_orders_that_could_not_be_read_are_not_an_empty_list() -> None:
    orders = WaitingOrders()
    assert orders.around("main", at(0), at(10)) == (None, None)
    orders.learn("main", None, at(0))
    assert orders.around("main", at(1), at(10)) == (None, None)
    orders.learn("main", [], at(2))
    assert orders.around("main", at(3), at(10)) == ((), None)
