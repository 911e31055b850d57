"""A funding rate far from zero says that one side is crowded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.model import UNREACHABLE, FundingRate, MarginMode, Severity, Side, Unknown
from liqwatch.rules.base import Ladder, Level
from liqwatch.rules.funding_overheated import RULE, advice, detail, headline, read
from liqwatch.rules.sight import Sight
from liqwatch.testing.sights import LONG, SYMBOL, account_of, sight_of

EIGHT_HOURS = timedelta(hours=8)


def look(rate: float, side: Side = Side.LONG, interval: timedelta | None = EIGHT_HOURS, **changes: object) -> Sight:
    rates = {SYMBOL: FundingRate(symbol=SYMBOL, rate=rate, interval=interval)}
    return sight_of(account_of(replace(LONG, side=side)), **{"funding_rates": rates, **changes})  # type: ignore[arg-type]


def test_ten_times_the_resting_rate_is_a_notice_whoever_pays() -> None:
    ladder = Ladder(RULE.danger, tuple(Level(severity, value, value) for severity, value in RULE.levels.items()))
    fired = [ladder.judge(read(look(rate))).fired for rate in (0.0001, 0.001, -0.001, 0.003)]
    assert fired == [None, Severity.NOTICE, Severity.NOTICE, Severity.WARNING]


def test_the_crowd_is_named_and_whether_one_is_of_it() -> None:
    assert detail(look(0.002)) == ("Longs crowd this market, and this is one of them: they are forced out together.",)
    assert detail(look(0.002, Side.SHORT)) == (
        "Longs crowd this market and pay this position: a squeeze may still go further.",
    )
    assert detail(look(-0.002, Side.SHORT))[0].startswith("Shorts crowd this market, and this is one")
    assert advice(look(0.002)) != advice(look(0.002, Side.SHORT))
    assert detail(look(0.0)) == ()
    assert advice(look(0.0)) is None


def test_an_hourly_rate_is_brought_to_eight_hours() -> None:
    isolated = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=6_000.0)
    rates = {SYMBOL: FundingRate(symbol=SYMBOL, rate=0.0002)}
    assert read(sight_of(account_of(isolated, venue="hyperliquid"), funding_rates=rates)) == pytest.approx(0.0016)
    assert read(look(0.0002, interval=timedelta(hours=2))) == pytest.approx(0.0008)


def test_an_interval_that_the_venue_does_not_tell_is_assumed_and_said_to_be() -> None:
    assumed = look(0.002, interval=None)
    assert read(assumed) == read(look(0.002))
    assert detail(assumed)[:-1] == detail(look(0.002))
    assert detail(assumed)[-1] == "The venue does not tell how often: 8 h are assumed."
    set_to_four = look(0.0002, interval=None, options={"interval": 14_400.0})
    assert read(set_to_four) == pytest.approx(0.0004)
    assert detail(set_to_four)[-1] == "The venue does not tell how often: 4 h are assumed."
    assert detail(look(0.0, interval=None)) == ()


def test_without_a_rate_nothing_is_known_and_dated_contracts_have_none() -> None:
    assert read(sight_of()) == Unknown("the venue tells no funding rate")
    assert read(look(0.001, position=None)) == Unknown("no position")
    assert read(sight_of(account_of(replace(LONG, symbol="BTC/USDT:USDT-261225")))) is UNREACHABLE


def test_every_reading_has_a_headline() -> None:
    assert headline(Unknown("x")) == "funding rate unknown: x"
    assert headline(UNREACHABLE) == "a dated contract pays no funding"
    assert headline(0.00123) == "funding at 0.123% per 8 h"


@given(rate=st.integers(0, 500), more=st.integers(1, 100), sign=st.sampled_from([1, -1]), side=st.sampled_from(Side))
def test_further_from_zero_is_never_less_and_signs_and_sides_are_alike(
    rate: int, more: int, sign: int, side: Side
) -> None:
    near, far = read(look(sign * rate / 1e5, side)), read(look(sign * (rate + more) / 1e5, side))
    assert isinstance(near, float)
    assert isinstance(far, float)
    assert near < far
    assert near == read(look(rate / 1e5))
