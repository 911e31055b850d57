from __future__ import annotations

import json
from typing import Any

import pytest

from liqwatch import cli

TRADE = ["--balance", "10000", "--entry", "60000", "--stop", "58500"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def size(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(["size", *arguments])
        printed = capsys.readouterr()
        return int(end.value.code or 0), printed.out, printed.err

    return size


def sized(run: Any, *arguments: str) -> dict[str, Any]:
    code, output, trouble = run(*arguments, "--json")
    assert (code, trouble) == (0, "")
    report: dict[str, Any] = json.loads(output)
    return report


def test_two_percent_is_risked_unless_said_otherwise(run: Any) -> None:
    report = sized(run, *TRADE)
    assert report["risk_money"] == pytest.approx(200)
    assert report["quantity"] == pytest.approx(200 / 1500)
    assert report["side"] == "long"
    assert report["warnings"] == []


@pytest.mark.parametrize(("risk", "count"), [("3%", 0), ("0.03", 0), ("3.01%", 1), ("10%", 1)])
def test_above_three_percent_there_is_a_warning(run: Any, risk: str, count: int) -> None:
    assert len(sized(run, *TRADE, "--risk", risk)["warnings"]) == count


def test_liquidation_beyond_the_stop_is_confirmed(run: Any) -> None:
    report = sized(run, *TRADE, "--leverage", "10", "--exchange", "binance_usdm", "--maintenance-rate", "0.4%")
    assert report["check"]["stop_comes_first"] is True
    assert report["check"]["liquidation_price"] == pytest.approx(60000 * 0.9 / 0.996)
    assert report["warnings"] == []


def test_liquidation_before_the_stop_is_told_with_the_highest_leverage_that_does(run: Any) -> None:
    arguments = [*TRADE, "--leverage", "50", "--exchange", "binance_usdm", "--maintenance-rate", "0.4%"]
    report = sized(run, *arguments)
    assert report["check"]["stop_comes_first"] is False
    # The margin is the loss up to the stop and the maintenance asked for there.
    assert report["highest_leverage"] == pytest.approx(60000 / (1500 + 0.004 * 58500), abs=0.01)
    (warning,) = report["warnings"]
    assert "take at most 34.6x" in warning
    output = run(*arguments)[1]
    assert "Warning: at 50x liquidation comes before the stop" in output
    followed = sized(run, *TRADE, "--leverage", "34.6", "--exchange", "binance_usdm", "--maintenance-rate", "0.4%")
    assert followed["check"]["stop_comes_first"] is True


def test_a_short_has_its_stop_above_and_its_liquidation_above_that(run: Any) -> None:
    report = sized(run, "--balance", "10000", "--entry", "60000", "--stop", "61500", "--leverage", "10")
    assert report["side"] == "short"
    assert report["check"]["liquidation_price"] > 61500


def test_a_leverage_too_low_for_the_balance_is_told(run: Any) -> None:
    report = sized(run, "--balance", "10000", "--entry", "60000", "--stop", "59900", "--leverage", "10")
    assert any("needs at least 12x" in each for each in report["warnings"])


def test_losing_streaks_are_shown_fixed_and_compounding(run: Any) -> None:
    output = run(*TRADE, "--risk", "3%")[1]
    assert "36.60%" in output
    assert "all is lost after 34 losses" in output


def test_assumptions_are_named(run: Any) -> None:
    output = run(*TRADE)[1]
    for words in ("--exchange", "--maintenance-rate", "--fee-rate", "slippage"):
        assert words in output, words


def test_an_extreme_risk_still_has_a_table(run: Any) -> None:
    assert sized(run, *TRADE, "--risk", "99.999%")["losing_streaks"][-1]["gain_needed"] is None
    assert run(*TRADE, "--risk", "99.999%")[0] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        ["--risk", "0"],
        ["--risk", "2"],
        ["--risk", "100%"],
        ["--risk", "nan%"],
        ["--stop", "60000"],
        ["--stop", "-1"],
        ["--leverage", "0"],
    ],
)
def test_wrong_usage_exits_2(run: Any, wrong: list[str]) -> None:
    assert run(*TRADE, *wrong)[0] == 2


def test_an_unknown_exchange_exits_3(run: Any) -> None:
    assert run(*TRADE, "--exchange", "moonbase")[0] == 3
