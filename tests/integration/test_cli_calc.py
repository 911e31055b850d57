from __future__ import annotations

import json
from typing import Any

import pytest

from liqwatch import cli

FLAGS = ["--exchange", "bybit", "--entry", "60000", "--size", "0.5"]
LONG = ["long", "BTC/USDT:USDT", *FLAGS]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def calc(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(["calc", *arguments])
        printed = capsys.readouterr()
        return int(end.value.code or 0), printed.out, printed.err

    return calc


def judged(run: Any, *arguments: str) -> dict[str, Any]:
    code, output, trouble = run(*arguments, "--json")
    assert (code, trouble) == (0, "")
    report: dict[str, Any] = json.loads(output)
    return report


def test_every_figure_the_leverages_and_the_assumptions_are_shown(run: Any) -> None:
    code, output, trouble = run(*LONG, "--leverage", "10")
    assert (code, trouble) == (0, "")
    for words in (
        "54,271.35678",
        "Initial margin",
        "3,000.00 USDT",
        "Bankruptcy price",
        "54,000",
        "Leverage against distance",
        "This assumes:",
        "a maintenance rate of 0.50%",
        "a taker fee of 0.05%",
    ):
        assert words in output, words


def test_the_margin_in_place_of_the_leverage(run: Any) -> None:
    by_leverage = judged(run, *LONG, "--leverage", "10")["positions"][0]
    by_margin = judged(run, *LONG, "--margin", "3000")["positions"][0]
    assert by_margin["liquidation_price"] == by_leverage["liquidation_price"]
    assert by_margin["leverage"] == pytest.approx(10)


def test_more_margin_than_the_leverage_asks_for_moves_liquidation_away(run: Any) -> None:
    more = judged(run, *LONG, "--leverage", "10", "--margin", "4000")["positions"][0]
    assert more["liquidation_price"] == pytest.approx((30000 - 4000) / (0.5 * 0.995))
    assert more["initial_margin"] == pytest.approx(3000)


def test_in_cross_margin_the_whole_balance_backs_it(run: Any) -> None:
    binance = ["long", "BTC/USDT:USDT", "--exchange", "binance_usdm", "--entry", "60000", "--size", "0.5"]
    report = judged(run, *binance, "--cross", "--balance", "10000", "--maintenance-rate", "0.4%", "--deduction", "50")
    price = report["positions"][0]["liquidation_price"]
    assert price == pytest.approx((30000 - 10000 - 50) / (0.5 * 0.996))
    assert any("no other position" in each for each in report["assumptions"])
    assert not any("maintenance rate of" in each for each in report["assumptions"])


def test_a_coin_settled_symbol_is_an_inverse_contract(run: Any) -> None:
    arguments = ["long", "BTC/USD:BTC", "--exchange", "binance_coinm", "--entry", "50000", "--size", "100000"]
    (position,) = judged(run, *arguments, "--leverage", "10", "--maintenance-rate", "0.5%")["positions"]
    assert position["initial_margin"] == pytest.approx(0.2)
    assert position["liquidation_price"] == pytest.approx(100000 * 1.005 / (0.2 + 2))


def test_a_third_settle_currency_is_a_quanto(run: Any) -> None:
    arguments = ["short", "ETH/USD:BTC", "--exchange", "bitmex", "--entry", "2000", "--size", "1000"]
    report = judged(run, *arguments, "--contract-size", "0.000001", "--leverage", "10", "--maintenance-rate", "1%")
    (position,) = report["positions"]
    assert position["currency"] == "BTC"
    assert position["notional"] == pytest.approx(2.0)
    assert position["liquidation_price"] > 2000


def test_the_table_of_leverages_has_the_chosen_one_in_its_place(run: Any) -> None:
    rows = judged(run, *LONG, "--leverage", "7")["leverages"]
    leverages = [row["leverage"] for row in rows]
    assert leverages == sorted(leverages)
    assert 7.0 in leverages
    assert rows[0]["liquidation_price"] is None
    distances = [row["liquidation_distance"] for row in rows[1:]]
    assert distances == sorted(distances, reverse=True)


def test_a_smaller_coin_is_assumed_to_ask_for_more_maintenance(run: Any) -> None:
    report = judged(run, "long", "DOGE/USDT:USDT", "--exchange", "bybit", "--entry", "0.1", "--size", "1000")
    assert any("2.50%" in each for each in report["assumptions"])


def test_the_mark_moves_the_distance_and_not_the_price(run: Any) -> None:
    here, there = (
        judged(run, *LONG, "--leverage", "10", "--mark", mark)["positions"][0] for mark in ("60000", "55000")
    )
    assert there["liquidation_price"] == here["liquidation_price"]
    assert there["liquidation_distance"] < here["liquidation_distance"]


def test_a_rate_that_grows_with_size_brings_liquidation_nearer(run: Any) -> None:
    arguments = ["long", "BTC/USD:BTC", "--exchange", "deribit", "--entry", "50000", "--size", "1000000"]
    arguments += ["--leverage", "10", "--maintenance-rate", "1%"]
    flat, growing = (judged(run, *arguments, *more)["positions"][0] for more in ([], ["--maintenance-growth", "5e-5"]))
    assert growing["liquidation_price"] > flat["liquidation_price"]
    x = 1e6 / growing["liquidation_price"]
    assert 2 + 20 - x == pytest.approx(x * (0.01 + 5e-5 * x))


def test_explain_shows_the_arithmetic(run: Any) -> None:
    assert "They meet at" in run(*LONG, "--leverage", "10", "--explain")[1]


def test_an_unknown_exchange_exits_3_with_the_known_ones(run: Any) -> None:
    code, _, trouble = run("long", "BTC/USDT:USDT", "--exchange", "bybt", "--entry", "1", "--size", "1")
    assert code == 3
    assert "did you mean `bybit`?" in trouble
    assert "binance_usdm" in trouble


@pytest.mark.parametrize(
    "wrong",
    [
        ["--leverage", "0"],
        ["--leverage", "-5"],
        ["--leverage", "nan"],
        ["--leverage", "inf"],
        ["--leverage", "1e-300"],
        ["--leverage", "ten"],
        ["--cross"],
        ["--balance", "5"],
        ["--cross", "--balance", "5", "--margin", "5"],
        ["--maintenance-rate", "5"],
        ["--contract-kind", "option"],
        ["--deduction", "-1"],
    ],
)
def test_wrong_usage_exits_2(run: Any, wrong: list[str]) -> None:
    code, output, trouble = run(*LONG, *wrong)
    assert (code, output) == (2, "")
    assert "Traceback" not in trouble


def test_the_side_is_long_or_short(run: Any) -> None:
    assert run("up", "BTC/USDT:USDT", *FLAGS)[0] == 2
