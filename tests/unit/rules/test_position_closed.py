"""Why a position is gone: the venue's word first, traces second, and no guess third."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.traces import Traces
from liqwatch.model import UNREACHABLE, OrderKind, Reading, RestingOrder, Severity, Side, Unknown
from liqwatch.rules.position_closed import SEVERITIES, Ending, EndingKind, ending_of, headline
from liqwatch.testing.sights import LONG, SHORT, SYMBOL

STOP = RestingOrder(
    symbol=SYMBOL, order_side=Side.SHORT, kind=OrderKind.STOP, trigger_price=57_000.0, order_id="1", is_reduce_only=True
)
TARGET = replace(STOP, kind=OrderKind.TAKE_PROFIT, trigger_price=66_000.0, order_id="2")
LIMIT = RestingOrder(
    symbol=SYMBOL, order_side=Side.SHORT, kind=OrderKind.LIMIT, limit_price=66_000.0, contracts=1.0, order_id="3"
)
LIQUIDATION = 54_000.0


def seen(*orders: RestingOrder, marks: tuple[float, ...] = (60_000.0,), **changes: Any) -> Traces:
    return replace(Traces(orders_before=orders, orders_after=(), marks=marks, liquidation_price=LIQUIDATION), **changes)


def ended(traces: Traces, *, forced: str | None = None, left: float | None = None) -> Ending:
    after = None if left is None else replace(LONG, contracts=left)
    ending = ending_of(LONG, after, forced, traces)
    assert ending is not None
    return ending


@pytest.mark.parametrize(
    ("word", "kind", "severity"),
    [
        ("liquidated by the venue", EndingKind.LIQUIDATED, Severity.EMERGENCY),
        ("liquidated by the venue (backstop)", EndingKind.LIQUIDATED, Severity.EMERGENCY),
        ("partly liquidated by the venue (netting)", EndingKind.PARTLY_LIQUIDATED, Severity.CRITICAL),
        ("deleveraged by the venue (ADL)", EndingKind.DELEVERAGED, Severity.CRITICAL),
        ("settled by the venue at delivery", EndingKind.SETTLED, Severity.WARNING),
        ("closed by the venue at delisting", EndingKind.CLOSED_BY_VENUE, Severity.CRITICAL),
    ],
)
def test_the_venues_word_wins(word: str, kind: EndingKind, severity: Severity) -> None:
    assert ended(seen(STOP, marks=(56_900.0,)), forced=word) == Ending(kind, word, severity)


def test_a_liquidation_that_leaves_something_is_a_partial_one() -> None:
    ending = ended(seen(), forced="liquidated by the venue", left=0.4)
    assert ending.kind is EndingKind.PARTLY_LIQUIDATED
    assert ending.text == "partly liquidated by the venue: 1 contracts became 0.4"


def test_a_vanished_stop_that_the_marks_reached_has_closed_it() -> None:
    ending = ended(seen(STOP, TARGET, marks=(60_000.0, 56_950.0, 57_400.0)))
    assert ending == Ending(EndingKind.STOP, "stopped by its stop order at 57,000", Severity.WARNING)


def test_a_stop_counts_as_reached_when_sampled_marks_came_close() -> None:
    assert ended(seen(STOP, marks=(57_100.0,))).kind is EndingKind.STOP
    assert ended(seen(STOP, marks=(57_400.0,))).kind is EndingKind.BY_HAND


def test_a_stop_that_still_waits_has_closed_nothing() -> None:
    assert ended(seen(STOP, marks=(56_950.0,), orders_after=(STOP,))).kind is EndingKind.BY_HAND


def test_orders_of_another_market_or_direction_have_closed_nothing() -> None:
    others = (replace(STOP, symbol="ETH/USDT:USDT"), replace(STOP, order_side=Side.LONG))
    assert ended(seen(*others, marks=(56_950.0,))).kind is EndingKind.BY_HAND


def test_a_stop_that_closed_a_part() -> None:
    ending = ended(seen(STOP, marks=(56_950.0,)), left=0.5)
    assert ending.kind is EndingKind.STOP
    assert ending.text == "stopped by its stop order at 57,000: 1 contracts became 0.5"


@pytest.mark.parametrize("order", [TARGET, LIMIT])
def test_a_target_that_was_reached_is_a_notice(order: RestingOrder) -> None:
    ending = ended(seen(STOP, order, marks=(66_010.0,)))
    assert ending.kind is EndingKind.TAKE_PROFIT
    assert ending.severity is Severity.NOTICE
    assert ending.text.endswith("at 66,000")


def test_a_short_is_stopped_by_a_rise() -> None:
    stop = replace(STOP, order_side=Side.LONG, trigger_price=62_000.0)
    ending = ending_of(SHORT, None, None, seen(stop, marks=(62_050.0,), liquidation_price=65_000.0))
    assert ending is not None
    assert ending.kind is EndingKind.STOP


def test_at_the_liquidation_price_without_a_word_it_was_probably_liquidated() -> None:
    whole, part = ended(seen(marks=(54_050.0,))), ended(seen(marks=(54_050.0,)), left=0.3)
    assert (whole.kind, whole.severity) == (EndingKind.LIQUIDATED, Severity.EMERGENCY)
    assert (part.kind, part.severity) == (EndingKind.PARTLY_LIQUIDATED, Severity.CRITICAL)
    assert whole.text.startswith("probably liquidated")


def test_past_both_stop_and_liquidation_nobody_knows_and_it_is_critical() -> None:
    ending = ended(seen(STOP, marks=(53_000.0,)))
    assert ending.kind is EndingKind.UNKNOWN
    assert ending.severity is Severity.CRITICAL
    assert ending.text.startswith("stopped or liquidated: the mark passed its stop at 57,000")


def test_by_hand_only_when_nothing_else_fits_and_everything_was_in_sight() -> None:
    assert ended(seen()) == Ending(EndingKind.BY_HAND, "closed by hand or by a bot", Severity.NOTICE)
    assert ended(seen(), left=0.5).text == "reduced by hand or by a bot: 1 contracts became 0.5"
    assert ended(seen(liquidation_price=UNREACHABLE)).kind is EndingKind.BY_HAND


@pytest.mark.parametrize(
    "change", [{"orders_before": None}, {"marks": ()}, {"liquidation_price": Unknown("no wallet")}]
)
def test_without_orders_or_prices_the_reason_is_unknown(change: dict[str, Any]) -> None:
    ending = ended(replace(seen(), **change))
    assert ending.kind is EndingKind.UNKNOWN
    assert ending.severity is Severity.WARNING


def test_what_has_not_shrunk_has_not_ended() -> None:
    assert ending_of(LONG, LONG, "liquidated by the venue", seen()) is None
    assert ending_of(LONG, replace(LONG, contracts=2.0), None, seen()) is None


def test_every_kind_has_a_severity_and_every_reading_a_headline() -> None:
    assert set(SEVERITIES) == set(EndingKind)
    assert headline(1.0) == "position ended"
    assert headline(Unknown("x")) == "ending of the position unknown: x"


orders = st.builds(
    RestingOrder,
    symbol=st.just(SYMBOL),
    order_side=st.sampled_from(Side),
    kind=st.sampled_from(OrderKind),
    trigger_price=st.none() | st.floats(50_000, 70_000),
    limit_price=st.none() | st.floats(50_000, 70_000),
)
readings: st.SearchStrategy[Reading] = st.floats(40_000, 80_000) | st.just(UNREACHABLE) | st.just(Unknown("x"))


@given(
    st.none() | st.lists(orders, max_size=4),
    st.none() | st.lists(orders, max_size=4),
    st.lists(st.floats(40_000, 80_000), max_size=4),
    readings,
    st.none() | st.floats(0.01, 0.99),
)
def test_an_ending_always_has_a_text_and_is_by_hand_only_with_everything_in_sight(
    before: list[RestingOrder] | None,
    after: list[RestingOrder] | None,
    marks: list[float],
    price: Reading,
    left: float | None,
) -> None:
    traces = Traces(orders_before=before, orders_after=after, marks=marks, liquidation_price=price)
    ending = ended(traces, left=left)
    assert ending.text
    if ending.kind is EndingKind.BY_HAND:
        assert before is not None
        assert marks
        assert not isinstance(price, Unknown)
