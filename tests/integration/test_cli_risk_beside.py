"""`risk` on what is no contract position: loans, spot margin, the venue's own ratio."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from liqwatch import cli
from liqwatch.testing.golden import Record, read_records

LOAN: dict[str, Any] = {
    "name": "house",
    "currency": "USDT",
    "debt": 6000,
    "collateral": [
        {"asset": "ETH", "quantity": 2, "price": 3000, "margin_call_level": 0.7, "liquidation_level": 0.8},
        {"asset": "BTC", "quantity": 0.05, "price": 60000, "margin_call_level": 0.65, "liquidation_level": 0.75},
    ],
}
LEVEL_POSITION = {
    "symbol": "BTC/USD",
    "side": "short",
    "quantity": 0.2,
    "entry_price": 50000,
    "mark_price": 65200,
    "leverage": 5,
}
BORROWED = {
    "symbol": "BTC/USDT",
    "side": "short",
    "assets": 80000,
    "debt": 1,
    "mark_price": 60000,
    "maintenance_margin_rate": 0.02,
    "fee_rate": 0.001,
}


@pytest.fixture(scope="module")
def examples(shared: Path) -> dict[str, Record]:
    return read_records(shared / "golden" / "examples.json")


@pytest.fixture
def risk(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    def run(*options: str, exit_code: int = 0, **snapshot: Any) -> str:
        file = tmp_path / "account.json"
        file.write_text(json.dumps({"schema": 1, **snapshot}), encoding="utf-8")
        with pytest.raises(SystemExit) as end:
            cli.main(["risk", str(file), *options])
        printed = capsys.readouterr()
        assert int(end.value.code or 0) == exit_code, printed.err
        return printed.out if exit_code == 0 else printed.err

    return run


@pytest.fixture
def judged(risk: Any) -> Any:
    return lambda *options, **snapshot: json.loads(risk("--json", *options, **snapshot))


def assert_published(record: Record, computed: dict[str, float | None]) -> None:
    for figure, expected in record["expected"].items():
        hint = record["tolerance_hint"]
        tolerance = hint[figure] if isinstance(hint, dict) else hint
        assert computed[figure] == pytest.approx(expected, rel=0, abs=tolerance), figure


def test_the_published_loan_of_bybit(judged: Any, examples: dict[str, Record]) -> None:
    record = examples["bybit-fixed-loan-ltv"]
    (told,) = record["inputs"]["collateral"]
    keys = ("value_floor", "value_cap", "value_share")
    collateral = {
        "asset": told["coin"],
        "quantity": told["amount"],
        "price": told["price"],
        "liquidation_level": 0.95,
        "haircuts": [dict(zip(keys, tier, strict=True)) for tier in told["haircut_tiers"]],
    }
    (loan,) = judged(loans=[{"debt": record["inputs"]["loan_usdt"], "collateral": [collateral]}])["loans"]
    assert_published(record, {**loan, "ltv": loan["loan_to_value"]})
    # At the liquidation price the counted value times the level is the debt.
    price = loan["collateral"][0]["liquidation_price"]
    assert (50_000 + 0.975 * (told["amount"] * price - 50_000)) * 0.95 == pytest.approx(loan["debt"])


def test_the_published_loan_of_binance(judged: Any, examples: dict[str, Record]) -> None:
    record, inputs = examples["binance-loan-ltv-2020"], examples["binance-loan-ltv-2020"]["inputs"]
    collateral = {"asset": "BTC", "quantity": inputs["collateral_btc"], "price": inputs["collateral_price"]}
    loan = {"debt": inputs["loan_usdt"], "collateral": [{**collateral, "liquidation_level": 0.9}]}
    (found,) = judged(loans=[loan])["loans"]
    assert_published(record, {**found, "ltv": found["loan_to_value"]})


def test_the_published_health_factor_of_aave(judged: Any, examples: dict[str, Record]) -> None:
    record = examples["aave-hf-1.333"]
    collateral = [
        {
            "asset": each["asset"],
            "quantity": 1,
            "price": each["value_usd"],
            "liquidation_level": each["liquidation_threshold"],
        }
        for each in record["inputs"]["collateral"]
    ]
    (loan,) = judged(loans=[{"debt": record["inputs"]["debt_usd"], "collateral": collateral}])["loans"]
    assert_published(record, loan)
    ratio = judged(reported_ratio={"exchange": "aave", "native": loan["health_factor"]})["reported_ratio"]
    assert ratio["margin_ratio"] == pytest.approx(loan["margin_ratio"])


def test_the_published_margin_levels_of_kraken(judged: Any, examples: dict[str, Record]) -> None:
    early, late = examples["kraken-spot-margin-250"], examples["kraken-spot-margin-75"]
    told = early["inputs"]
    opened = LEVEL_POSITION | {
        "side": told["side"],
        "quantity": told["position_usd"] / told["price"],
        "entry_price": told["price"],
        "mark_price": told["price"],
        "leverage": told["leverage"],
    }
    account = {"balance": told["equity"], "positions": [opened]}
    (found,) = judged(spot_margin={"level_accounts": [account]})["spot_margin"]["level_accounts"]
    assert_published(early, found)
    told = late["inputs"]
    moved = opened | {
        "quantity": told["qty_btc"],
        "entry_price": told["entry_price"],
        "mark_price": told["mark_price"],
        "leverage": told["qty_btc"] / told["used_margin_btc"],
    }
    account = {"balance": told["start_equity"], "positions": [moved]}
    (found,) = judged(spot_margin={"level_accounts": [account]})["spot_margin"]["level_accounts"]
    assert_published(late, found)
    assert (found["is_margin_called"], found["is_liquidated"]) == (True, False)


def test_the_isolated_spot_position_that_okx_reported(judged: Any, examples: dict[str, Record]) -> None:
    record, told = examples["okx-real-margin-iso"], examples["okx-real-margin-iso"]["inputs"]
    position = {
        "symbol": told["symbol"],
        "side": told["side"],
        "assets": told["position_assets"],
        "debt": told["liability_quote"] + told["interest"],
        "mark_price": told["mark_price"],
        "maintenance_margin_rate": told["maintenance_margin_rate"],
        "fee_rate": told["taker_fee_rate"],
        "initial_margin": told["initial_margin"],
    }
    (found,) = judged(spot_margin={"isolated": [position]})["spot_margin"]["isolated"]
    assert_published(record, {**found, "margin_ratio": found["native_ratio"]["native"]})
    assert found["native_ratio"]["direction"] == "high is safe"
    assert found["margin_ratio"] == pytest.approx(1 / record["expected"]["margin_ratio"])


def test_the_documented_account_of_okx_from_its_ratio_and_from_its_sums(
    judged: Any, examples: dict[str, Record]
) -> None:
    record, told = examples["okx-docs-account-mgnratio"], examples["okx-docs-account-mgnratio"]["inputs"]
    sums = {
        "equity": told["adj_eq"],
        "maintenance_margin": told["mmr"],
        "closing_fees": told["taker_fee_rate"] * told["notional_usd"],
    }
    native = record["expected"]["margin_ratio"]
    both = judged(exchange="okx", reported_ratio={"native": native, **sums})["reported_ratio"]
    assert_published(record, {"margin_ratio": both["computed_native"]})
    assert both["native"] == native
    assert both["margin_ratio"] == pytest.approx(1 / native)
    assert both["margin_ratio"] == pytest.approx(both["computed_margin_ratio"])
    alone = judged(exchange="okx", reported_ratio=sums)["reported_ratio"]
    assert (alone["native"], alone["margin_ratio"]) == (None, both["computed_margin_ratio"])


def test_a_loan_has_every_figure_and_each_price_is_where_the_ratio_is_one(judged: Any) -> None:
    (loan,) = judged(loans=[LOAN])["loans"]
    assert loan["collateral_ratio"] == pytest.approx(1.5)
    assert loan["required_collateral_buffer"] == pytest.approx(0)
    assert loan["health_factor"] == pytest.approx(1 / loan["margin_ratio"])
    assert loan["margin_buffer"] == pytest.approx(6000 * 0.8 + 3000 * 0.75 - 6000)
    for index, collateral in enumerate(loan["collateral"]):
        for key, ratio in (("liquidation_price", "margin_ratio"), ("margin_call_price", "margin_call_ratio")):
            moved = json.loads(json.dumps(LOAN))
            moved["collateral"][index]["price"] = collateral[key]
            (there,) = judged(loans=[moved])["loans"]
            assert there[ratio] == pytest.approx(1)
        away = (collateral["price"] - collateral["liquidation_price"]) / collateral["price"]
        assert collateral["liquidation_distance"] == pytest.approx(away)


def test_a_loan_short_of_150_percent_called_and_liquidated_says_so(judged: Any, risk: Any) -> None:
    (called,) = judged(loans=[{**LOAN, "debt": 6500}])["loans"]
    assert called["required_collateral_buffer"] == pytest.approx(9000 - 1.5 * 6500)
    assert (called["is_margin_called"], called["is_liquidated"]) == (True, False)
    assert "MARGIN CALL" in risk(loans=[{**LOAN, "debt": 6500}])
    (sold,) = judged(loans=[{**LOAN, "debt": 8000}])["loans"]
    assert sold["is_liquidated"]
    assert all(each["liquidation_distance"] < 0 for each in sold["collateral"])
    assert "AT OR BEYOND LIQUIDATION" in risk(loans=[{**LOAN, "debt": 8000}])


def test_a_loan_that_is_paid_back_cannot_be_liquidated(judged: Any, risk: Any) -> None:
    (loan,) = judged(loans=[{**LOAN, "debt": 0}])["loans"]
    assert (loan["margin_ratio"], loan["health_factor"], loan["collateral_ratio"]) == (0, None, None)
    assert [each["liquidation_price"] for each in loan["collateral"]] == [None, None]
    assert "cannot be reached" in risk(loans=[{**LOAN, "debt": 0}])


def test_a_price_that_no_haircut_allows_is_told_as_unknown(judged: Any, risk: Any) -> None:
    haircuts = [{"value_floor": 0, "value_cap": 100, "value_share": 1}, {"value_floor": 100, "value_share": 0}]
    loan = {**LOAN, "collateral": [{**LOAN["collateral"][0], "haircuts": haircuts}]}
    (collateral,) = judged(loans=[loan])["loans"][0]["collateral"]
    assert collateral["liquidation_price"] is None
    assert "no price of ETH" in collateral["why_unknown"]
    assert "not known" in risk(loans=[loan])


def test_a_borrowed_short_has_its_prices_above_the_mark(judged: Any) -> None:
    def at(mark_price: float, *options: str) -> Any:
        snapshot = {"isolated": [{**BORROWED, "mark_price": mark_price}]}
        return judged(*options, spot_margin=snapshot)["spot_margin"]["isolated"][0]

    found = at(60000, "--margin-call", "50%")
    assert 60000 < found["margin_call_price"] < found["liquidation_price"]
    assert found["liquidation_distance"] == pytest.approx((found["liquidation_price"] - 60000) / 60000)
    assert at(found["margin_call_price"])["margin_ratio"] == pytest.approx(0.5)
    assert at(found["liquidation_price"])["margin_ratio"] == pytest.approx(1)
    assert at(90000)["liquidation_distance"] < 0
    assert at(90000)["is_liquidated"]


def test_at_its_prices_a_level_account_is_at_its_levels(judged: Any) -> None:
    other = LEVEL_POSITION | {
        "symbol": "ETH/USD",
        "side": "long",
        "quantity": 1,
        "entry_price": 2000,
        "mark_price": 2000,
    }

    def at(mark_price: float) -> Any:
        account = {"balance": 5000, "positions": [{**LEVEL_POSITION, "mark_price": mark_price}, other]}
        return judged(spot_margin={"level_accounts": [account]})["spot_margin"]["level_accounts"][0]

    (bitcoin, _) = at(65200)["positions"]
    assert at(bitcoin["liquidation_price"])["margin_level"] == pytest.approx(0.4)
    assert at(bitcoin["liquidation_price"])["margin_ratio"] == pytest.approx(1)
    assert at(bitcoin["margin_call_price"])["margin_level"] == pytest.approx(0.8)
    beyond = at(75000)
    assert beyond["is_liquidated"]
    assert beyond["margin_buffer"] < 0
    assert beyond["positions"][0]["liquidation_distance"] < 0


@pytest.mark.parametrize(
    ("ratio", "margin_ratio", "is_liquidated"),
    [
        ({"exchange": "bybit", "native": 0.7}, 0.7, False),
        ({"exchange": "binance", "product": "portfolio margin", "native": 1.05}, 1.0, True),
        ({"exchange": "kraken", "native": 0.8}, 0.5, False),
        ({"exchange": "htx", "product": "legacy", "native": 0.925, "adjustment_factor": 0.075}, 0.075, False),
        ({"exchange": "okx", "native": -1}, None, True),
        ({"exchange": "binance", "product": "portfolio margin", "equity": 21, "maintenance_margin": 10}, 0.5, False),
    ],
)
def test_every_direction_comes_to_one_scale(
    judged: Any, ratio: dict[str, Any], margin_ratio: float | None, is_liquidated: bool
) -> None:
    found = judged(reported_ratio=ratio)["reported_ratio"]
    assert found["margin_ratio"] == (None if margin_ratio is None else pytest.approx(margin_ratio))
    assert found["is_liquidated"] is is_liquidated
    assert found["native"] == ratio.get("native")


def test_milestones_and_the_margin_call_are_told_in_the_venues_own_words(judged: Any, risk: Any) -> None:
    ratio = {
        "exchange": "binance",
        "product": "portfolio margin",
        "native": 1.3,
        "equity": 13,
        "maintenance_margin": 10,
    }
    found = judged(reported_ratio=ratio)["reported_ratio"]
    assert [each["is_reached"] for each in found["milestones"]] == [True, False, False]
    assert found["native_at_margin_call"] == pytest.approx(1.3125)
    assert found["margin_buffer"] == pytest.approx(2.5)
    text = risk(reported_ratio=ratio)
    for words in (
        "binance, portfolio margin: uniMMR",
        "high is safe, liquidation at 1.05",
        "reminder, reached",
        "80.77%",
    ):
        assert words in text


def test_without_positions_the_account_is_null_and_the_lists_are_empty(judged: Any) -> None:
    report = judged(loans=[LOAN])
    assert (report["pools"], report["positions"], report["reported_ratio"]) == ([], [], None)
    assert set(report["account"].values()) == {None}
    assert report["spot_margin"] == {"isolated": [], "level_accounts": []}


def test_text_shows_every_part(risk: Any) -> None:
    position = {"symbol": "ETH/USDT:USDT", "side": "long", "contracts": 1, "entry_price": 2000}
    text = risk(
        exchange="okx",
        margin_mode="cross",
        wallet_balance=1000,
        positions=[{**position, "maintenance_margin_rate": 0.01}],
        loans=[LOAN],
        spot_margin={"isolated": [BORROWED], "level_accounts": [{"balance": 5000, "positions": [LEVEL_POSITION]}]},
        reported_ratio={"native": 3},
    )
    for words in (
        "Bankruptcy price",
        "Loan: house",
        "Loan-to-value",
        "Collateral ratio",
        "150.00%",
        "Health factor",
        "Isolated spot margin: BTC/USDT short",
        "mgnRatio",
        "Spot margin account: 1",
        "Margin level",
        "okx, any: mgnRatio",
        "33.33%",
    ):
        assert words in text, words


def test_a_wrong_loan_exits_3_and_names_the_path(risk: Any) -> None:
    trouble = risk(exit_code=3, loans=[{**LOAN, "debt": -1}])
    assert "loans[0].debt" in trouble
    assert "LW-CFG-010" in trouble
