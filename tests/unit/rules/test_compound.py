"""Conditions of the user's own: read from text, judged with three values, told with the figures of the moment."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.errors import LiqwatchError
from liqwatch.model import UNREACHABLE, FundingRate, Severity, Unknown
from liqwatch.rules import known_rules, load_rule
from liqwatch.rules.base import CALM, Ladder, Level, Scope, Unit, Verdict
from liqwatch.rules.compound import (
    Comparison,
    ComparisonError,
    Condition,
    Operator,
    Truth,
    all_of,
    any_of,
    comparisons_now,
    judge,
    parse_comparison,
    readings,
    rule_of,
    truth_of,
)
from liqwatch.testing.sights import LONG, NOW, SYMBOL, account_of, sight_of

# 1 BTC long at 60,000 with 6,000 of margin: liquidation 9.6 % away, margin ratio 4 %.


def condition(*every: str, some: tuple[str, ...] = (), **changes: Any) -> Condition:
    fields: dict[str, Any] = {
        "name": "thin-margin",
        "severity": Severity.CRITICAL,
        "all_of": tuple(map(parse_comparison, every)),
        "any_of": tuple(map(parse_comparison, some)),
        **changes,
    }
    return Condition(**fields)


NEAR, FAR, BLIND = "liquidation_distance < 15%", "liquidation_distance < 5%", "market_move < -3%"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("liquidation_distance < 15%", Comparison("liquidation_distance", Operator.BELOW, 0.15)),
        ("liquidation_distance<0.15", Comparison("liquidation_distance", Operator.BELOW, 0.15)),
        ("margin_ratio >= 60 %", Comparison("margin_ratio", Operator.AT_LEAST, 0.6)),
        ("leverage > 5x", Comparison("leverage", Operator.ABOVE, 5.0)),
        ("mark_price <= 58_500.5", Comparison("mark_price", Operator.AT_MOST, 58_500.5)),
        ("unrealized_pnl < -500", Comparison("unrealized_pnl", Operator.BELOW, -500.0)),
        ("market_move < -3%", Comparison("market_move", Operator.BELOW, -0.03)),
        ("silence > 1m30s", Comparison("silence", Operator.ABOVE, 90.0)),
        ("silence > 250ms", Comparison("silence", Operator.ABOVE, 0.25)),
        ("silence > 90", Comparison("silence", Operator.ABOVE, 90.0)),
        ("figures_unknown >= yes", Comparison("figures_unknown", Operator.AT_LEAST, 1.0)),
        ("collateral < 1.5", Comparison("collateral", Operator.BELOW, 1.5)),
    ],
)
def test_comparisons_are_read_in_the_unit_of_their_reading(text: str, expected: Comparison) -> None:
    assert parse_comparison(text) == expected


@pytest.mark.parametrize(
    ("text", "message", "mend"),
    [
        ("liquidation_distance", "is no comparison", 'write "liquidation_distance < 15%"'),
        ("liquidation_distance = 15%", "is no comparison", "with <, <=, > or >="),
        ("", "is no comparison", "liquidation_distance < 15%"),
        ("liquidation_distanc < 15%", "no reading 'liquidation_distanc'", "did you mean liquidation_distance?"),
        ("zzz < 1", "no reading 'zzz'", "known readings: adl_rank"),
        ("liquidation_distance < 15", "'15' is no fraction", 'did you mean "15%"?'),
        ("liquidation_distance < 5x", "is no value of liquidation_distance", "write a percentage"),
        ("mark_price < 15%", "is no value of mark_price", "write a number"),
        ("silence > 15%", "is no value of silence", "write a duration"),
        ("mark_price < nan", "is no value of mark_price", "write a number"),
        ("mark_price < 1e999", "is no value of mark_price", "write a number"),
        ("figures_unknown >= maybe", "is no value of figures_unknown", "write yes or no"),
        ("mark_price < 1 and equity < 2", "is no value of mark_price", "write a number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_mend(text: str, message: str, mend: str) -> None:
    with pytest.raises(ComparisonError) as caught:
        parse_comparison(text)
    assert message in caught.value.message
    assert mend in (caught.value.mend or "")
    assert isinstance(caught.value, LiqwatchError)
    assert isinstance(caught.value, ValueError)


@given(
    st.sampled_from(sorted(readings())),
    st.sampled_from(Operator),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_what_is_written_reads_back(name: str, operator: Operator, value: float) -> None:
    comparison = Comparison(name, operator, value)
    assert parse_comparison(str(comparison)) == comparison


@given(st.text(max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    with contextlib.suppress(ComparisonError):
        assert str(parse_comparison(text))


def test_all_of_them_must_hold() -> None:
    assert judge(condition(NEAR, "margin_ratio < 60%"), sight_of()) == Verdict(
        fired=Severity.CRITICAL, held=Severity.CRITICAL, reading=1.0
    )
    assert judge(condition(NEAR, FAR), sight_of()) == CALM


def test_one_of_any_is_enough() -> None:
    assert judge(condition(some=(FAR, NEAR)), sight_of()).fired is Severity.CRITICAL
    assert judge(condition(some=(FAR, "margin_ratio > 60%")), sight_of()) == CALM


def test_both_halves_must_be_fulfilled() -> None:
    assert truth_of(condition(NEAR, some=(FAR, "notional > 50000")), sight_of()) is True
    assert truth_of(condition(NEAR, some=(FAR,)), sight_of()) is False
    assert truth_of(condition(FAR, some=(NEAR,)), sight_of()) is False


def test_what_is_not_known_neither_fires_nor_clears_unless_the_rest_decides() -> None:
    assert judge(condition(NEAR, BLIND), sight_of()) == Verdict(unknown="no price history yet")
    assert judge(condition(FAR, BLIND), sight_of()) == CALM
    assert judge(condition(some=(NEAR, BLIND)), sight_of()).fired is Severity.CRITICAL
    assert judge(condition(some=(FAR, BLIND)), sight_of()).unknown == "no price history yet"


def test_an_expired_condition_is_calm() -> None:
    assert judge(condition(NEAR, expires_at=NOW), sight_of()) == CALM
    assert judge(condition(NEAR, expires_at=NOW + timedelta(seconds=1)), sight_of()).fired is Severity.CRITICAL
    with pytest.raises(ValueError, match="aware"):
        condition(NEAR, expires_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


def test_small_positions_are_left_out() -> None:
    assert judge(condition(NEAR, minimum_notional=60_001.0), sight_of()) == CALM
    assert judge(condition(NEAR, minimum_notional=60_000.0), sight_of()).fired is Severity.CRITICAL
    assert judge(condition("equity < 1e9", minimum_notional=1.0), sight_of(position=None)).unknown is not None


def test_a_condition_that_compares_nothing_is_refused() -> None:
    with pytest.raises(ComparisonError, match="compares nothing"):
        condition()


def test_what_cannot_be_reached_stands_at_the_safe_end() -> None:
    rich = sight_of(account_of(cross_wallets={"USDT": 1e6}))
    assert truth_of(condition("liquidation_distance < 99%"), rich) is False
    assert truth_of(condition("liquidation_distance > 99%"), rich) is True
    assert truth_of(condition("margin_call > 1%"), rich) is False
    # A price that does not exist is neither above nor below anything.
    assert truth_of(condition("liquidation_price < 1e9"), rich) is False
    assert truth_of(condition("liquidation_price > 1"), rich) is False


def test_a_figure_that_is_not_a_number_is_unknown() -> None:
    assert parse_comparison("mark_price > 1").judge(float("nan")) == Unknown("the figure is not a number")


def test_each_comparison_is_told_with_its_figure() -> None:
    assert comparisons_now(condition(NEAR, FAR, some=(BLIND, "mark_price <= 60000")), sight_of()) == (
        "liquidation_distance < 15%: now 9.64%, holds",
        "liquidation_distance < 5%: now 9.64%, does not hold",
        "market_move < -3%: now unknown (no price history yet)",
        "mark_price <= 60000: now 60,000, holds",
    )
    rich = sight_of(account_of(cross_wallets={"USDT": 1e6}), silent_seconds=90.0)
    assert comparisons_now(condition(NEAR, "silence > 1m"), rich) == (
        "liquidation_distance < 15%: now none, does not hold",
        "silence > 60s: now 90 s, holds",
    )


def test_a_condition_is_a_rule_like_any_other() -> None:
    rule = rule_of(condition(NEAR, some=(FAR, BLIND), message="halve it", hold=timedelta(minutes=1)))
    assert rule.read is not None
    assert rule.detail is not None
    assert (rule.kind, rule.scope, rule.unit) == ("thin-margin", Scope.POSITION, Unit.YES_NO)
    assert rule.hold == timedelta(minutes=1)
    assert rule.docs == (
        "A condition of your own: all of (liquidation_distance < 15%) "
        "and any of (liquidation_distance < 5%; market_move < -3%)."
    )
    ladder = Ladder(rule.danger, tuple(Level(severity, at, at) for severity, at in rule.levels.items()))
    for move, fired in ((-0.05, Severity.CRITICAL), (0.0, None)):
        assert ladder.judge(rule.read(sight_of(market_move=move))).fired is fired
    assert rule.read(sight_of()) == Unknown("no price history yet")
    assert rule.headline(1.0) == "thin-margin: halve it"
    assert rule.headline(0.0) == "thin-margin holds no more"
    assert rule.headline(Unknown("x")) == "thin-margin cannot be told: x"
    assert rule.headline(UNREACHABLE) == "thin-margin holds no more"
    assert len(rule.detail(sight_of())) == 3


def test_every_rule_that_reads_can_be_compared_and_so_can_plain_figures() -> None:
    reading_rules = {kind for kind in known_rules() if load_rule(kind).read is not None}
    assert reading_rules <= set(readings())
    plain = {"mark_price", "liquidation_price", "notional", "unrealized_pnl", "equity", "margin_buffer", "margin_ratio"}
    assert plain | {"contracts", "funding_rate", "daily_volatility", "market_move", "silence"} <= set(readings())
    for named in readings().values():
        assert named.docs.endswith(".")
        assert named.counted_in


def test_plain_figures_tell_what_the_position_and_its_pool_are() -> None:
    rate = {SYMBOL: FundingRate(symbol=SYMBOL, rate=0.0001)}
    sight = sight_of(account_of(LONG), marks={SYMBOL: 59_000.0}, funding_rates=rate, daily_volatility=0.03)
    figures = {
        "mark_price": 59_000.0,
        "notional": 59_000.0,
        "unrealized_pnl": -1_000.0,
        "contracts": 1.0,
        "chosen_leverage": 10.0,
        "equity": 5_000.0,
        "margin_buffer": 4_764.0,
        "funding_rate": 0.0001,
        "daily_volatility": 0.03,
        "silence": 0.0,
    }
    for name, figure in figures.items():
        assert readings()[name].read(sight) == pytest.approx(figure)


@pytest.mark.parametrize(
    "sight",
    [
        sight_of(),
        sight_of(position=None),
        sight_of(marks={}),
        sight_of(contract=None),
        replace(sight_of(), snapshot=None, pools=()),
        sight_of(account_of(cross_wallets={})),
        sight_of(account_of(cross_wallets={"USDT": 1e9})),
        sight_of(account_of(cross_wallets={"USDT": -1e9})),
    ],
)
def test_no_reading_raises_whatever_is_missing(sight: Any) -> None:
    for named in readings().values():
        assert named.shown(named.read(sight))


def test_options_of_the_condition_do_not_reach_into_rules() -> None:
    sight = sight_of(silent_seconds=30.0, options={"patience": 1e9})
    assert readings()["venue_trouble"].read(sight) != 0.0


truths: st.SearchStrategy[Truth] = st.booleans() | st.just(Unknown("x"))


def kind(truth: Truth) -> object:
    return Unknown if isinstance(truth, Unknown) else truth


def negated(truth: Truth) -> Truth:
    return truth if isinstance(truth, Unknown) else not truth


@given(st.lists(truths, max_size=5))
def test_the_two_halves_mirror_each_other(given_truths: list[Truth]) -> None:
    assert kind(negated(all_of(given_truths))) == kind(any_of(map(negated, given_truths)))


@given(st.lists(truths, max_size=4), st.lists(truths, max_size=4))
def test_neither_order_nor_grouping_matters(one: list[Truth], other: list[Truth]) -> None:
    for combine in (all_of, any_of):
        assert kind(combine([*one, *other])) == kind(combine([*other, *one]))
        assert kind(combine([*one, *other])) == kind(combine([combine(one), combine(other)]))


@given(st.lists(truths, max_size=4))
def test_unknown_is_said_exactly_where_what_is_not_known_could_decide(given_truths: list[Truth]) -> None:
    blanks = sum(isinstance(truth, Unknown) for truth in given_truths)
    for combine in (all_of, any_of):
        outcomes = set()
        for filled in itertools.product((True, False), repeat=blanks):
            values = iter(filled)
            outcomes.add(combine([next(values) if isinstance(truth, Unknown) else truth for truth in given_truths]))
        assert kind(combine(given_truths)) == (outcomes.pop() if len(outcomes) == 1 else Unknown)
