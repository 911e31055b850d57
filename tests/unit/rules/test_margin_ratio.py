"""The margin ratio says what to do about it: checked by doing it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from liqwatch.model import MarginMode
from liqwatch.rules.margin_ratio import advice, read
from liqwatch.testing.sights import LONG, SYMBOL, account_of, sight_of

# 60,000 need 240 of maintenance.
WORDED = re.compile(r"Add ([\d,.]+) USDT, or close (\d+)% of the positions, to be back at (\d+)%\.")


@pytest.mark.parametrize(
    ("equity", "goal"), [(340.0, 50), (290.0, 65), (241.0, 65)], ids=["warning", "critical", "last"]
)
def test_what_is_advised_brings_back_the_ratio(equity: float, goal: int) -> None:
    found = WORDED.fullmatch(advice(sight_of(account_of(cross_wallets={"USDT": equity}))) or "")
    assert found
    margin, share, wanted = float(found[1]), float(found[2]) / 100, int(found[3])
    assert wanted == goal
    assert read(sight_of(account_of(cross_wallets={"USDT": equity + margin}))) == pytest.approx(goal / 100, abs=1e-3)
    smaller = account_of(replace(LONG, contracts=1.0 - share), cross_wallets={"USDT": equity})
    assert read(sight_of(smaller)) == pytest.approx(goal / 100, abs=5e-3)


def test_where_no_equity_is_left_only_money_helps() -> None:
    assert advice(sight_of(marks={SYMBOL: 53_000.0})) == "Add 1,326.15 USDT."


def test_of_an_isolated_position_only_margin_is_asked() -> None:
    isolated = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=290.0)
    assert advice(sight_of(account_of(isolated))) == "Add 79.23 USDT."


def test_a_notice_asks_for_nothing_and_an_unknown_ratio_leaves_nothing_to_advise() -> None:
    assert advice(sight_of(account_of(cross_wallets={"USDT": 400.0}))) is None
    assert advice(sight_of(account_of(cross_wallets={}))) is None
