"""A coin that secures an account falls: told before the positions themselves have moved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.model import UNREACHABLE, MarginMode, Unknown
from liqwatch.rules.collateral_fall import advice, detail, headline, read
from liqwatch.rules.sight import Sight
from liqwatch.testing.sights import LONG, account_of, sight_of

PRICES = {"USDT": 1.0, "BTC": 60_000.0, "ETH": 3_000.0, "DOGE": 0.1}


def look(wallets: dict[str, float], moves: dict[str, float], **changes: Any) -> Sight:
    account = account_of(cross_wallets=wallets, **changes)
    return sight_of(account, peg_prices=PRICES, peg_moves=moves)


def test_the_greatest_fall_counts() -> None:
    assert read(look({"BTC": 0.1, "ETH": 2.0}, {"BTC": -0.05, "ETH": -0.12})) == pytest.approx(0.12)


def test_a_rise_is_no_fall() -> None:
    assert read(look({"BTC": 0.1}, {"BTC": 0.2})) == 0.0


def test_stablecoins_alone_cannot_fall_here() -> None:
    assert read(look({"USDT": 6_000.0}, {"BTC": -0.5})) is UNREACHABLE


def test_dust_does_not_page() -> None:
    assert read(look({"USDT": 6_000.0, "DOGE": 100.0}, {"DOGE": -0.6})) is UNREACHABLE
    assert read(replace(look({"USDT": 6_000.0, "DOGE": 100.0}, {"DOGE": -0.6}), options={"share": 0.0})) == 0.6


def test_a_coin_without_a_price_is_not_taken_for_dust() -> None:
    assert read(look({"USDT": 6_000.0, "PEPE": 1.0}, {"PEPE": -0.3})) == pytest.approx(0.3)


def test_a_missing_move_is_unknown_unless_another_coin_has_fallen() -> None:
    wallets = {"BTC": 0.1, "ETH": 2.0}
    assert read(look(wallets, {"BTC": 0.01})) == Unknown("no day's move of ETH")
    assert read(look(wallets, {"BTC": -0.2})) == pytest.approx(0.2)


def test_coins_behind_one_sum_are_not_known() -> None:
    sight = look({"USDT": 6_000.0}, {}, is_multi_asset=True)
    assert read(sight) == Unknown("the venue tells this account's margin as one sum, not by coin")
    assert detail(sight) == ()
    assert advice(sight) is None


def test_a_debt_that_falls_is_no_loss() -> None:
    assert read(look({"USDT": 6_000.0, "BTC": -0.05}, {"BTC": -0.3})) is UNREACHABLE


def test_isolated_margin_counts() -> None:
    isolated = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=100.0)
    assert read(look({"BTC": 0.1}, {"BTC": -0.1}, positions=(isolated,))) == pytest.approx(0.1)


def test_an_account_that_has_not_been_read_is_unknown() -> None:
    assert read(replace(look({"BTC": 1.0}, {}), snapshot=None)) == Unknown("the account has not been read yet")


def test_the_message_says_when_a_long_loses_on_the_same_fall() -> None:
    sight = look({"BTC": 0.1, "USDT": 100.0}, {"BTC": -0.12})
    assert detail(sight) == ("BTC -12.0% in 24 h; BTC/USDT:USDT long loses on the same fall.",)
    assert advice(sight) == "Add margin in another coin than BTC, or reduce what BTC secures, before it falls further."
    assert advice(look({"BTC": 0.1}, {"BTC": -0.01})) is None
    assert detail(look({"ETH": 2.0}, {"ETH": -0.12})) == ("ETH -12.0% in 24 h.",)


def test_every_reading_has_a_headline() -> None:
    assert headline(0.123) == "a collateral coin fell 12.3% in 24 h"
    assert headline(0.0) == "no collateral coin fell in 24 h"
    assert headline(UNREACHABLE) == "secured by no coin that can fall"
    assert headline(Unknown("x")) == "fall of collateral unknown: x"


@given(st.floats(-0.99, 3), st.floats(-0.99, 3))
def test_the_reading_lies_between_no_fall_and_a_total_loss(bitcoin: float, ether: float) -> None:
    reading = read(look({"BTC": 0.1, "ETH": 2.0}, {"BTC": bitcoin, "ETH": ether}))
    assert isinstance(reading, float)
    assert 0.0 <= reading <= 1.0
    assert reading == max(-bitcoin, -ether, 0.0)
