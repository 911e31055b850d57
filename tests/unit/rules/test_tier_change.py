"""The venue asks more of an open position: told with what it does to the liquidation price."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import Instrument, Position, Side, Unknown
from liqwatch.rules.sight import Sight
from liqwatch.rules.tier_change import advice, detail, headline, read
from liqwatch.testing.pasts import Remembered, after, sample_of
from liqwatch.testing.sights import CONTRACT, LONG, SHORT, SYMBOL, account_of, sight_of


def contract(rate: float, upper: float = 0.05) -> Instrument:
    return replace(CONTRACT, tiers=tiers_with_deductions([(0.0, 70_000.0, rate), (70_000.0, 1e9, upper)]))


def changed(before: float, now: float, position: Position = LONG) -> Sight:
    account = account_of(position)
    return sight_of(account, contract=contract(now), past=after(sight_of(account, contract=contract(before))))


def test_a_raised_rate_is_told_with_both_liquidation_prices() -> None:
    sight = changed(0.01, 0.02)
    assert read(sight) == 1.0
    assert headline(1.0) == "the venue raised the maintenance rate"
    # 54,000 ÷ 0.99 and 54,000 ÷ 0.98.
    assert detail(sight) == ("Maintenance rate 1.00% → 2.00%: your liquidation price 54,545.5 → 55,102.0.",)
    # What 1 % more of 54,545.5 asks for.
    assert advice(sight) == (
        "Add about 545.45 USDT of margin, or close about 8% of it (0.08372 contracts), "
        "to have the liquidation price where it was."
    )


def test_a_lowered_or_unchanged_rate_is_not_told() -> None:
    for sight in (changed(0.02, 0.01), changed(0.01, 0.01)):
        assert read(sight) == 0.0
        assert detail(sight) == ()
        assert advice(sight) is None
    assert headline(0.0) == "maintenance rate not raised for a day"


def test_a_position_that_outgrew_its_tier_is_not_meant() -> None:
    grown = account_of(replace(LONG, contracts=1.5))
    earlier = sight_of(contract=contract(0.01))
    assert read(sight_of(grown, contract=contract(0.01), past=after(earlier))) == 0.0
    # Nor one that the price has carried over the edge.
    risen = sight_of(marks={SYMBOL: 75_000.0}, contract=contract(0.01), past=after(earlier))
    assert read(risen) == 0.0


def test_a_raise_is_seen_even_where_the_size_changed_as_well() -> None:
    grown = account_of(replace(LONG, contracts=1.1))
    assert read(sight_of(grown, contract=contract(0.02), past=after(sight_of(contract=contract(0.01))))) == 1.0


def test_after_a_day_it_is_old_news() -> None:
    old = Remembered([sample_of(sight_of(contract=contract(0.01)), timedelta(hours=25))])
    assert read(sight_of(contract=contract(0.02), past=old)) == Unknown("no earlier tiers to compare with")


def test_assumed_tiers_that_become_known_are_no_change_of_the_venue() -> None:
    assumed = replace(contract(0.01), tiers_assumed=True)
    sight = sight_of(contract=contract(0.02), past=after(sight_of(contract=assumed)))
    assert read(sight) == Unknown("no earlier tiers to compare with")
    still = sight_of(contract=assumed, past=after(sight_of(contract=contract(0.01))))
    assert read(still) == Unknown("the tiers are assumed")


def test_what_is_missing_is_named() -> None:
    assert read(sight_of()) == Unknown("no earlier tiers to compare with")
    past = after(sight_of())
    assert read(sight_of(contract=None, past=past)) == Unknown(f"no leverage tiers for {SYMBOL}")
    assert read(sight_of(position=None)) == Unknown("no position")
    assert headline(Unknown("x")) == "change of the venue's tiers unknown: x"


def test_without_a_wallet_the_raise_is_still_told() -> None:
    blind = account_of(cross_wallets={})
    sight = sight_of(blind, contract=contract(0.02), past=after(sight_of(contract=contract(0.01))))
    assert read(sight) == 1.0
    assert detail(sight) == ("Maintenance rate 1.00% → 2.00%.",)
    text = advice(sight)
    assert text is not None
    assert text.startswith("Look up the venue's new tiers")


@given(before=st.integers(1, 40), now=st.integers(1, 40), side=st.sampled_from(Side))
def test_it_is_told_exactly_when_the_rate_rose_for_longs_and_shorts_alike(before: int, now: int, side: Side) -> None:
    sight = changed(before / 1000, now / 1000, LONG if side is Side.LONG else SHORT)
    assert read(sight) == float(now > before)
    assert (detail(sight) != ()) == (now > before)


@given(factor=st.sampled_from([0.01, 3.0, 1e3]))
def test_the_unit_of_the_price_does_not_matter(factor: float) -> None:
    position = replace(LONG, entry_price=60_000.0 * factor, contracts=1 / factor)
    account, marks = account_of(position), {SYMBOL: 60_000.0 * factor}
    earlier = sight_of(account, marks=marks, contract=contract(0.01))
    sight = sight_of(account, marks=marks, contract=contract(0.02), past=after(earlier))
    assert read(sight) == read(changed(0.01, 0.02))
    assert advice(sight) is not None
    assert detail(sight)[0].startswith("Maintenance rate 1.00% → 2.00%: your liquidation price")
    told = float(detail(sight)[0].partition("price ")[2].partition(" ")[0].replace(",", ""))
    assert told == pytest.approx(54_000 / 0.99 * factor, abs=CONTRACT.price_tick)
