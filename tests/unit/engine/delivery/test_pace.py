"""How often a channel speaks: at once, then with growing gaps, never more than so often."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from liqwatch.engine.delivery.pace import MINUTE_SECONDS, UNHURRIED, Pace, PaceLimits
from liqwatch.model import Severity

WARNING, CRITICAL, EMERGENCY = Severity.WARNING, Severity.CRITICAL, Severity.EMERGENCY
STORM = 300


def told(
    pace: Pace, *, until: float, waiting: int = STORM, worst: Severity = EMERGENCY, began: float = 0.0
) -> list[float]:
    """When messages go out while so many wait all the time."""
    now, moments = began, list[float]()
    while (now := max(now, pace.ready_at(now, waiting=waiting, worst=worst))) <= until:
        pace.attempted(now, waiting=waiting, worst=worst, may_have_arrived=True)
        moments.append(now)
    return moments


def test_a_storm_is_told_at_once_and_then_with_growing_gaps() -> None:
    assert told(Pace(PaceLimits()), until=60.0) == [0.0, 1.0, 4.0, 14.0, 34.0, 60.0]


def test_the_last_place_of_a_minute_is_kept_for_something_worse() -> None:
    pace = Pace(PaceLimits())
    assert told(pace, until=50.0, worst=WARNING) == [0.0, 1.0, 4.0, 14.0]
    assert pace.ready_at(20.0, waiting=STORM, worst=WARNING) == MINUTE_SECONDS
    assert pace.ready_at(20.0, waiting=STORM, worst=CRITICAL) == 15.0


def test_something_worse_passes_every_gap_but_not_the_end_of_the_budget() -> None:
    pace = Pace(PaceLimits())
    for second, worst in ((0.0, WARNING), (1.0, WARNING), (4.0, CRITICAL), (5.0, CRITICAL)):
        pace.attempted(second, waiting=STORM, worst=worst, may_have_arrived=True)
    assert pace.ready_at(6.0, waiting=1, worst=EMERGENCY) == 6.0
    pace.attempted(6.0, waiting=1, worst=EMERGENCY, may_have_arrived=True)
    assert pace.ready_at(7.0, waiting=1, worst=EMERGENCY) == MINUTE_SECONDS


def test_single_messages_follow_each_other_after_a_second_up_to_twenty_a_minute() -> None:
    moments = told(Pace(PaceLimits()), until=59.9, waiting=1, worst=WARNING)
    assert moments == [float(second) for second in range(20)]


def test_a_busy_minute_does_not_hold_back_the_news_of_a_storm() -> None:
    pace = Pace(PaceLimits())
    told(pace, until=9.0, waiting=1, worst=EMERGENCY)
    assert pace.ready_at(10.0, waiting=STORM, worst=EMERGENCY) <= 12.0


def test_the_first_rows_of_a_storm_count_as_part_of_it() -> None:
    pace = Pace(PaceLimits())
    moments = told(pace, until=0.5, waiting=1) + told(pace, until=59.9, began=1.0)
    assert moments == [0.0, 1.0, 4.0, 14.0, 34.0]


def test_what_was_refused_counts_for_the_service_but_wakes_nobody() -> None:
    pace = Pace(PaceLimits())
    for second in range(10):
        pace.attempted(float(second), waiting=STORM, worst=CRITICAL, may_have_arrived=False)
    assert pace.ready_at(9.0, waiting=STORM, worst=CRITICAL) == 10.0
    for second in range(10, 20):
        pace.attempted(float(second), waiting=STORM, worst=CRITICAL, may_have_arrived=False)
    assert pace.ready_at(20.0, waiting=STORM, worst=CRITICAL) == MINUTE_SECONDS


def test_a_closed_channel_stays_closed_for_everything() -> None:
    pace = Pace(PaceLimits())
    pace.close(7.0)
    pace.close(3.0)
    assert pace.ready_at(1.0, waiting=1, worst=EMERGENCY) == 7.0
    assert (pace.closed_for(1.0), pace.closed_for(8.0)) == (6.0, 0.0)


def test_standard_output_is_never_held_back() -> None:
    assert len(told(Pace(UNHURRIED), until=-1.0)) == 0
    pace = Pace(UNHURRIED)
    for _ in range(500):
        assert pace.ready_at(0.0, waiting=STORM, worst=WARNING) == 0.0
        pace.attempted(0.0, waiting=STORM, worst=WARNING, may_have_arrived=True)


@given(
    st.lists(
        st.tuples(st.floats(0.0, 30.0), st.integers(4, 1_000), st.sampled_from(list(Severity)), st.booleans()),
        max_size=60,
    )
)
def test_no_minute_of_a_storm_has_more_than_five_messages_and_no_minute_more_than_twenty_attempts(
    arrivals: list[tuple[float, int, Severity, bool]],
) -> None:
    pace, now = Pace(PaceLimits()), 0.0
    attempts, messages = list[float](), list[float]()
    for pause, waiting, worst, arrives in arrivals:
        now += pause
        if pace.ready_at(now, waiting=waiting, worst=worst) > now:
            continue
        pace.attempted(now, waiting=waiting, worst=worst, may_have_arrived=arrives)
        attempts.append(now)
        messages += [now] * arrives
    for moments, most in ((messages, 5), (attempts, 20)):
        for began in moments:
            assert sum(began <= each < began + MINUTE_SECONDS - 1e-6 for each in moments) <= most
