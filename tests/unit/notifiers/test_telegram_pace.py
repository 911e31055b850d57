from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from liqwatch.notifiers._telegram.pace import Pace


def test_three_may_go_at_once_and_then_one_a_second() -> None:
    pace, now, sent = Pace(is_group=False), 0.0, []
    for _ in range(6):
        now += pace.pause_seconds(now)
        pace.took(now)
        sent.append(now)
    assert sent == [0, 0, 0, 1, 2, 3]


@given(st.lists(st.floats(min_value=0, max_value=5), max_size=60))
def test_no_four_seconds_see_more_than_a_burst_and_one_for_each_second(gaps: list[float]) -> None:
    pace, now, sent = Pace(is_group=False), 0.0, []
    for gap in gaps:
        now += gap
        now += pace.pause_seconds(now)
        pace.took(now)
        sent.append(now)
    for began in sent:
        assert len([at for at in sent if began <= at < began + 4]) <= 3 + 4


def test_a_group_takes_twenty_a_minute_and_a_private_chat_more() -> None:
    group, private = Pace(is_group=True), Pace(is_group=False)
    for second in range(20):
        group.took(second)
        private.took(second)
    assert (group.full_seconds(20), private.full_seconds(20)) == (40, 0)
    assert group.full_seconds(60) == 0


def test_people_who_ask_leave_places_for_alerts() -> None:
    group = Pace(is_group=True)
    for second in range(15):
        group.took(second)
    assert (group.full_seconds(15, 15), group.full_seconds(15)) == (45, 0)
    assert group.full_seconds(60, 15) == 0


def test_a_longer_ban_is_not_shortened_by_a_later_one() -> None:
    pace = Pace(is_group=False)
    pace.banned(0, 30)
    pace.banned(1, 2)
    assert pace.ban_seconds(10) == 20
    assert pace.ban_seconds(30) == 0
