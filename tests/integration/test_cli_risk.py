from __future__ import annotations

import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from liqwatch import cli

PUBLISHED: dict[str, Any] = {
    "schema": 1,
    "exchange": "binance_usdm",
    "margin_mode": "isolated",
    "wallet_balance": 1535443.01,
    "other_maintenance_margin": 0,
    "other_unrealized_pnl": 0,
    "convention": {"maintenance_basis": "liquidation", "closing_fee_basis": "none", "tier_mode": "deduction"},
    "positions": [
        {
            "symbol": "ETH/USDT:USDT",
            "contract_kind": "linear",
            "side": "long",
            "contracts": 3683.979,
            "contract_size": 1,
            "entry_price": 1456.84,
            "mark_price": 1335.18,
            "price_tick": 0.01,
            "closing_fee_rate": 0,
            "maintenance_margin_rate": 0.1,
            "maintenance_deduction": 135365.0,
        }
    ],
}
HEDGED: dict[str, Any] = {
    "schema": 1,
    "exchange": "okx",
    "margin_mode": "cross",
    "wallet_balance": 2000,
    "positions": [
        {
            "symbol": "ETH/USDT:USDT",
            "side": side,
            "contracts": contracts,
            "entry_price": 2000,
            "maintenance_margin_rate": 0.01,
            "closing_fee_rate": 0.0005,
            "funding_rate": 0.0001,
            "leverage": 10,
        }
        for side, contracts in (("long", 5), ("short", 1))
    ],
}


class Ended:
    def __init__(self, exit_code: int, output: str, trouble: str) -> None:
        self.exit_code, self.output, self.trouble = exit_code, output, trouble


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    def risk(snapshot: Any, *options: str) -> Ended:
        file = tmp_path / "account.json"
        file.write_text(json.dumps(snapshot), encoding="utf-8")
        with pytest.raises(SystemExit) as end:
            cli.main(["risk", str(file), *options])
        printed = capsys.readouterr()
        return Ended(int(end.value.code or 0), printed.out, printed.err)

    return risk


def edited(snapshot: dict[str, Any], **position: Any) -> dict[str, Any]:
    copy = deepcopy(snapshot)
    copy["positions"][0].update(position)
    return copy


def as_process(*arguments: str | Path, standard_input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environ = {"PATH": os.environ["PATH"], "NO_COLOR": "1"}
    command = [sys.executable, "-m", "liqwatch.cli", "risk", *map(str, arguments)]
    return subprocess.run(command, input=standard_input, capture_output=True, env=environ, check=False, timeout=60)


def test_the_published_example_is_judged_as_published(tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    file.write_text(json.dumps(PUBLISHED))
    finished = as_process(file, "--json")
    assert (finished.returncode, finished.stderr) == (0, b"")
    report = json.loads(finished.stdout)
    (position,) = report["positions"]
    assert report["schema"] == 1
    assert position["liquidation_price"] == pytest.approx(1114.7849637, abs=1e-7)
    assert position["liquidation_price_rounded"] == 1114.79
    assert position["maintenance_margin"] == pytest.approx(356512.508, abs=0.001)
    assert position["bankruptcy_price"] == pytest.approx(1456.84 - 1535443.01 / 3683.979)
    assert position["liquidation_distance"] == pytest.approx((1335.18 - 1114.7849637) / 1335.18)
    assert report["account"]["equity"] == pytest.approx(1535443.01 + 3683.979 * (1335.18 - 1456.84))
    assert report["account"]["margin_ratio"] == pytest.approx(0.3279029)
    assert report["account"]["margin_buffer"] == pytest.approx(730737.61674)


def test_a_dash_reads_standard_input() -> None:
    finished = as_process("-", "--json", standard_input=b"\xef\xbb\xbf" + json.dumps(PUBLISHED).encode())
    assert finished.returncode == 0
    assert json.loads(finished.stdout)["positions"][0]["liquidation_price_rounded"] == 1114.79


def test_bad_input_exits_3_and_names_source_path_code_and_hint() -> None:
    finished = as_process("-", standard_input=json.dumps(edited(PUBLISHED, contracts=-1)).encode())
    assert finished.returncode == 3
    assert finished.stdout == b""
    lines = finished.stderr.decode().splitlines()
    assert lines[0] == "standard input: 1 problem"
    assert lines[2].split() == ["positions[0].contracts", "[LW-CFG-010]"]
    assert lines[4] == '      hint: sizes are positive: write a short as "side": "short"'


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"{", b"\x00"])
def test_what_is_no_json_exits_3(content: bytes) -> None:
    finished = as_process("-", standard_input=content)
    assert finished.returncode == 3
    assert b"LW-CFG-050" in finished.stderr


def test_not_a_number_exits_3(run: Any) -> None:
    ended = run(edited(PUBLISHED, mark_price=float("nan")))
    assert ended.exit_code == 3
    assert "must be a finite number" in ended.trouble


def test_an_absent_file_and_a_folder_exit_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (tmp_path / "absent.json", tmp_path):
        with pytest.raises(SystemExit) as end:
            cli.main(["risk", str(path)])
        assert end.value.code == 3
        assert "LW-CFG-005" in capsys.readouterr().err


def test_text_shows_every_figure(run: Any) -> None:
    output = run(edited(PUBLISHED, leverage=5, liquidation_fee_rate=0.0125)).output
    for words in (
        "1,114.79",
        "16.51% from the mark",
        "22,039 ticks",
        "Margin call price",
        "Bankruptcy price",
        "Initial margin",
        "Maintenance margin",
        "Margin ratio",
        "32.79%",
        "Margin buffer",
        "Effective leverage",
        "Break-even",
        "Liquidation fee",
        "Loss at liquidation",
        "Shortfall",
        "Shock",
        "Partial liquidation, step by step",
        "Binance FAQ",
    ):
        assert words in output, words


def test_an_unreachable_price_is_null_and_said_in_words(run: Any) -> None:
    snapshot = {**PUBLISHED, "wallet_balance": 1e8}
    (position,) = json.loads(run(snapshot, "--json").output)["positions"]
    assert position["liquidation_price"] is None
    assert position["liquidation_price_rounded"] is None
    assert position["liquidation_distance"] is None
    assert "cannot be reached" in run(snapshot).output


def test_without_equity_the_ratio_is_null_and_the_pool_is_liquidated(run: Any) -> None:
    snapshot = {**PUBLISHED, "wallet_balance": 1.0}
    report = json.loads(run(snapshot, "--json").output)
    assert report["account"]["margin_ratio"] is None
    assert report["account"]["is_liquidated"] is True
    assert report["positions"][0]["liquidation_distance"] < 0
    assert "AT OR BEYOND LIQUIDATION" in run(snapshot).output


def test_hedged_legs_share_one_price_and_the_larger_side_decides(run: Any) -> None:
    report = json.loads(run(HEDGED, "--json").output)
    long, short = report["positions"]
    # 2000 + 4 (P - 2000) = 6 P (0.01 + 0.0005)
    assert long["liquidation_price"] == pytest.approx(6000 / (4 - 6 * 0.0105))
    assert short["liquidation_price"] == long["liquidation_price"]
    assert (long["is_hedged_leg"], short["is_hedged_leg"]) == (False, True)
    assert long["liquidation_distance"] > 0
    assert short["liquidation_distance"] is None
    assert "the larger side of this market decides" in run(HEDGED).output


def test_the_closing_fee_counts_for_every_position_of_the_pool(run: Any) -> None:
    snapshot = deepcopy(HEDGED)
    snapshot["positions"][1].update(symbol="BTC/USDT:USDT", entry_price=60000, contracts=0.1)
    report = json.loads(run(snapshot, "--json").output)
    fees = [position["closing_fee"] for position in report["positions"]]
    assert fees == pytest.approx([5.0, 3.0])
    total = sum(position["maintenance_margin"] for position in report["positions"])
    assert report["account"]["maintenance_margin"] == pytest.approx(total + 8)


def test_funding_is_received_by_the_side_that_is_not_crowded(run: Any) -> None:
    report = json.loads(run(HEDGED, "--json").output)
    assert [position["funding_per_day"] for position in report["positions"]] == pytest.approx([-3.0, 0.6])
    assert report["pools"][0]["funding_per_day"] == pytest.approx(-2.4)


def test_positions_known_by_their_sums_stand_still(run: Any) -> None:
    snapshot = {**HEDGED, "other_maintenance_margin": 100, "other_unrealized_pnl": -200}
    price = json.loads(run(snapshot, "--json").output)["positions"][0]["liquidation_price"]
    assert price == pytest.approx(6300 / (4 - 6 * 0.0105))


def test_several_isolated_positions_are_judged_each_alone(run: Any) -> None:
    snapshot = {key: value for key, value in HEDGED.items() if key != "wallet_balance"} | {"margin_mode": "isolated"}
    snapshot["positions"] = [{**each, "wallet_balance": 1000} for each in HEDGED["positions"]]
    report = json.loads(run(snapshot, "--json").output)
    assert len(report["pools"]) == 2
    long, short = report["positions"]
    assert long["liquidation_price"] < 2000 < short["liquidation_price"]
    assert report["account"]["worst_pool"] == "ETH/USDT:USDT long"
    assert report["account"]["equity"] == pytest.approx(2000)


def test_a_reported_price_that_differs_is_told_with_its_likely_cause(run: Any) -> None:
    snapshot = edited(PUBLISHED, reported_liquidation_price=1160.0)
    (position,) = json.loads(run(snapshot, "--json").output)["positions"]
    assert position["liquidation_price"] == 1160.0
    assert position["liquidation_source"] == "reported"
    assert position["computed_liquidation_price"] == pytest.approx(1114.7849637, abs=1e-7)
    assert position["disagreement"]
    assert "figures disagree" in run(snapshot).output


def test_explain_adds_the_steps_with_convention_source_and_what_was_changed(run: Any) -> None:
    snapshot = {**PUBLISHED, "convention": {"closing_fee_basis": "entry"}}
    (position,) = json.loads(run(edited(snapshot, closing_fee_rate=0.0005), "--json", "--explain").output)["positions"]
    told = position["explanation"]
    assert told["overridden"] == ["closing_fee_basis"]
    assert "Binance FAQ" in told["source"]
    assert [step["title"] for step in told["steps"]][-1] == "Rounded to the tick, toward the mark"
    text = run(PUBLISHED, "--explain").output
    assert "P = 3,696,159.956 / 3,315.5811 = 1,114.784964" in text


def test_the_margin_call_level_and_the_gap_are_chosen_by_flags(run: Any) -> None:
    half, most = (
        json.loads(run(PUBLISHED, "--json", "--margin-call", level, "--gap", gap).output)["positions"][0]
        for level, gap in (("50%", "0"), ("0.95", "10%"))
    )
    assert half["margin_call_price"] > most["margin_call_price"] > most["liquidation_price"]
    assert half["shortfall_after_gap"] == pytest.approx(0.0, abs=1e-6)
    assert most["shortfall_after_gap"] > 0


@pytest.mark.parametrize("options", [["--gap", "nan"], ["--margin-call", "0"], ["--margin-call", "80"], ["--gap", "x"]])
def test_a_wrong_flag_exits_2(run: Any, options: list[str]) -> None:
    assert run(PUBLISHED, *options).exit_code == 2
