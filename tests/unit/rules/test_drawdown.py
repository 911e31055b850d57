"""What an account has lost since its best moment of the day."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.account_equity import account_equity
from liqwatch.model import UNREACHABLE, MarginMode, Severity, Unknown
from liqwatch.rules.base import Ladder, Level
from liqwatch.rules.drawdown import RULE, advice, detail, headline, read
from liqwatch.rules.sight import Sight
from liqwatch.testing.pasts import Remembered
from liqwatch.testing.sights import LONG, SYMBOL, account_of, sight_of

ISOLATED = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=3_000.0)


def fallen(peak: float | None, mark: float = 60_000.0) -> Sight:
    return sight_of(marks={SYMBOL: mark}, past=Remembered(peak=peak))


def test_equity_is_held_against_its_peak() -> None:
    sight = fallen(8_000.0, mark=59_000.0)
    assert read(sight) == pytest.approx(0.375)
    assert headline(read(sight)) == "equity down 37.5% from its peak of the last 24 h"
    assert detail(sight) == (
        "Equity 5,000.00 USDT, peak 8,000.00 USDT: 3,000.00 USDT lost.",
        f"{SYMBOL} long: -1,000.00 USDT unrealised",
        "Deposits and withdrawals are left out.",
    )
    assert advice(sight) == (
        f"Look at {SYMBOL} long first: it is 1,000.00 USDT in the red. Reduce it or set a stop before adding more."
    )


def test_levels_stand_at_ten_twenty_and_thirty_five_percent() -> None:
    ladder = Ladder(RULE.danger, tuple(Level(severity, value, value) for severity, value in RULE.levels.items()))
    fired = [ladder.judge(value).fired for value in (0.09, 0.10, 0.20, 0.35)]
    assert fired == [None, Severity.NOTICE, Severity.WARNING, Severity.CRITICAL]


def test_at_a_new_peak_nothing_is_lost() -> None:
    assert read(fallen(5_000.0)) == 0.0
    assert headline(0.0) == "equity at its peak of the last 24 h"
    assert advice(fallen(5_000.0)) is None


def test_more_than_everything_can_be_lost() -> None:
    assert read(fallen(6_000.0, mark=53_000.0)) == pytest.approx(7 / 6)


def test_where_the_loss_is_realised_the_advice_is_to_stop() -> None:
    assert advice(fallen(10_000.0, mark=61_000.0)) == "Stop opening positions until the loss is understood."


def test_the_free_wallet_belongs_to_the_account_so_that_closing_is_no_loss() -> None:
    account = account_of(ISOLATED, cross_wallets={"USDT": 7_000.0})
    assert read(sight_of(account, past=Remembered(peak=10_000.0))) == 0.0


def test_without_a_memory_or_an_equity_nothing_is_known() -> None:
    assert read(fallen(None)) == Unknown("no earlier equity to compare with")
    assert detail(fallen(None)) == ()
    assert read(fallen(-5.0, mark=50_000.0)) == Unknown("there was no equity to fall from")
    assert isinstance(read(sight_of(marks={}, past=Remembered(peak=1.0))), Unknown)


def test_currencies_are_not_added_up() -> None:
    usdt, other = sight_of().pool, sight_of().pool
    usdc = replace(other, pool=replace(other.pool, currency="USDC"))
    both = replace(fallen(10_000.0), pools=(usdt, usdc))
    assert read(both) == Unknown("equity in several currencies (USDC, USDT) is not one sum")
    assert account_equity((), {}) == Unknown("no position")


def test_every_reading_has_a_headline() -> None:
    assert headline(Unknown("x")) == "fall of the account's equity unknown: x"
    assert headline(UNREACHABLE) == "equity at its peak of the last 24 h"


@given(mark=st.integers(54_000, 70_000), lower=st.integers(1, 2_000), peak=st.integers(1, 50_000))
def test_a_lower_equity_is_never_a_smaller_fall(mark: int, lower: int, peak: int) -> None:
    before, after = read(fallen(float(peak), float(mark))), read(fallen(float(peak), float(mark - lower)))
    if isinstance(before, float) and isinstance(after, float):
        assert after >= before
        assert before >= 0


@given(mark=st.integers(54_500, 70_000), peak=st.integers(6_000, 50_000), factor=st.sampled_from([1e-4, 7.0, 1e4]))
def test_the_size_of_the_account_does_not_matter(mark: int, peak: int, factor: float) -> None:
    account = account_of(replace(LONG, contracts=factor), cross_wallets={"USDT": 6_000.0 * factor})
    scaled = sight_of(account, marks={SYMBOL: float(mark)}, past=Remembered(peak=peak * factor))
    assert read(scaled) == pytest.approx(read(fallen(float(peak), float(mark))), abs=1e-9)
