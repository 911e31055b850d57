"""`liqwatch status` asks the running daemon, as text, as JSON, and with an exit code for Nagios."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from liqwatch.errors import ExitCode
from liqwatch.testing.process import DaemonProcess
from liqwatch.testing.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

BITCOIN = """\
symbol = "BTC/USDT:USDT"
side = "long"
contracts = 0.1
entry_price = 117000
leverage = 3
maintenance_margin_rate = "0.4%"
"""
CALM, WARNING, CRITICAL = 117_000.0, 90_000.0, 84_000.0
OK_CODE, WARNING_CODE, CRITICAL_CODE, UNKNOWN_CODE = range(4)


@dataclass(frozen=True, kw_only=True)
class Running:
    stage: Stage
    daemon: DaemonProcess

    async def until_alert(self, severity: str | None) -> None:
        """Return when exactly one alert burns, at that severity, or none at all."""
        wanted = [] if severity is None else [severity]
        await self.daemon.until_status(
            lambda report: [alert["severity"] for alert in report["alerts"]] == wanted, f"alerts are not {wanted}"
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with Stage(tmp_path_factory.mktemp("status")) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels())
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            yield Running(stage=stage, daemon=daemon)


async def test_calm_exits_0_and_shows_the_position_as_text(running: Running) -> None:
    await running.until_alert(None)
    finished = await running.stage.command("status", "--exit-code")
    assert finished.exit_code == OK_CODE, finished
    for words in ("BTC/USDT:USDT long isolated", "33.07%", "78,313.30 c", "No alert burns.", "streams are fresh"):
        assert words in finished.output


async def test_a_warning_exits_1(running: Running) -> None:
    running.stage.venue.set_price("BTCUSDT", WARNING)
    await running.until_alert("warning")
    finished = await running.stage.command("status", "--exit-code")
    assert finished.exit_code == WARNING_CODE, finished
    assert "warning" in finished.output


async def test_a_critical_alert_exits_2_and_without_the_option_0(running: Running) -> None:
    running.stage.venue.set_price("BTCUSDT", CRITICAL)
    await running.until_alert("critical")
    assert (await running.stage.command("status", "--exit-code")).exit_code == CRITICAL_CODE
    assert (await running.stage.command("status")).exit_code == ExitCode.OK


async def test_json_has_everything_a_program_needs(running: Running) -> None:
    running.stage.venue.set_price("BTCUSDT", CRITICAL)
    await running.until_alert("critical")
    finished = await running.stage.command("status", "--json", "--exit-code")
    report = json.loads(finished.output)
    assert finished.exit_code == report["nagios"] == CRITICAL_CODE
    (position,), (pool,), (alert,) = report["positions"], report["pools"], report["alerts"]
    assert position["mark_price"] == CRITICAL
    assert position["liquidation_distance"] == pytest.approx(0.0677, abs=1e-4)
    assert position["liquidation_source"] == "computed"
    assert pool["margin_ratio"] == pytest.approx(0.056, abs=1e-3)
    assert alert["state"] == "firing"
    assert alert["id"] in running.stage.posts("CRITICAL")[-1]
    assert {stream["fresh"] for stream in report["streams"]} == {True}


async def test_stale_data_exits_3(running: Running) -> None:
    running.stage.venue.set_price("BTCUSDT", CALM)
    await running.until_alert(None)
    running.stage.venue.faults.silence_marks = True
    await running.daemon.until_status(
        lambda report: not all(stream["fresh"] for stream in report["streams"]), "no stream grows old"
    )
    finished = await running.stage.command("status", "--exit-code")
    running.stage.venue.faults.silence_marks = False
    assert finished.exit_code == UNKNOWN_CODE, finished
    assert "Stale: mark prices of binance_usdm" in finished.output
    await running.until_alert(None)


async def test_only_the_owner_can_ask(running: Running) -> None:
    assert stat.S_IMODE(running.daemon.control_socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(running.daemon.control_socket.parent.stat().st_mode) == 0o700


async def test_an_unknown_request_is_answered_and_changes_nothing(running: Running) -> None:
    assert "unknown command" in (await running.daemon.ask('{"command": "close_position"}'))["error"]
    assert "not a JSON line" in (await running.daemon.ask("hello"))["error"]


async def test_without_a_daemon_it_says_so_and_exits_1_or_for_nagios_3(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels())
        finished = await stage.command("status")
        assert finished.exit_code == ExitCode.ERROR
        assert "no daemon answers at " in finished.errors
        assert "[LW-RUN-002]" in finished.errors
        assert "Traceback" not in finished.errors
        finished = await stage.command("status", "--exit-code")
        assert finished.exit_code == UNKNOWN_CODE
        assert finished.output.startswith("UNKNOWN: no daemon answers at ")
