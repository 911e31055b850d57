"""The 150 % rule for futures: equity against initial margin, by one printed definition."""

from __future__ import annotations

from dataclasses import replace

import pytest

from liqwatch.model import UNREACHABLE, MarginMode, Unknown
from liqwatch.rules.margin_cover import RULE, advice, detail, headline, read
from liqwatch.testing.sights import LONG, SYMBOL, account_of, sight_of

# 60,000 at 10x need 6,000.


def test_the_reading_is_equity_by_initial_margin() -> None:
    assert read(sight_of(account_of(cross_wallets={"USDT": 9_000.0}))) == pytest.approx(1.5)
    assert read(sight_of(marks={SYMBOL: 57_000.0})) == pytest.approx(3_000 / 5_700)


def test_all_positions_of_the_pool_count_hedged_ones_too() -> None:
    other = replace(LONG, symbol="ETH/USDT:USDT", leverage=5.0)
    account = account_of(LONG, other, cross_wallets={"USDT": 18_000.0})
    assert read(sight_of(account)) == pytest.approx(1.0)


def test_isolated_margin_is_the_initial_margin_itself() -> None:
    isolated = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=6_000.0)
    assert read(sight_of(account_of(isolated))) is UNREACHABLE


def test_a_leverage_that_is_not_told_leaves_it_unknown() -> None:
    sight = sight_of(account_of(replace(LONG, leverage=None)))
    assert read(sight) == Unknown("the leverage or the mark price of BTC/USDT:USDT is not told")
    assert detail(sight) == ()
    assert advice(sight) is None


def test_an_unknown_equity_leaves_it_unknown() -> None:
    assert isinstance(read(sight_of(account_of(cross_wallets={}))), Unknown)


def test_the_message_tells_both_sides_and_the_way_back() -> None:
    sight = sight_of(account_of(cross_wallets={"USDT": 7_200.0}))
    assert detail(sight) == (
        "Equity 7,200.00 USDT, initial margin 6,000.00 USDT; the ratio is equity ÷ initial margin.",
    )
    assert advice(sight) == "Add 1,800.00 USDT, or close 20% of the positions, to be back at 150%."
    assert advice(sight_of(account_of(cross_wallets={"USDT": 9_000.0}))) is None


def test_without_equity_closing_alone_does_not_help() -> None:
    assert advice(sight_of(account_of(cross_wallets={"USDT": -100.0}))) == "Add 9,100.00 USDT."


def test_it_is_off_until_somebody_asks_for_it() -> None:
    assert not RULE.default_enabled


def test_every_reading_has_a_headline() -> None:
    assert headline(1.5) == "equity covers 150% of initial margin"
    assert headline(UNREACHABLE) == "no initial margin to cover"
    assert headline(Unknown("x")) == "cover of initial margin unknown: x"
