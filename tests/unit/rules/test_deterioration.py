"""How fast the distance to liquidation goes, and what moves the liquidation price."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import UNREACHABLE, Reading, Severity, Side, Unknown
from liqwatch.rules.base import Ladder, Level
from liqwatch.rules.deterioration import RULE, advice, detail, headline, read
from liqwatch.rules.sight import Sight
from liqwatch.testing.pasts import Remembered, after, sample_of
from liqwatch.testing.sights import CONTRACT, LONG, NOW, SYMBOL, account_of, sight_of

ETH = replace(LONG, symbol="ETH/USDT:USDT")
# 1 BTC long at 60,000 with 20,000 of margin: liquidation at about 40,161, 33.1 % away.
AMPLE = account_of(cross_wallets={"USDT": 20_000.0})


def at(mark: float, **changes: object) -> Sight:
    return sight_of(AMPLE, marks={SYMBOL: mark}, **changes)  # type: ignore[arg-type]


def fired(reading: Reading) -> Severity | None:
    levels = tuple(Level(severity, value, value * 0.9) for severity, value in RULE.levels.items())
    return Ladder(RULE.danger, levels, RULE.limit).judge(reading).fired


def distance_of(sight: Sight) -> float:
    assert sight.position is not None
    assert isinstance(sight.position.liquidation_distance, float)
    return sight.position.liquidation_distance


def test_the_share_of_the_distance_that_the_mark_took() -> None:
    sight = at(50_000.0, past=after(at(60_000.0)))
    assert read(sight) == pytest.approx(1 - distance_of(sight) / distance_of(at(60_000.0)))
    assert fired(read(sight)) is Severity.NOTICE
    assert headline(read(sight)) == "40% of the distance to liquidation lost in a short time"
    assert detail(sight) == (
        "33.1% to liquidation 5 min ago, 19.7% now.",
        "The mark came nearer; the liquidation price did not.",
    )


def test_the_greatest_distance_in_the_window_counts() -> None:
    sight = at(50_000.0, past=after(at(52_000.0), at(60_000.0), at(51_000.0), minutes=4))
    assert read(sight) == read(at(50_000.0, past=after(at(60_000.0))))


def test_what_is_older_than_the_window_does_not_count() -> None:
    past = Remembered([sample_of(at(60_000.0), timedelta(minutes=20)), sample_of(at(50_500.0))])
    assert read(at(50_000.0, past=past)) == 0.0
    assert read(at(50_000.0, past=past, options={"within": 1_800.0})) > 0.3  # type: ignore[operator]


def test_small_losses_count_as_none() -> None:
    # 0.64 % of the mark is a ninth of a distance of 5.7 %, and an eighth of one of 5 %.
    narrow = [sight_of(marks={SYMBOL: mark}) for mark in (57_500.0, 57_000.0)]
    sight = replace(narrow[1], past=after(narrow[0]))
    assert read(sight) == 0.0
    assert headline(0.0) == "the distance holds"
    assert read(replace(sight, options={"at_least": 0.0})) == pytest.approx(
        1 - distance_of(narrow[1]) / distance_of(narrow[0])
    )
    assert detail(sight) == ()
    assert advice(sight) is None


def test_a_liquidation_price_that_moves_by_itself_is_told_with_its_cause() -> None:
    poorer = account_of(cross_wallets={"USDT": 10_000.0})
    sight = sight_of(poorer, past=after(at(60_000.0)))
    assert read(sight) == pytest.approx(1 - distance_of(sight) / distance_of(at(60_000.0)))
    assert fired(read(sight)) is Severity.WARNING
    assert detail(sight) == (
        "33.1% to liquidation 5 min ago, 16.3% now.",
        "The liquidation price came nearer by itself: 40,160.6 → 50,200.8.",
        "Cause: collateral fell by 10,000.00 USDT.",
    )


def test_it_is_told_even_while_the_mark_runs_away_from_it() -> None:
    poorer = account_of(cross_wallets={"USDT": 10_000.0})
    sight = sight_of(poorer, marks={SYMBOL: 66_000.0}, past=after(at(60_000.0)))
    # 10,040 nearer, of 19,839 there were.
    assert read(sight) == pytest.approx(10_040.16 / 19_839.36, rel=1e-4)
    assert advice(sight) == (
        "Add about 10,000.00 USDT of margin, or close about 39% of it (0.3851 contracts), "
        "to have the liquidation price where it was."
    )


@pytest.mark.parametrize(
    ("sight", "cause"),
    [
        (
            sight_of(account_of(replace(LONG, contracts=2.0), cross_wallets={"USDT": 20_000.0})),
            "the position went from 1 to 2 contracts",
        ),
        (
            sight_of(AMPLE, contract=replace(CONTRACT, tiers=tiers_with_deductions([(0.0, 1e9, 0.1)]))),
            "the venue changed its tiers, maintenance rate 0.40% → 10.00%",
        ),
    ],
)
def test_size_and_tiers_are_causes(sight: Sight, cause: str) -> None:
    lines = detail(replace(sight, past=after(at(60_000.0))))
    assert lines[2:] == (f"Cause: {cause}.",)


def test_the_loss_of_another_position_is_a_cause() -> None:
    account = account_of(LONG, ETH, cross_wallets={"USDT": 30_000.0})
    before = sight_of(account)
    sight = sight_of(account, marks={SYMBOL: 60_000.0, ETH.symbol: 50_000.0}, past=after(before))
    assert detail(sight)[2:] == ("Cause: other positions of the pool lost 10,000.00 USDT.",)


def test_a_small_loss_of_collateral_is_funding_or_fees() -> None:
    poorer = account_of(cross_wallets={"USDT": 19_850.0})
    sight = sight_of(poorer, marks={SYMBOL: 50_000.0}, past=after(at(60_000.0)))
    assert detail(sight)[2:] == ("Cause: funding or fees took 150.00 USDT.",)


def test_a_move_that_nothing_seen_explains_is_said_to_be_so() -> None:
    told = replace(LONG, reported_liquidation_price=50_000.0)
    sight = sight_of(account_of(told, cross_wallets={"USDT": 20_000.0}), past=after(at(60_000.0)))
    assert detail(sight)[2:] == ("Cause: not seen in collateral, size, tiers or other positions.",)


def test_the_advice_brings_the_distance_back_short_of_the_warning_level() -> None:
    sight = at(48_000.0, past=after(at(60_000.0)))
    text = advice(sight)
    assert text is not None
    wanted = 0.7 * distance_of(at(60_000.0))
    assert text.endswith(f"to have {wanted:.1%} to liquidation again.")
    margin = float(text.removeprefix("Add about ").partition(" ")[0].replace(",", ""))
    richer = sight_of(account_of(cross_wallets={"USDT": 20_000.0 + margin}), marks={SYMBOL: 48_000.0})
    assert distance_of(richer) == pytest.approx(wanted, rel=1e-5)


def test_a_position_of_the_same_name_that_was_closed_is_another() -> None:
    past = replace(after(at(60_000.0)), since=NOW - timedelta(minutes=2))
    assert read(at(50_000.0, past=past)) == Unknown("nothing earlier to compare with")


def test_what_is_not_known_is_not_calm() -> None:
    assert read(at(50_000.0)) == Unknown("nothing earlier to compare with")
    dark = Remembered([sample_of(at(60_000.0), liquidation_distance=None)])
    assert read(at(50_000.0, past=dark)) == Unknown("nothing earlier to compare with")
    assert isinstance(read(sight_of(contract=None, past=after(at(60_000.0)))), Unknown)
    assert read(at(50_000.0, position=None)) == Unknown("no position")
    assert headline(Unknown("x")) == "change of the distance to liquidation unknown: x"


def test_what_cannot_be_liquidated_has_lost_nothing() -> None:
    rich = sight_of(account_of(cross_wallets={"USDT": 1e6}), past=after(at(60_000.0)))
    assert read(rich) is UNREACHABLE
    assert headline(UNREACHABLE) == "cannot be liquidated"


def test_beyond_liquidation_the_whole_distance_is_lost() -> None:
    sight = at(40_000.0, past=after(at(60_000.0)))
    assert read(sight) >= 1  # type: ignore[operator]
    assert headline(read(sight)) == "the whole distance to liquidation was lost in a short time"


@given(start=st.integers(45_000, 70_000), end=st.integers(41_000, 70_000), lower=st.integers(1, 900))
def test_a_lower_mark_is_never_a_smaller_loss_of_a_long(start: int, end: int, lower: int) -> None:
    past = after(at(float(start)))
    before, then = read(at(float(end), past=past)), read(at(float(end - lower), past=past))
    assert isinstance(before, float)
    assert isinstance(then, float)
    assert then >= before >= 0


@given(first=st.integers(45_000, 70_000), second=st.integers(45_000, 70_000), end=st.integers(41_000, 70_000))
def test_more_memory_never_makes_a_loss_smaller(first: int, second: int, end: int) -> None:
    one = read(at(float(end), past=after(at(float(first)))))
    both = read(at(float(end), past=after(at(float(first)), at(float(second)))))
    assert isinstance(one, float)
    assert isinstance(both, float)
    assert both >= one


@given(
    end=st.integers(45_000, 70_000),
    wallet=st.integers(15_000, 25_000),
    factor=st.sampled_from([1e-6, 0.01, 3.0, 1e4]),
    side=st.sampled_from(Side),
)
def test_the_unit_of_the_price_does_not_matter(end: int, wallet: int, factor: float, side: Side) -> None:
    def loss_at(scale: float) -> Reading:
        position = replace(LONG, side=side, entry_price=60_000.0 * scale, contracts=1 / scale)
        earlier = sight_of(account_of(position, cross_wallets={"USDT": 20_000.0}), marks={SYMBOL: 60_000.0 * scale})
        now = account_of(position, cross_wallets={"USDT": float(wallet)})
        return read(sight_of(now, marks={SYMBOL: end * scale}, past=after(earlier)))

    assert loss_at(factor) == pytest.approx(loss_at(1.0), rel=1e-6, abs=1e-9)


@given(drop=st.integers(0, 15_000))
def test_a_short_loses_by_its_own_distance_as_a_long_does(drop: int) -> None:
    for side in Side:
        account = account_of(replace(LONG, side=side), cross_wallets={"USDT": 20_000.0})
        before = sight_of(account)
        now = sight_of(account, marks={SYMBOL: 60_000.0 - side.value * drop}, past=after(before))
        lost = distance_of(before) - distance_of(now)
        expected = lost / distance_of(before) if lost >= 0.02 else 0.0
        assert read(now) == pytest.approx(expected)
