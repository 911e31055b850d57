"""What funding takes from the equity behind a position."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.funding import funding_interval
from liqwatch.model import UNREACHABLE, FundingRate, MarginMode, Position, Severity, Side, Unknown
from liqwatch.rules.base import Ladder, Level
from liqwatch.rules.funding import RULE, advice, detail, headline, read
from liqwatch.rules.sight import Sight
from liqwatch.testing.sights import LONG, NOW, SHORT, SYMBOL, account_of, sight_of

ISOLATED = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=6_000.0)
rates = st.integers(-500, 500).map(lambda count: count / 1e5)


def look(rate: float, *positions: Position, **changes: object) -> Sight:
    known = FundingRate(symbol=SYMBOL, rate=rate, next_at=NOW + timedelta(hours=1))
    return sight_of(account_of(*positions), **{"funding_rates": {SYMBOL: known}, **changes})  # type: ignore[arg-type]


def fired(sight: Sight) -> Severity | None:
    levels = tuple(Level(severity, value, value * 0.9) for severity, value in RULE.levels.items())
    return Ladder(RULE.danger, levels).judge(read(sight)).fired


def test_the_day_at_the_present_rate_by_the_equity_behind_it() -> None:
    # 0.05 % of 60,000 three times a day is 90, of 6,000.
    assert read(look(0.0005)) == pytest.approx(0.015)
    assert fired(look(0.0005)) is Severity.NOTICE
    assert fired(look(0.0001)) is None
    assert fired(look(0.001)) is Severity.WARNING
    assert fired(look(0.004)) is Severity.CRITICAL


def test_who_is_paid_is_not_warned() -> None:
    sight = look(0.0005, SHORT)
    assert read(sight) == pytest.approx(-0.015)
    assert headline(read(sight)) == "funding adds 1.5% to the equity a day"
    assert fired(sight) is None
    assert advice(sight) is None
    assert detail(sight)[0] == "It receives 0.0500% per 8 h, next at 04:14 UTC: 90.00 USDT a day."


def test_a_short_pays_when_the_rate_is_negative() -> None:
    assert read(look(-0.0005, SHORT)) == read(look(0.0005, LONG))


def test_the_message_tells_rate_money_and_how_long_it_lasts() -> None:
    assert detail(look(0.001)) == (
        "It pays 0.1000% per 8 h, next at 04:14 UTC: 180.00 USDT a day.",
        "The venue does not tell how often: 8 h are assumed.",
        "With an unmoved price, funding alone would liquidate it in about 32.0 days.",
        "Overheated: longs crowd this market; when they are forced out, the price moves fast.",
    )
    assert len(detail(look(0.0001))) == 2


def test_an_overheated_market_is_named_to_those_who_are_paid_too() -> None:
    lines = detail(look(-0.002, LONG))
    assert lines[-1].startswith("Overheated: shorts crowd")
    assert not any(line.startswith("Overheated") for line in detail(look(-0.002, LONG, options={"overheated": 0.003})))


def test_venues_that_pay_every_hour_are_known() -> None:
    account = account_of(ISOLATED, venue="hyperliquid")
    rate = FundingRate(symbol=SYMBOL, rate=0.0001)
    hourly = sight_of(account, funding_rates={SYMBOL: rate})
    assert read(hourly) == pytest.approx(0.024)
    assert detail(hourly)[0] == "It pays 0.0100% per 1 h: 144.00 USDT a day."
    assert not any("assumed" in line for line in detail(hourly))


def test_the_markets_own_interval_counts_before_anything_known_of_the_venue() -> None:
    rate = FundingRate(symbol=SYMBOL, rate=0.0005, interval=timedelta(hours=4))
    for venue in ("binance_usdm", "hyperliquid"):
        sight = sight_of(account_of(ISOLATED, venue=venue), funding_rates={SYMBOL: rate}, options={"interval": 60.0})
        assert read(sight) == pytest.approx(0.03)
        assert detail(sight)[0] == "It pays 0.0500% per 4 h: 180.00 USDT a day."
        assert not any("assumed" in line for line in detail(sight))


@pytest.mark.parametrize("venue", ["hyperliquid@sandbox", "ccxt:hyperliquid", "ccxt:krakenfutures@127.0.0.1:1"])
def test_a_venue_is_known_wherever_it_is_and_however_it_is_asked(venue: str) -> None:
    rate = FundingRate(symbol=SYMBOL, rate=0.0001)
    assert funding_interval(rate, venue) == (timedelta(hours=1), False)


@pytest.mark.parametrize("interval", [None, timedelta(0), timedelta(hours=-8)])
def test_an_interval_that_is_none_is_assumed_to_be_eight_hours(interval: timedelta | None) -> None:
    rate = FundingRate(symbol=SYMBOL, rate=0.0001, interval=interval)
    assert funding_interval(rate, "nowhere") == (timedelta(hours=8), True)
    assert funding_interval(rate, "nowhere", timedelta(hours=2)) == (timedelta(hours=2), True)


def test_the_interval_that_is_assumed_can_be_set() -> None:
    assert read(look(0.0005, options={"interval": 3_600.0})) == pytest.approx(0.12)
    assert read(look(0.0005, options={"interval": 0.0})) == pytest.approx(0.015)


def test_a_hedge_pays_for_its_part() -> None:
    assert read(look(0.001, LONG, replace(SHORT, contracts=0.5))) == pytest.approx(0.015)
    assert read(look(0.001, LONG, SHORT)) == 0.0
    assert headline(0.0) == "no funding to pay"


def test_the_advice_is_to_close_a_part_or_to_add_margin() -> None:
    assert advice(look(0.004)) == "Close about 75% of it (0.75 contracts) to pay no more than 3% a day."
    assert advice(look(0.004, ISOLATED)) == (
        "Close it before the next payment, or add about 18,000.00 USDT of margin to pay no more than 3% a day."
    )
    assert advice(look(0.0005)) == "Close about 33% of it (0.3333 contracts) to pay no more than 1% a day."


def test_without_a_rate_a_mark_or_an_equity_nothing_is_known() -> None:
    assert read(sight_of()) == Unknown("the venue tells no funding rate")
    assert detail(sight_of()) == ()
    assert advice(sight_of()) is None
    assert isinstance(read(look(0.001, marks={})), Unknown)
    assert isinstance(read(look(0.001, contract=None)), Unknown)
    assert read(look(math.nan)) == Unknown("the rate is not a number")
    assert read(look(0.001, position=None)) == Unknown("no position")


def test_dated_contracts_pay_none() -> None:
    dated = replace(LONG, symbol="BTC/USDT:USDT-261225")
    sight = sight_of(account_of(dated))
    assert read(sight) is UNREACHABLE
    assert headline(UNREACHABLE) == "a dated contract pays no funding"


def test_without_equity_any_payment_is_too_much() -> None:
    sight = look(0.0001, marks={SYMBOL: 53_000.0})
    assert read(sight) == math.inf
    assert headline(math.inf) == "funding is due and no equity is left"
    assert advice(sight) is not None
    assert read(look(-0.0001, marks={SYMBOL: 53_000.0})) == 0.0


def test_every_reading_has_a_headline() -> None:
    assert headline(Unknown("x")) == "funding unknown: x"
    assert headline(0.021) == "funding takes 2.1% of the equity a day"


@given(rate=rates, more=st.integers(1, 100), side=st.sampled_from(Side))
def test_a_rate_that_moves_against_the_side_is_never_less(rate: float, more: int, side: Side) -> None:
    position = replace(LONG, side=side)
    before, after = read(look(rate, position)), read(look(rate + side.value * more / 1e5, position))
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert after > before


@given(rate=rates)
def test_what_one_side_pays_the_other_receives(rate: float) -> None:
    paid, received = read(look(rate, LONG)), read(look(rate, SHORT))
    assert isinstance(paid, float)
    assert isinstance(received, float)
    assert paid == -received


@given(rate=rates, factor=st.sampled_from([1e-6, 0.01, 3.0, 1e4]))
def test_the_unit_of_the_price_does_not_matter(rate: float, factor: float) -> None:
    scaled = replace(LONG, entry_price=60_000.0 * factor, contracts=1 / factor)
    there = look(rate, scaled, marks={SYMBOL: 60_000.0 * factor})
    assert read(there) == pytest.approx(read(look(rate)), rel=1e-9)
