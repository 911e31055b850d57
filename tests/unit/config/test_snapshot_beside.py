"""Loans, spot margin and reported ratios of a snapshot: each wrong field is named; what is not stated is taken so."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from liqwatch.config.snapshot import OfflineAccount, load_snapshot
from liqwatch.errors import ConfigError, ExitCode
from liqwatch.margin.ratio_rows import RATIO_ROWS
from liqwatch.model import Side

TODAY = date(2026, 11, 25)
GOOD: dict[str, Any] = {
    "schema": 1,
    "loans": [
        {
            "debt": 60000,
            "collateral": [
                {
                    "asset": "ETH",
                    "quantity": 25,
                    "price": 3000,
                    "liquidation_level": 0.95,
                    "margin_call_level": 0.85,
                    "haircuts": [
                        {"value_floor": 0, "value_cap": 50000, "value_share": 1},
                        {"value_floor": 50000, "value_share": 0.975},
                    ],
                },
                {"asset": "BTC", "quantity": 1, "price": 60000, "liquidation_level": 0.8},
            ],
        }
    ],
    "spot_margin": {
        "isolated": [
            {
                "symbol": "BTC/USDT",
                "side": "short",
                "assets": 80000,
                "debt": 1,
                "mark_price": 60000,
                "maintenance_margin_rate": 0.02,
            }
        ],
        "level_accounts": [
            {
                "balance": 5000,
                "positions": [
                    {
                        "symbol": symbol,
                        "side": "long",
                        "quantity": 0.2,
                        "entry_price": 50000,
                        "mark_price": 50000,
                        "leverage": 5,
                    }
                    for symbol in ("BTC/USD", "BTC/USD", "ETH/USD")
                ],
            }
        ],
    },
    "reported_ratio": {"exchange": "binance", "product": "portfolio margin", "native": 1.5},
}
POSITION = {
    "symbol": "ETH/USDT:USDT",
    "side": "long",
    "contracts": 2,
    "entry_price": 2000,
    "maintenance_margin_rate": 0.01,
}
Edit = Callable[[dict[str, Any]], object]


def load(edit: Edit = lambda raw: None) -> OfflineAccount:
    raw = deepcopy(GOOD)
    edit(raw)
    return load_snapshot(json.dumps(raw), "account.json", today=TODAY)


def top(**values: Any) -> Edit:
    return lambda raw: raw.update(values)


def loan(**values: Any) -> Edit:
    return lambda raw: raw["loans"][0].update(values)


def pledged(index: int = 0, **values: Any) -> Edit:
    return lambda raw: raw["loans"][0]["collateral"][index].update(values)


def haircut(index: int, **values: Any) -> Edit:
    return lambda raw: raw["loans"][0]["collateral"][0]["haircuts"][index].update(values)


def borrowed(**values: Any) -> Edit:
    return lambda raw: raw["spot_margin"]["isolated"][0].update(values)


def level_account(**values: Any) -> Edit:
    return lambda raw: raw["spot_margin"]["level_accounts"][0].update(values)


def level_position(index: int = 0, **values: Any) -> Edit:
    return lambda raw: raw["spot_margin"]["level_accounts"][0]["positions"][index].update(values)


def ratio(**values: Any) -> Edit:
    return lambda raw: raw.update(reported_ratio=values)


def without(*path: str | int) -> Edit:
    def edit(raw: Any) -> None:
        *way, last = path
        for step in way:
            raw = raw[step]
        del raw[last]

    return edit


@dataclass(frozen=True, slots=True)
class Bad:
    edit: Edit
    path: str
    code: str
    words: str


ETHER, LEVELS = "loans[0].collateral[0]", "spot_margin.level_accounts[0]"
ISOLATED = "spot_margin.isolated[0]"
CASES = {
    "loans that are an object": Bad(top(loans={}), "loans", "LW-CFG-004", "a list"),
    "a loan that is a number": Bad(top(loans=[3]), "loans[0]", "LW-CFG-004", "an object"),
    "a misspelt key of a loan": Bad(loan(dept=1), "loans[0].dept", "LW-CFG-003", "`debt`"),
    "no debt": Bad(without("loans", 0, "debt"), "loans[0].debt", "LW-CFG-002", "missing"),
    "a negative debt": Bad(loan(debt=-1), "loans[0].debt", "LW-CFG-010", "less than 0"),
    "a debt in quotes": Bad(loan(debt="1"), "loans[0].debt", "LW-CFG-004", "without quotes"),
    "a debt that is no number": Bad(loan(debt=float("nan")), "loans[0].debt", "LW-CFG-010", "finite"),
    "a ratio in percent of nothing": Bad(
        loan(required_collateral_ratio=1), "loans[0].required_collateral_ratio", "LW-CFG-010", "greater than 1"
    ),
    "a name with an escape": Bad(loan(name="a\x1b[31m"), "loans[0].name", "LW-CFG-012", "a?[31m"),
    "no collateral": Bad(without("loans", 0, "collateral"), "loans[0].collateral", "LW-CFG-002", "missing"),
    "nothing as collateral": Bad(loan(collateral=[]), "loans[0].collateral", "LW-CFG-010", "empty"),
    "a misspelt key of collateral": Bad(pledged(prize=1), f"{ETHER}.prize", "LW-CFG-003", "`price`"),
    "an asset without a name": Bad(pledged(asset=""), f"{ETHER}.asset", "LW-CFG-010", "empty"),
    "an asset with an escape": Bad(pledged(asset="E\x1b[31m"), f"{ETHER}.asset", "LW-CFG-012", "E?[31m"),
    "a quantity of nothing": Bad(pledged(quantity=0), f"{ETHER}.quantity", "LW-CFG-010", "greater than 0"),
    "an infinite price": Bad(pledged(price=float("inf")), f"{ETHER}.price", "LW-CFG-010", "finite"),
    "no level": Bad(
        without("loans", 0, "collateral", 1, "liquidation_level"),
        "loans[0].collateral[1].liquidation_level",
        "LW-CFG-002",
        "required_collateral_ratio",
    ),
    "a level in percent": Bad(
        pledged(1, liquidation_level=80), "loans[0].collateral[1].liquidation_level", "LW-CFG-010", "greater than 1"
    ),
    "a level of nothing": Bad(
        pledged(liquidation_level=0), f"{ETHER}.liquidation_level", "LW-CFG-010", "greater than 0"
    ),
    "a call after liquidation": Bad(
        pledged(margin_call_level=0.97), f"{ETHER}.margin_call_level", "LW-CFG-058", "after liquidation at 0.95"
    ),
    "the same collateral twice": Bad(
        pledged(1, asset="ETH"), "loans[0].collateral[1].asset", "LW-CFG-059", "collateral[0]"
    ),
    "a first haircut above nothing": Bad(
        haircut(0, value_floor=1), f"{ETHER}.haircuts[0].value_floor", "LW-CFG-057", "begins at 0"
    ),
    "a gap between haircuts": Bad(
        haircut(1, value_floor=60000), f"{ETHER}.haircuts[1].value_floor", "LW-CFG-057", "leaves a gap"
    ),
    "haircuts that overlap": Bad(
        haircut(1, value_floor=40000), f"{ETHER}.haircuts[1].value_floor", "LW-CFG-057", "overlaps"
    ),
    "an endless haircut in the middle": Bad(
        haircut(0, value_cap=None), f"{ETHER}.haircuts[0].value_cap", "LW-CFG-057", "only the last"
    ),
    "a haircut that ends before it begins": Bad(
        haircut(1, value_cap=10), f"{ETHER}.haircuts[1].value_cap", "LW-CFG-057", "above value_floor"
    ),
    "a share above all": Bad(
        haircut(1, value_share=1.1), f"{ETHER}.haircuts[1].value_share", "LW-CFG-010", "greater than 1"
    ),
    "spot margin that is a list": Bad(top(spot_margin=[1]), "spot_margin", "LW-CFG-004", "an object"),
    "spot margin without anything": Bad(top(spot_margin={"isolated": []}), "spot_margin", "LW-CFG-010", "empty"),
    "a misspelt list": Bad(top(spot_margin={"isolate": []}), "spot_margin.isolate", "LW-CFG-003", "`isolated`"),
    "an unknown side": Bad(borrowed(side="buy"), f"{ISOLATED}.side", "LW-CFG-009", "long, short"),
    "no mark": Bad(
        without("spot_margin", "isolated", 0, "mark_price"), f"{ISOLATED}.mark_price", "LW-CFG-002", "missing"
    ),
    "assets of nothing": Bad(borrowed(assets=0), f"{ISOLATED}.assets", "LW-CFG-010", "greater than 0"),
    "a debt below nothing": Bad(borrowed(debt=-1), f"{ISOLATED}.debt", "LW-CFG-010", "less than 0"),
    "a rate of percents": Bad(
        borrowed(maintenance_margin_rate=2), f"{ISOLATED}.maintenance_margin_rate", "LW-CFG-010", "less than 1"
    ),
    "a fee of percents": Bad(borrowed(fee_rate=1), f"{ISOLATED}.fee_rate", "LW-CFG-010", "less than 1"),
    "a margin below nothing": Bad(
        borrowed(initial_margin=-1), f"{ISOLATED}.initial_margin", "LW-CFG-010", "less than 0"
    ),
    "no balance": Bad(
        without("spot_margin", "level_accounts", 0, "balance"), f"{LEVELS}.balance", "LW-CFG-002", "missing"
    ),
    "an account without positions": Bad(level_account(positions=[]), f"{LEVELS}.positions", "LW-CFG-010", "empty"),
    "a call below liquidation": Bad(
        level_account(margin_call_level=0.3), f"{LEVELS}.margin_call_level", "LW-CFG-058", "after liquidation at 0.4"
    ),
    "a level below nothing": Bad(
        level_account(liquidation_level=-1), f"{LEVELS}.liquidation_level", "LW-CFG-010", "greater than 0"
    ),
    "a negative quantity": Bad(
        level_position(quantity=-1), f"{LEVELS}.positions[0].quantity", "LW-CFG-010", "greater than 0"
    ),
    "no leverage": Bad(
        without("spot_margin", "level_accounts", 0, "positions", 0, "leverage"),
        f"{LEVELS}.positions[0].leverage",
        "LW-CFG-002",
        "missing",
    ),
    "two marks for one market": Bad(
        level_position(1, mark_price=1), f"{LEVELS}.positions[1].mark_price", "LW-CFG-055", "50000"
    ),
    "two quote currencies": Bad(
        level_position(2, symbol="ETH/EUR"), f"{LEVELS}.positions[2].symbol", "LW-CFG-055", "USD"
    ),
    "a misspelt key of a ratio": Bad(
        ratio(exchange="okx", native=1, equty=1), "reported_ratio.equty", "LW-CFG-003", "`equity`"
    ),
    "a ratio that is a number": Bad(top(reported_ratio=3), "reported_ratio", "LW-CFG-004", "an object"),
    "a ratio of no venue": Bad(ratio(native=1), "reported_ratio.exchange", "LW-CFG-002", "okx: any"),
    "a ratio of an unknown venue": Bad(
        ratio(exchange="bybi", native=1), "reported_ratio.exchange", "LW-CFG-014", "did you mean `bybit`"
    ),
    "a ratio of one of several products": Bad(
        ratio(exchange="gate", native=1), "reported_ratio.product", "LW-CFG-002", "futures, unified"
    ),
    "a ratio of an unknown product": Bad(
        ratio(exchange="gate", product="unifed", native=1),
        "reported_ratio.product",
        "LW-CFG-009",
        "did you mean `unified`",
    ),
    "a ratio without a value": Bad(ratio(exchange="okx"), "reported_ratio.native", "LW-CFG-002", "equity"),
    "a ratio in quotes": Bad(
        ratio(exchange="okx", native="130%"), "reported_ratio.native", "LW-CFG-004", "without quotes"
    ),
    "a ratio that is infinite": Bad(
        ratio(exchange="okx", native=float("inf")), "reported_ratio.native", "LW-CFG-010", "finite"
    ),
    "half of the sums": Bad(
        ratio(exchange="okx", equity=1), "reported_ratio.maintenance_margin", "LW-CFG-002", "equity"
    ),
    "the other half": Bad(
        ratio(exchange="okx", maintenance_margin=1), "reported_ratio.equity", "LW-CFG-002", "maintenance_margin"
    ),
    "fees without sums": Bad(
        ratio(exchange="okx", native=1, closing_fees=1), "reported_ratio.closing_fees", "LW-CFG-010", "counts only"
    ),
    "no factor where it is needed": Bad(
        ratio(exchange="htx", product="legacy", native=1),
        "reported_ratio.adjustment_factor",
        "LW-CFG-002",
        "risk_rate",
    ),
    "a factor where it does not count": Bad(
        ratio(exchange="okx", native=1, adjustment_factor=0.1),
        "reported_ratio.adjustment_factor",
        "LW-CFG-010",
        "does not count",
    ),
    "sums where they give no ratio": Bad(
        ratio(exchange="htx", product="legacy", native=1, adjustment_factor=0.1, equity=1, maintenance_margin=1),
        "reported_ratio.equity",
        "LW-CFG-010",
        "sums",
    ),
    "positions without a venue": Bad(
        top(positions=[POSITION], margin_mode="cross", wallet_balance=1), "exchange", "LW-CFG-002", "binance_usdm"
    ),
    "positions without a margin mode": Bad(
        top(positions=[POSITION], exchange="okx", wallet_balance=1), "margin_mode", "LW-CFG-002", "missing"
    ),
    "an unknown venue of no position": Bad(top(exchange="moonbase"), "exchange", "LW-CFG-014", "aave"),
    "a venue with positions that only has a ratio": Bad(
        top(positions=[POSITION], exchange="aave", margin_mode="cross", wallet_balance=1),
        "exchange",
        "LW-CFG-014",
        "binance_usdm",
    ),
    "other maintenance without positions": Bad(
        top(other_maintenance_margin=1), "other_maintenance_margin", "LW-CFG-010", "beside `positions`"
    ),
    "collateral without positions": Bad(
        top(collateral=[{"asset": "BTC", "symbol": "BTC/USDT:USDT", "quantity": 1, "mark_price": 1}]),
        "collateral",
        "LW-CFG-010",
        "beside `positions`",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_wrong_field_is_named_with_its_path_code_and_reason(case: Bad) -> None:
    with pytest.raises(ConfigError) as caught:
        load(case.edit)
    found = [(problem.path, problem.code) for problem in caught.value.problems]
    assert found == [(case.path, case.code)]
    (problem,) = caught.value.problems
    assert case.words in f"{problem.message} {problem.mend}"
    assert caught.value.worst_exit_code == ExitCode.CONFIG


def test_what_is_wrong_in_several_places_is_told_at_once() -> None:
    def edit(raw: dict[str, Any]) -> None:
        for change in (pledged(margin_call_level=0.97), level_account(margin_call_level=0.3), ratio(exchange="moon")):
            change(raw)

    with pytest.raises(ConfigError) as caught:
        load(edit)
    assert [problem.code for problem in caught.value.problems] == [
        "LW-CFG-058",
        "LW-CFG-058",
        "LW-CFG-014",
        "LW-CFG-002",
    ]


@pytest.mark.parametrize("beside", [{}, {"loans": []}, {"spot_margin": None}, {"loans": [], "positions": []}])
def test_a_snapshot_of_nothing_is_refused_with_what_may_be_in_it(beside: dict[str, Any]) -> None:
    raw = {"schema": 1, "exchange": "okx", "margin_mode": "cross", "wallet_balance": 1} | beside
    with pytest.raises(ConfigError) as caught:
        load_snapshot(json.dumps(raw), "account.json", today=TODAY)
    (problem,) = caught.value.problems
    assert problem.path == "positions"
    assert "loans, spot_margin, reported_ratio" in (problem.mend or "")


def test_an_unknown_venue_is_refused_with_every_known_ratio() -> None:
    with pytest.raises(ConfigError) as caught:
        load(ratio(exchange="moonbase", native=1))
    (problem,) = caught.value.problems
    assert all(row.exchange in (problem.mend or "") and row.product in (problem.mend or "") for row in RATIO_ROWS)


@pytest.mark.parametrize("key", ["loans", "spot_margin", "reported_ratio"])
def test_each_of_the_three_stands_alone_without_exchange_margin_mode_or_positions(key: str) -> None:
    account = load_snapshot(json.dumps({"schema": 1, key: GOOD[key]}), "account.json", today=TODAY)
    assert account.pools == ()


def test_they_stand_beside_positions_too() -> None:
    account = load(top(positions=[POSITION], exchange="okx", margin_mode="cross", wallet_balance=1000))
    assert len(account.pools) == len(account.loans) == len(account.borrowed) == len(account.level_accounts) == 1
    assert account.reported_ratio is not None


def test_a_stated_collateral_ratio_is_the_level_of_collateral_that_has_none() -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw["loans"][0]["required_collateral_ratio"] = 1.6
        del raw["loans"][0]["collateral"][1]["liquidation_level"]

    (found,) = load(edit).loans
    assert [each.liquidation_level for each in found.loan.collateral] == [0.95, pytest.approx(0.625)]
    assert found.required_collateral_ratio == 1.6


def test_a_loan_is_compared_with_150_percent_unless_it_says_otherwise() -> None:
    assert load().loans[0].required_collateral_ratio == 1.5


def test_a_level_account_is_judged_by_krakens_levels_unless_it_says_otherwise() -> None:
    (account,) = load().level_accounts
    assert (account.margin_call_level, account.liquidation_level) == (0.8, 0.4)
    (other,) = load(level_account(margin_call_level=1.2, liquidation_level=1.1)).level_accounts
    assert (other.margin_call_level, other.liquidation_level) == (1.2, 1.1)


def test_the_currency_of_a_borrowed_position_is_that_of_what_it_holds() -> None:
    assert load().borrowed[0].currency == "USDT"
    assert load(borrowed(side="long")).borrowed[0].currency == "BTC"
    assert load(borrowed(symbol="BTC-USDT")).borrowed[0].currency == "quote currency"
    assert load().borrowed[0].position.side is Side.SHORT


def test_a_ratio_is_of_the_snapshots_exchange_and_its_only_product_by_default() -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw |= {"exchange": "okx", "reported_ratio": {"native": 3}}

    found = load(edit).reported_ratio
    assert found is not None
    assert (found.row.exchange, found.row.product, found.native) == ("okx", "any", 3.0)
