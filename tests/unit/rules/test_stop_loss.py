"""A position is protected by what would really close it in time, not by what looks like a stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.stop_cover import StopSetting, room_for_stop, stop_cover
from liqwatch.margin.stop_flaws import StopFlaw
from liqwatch.model import UNREACHABLE, OrderKind, Reading, RestingOrder, Severity, Side, Unknown
from liqwatch.rules.base import Danger, Ladder, Level
from liqwatch.rules.sight import Sight
from liqwatch.rules.stop_loss import RULE, advice, detail, headline, read
from liqwatch.testing.pasts import Remembered
from liqwatch.testing.sights import LONG, NOW, SHORT, SYMBOL, account_of, sight_of

# 1 BTC long at 60,000 with 6,000 of margin: liquidation at about 54,217.
STOP = RestingOrder(
    symbol=SYMBOL,
    order_side=Side.SHORT,
    kind=OrderKind.STOP,
    trigger_price=57_000.0,
    trigger_by="mark",
    is_reduce_only=True,
)
SETTING = StopSetting(mark_price=60_000.0, liquidation_price=54_217.0, closing_fee_rate=0.0005)


OLD = Remembered()


def look(*orders: RestingOrder, **changes: object) -> Sight:
    return sight_of(**{"orders": orders, "past": OLD, **changes})  # type: ignore[arg-type]


def fired(reading: Reading) -> Severity | None:
    levels = tuple(Level(severity, value, value * 0.9) for severity, value in RULE.levels.items())
    return Ladder(Danger.ABOVE, levels, RULE.limit).judge(reading).fired


def test_a_sound_stop_for_the_whole_position_leaves_nothing_uncovered() -> None:
    sight = look(STOP)
    assert read(sight) == 0.0
    assert headline(read(sight)) == "all of it covered by a stop"
    assert detail(sight) == ()
    assert advice(sight) is None


def test_no_stop_at_all_is_a_warning_and_never_critical() -> None:
    sight = look()
    assert read(sight) == 1.0
    assert fired(1.0) is Severity.WARNING
    assert detail(sight) == ("No stop waits at the venue.",)


def test_a_limit_order_and_a_take_profit_are_no_stop() -> None:
    orders = (replace(STOP, kind=OrderKind.LIMIT), replace(STOP, kind=OrderKind.TAKE_PROFIT, trigger_price=66_000.0))
    sight = look(*orders)
    assert read(sight) == 1.0
    assert detail(sight) == ("No stop waits at the venue. Orders that stop no loss: 1 limit, 1 take profit.",)


@pytest.mark.parametrize(
    ("change", "flaw", "uncovered"),
    [
        ({"trigger_price": 61_000.0}, StopFlaw.WRONG_SIDE, 1.0),
        ({"trigger_price": 61_000.0, "kind": OrderKind.TRAILING}, StopFlaw.NOT_ACTIVE, 1.0),
        ({"trigger_price": 54_000.0}, StopFlaw.BEYOND_LIQUIDATION, 1.0),
        ({"trigger_price": 54_400.0}, StopFlaw.TOO_NEAR_LIQUIDATION, 0.5),
        ({"limit_price": 56_990.0}, StopFlaw.CAN_BE_JUMPED, 0.25),
        ({"trigger_by": "last"}, StopFlaw.WRONG_TRIGGER, 0.02),
        ({"trigger_price": None}, StopFlaw.NO_TRIGGER_PRICE, 0.02),
        ({"is_reduce_only": False}, StopFlaw.NOT_REDUCE_ONLY, 0.005),
        ({"order_side": Side.LONG, "is_reduce_only": False}, StopFlaw.ADDS, 1.0),
    ],
)
def test_every_flaw_is_named_and_counts(change: dict[str, object], flaw: StopFlaw, uncovered: float) -> None:
    sight = look(replace(STOP, **change))  # type: ignore[arg-type]
    assert read(sight) == pytest.approx(uncovered)
    assert flaw.value in detail(sight)[0]


def test_a_stop_that_the_last_price_wakes_is_a_notice_and_one_that_is_not_reduce_only_alone_is_none() -> None:
    assert fired(read(look(replace(STOP, trigger_by="last")))) is Severity.NOTICE
    assert fired(read(look(replace(STOP, is_reduce_only=False)))) is None


def test_a_stop_limit_with_room_is_sound() -> None:
    assert read(look(replace(STOP, limit_price=56_000.0))) == 0.0


def test_a_short_is_protected_by_buying_above_the_mark() -> None:
    bought = replace(STOP, order_side=Side.LONG, trigger_price=62_000.0)
    assert read(look(bought, snapshot=account_of(SHORT))) == 0.0
    assert read(look(replace(bought, trigger_price=58_000.0), snapshot=account_of(SHORT))) == 1.0
    # Liquidation of the short is at about 65,737.
    assert read(look(replace(bought, trigger_price=66_000.0), snapshot=account_of(SHORT))) == 1.0


def test_part_of_the_position_is_covered() -> None:
    sight = look(replace(STOP, contracts=0.6))
    assert read(sight) == pytest.approx(0.4)
    assert detail(sight) == ("Its stops cover 60.0% of it.",)
    assert headline(read(sight)) == "40.0% not covered by a sound stop"


def test_several_stops_add_up_and_never_to_more_than_the_whole() -> None:
    assert read(look(*(replace(STOP, contracts=0.1) for _ in range(10)))) == 0.0
    assert read(look(STOP, replace(STOP, contracts=0.5))) == 0.0


def test_orders_that_cannot_be_read_leave_the_protection_unknown() -> None:
    assert read(sight_of(orders=None, past=OLD)) == Unknown("waiting orders cannot be read")


def test_a_fresh_entry_does_not_page_and_clears_nothing() -> None:
    for since in (None, NOW - timedelta(minutes=9)):
        reading = read(look(past=Remembered(since=since)))
        assert isinstance(reading, Unknown)
        assert "0:10:00" in reading.reason
    assert read(look(past=Remembered(since=NOW - timedelta(minutes=10)))) == 1.0
    assert read(look(past=Remembered(since=NOW - timedelta(minutes=2)), options={"age": 60.0})) == 1.0


def test_a_fresh_entry_with_a_stop_is_known_to_be_covered() -> None:
    assert read(look(STOP, past=Remembered(since=None))) == 0.0


def test_without_a_liquidation_price_a_stop_cannot_be_trusted_but_its_absence_is_certain() -> None:
    assert isinstance(read(look(STOP, contract=None)), Unknown)
    assert read(look(contract=None)) == 1.0


def test_where_nothing_can_liquidate_a_stop_on_the_right_side_is_enough() -> None:
    rich = account_of(cross_wallets={"USDT": 1e6})
    sight = look(replace(STOP, trigger_price=10_000.0), snapshot=rich)
    assert sight.position is not None
    assert sight.position.liquidation_price is UNREACHABLE
    assert read(sight) == 0.0
    assert advice(look(snapshot=rich)) == (
        "Place a reduce-only stop-market order that the mark price wakes, to sell 1 contracts below 60,000."
    )


def test_the_smaller_side_of_a_hedge_needs_no_stop_and_the_larger_ones_orders_are_not_mistaken() -> None:
    account = account_of(LONG, replace(SHORT, contracts=0.2))
    stop_of_the_short = replace(STOP, order_side=Side.LONG, trigger_price=62_000.0, is_reduce_only=False)
    sight = look(STOP, stop_of_the_short, snapshot=account)
    assert read(sight) == 0.0
    assert read(replace(sight, position=sight.pool.positions[1])) is UNREACHABLE


def test_orders_of_another_market_do_not_count() -> None:
    assert read(look(replace(STOP, symbol="ETH/USDT:USDT"))) == 1.0


def test_the_advice_names_what_is_missing_and_where_it_can_stand() -> None:
    text = advice(look(replace(STOP, contracts=0.6)))
    assert text is not None
    assert text.startswith("Place a reduce-only stop-market order that the mark price wakes, to sell 0.4 contracts")
    assert text.endswith("between 54,515.06 and 60,000.")


def test_where_liquidation_is_too_near_the_advice_says_so() -> None:
    text = advice(look(marks={SYMBOL: 54_300.0}))
    assert text is not None
    assert text.endswith("reduce or add margin first.")


def test_every_reading_has_a_headline() -> None:
    assert headline(Unknown("x")) == "protection by stops unknown: x"
    assert "hedge" in headline(UNREACHABLE)
    assert headline(1.0) == "no stop that works"


def test_no_position_is_unknown() -> None:
    assert read(sight_of(position=None)) == Unknown("no position")


orders = st.builds(
    RestingOrder,
    symbol=st.just(SYMBOL),
    order_side=st.sampled_from(Side),
    kind=st.sampled_from(OrderKind),
    contracts=st.none() | st.floats(0, 5),
    trigger_price=st.none() | st.floats(50_000, 70_000),
    limit_price=st.none() | st.floats(50_000, 70_000),
    trigger_by=st.sampled_from(["", "mark", "last", "index"]),
    is_reduce_only=st.booleans(),
)


@given(st.lists(orders, max_size=6))
def test_the_uncovered_share_lies_between_nothing_and_all(waiting: list[RestingOrder]) -> None:
    assert 0.0 <= stop_cover(LONG, waiting, SETTING).uncovered <= 1.0


@given(st.lists(orders, max_size=6), orders)
def test_one_more_order_never_uncovers_anything(waiting: list[RestingOrder], added: RestingOrder) -> None:
    before, after = (stop_cover(LONG, each, SETTING).uncovered for each in (waiting, [*waiting, added]))
    assert after <= before + 1e-9


@given(st.lists(orders, max_size=6))
def test_a_sound_stop_for_all_of_it_covers_all_of_it_whatever_else_waits(waiting: list[RestingOrder]) -> None:
    assert stop_cover(LONG, [*waiting, STOP], SETTING).uncovered == 0.0


@given(st.lists(orders, max_size=6), st.randoms(use_true_random=False))
def test_the_order_in_which_a_venue_lists_them_does_not_matter(waiting: list[RestingOrder], random: object) -> None:
    shuffled = sorted(waiting, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert stop_cover(LONG, shuffled, SETTING).uncovered == pytest.approx(stop_cover(LONG, waiting, SETTING).uncovered)


@given(orders)
def test_a_stop_outside_the_room_for_stops_is_never_sound(order: RestingOrder) -> None:
    room = room_for_stop(LONG, SETTING)
    assert room is not None
    stop = replace(STOP, trigger_price=order.trigger_price or 60_000.0)
    inside = room[0] < (stop.trigger_price or 0.0) <= room[1]
    assert (stop_cover(LONG, [stop], SETTING).uncovered == 0.0) is inside


def test_without_a_mark_or_a_liquidation_price_nobody_can_say_where_a_stop_belongs() -> None:
    assert room_for_stop(LONG, replace(SETTING, mark_price=None)) is None
    assert room_for_stop(LONG, replace(SETTING, liquidation_price=Unknown("x"))) is None
    assert room_for_stop(SHORT, replace(SETTING, liquidation_price=UNREACHABLE)) == (60_000.0, float("inf"))
