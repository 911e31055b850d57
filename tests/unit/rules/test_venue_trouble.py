"""Silence alone is a notice; silence beside danger is worse, and how much worse is arithmetic."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.model import UNREACHABLE, Severity, Unknown
from liqwatch.rules.base import Danger, Ladder, Level
from liqwatch.rules.sight import Sight
from liqwatch.rules.venue_trouble import RULE, advice, detail, headline, nearness, read, trouble
from liqwatch.testing.sights import sight_of


def look(distance: Any, silent: float, **changes: Any) -> Sight:
    sight = sight_of(silent_seconds=silent, **changes)
    assert sight.position is not None
    return replace(sight, position=replace(sight.position, liquidation_distance=distance))


def fired(sight: Sight) -> Severity | None:
    levels = tuple(Level(severity, value, value * 0.9) for severity, value in RULE.levels.items())
    return Ladder(Danger.ABOVE, levels).judge(read(sight)).fired


def test_ninety_seconds_of_silence_eight_percent_away_in_a_market_that_fell_three_are_critical() -> None:
    sight = look(0.08, 90.0, market_move=-0.03, daily_volatility=0.03)
    assert read(sight) == pytest.approx(1.0 + 5 * 0.375)
    assert fired(sight) is Severity.CRITICAL


def test_ninety_seconds_of_silence_sixty_percent_away_are_a_notice() -> None:
    assert fired(look(0.60, 90.0, market_move=0.001, daily_volatility=0.03)) is Severity.NOTICE


def test_half_an_hour_of_silence_far_away_stays_a_notice() -> None:
    assert fired(look(0.60, 1800.0, market_move=0.0, daily_volatility=0.03)) is Severity.NOTICE


def test_while_data_arrives_there_is_no_trouble_however_near() -> None:
    for distance in (0.001, -0.1, Unknown("no wallet"), UNREACHABLE):
        assert read(look(distance, 15.0, market_move=-0.1)) == 0.0
    assert detail(look(0.01, 3.0)) == ()
    assert advice(look(0.01, 3.0)) is None


def test_an_unknown_distance_with_silence_counts_as_near() -> None:
    assert fired(look(Unknown("no wallet"), 90.0)) is Severity.CRITICAL


def test_beyond_liquidation_counts_as_nearest() -> None:
    assert read(look(-0.01, 90.0)) == pytest.approx(6.0)
    assert fired(look(-0.01, 90.0)) is Severity.EMERGENCY


def test_what_this_market_cannot_liquidate_is_a_notice_at_most() -> None:
    assert fired(look(UNREACHABLE, 3600.0, market_move=-0.5)) is Severity.NOTICE


def test_without_history_a_move_of_two_percent_is_assumed() -> None:
    assert nearness(look(0.08, 90.0)) == pytest.approx(0.25)


def test_volatility_grows_with_the_silence() -> None:
    calm, longer = (nearness(look(0.10, silent, daily_volatility=0.04)) for silent in (60.0, 240.0))
    assert longer == pytest.approx(2 * calm)


def test_the_patience_can_be_set() -> None:
    assert read(look(0.5, 40.0, options={"patience": 60.0})) == 0.0
    assert read(look(-0.1, 120.0, options={"patience": 60.0})) == pytest.approx(2 / 6 + 1)


def test_the_message_says_how_long_how_far_and_what_the_market_did() -> None:
    (line,) = detail(look(0.08, 90.0, market_move=-0.03))
    assert line == (
        "binance_usdm has been silent for 90 s after a move of -3.0% in five minutes; "
        "at its last word you were 8.0% from liquidation."
    )
    assert "cannot be known" in detail(look(Unknown("x"), 90.0))[0]
    assert "at liquidation" in detail(look(0.0, 90.0))[0]
    assert "no price of this market" in detail(look(UNREACHABLE, 90.0))[0]
    assert advice(look(0.08, 90.0)) == (
        "Look at the position in the venue's own app now, and watch the price at another venue."
    )
    assert advice(look(UNREACHABLE, 90.0)) == "Check the venue's status page; figures here are the last known ones."


def test_every_reading_has_a_headline() -> None:
    assert headline(0.0) == "the venue answers"
    assert headline(1.0) == "the venue is silent"
    assert headline(3.0) == "the venue is silent while liquidation is near"
    assert headline(UNREACHABLE) == "the venue answers"
    assert headline(Unknown("x")) == "trouble with the venue unknown: x"


def test_no_position_is_unknown() -> None:
    assert read(sight_of(position=None, silent_seconds=90.0)) == Unknown("no position")


seconds = st.floats(0, 10_000)
shares = st.floats(0, 1)


@given(seconds, seconds, shares, shares)
def test_more_silence_or_more_nearness_is_never_less_trouble(
    short: float, more: float, far: float, nearer: float
) -> None:
    before = trouble(short, 15.0, far)
    assert before >= 0.0
    assert trouble(short + more, 15.0, far) >= before
    assert trouble(short, 15.0, min(far + nearer, 1.0)) >= before


@given(st.floats(-0.2, 1), st.floats(0, 0.5), st.floats(-0.5, 0.5), st.floats(0, 0.5), seconds)
def test_the_nearer_liquidation_is_the_greater_the_trouble(
    distance: float, further: float, move: float, volatility: float, silent: float
) -> None:
    near, far = (
        read(look(each, silent, market_move=move, daily_volatility=volatility))
        for each in (distance, distance + further)
    )
    assert isinstance(near, float)
    assert isinstance(far, float)
    assert near >= far
