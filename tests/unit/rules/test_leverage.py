"""What a pool carries, measured by what stands behind it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.assess import assess
from liqwatch.margin.figures import figures_of
from liqwatch.model import UNREACHABLE, MarginMode, Severity, Side, Unknown
from liqwatch.rules.base import Ladder, Level
from liqwatch.rules.leverage import RULE, advice, detail, headline, read
from liqwatch.rules.sight import Sight
from liqwatch.testing.sights import LONG, NOW, SHORT, SYMBOL, account_of, sight_of
from liqwatch.testing.strategies import marks_for, pools

ISOLATED = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=3_000.0)


def test_value_by_equity_at_the_present_mark() -> None:
    assert read(sight_of()) == pytest.approx(10.0)
    # 3,000 lost: 57,000 stand on 3,000.
    assert read(sight_of(marks={SYMBOL: 57_000.0})) == pytest.approx(19.0)


def test_levels_stand_at_ten_and_twenty_five() -> None:
    levels = tuple(Level(severity, value, value) for severity, value in RULE.levels.items())
    ladder = Ladder(RULE.danger, levels)
    assert [ladder.judge(value).fired for value in (9.9, 10.0, 25.0)] == [None, Severity.NOTICE, Severity.WARNING]


def test_an_isolated_position_stands_on_its_own_margin() -> None:
    sight = sight_of(account_of(ISOLATED, cross_wallets={"USDT": 1e9}))
    assert read(sight) == pytest.approx(20.0)
    assert advice(sight) == "Add about 3,000.00 USDT of margin to be back at 10x."


def test_a_cross_pool_may_close_a_part_instead() -> None:
    sight = sight_of(account_of(replace(LONG, contracts=2.0)))
    assert read(sight) == pytest.approx(20.0)
    assert advice(sight) == "Add about 6,000.00 USDT of margin, or close about 50% of the positions, to be back at 10x."


def test_between_notice_and_warning_the_notice_level_is_the_aim() -> None:
    text = advice(sight_of(account_of(cross_wallets={"USDT": 5_000.0})))
    assert text == "Add about 1,000.00 USDT of margin, or close about 17% of the positions, to be back at 10x."
    assert advice(sight_of(account_of(cross_wallets={"USDT": 20_000.0}))) is None


def test_the_message_names_the_largest_positions_and_the_leverage_set() -> None:
    others = [replace(LONG, symbol=f"{coin}/USDT:USDT", contracts=part) for coin, part in (("ETH", 0.5), ("SOL", 0.1))]
    account = account_of(LONG, *others, replace(SHORT, contracts=0.01, leverage=None))
    lines = detail(sight_of(account))
    assert lines[0] == "Positions of 96,600.00 USDT stand on equity of 6,000.00 USDT."
    assert lines[1] == f"{SYMBOL} long: 60,000.00 USDT, set to 10x"
    assert lines[4:] == ("and 1 more", "Both legs of a hedge are counted: the venue asks margin for both.")


def test_without_equity_the_leverage_is_infinite() -> None:
    sight = sight_of(marks={SYMBOL: 53_000.0})
    assert read(sight) == math.inf
    assert headline(read(sight)) == "no equity left behind the positions"
    assert advice(sight) == "Add about 3,120.00 USDT of margin to be back at 25x."


def test_what_is_not_known_is_not_calm() -> None:
    assert read(sight_of(account_of(cross_wallets={}))) == Unknown("the wallet balance is not known")
    unlisted = sight_of(contract=None)
    assert isinstance(read(unlisted), Unknown)
    assert detail(unlisted) == ()
    assert advice(unlisted) is None
    assert isinstance(read(sight_of(marks={})), Unknown)


def test_positions_known_only_by_their_sums_leave_it_unknown() -> None:
    sight = sight_of()
    pool = replace(sight.pool.pool, outside_maintenance_margin=100.0)
    assert isinstance(read(replace(sight, pool=assess(pool, {SYMBOL: 60_000.0}))), Unknown)


def test_every_reading_has_a_headline() -> None:
    assert headline(Unknown("x")) == "effective leverage unknown: x"
    assert headline(UNREACHABLE) == "no leverage"
    assert headline(12.34) == "effective leverage 12.3x"


@given(data=st.data())
def test_it_is_the_figure_that_status_shows(data: st.DataObject) -> None:
    pool = data.draw(pools())
    health = assess(pool, data.draw(marks_for(pool)))
    assert read(Sight(now=NOW, pool=health)) == figures_of(health).effective_leverage


@given(wallet=st.integers(1, 10_000_000), more=st.integers(1, 10_000_000), side=st.sampled_from(Side))
def test_more_margin_is_never_more_leverage_and_sides_are_alike(wallet: int, more: int, side: Side) -> None:
    position = replace(LONG, side=side)
    poor = read(sight_of(account_of(position, cross_wallets={"USDT": float(wallet)})))
    rich = read(sight_of(account_of(position, cross_wallets={"USDT": float(wallet + more)})))
    other = read(sight_of(account_of(SHORT, cross_wallets={"USDT": float(wallet)})))
    assert isinstance(poor, float)
    assert isinstance(rich, float)
    assert rich < poor
    assert poor == other


@given(mark=st.integers(50_000, 80_000), factor=st.sampled_from([1e-6, 0.01, 3.0, 1e4]))
def test_the_unit_of_the_price_does_not_matter(mark: int, factor: float) -> None:
    here = read(sight_of(marks={SYMBOL: float(mark)}))
    scaled = account_of(replace(LONG, entry_price=60_000.0 * factor, contracts=1 / factor))
    there = read(sight_of(scaled, marks={SYMBOL: mark * factor}))
    assert there == pytest.approx(here, rel=1e-6)
