"""When a channel or the disk fails, people are told all the same, and are told of the failure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from liqwatch.testing.chosen_rules import only
from liqwatch.testing.process import DaemonProcess
from liqwatch.testing.stage import Stage, alert_ids

POSITION = """\
symbol = "BTC/USDT:USDT"
side = "long"
contracts = 0.1
entry_price = 117000
leverage = 3
maintenance_margin_rate = "0.4%"
"""
CALM, NEAR = 117_000.0, 84_000.0
ONLY_THE_WEBHOOK = '[[routes]]\nmin_severity = "notice"\nchannels = ["webhook"]\n'
ONE_RULE = only({"liquidation_distance", "data_staleness"})
NOT_AGAIN = '[rules.liquidation_distance]\nrepeat_every = { critical = "never" }\n'


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path) as stage:
        yield stage


async def started(stage: Stage, daemon: DaemonProcess) -> None:
    await daemon.until_ready()
    await daemon.until_status(lambda report: report["nagios"] == 0, "the daemon does not begin in peace")


@pytest.mark.parametrize("status", [404, 503], ids=["a channel that is dead", "a channel that is unwell"])
async def test_another_channel_stands_in_and_the_failure_is_told(stage: Stage, status: int) -> None:
    channels = stage.channels().partition("[[routes]]")[0]
    stage.write_config(stage.typed("paper", POSITION), channels, ONLY_THE_WEBHOOK, rules=ONE_RULE)
    stage.webhook.respond = status
    async with stage.daemon() as daemon:
        await started(stage, daemon)
        stage.venue.set_price("BTCUSDT", NEAR)
        (stand_in,) = await stage.until_mailed("CRITICAL", "BTC")
        (failure,) = await stage.until_mailed("CRITICAL", "channel webhook")
        assert f"does not take messages: JSON: HTTP {status}" in failure
        assert alert_ids([stand_in]) == alert_ids(stage.posts("BTC")[:1])


async def test_a_dead_channel_that_comes_back_is_told_and_used_again(stage: Stage) -> None:
    channels = stage.channels().partition("[[routes]]")[0]
    stage.write_config(stage.typed("paper", POSITION), channels, ONLY_THE_WEBHOOK, rules=ONE_RULE)
    stage.webhook.respond = 404
    async with stage.daemon() as daemon:
        await started(stage, daemon)
        stage.venue.set_price("BTCUSDT", NEAR)
        await stage.until_mailed("CRITICAL", "channel webhook")

        stage.webhook.respond = 200
        stage.venue.set_price("BTCUSDT", CALM)
        await stage.until_posted("RESOLVED", "BTC")
        await stage.until_posted("RESOLVED", "channel webhook", "delivers again")
        await daemon.until_status(lambda report: not report["outbox"]["pending"], "the outbox does not empty")
        assert len(stage.mails("BTC")) == 1


async def test_a_hanging_channel_does_not_delay_the_other(stage: Stage) -> None:
    stage.write_config(stage.typed("paper", POSITION), stage.channels(timeout="60s"), rules=ONE_RULE)
    stage.webhook.hang = True
    async with stage.daemon() as daemon:
        await started(stage, daemon)
        for price, word in ((NEAR, "CRITICAL"), (CALM, "RESOLVED"), (NEAR, "CRITICAL"), (CALM, "RESOLVED")):
            earlier = len(stage.mails(word))
            stage.venue.set_price("BTCUSDT", price)
            await stage.until_mailed(word, count=earlier + 1)
        assert len(set(alert_ids(stage.mails()))) == 2


async def test_on_a_full_disk_messages_go_out_unsaved_and_the_trouble_is_told(stage: Stage) -> None:
    stage.write_config(stage.typed("paper", POSITION), stage.channels(), NOT_AGAIN, rules=ONE_RULE)
    async with stage.daemon() as daemon:
        await started(stage, daemon)
        log_of_changes = stage.directory / "state" / "liqwatch.sqlite3-wal"
        daemon.limit_files(log_of_changes.stat().st_size)
        stage.venue.set_price("BTCUSDT", NEAR)
        (told,) = await stage.until_posted("CRITICAL", "BTC")
        await stage.until_mailed("CRITICAL", "BTC")
        await stage.until_posted("CRITICAL", "state on disk", "cannot be written")
        await daemon.until(lambda: daemon.notices[-1] == "STATUS=in trouble: the store", "the supervisor is not told")
        await daemon.until_logged("store_failing")

        daemon.limit_files(None)
        await stage.until_posted("RESOLVED", "state on disk", "can be written again")
        await daemon.until_status(lambda report: not report["outbox"]["pending"], "the outbox does not empty")
        await daemon.kill()
    assert len(stage.posts("BTC")) == len(stage.mails("BTC")) == 1

    # What was told unsaved has been written since: a new life neither repeats nor forgets it.
    async with stage.daemon() as daemon:
        await daemon.until_ready()
        stage.venue.set_price("BTCUSDT", CALM)
        (over,) = await stage.until_posted("RESOLVED", "BTC")
        assert alert_ids([over]) == alert_ids([told])
        assert len(stage.posts("BTC")) == 2
