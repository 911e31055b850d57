"""How far liquidation is depends on how far the market goes on a usual day."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.assess import assess
from liqwatch.model import UNREACHABLE, MarginMode, Reading, Severity, Side, Unknown
from liqwatch.rules.base import Ladder, Level
from liqwatch.rules.distance_in_volatility import LEVELS, RULE, STANDING_STILL, advice, detail, headline, read
from liqwatch.testing.sights import LONG, SHORT, SYMBOL, account_of, sight_of

# 1 BTC long at 60,000 with 6,000 of margin: liquidation at about 54,217, 9.64 % away.
DISTANCE = 1 - 54_216.87 / 60_000
marks = st.integers(55_000, 65_000).map(float)
volatilities = st.integers(1, 400).map(lambda count: count / 1000)


def fired(reading: Reading) -> Severity | None:
    levels = tuple(Level(severity, value, value * 1.1) for severity, value in RULE.levels.items())
    return Ladder(RULE.danger, levels).judge(reading).fired


def test_the_same_distance_is_much_in_a_calm_market_and_little_in_a_wild_one() -> None:
    calm, wild = sight_of(daily_volatility=0.015), sight_of(daily_volatility=0.06)
    assert read(calm) == pytest.approx(DISTANCE / 0.015, rel=1e-5)
    assert fired(read(calm)) is None
    assert fired(read(wild)) is Severity.CRITICAL


def test_the_message_tells_both_figures_and_the_odds() -> None:
    sight = sight_of(daily_volatility=DISTANCE / 2)
    assert headline(read(sight)) == "2.0 daily moves to liquidation"
    (line,) = detail(sight)
    assert line.startswith("This market moves 4.8% a day; liquidation is 9.6% away.")
    # A path of normal moves touches two standard deviations with odds of 4.55 %.
    assert "odds of 1 in 22;" in line


def test_the_advice_brings_back_the_warning_level() -> None:
    isolated = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=6_000.0)
    sight = sight_of(account_of(isolated), daily_volatility=0.04)
    text = advice(sight)
    # A distance of 4 x 4 % asks for 9,600 on the way down to 50,400 and 0.4 % of that as maintenance.
    assert text == "Add about 3,801.60 USDT of margin to have 4 daily moves of room."
    richer = replace(isolated, isolated_wallet=9_801.61)
    assert read(sight_of(account_of(richer), daily_volatility=0.04)) == pytest.approx(4.0, abs=1e-4)


def test_of_a_cross_position_a_part_may_be_closed_instead() -> None:
    text = advice(sight_of(daily_volatility=0.04))
    assert text == (
        "Add about 3,801.60 USDT of margin, or close about 39% of it (0.389 contracts), to have 4 daily moves of room."
    )
    # Closed at the mark, fee of 0.05 % paid from the wallet.
    left = account_of(replace(LONG, contracts=1 - 0.38905), cross_wallets={"USDT": 6_000.0 - 0.38905 * 30.0})
    assert read(sight_of(left, daily_volatility=0.04)) == pytest.approx(4.0, abs=1e-3)


def test_without_need_there_is_no_advice_and_where_no_sum_helps_a_plain_one() -> None:
    assert advice(sight_of(daily_volatility=0.001)) is None
    plain = advice(sight_of(daily_volatility=0.5))
    assert plain is not None
    assert "too large for a market that moves so much" in plain


@pytest.mark.parametrize("volatility", [Unknown("no price history yet"), 0.0, math.nan, math.inf, UNREACHABLE])
def test_without_a_volatility_nothing_is_known(volatility: Reading) -> None:
    sight = sight_of(daily_volatility=volatility)
    expected = volatility if isinstance(volatility, Unknown) else Unknown(STANDING_STILL)
    assert read(sight) == expected
    assert detail(sight) == ()
    assert advice(sight) is None


def test_what_cannot_be_liquidated_and_what_is_not_known_stay_so() -> None:
    rich = sight_of(account_of(cross_wallets={"USDT": 1e6}), daily_volatility=0.02)
    assert read(rich) is UNREACHABLE
    assert isinstance(read(sight_of(contract=None, daily_volatility=0.02)), Unknown)
    assert read(sight_of(position=None, daily_volatility=0.02)) == Unknown("no position")


def test_beyond_liquidation_the_reading_is_below_every_level() -> None:
    sight = sight_of(marks={SYMBOL: 54_000.0}, daily_volatility=0.02)
    assert fired(read(sight)) is Severity.EMERGENCY
    assert headline(read(sight)) == "0.2 daily moves beyond it"
    assert len(detail(sight)) == 1


def test_every_reading_has_a_headline() -> None:
    assert headline(Unknown("x")) == "distance in daily moves unknown: x"
    assert headline(UNREACHABLE) == "cannot be liquidated"


@given(mark=marks, nearer=st.integers(1, 3_000), volatility=volatilities, wilder=st.integers(1, 200))
def test_nearer_or_wilder_is_never_safer(mark: float, nearer: int, volatility: float, wilder: int) -> None:
    before = read(sight_of(marks={SYMBOL: mark}, daily_volatility=volatility))
    closer = read(sight_of(marks={SYMBOL: mark - nearer}, daily_volatility=volatility))
    rougher = read(sight_of(marks={SYMBOL: mark}, daily_volatility=volatility + wilder / 1000))
    assert isinstance(before, float)
    assert isinstance(closer, float)
    assert isinstance(rougher, float)
    assert closer < before
    assert rougher <= before or before < 0


@given(mark=marks, volatility=volatilities, factor=st.sampled_from([1e-6, 0.01, 3.0, 1e4]))
def test_the_unit_of_the_price_does_not_matter(mark: float, volatility: float, factor: float) -> None:
    here = sight_of(marks={SYMBOL: mark}, daily_volatility=volatility)
    scaled = account_of(replace(LONG, entry_price=60_000.0 * factor, contracts=1 / factor))
    there = sight_of(scaled, marks={SYMBOL: mark * factor}, daily_volatility=volatility)
    assert read(there) == pytest.approx(read(here), rel=1e-6, abs=1e-9)


@given(move=st.integers(-8_000, 8_000), volatility=volatilities)
def test_a_short_is_judged_like_a_long_by_its_own_distance(move: int, volatility: float) -> None:
    for position in (LONG, SHORT):
        mark = 60_000.0 + move * position.side.value
        sight = sight_of(account_of(position), marks={SYMBOL: mark}, daily_volatility=volatility)
        assert sight.position is not None
        price = sight.position.liquidation_price
        assert isinstance(price, float)
        expected = position.side.value * (mark - price) / mark / volatility
        assert read(sight) == pytest.approx(expected)


@given(side=st.sampled_from(Side), mark=marks, volatility=volatilities)
def test_the_advised_margin_is_enough(side: Side, mark: float, volatility: float) -> None:
    pool = sight_of(account_of(replace(LONG, side=side)), marks={SYMBOL: mark}, daily_volatility=volatility)
    text = advice(pool)
    if text is None or not text.startswith("Add about"):
        return
    wanted = float(text.partition("to have ")[2].partition(" ")[0])
    assert wanted in LEVELS.values()
    margin = float(text.removeprefix("Add about ").partition(" ")[0].replace(",", ""))
    richer = replace(pool.pool.pool, wallet_balance=(pool.pool.pool.wallet_balance or 0.0) + margin)
    health = assess(richer, {SYMBOL: mark})
    after = read(replace(pool, pool=health, position=health.positions[0]))
    assert after is UNREACHABLE or after == pytest.approx(wanted, rel=1e-3, abs=1e-4)
