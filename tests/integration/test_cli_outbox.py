"""`liqwatch outbox` beside a running daemon, and over what the last one has written down."""

from __future__ import annotations

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

POSITION = """\
symbol = "BTC/USDT:USDT"
side = "long"
contracts = 0.1
entry_price = 117000
leverage = 3
maintenance_margin_rate = "0.4%"
"""
CRITICAL = 84_000.0
NO_PERMISSION, WELL = 404, 200
NAGIOS_CRITICAL = 2


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A daemon whose web hook refuses everything for good; the mail box stands in."""
    async with Stage(tmp_path_factory.mktemp("outbox")) as stage:
        await crashed(stage)
        async with stage.daemon() as daemon:
            await until_given_up(stage, daemon)
            yield stage


async def crashed(stage: Stage) -> None:
    stage.write_config(stage.typed("paper", POSITION), stage.channels())
    stage.webhook.respond = NO_PERMISSION


async def until_given_up(stage: Stage, daemon: DaemonProcess) -> None:
    await daemon.until_ready()
    stage.venue.set_price("BTCUSDT", CRITICAL)
    await daemon.until_status(lambda report: report["nagios"] == NAGIOS_CRITICAL, "no critical alert burns")
    await daemon.until_status(lambda report: report["outbox"]["dead"] and report["outbox"]["sent"], "nothing given up")


async def run(stage: Stage, *arguments: str) -> Finished:
    return await stage.command("outbox", *arguments)


async def messages(stage: Stage, *arguments: str) -> list[dict[str, Any]]:
    finished = await run(stage, "list", *arguments, "--json")
    assert finished.exit_code == ExitCode.OK, finished
    found: list[dict[str, Any]] = json.loads(finished.output)["messages"]
    return found


async def test_every_message_is_listed_with_what_became_of_it(stage: Stage) -> None:
    found = await messages(stage)
    assert {(each["channel"], each["status"]) for each in found} >= {("webhook", "dead"), ("mail", "sent")}
    assert [each["row"] for each in found] == sorted((each["row"] for each in found), reverse=True)
    finished = await run(stage, "list")
    assert finished.exit_code == ExitCode.OK
    for words in ("webhook", "dead", "HTTP 404", "mail", "sent"):
        assert words in finished.output, words


async def test_one_status_is_listed_alone_and_an_unknown_one_refused(stage: Stage) -> None:
    assert {each["status"] for each in await messages(stage, "--status", "dead")} == {"dead"}
    finished = await run(stage, "list", "--status", "lost")
    assert finished.exit_code == ExitCode.ERROR
    assert "superseded" in finished.errors


async def test_a_message_that_was_given_up_is_tried_again_at_once(stage: Stage) -> None:
    dead = (await messages(stage, "--status", "dead"))[-1]
    received = len(stage.webhook.received)
    stage.webhook.respond = WELL
    finished = await run(stage, "retry", str(dead["row"]))
    assert finished.exit_code == ExitCode.OK, finished
    assert finished.output == f"Message {dead['row']} is tried again now.\n"
    await stage._until(lambda: len(stage.webhook.received) > received, "the web hook has got nothing")
    stage.webhook.respond = NO_PERMISSION


async def test_a_message_is_given_up_by_hand(stage: Stage) -> None:
    dead = (await messages(stage, "--status", "dead"))[0]
    finished = await run(stage, "discard", str(dead["row"]))
    assert finished.exit_code == ExitCode.OK, finished
    assert dead["row"] in {each["row"] for each in await messages(stage, "--status", "discarded")}
    again = await run(stage, "discard", str(dead["row"]))
    assert again.exit_code == ExitCode.ERROR
    assert "[LW-RUN-003]" in again.errors


@pytest.mark.parametrize("command", ["retry", "discard"])
async def test_a_row_that_is_not_there_is_refused(stage: Stage, command: str) -> None:
    finished = await run(stage, command, "999999")
    assert finished.exit_code == ExitCode.ERROR
    assert "no such message: 999999" in finished.errors


async def test_without_a_daemon_the_last_ones_outbox_can_be_read_and_not_be_changed(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await crashed(stage)
        async with stage.daemon() as daemon:
            await until_given_up(stage, daemon)
            await daemon.kill()
        found = await messages(stage, "--status", "dead")
        assert {each["channel"] for each in found} == {"webhook"}
        finished = await run(stage, "retry", str(found[0]["row"]))
        assert finished.exit_code == ExitCode.ERROR
        assert "[LW-RUN-002]" in finished.errors
