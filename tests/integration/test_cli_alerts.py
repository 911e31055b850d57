"""`liqwatch alerts` beside a running daemon, and over what the last one has written down."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from liqwatch.errors import ExitCode
from liqwatch.testing.process import DaemonProcess, Finished
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
CRITICAL = 84_000.0
ANNA = {"LOGNAME": "anna"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A daemon that has just told of a critical alert."""
    async with Stage(tmp_path_factory.mktemp("alerts")) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels())
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            stage.venue.set_price("BTCUSDT", CRITICAL)
            await daemon.until_status(lambda report: report["nagios"] == 2, "no critical alert burns")
            await stage.until_posted("CRITICAL", "BTC")
            yield stage


async def run(stage: Stage, *arguments: str) -> Finished:
    return await stage.command("alerts", *arguments, environ=ANNA)


async def answered(stage: Stage, *arguments: str) -> dict[str, Any]:
    """The JSON report of a command that succeeds."""
    finished = await run(stage, *arguments, "--json")
    assert finished.exit_code == ExitCode.OK, finished
    report: dict[str, Any] = json.loads(finished.output)
    return report


async def asked(stage: Stage) -> dict[str, Any]:
    """What `list` would show, straight from the daemon's socket: no process is started for it."""
    return await DaemonProcess(stage.config).ask('{"command": "alerts"}')


async def the_alert(stage: Stage, report: dict[str, Any] | None = None) -> dict[str, Any]:
    report = report or await asked(stage)
    (alert,) = [each for each in report["alerts"] if each["rule"] == "liquidation_distance"]
    return dict(alert)


async def snoozed_by_anna(stage: Stage) -> str:
    """The id of the alert, which she has snoozed: no test relies on another one having done so."""
    alert_id = (await the_alert(stage))["id"]
    arguments = {"id": alert_id, "answer": "snooze", "minutes": "60", "who": "anna"}
    reply = await DaemonProcess(stage.config).ask(json.dumps({"command": "answer", "arguments": arguments}))
    assert "error" not in reply, reply
    return str(alert_id)


async def test_what_burns_is_listed_as_text_and_as_json(stage: Stage) -> None:
    alert = await the_alert(stage, await answered(stage, "list"))
    assert (alert["severity"], alert["told"], alert["answer"]) == ("critical", "critical", None)
    assert alert["subject"] == "BTC/USDT:USDT long"
    assert alert["headline"] == "6.8% to liquidation"
    assert alert["reading"] == pytest.approx(0.0677, abs=1e-4)
    finished = await run(stage, "list")
    assert finished.exit_code == ExitCode.OK
    for words in (alert["id"], "critical", "BTC/USDT:USDT long", "6.8% to liquidation"):
        assert words in finished.output


async def test_an_alert_is_acknowledged_once_by_the_one_who_is_logged_in(stage: Stage) -> None:
    alert_id = (await the_alert(stage))["id"]
    finished = await run(stage, "ack", alert_id)
    assert finished.exit_code == ExitCode.OK, finished
    assert finished.output.startswith("Acknowledged by anna at ")
    alert = await the_alert(stage)
    assert (alert["answer"], alert["answered_by"]) == ("ack", "anna")
    again = await run(stage, "ack", alert_id)
    assert again.exit_code == ExitCode.ERROR
    assert "Acknowledged by anna" in again.errors
    assert "[LW-RUN-003]" in again.errors


async def test_a_critical_alert_is_snoozed_for_an_hour_at_most(stage: Stage) -> None:
    alert_id = (await the_alert(stage))["id"]
    report = await answered(stage, "snooze", alert_id, "--for", "4h")
    assert "A critical alert is snoozed for 1 h at most." in report["text"]
    assert (await the_alert(stage))["answer"] == "snooze"


async def test_an_unknown_alert_is_refused_with_those_that_burn(stage: Stage) -> None:
    alert_id = (await the_alert(stage))["id"]
    commands = ("ack", "nobody"), ("show", "nobody"), ("snooze", "nobody", "--for", "1h")
    for finished in await asyncio.gather(*(run(stage, *command) for command in commands)):
        assert finished.exit_code == ExitCode.ERROR
        assert alert_id in finished.errors


async def test_a_silence_is_announced_listed_and_ended(stage: Stage) -> None:
    report = await answered(stage, "silence", "--for", "2h", "--subject", "ETH/*", "--comment", "moving house")
    assert "Critical alerts and worse are held back for an hour at most." in report["text"]
    (post,) = await stage.until_posted("Silence until", "ETH/*")
    assert "anna" in post
    assert "moving house" in post
    (silence,) = (await answered(stage, "list"))["silences"]
    assert (silence["by"], silence["subject"], silence["comment"]) == ("anna", "ETH/*", "moving house")
    assert silence["id"] in (await run(stage, "list")).output
    assert "ended by anna" in (await answered(stage, "unsilence", silence["id"]))["text"]
    await stage.until_posted("Silence over", "ETH/*")
    assert (await asked(stage))["silences"] == []
    assert (await run(stage, "unsilence", silence["id"])).exit_code == ExitCode.ERROR


async def test_one_alert_is_shown_with_its_figures_and_all_that_has_happened_to_it(stage: Stage) -> None:
    alert_id = await snoozed_by_anna(stage)
    report = await answered(stage, "show", alert_id)
    kinds = {event["kind"] for event in report["events"]}
    assert {"transition", "message", "attempt", "answer"} <= kinds
    assert {event["channel"] for event in report["events"] if event["kind"] == "attempt"} == {"webhook", "mail"}
    finished = await run(stage, "show", alert_id)
    for words in ("Mark 84,000", "liquidation 78,313", "Snoozed by anna", "History", "webhook", "attempt 1"):
        assert words in finished.output, words


async def test_the_history_is_exported_while_the_daemon_runs(stage: Stage) -> None:
    await snoozed_by_anna(stage)
    lines = (await run(stage, "export", "--format", "jsonl")).output.splitlines()
    events = [json.loads(line) for line in lines]
    assert {event["who"] for event in events if event["kind"] == "answer"} == {"anna"}
    assert events[0]["at"].endswith("+00:00")
    rows = list(csv.DictReader(io.StringIO((await run(stage, "export", "--since", "1h")).output)))
    assert list(rows[0]) == list(events[0])
    assert [row["kind"] for row in rows[: len(events)]] == [event["kind"] for event in events]
    assert (await run(stage, "export", "--since", "2100-01-01", "--json")).output == ""


async def test_without_a_daemon_the_last_ones_state_can_be_read_and_not_be_changed(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels())
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            stage.venue.set_price("BTCUSDT", CRITICAL)
            await stage.until_posted("CRITICAL", "BTC")
            await daemon.kill()
        state = {path.name: path.read_bytes() for path in (tmp_path / "state").iterdir() if path.is_file()}

        finished, listed = await asyncio.gather(run(stage, "list"), answered(stage, "list"))
        assert finished.exit_code == ExitCode.OK, finished
        assert "critical" in finished.output
        assert "no daemon answers" in finished.errors
        alert_id = (await the_alert(stage, listed))["id"]
        shown, exported, refused = await asyncio.gather(
            answered(stage, "show", alert_id), run(stage, "export"), run(stage, "ack", alert_id)
        )
        assert [event["kind"] for event in shown["events"]]
        assert "transition" in exported.output
        assert refused.exit_code == ExitCode.ERROR
        assert "[LW-RUN-002]" in refused.errors
        assert state == {path.name: path.read_bytes() for path in (tmp_path / "state").iterdir() if path.is_file()}
        async with stage.daemon() as another:
            await another.until_ready()


async def test_where_nothing_has_been_written_down_that_is_said(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels())
        for finished in await asyncio.gather(run(stage, "list"), run(stage, "export")):
            assert finished.exit_code == ExitCode.ERROR
            assert "nothing has been written down yet" in finished.errors
            assert "[LW-STO-001]" in finished.errors
        assert not (tmp_path / "state").exists()


async def test_a_damaged_state_is_told_and_left_for_the_daemon(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels())
        state = tmp_path / "state"
        state.mkdir(mode=0o700)
        (state / "liqwatch.sqlite3").write_bytes(b"no database" * 1000)
        finished = await run(stage, "list")
        assert finished.exit_code == ExitCode.ERROR
        assert "the state file is damaged" in finished.errors
        assert [path.name for path in state.iterdir()] == ["liqwatch.sqlite3"]


async def test_a_named_socket_that_nobody_answers_is_not_replaced_by_the_state(stage: Stage, tmp_path: Path) -> None:
    finished = await run(stage, "list", "--socket", str(tmp_path / "nobody.sock"))
    assert finished.exit_code == ExitCode.ERROR
    assert "[LW-RUN-002]" in finished.errors


async def test_the_daemon_keeps_its_own_limits_whatever_is_asked(stage: Stage) -> None:
    daemon = DaemonProcess(stage.config)
    asked = {
        '{"command": "history", "arguments": {"since": "", "alert": "", "limit": "99999999"}}': "limit",
        '{"command": "history", "arguments": {"since": "yesterday", "alert": "", "limit": ""}}': "since",
        '{"command": "answer", "arguments": {"id": "x", "answer": "sell", "minutes": "", "who": "a"}}': "no answer",
        '{"command": "unsilence", "arguments": {"id": "s", "who": "a"}}': "No silence",
    }
    for line, words in asked.items():
        assert words in (await daemon.ask(line))["error"]
