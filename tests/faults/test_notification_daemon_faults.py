"""The daemon when channels go: no message is lost with its channel, a reload hands everything over, and when nobody can
be told at all, somebody outside is."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from liqwatch.testing.chosen_rules import only
from liqwatch.testing.sinks import HttpSink
from liqwatch.testing.stage import Stage
from liqwatch.testing.telegram_faults import HANG
from liqwatch.testing.telegram_server import TelegramServer
from liqwatch.testing.telegram_stage import ANNA, CHAT

POSITION = """\
symbol = "BTC/USDT:USDT"
side = "long"
contracts = 0.1
entry_price = 117000
leverage = 3
maintenance_margin_rate = "0.4%"
"""
NEAR = 84_000.0
ONE_RULE = only({"liquidation_distance", "data_staleness"})


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path) as stage:
        yield stage


def chat_on(server: TelegramServer) -> str:
    return (
        f'[channels.chat]\nurl = "tgram://{server.token}/{CHAT}"\napi_url = "{server.url}"\n'
        f'allowed_users = [{CHAT}]\ntimeout = "60s"\ncharts = false\n'
    )


async def write_config(stage: Stage, channels: str) -> None:
    stage.write_config(stage.typed("paper", POSITION), channels, rules=ONE_RULE)


async def test_what_waits_for_a_channel_that_was_renamed_is_told_by_the_new_one(stage: Stage) -> None:
    await write_config(stage, f'[channels.hook]\nurl = "{stage.webhook.url}"\n')
    stage.webhook.respond = 503
    async with stage.daemon() as daemon:
        await daemon.until_ready()
        stage.venue.set_price("BTCUSDT", NEAR)
        await stage.until_posted("CRITICAL", "BTC")
        await write_config(stage, f'[channels.letters]\nurl = "{stage.mail.url}"\n')
        daemon.send(signal.SIGHUP)
        await daemon.until_logged("configuration_reloaded")
        await stage.until_mailed("CRITICAL", "BTC")
        await daemon.until_status(lambda report: not report["outbox"]["pending"], "something waits for ever")
        listed = await stage.command("outbox", "list", "--status", "dead")
        assert "no longer configured" in " ".join(listed.output.split())


async def test_what_was_under_way_at_a_reload_is_tried_again_at_once(stage: Stage) -> None:
    async with TelegramServer() as server:
        server.add_chat(CHAT)
        server.script("sendMessage", HANG)
        await write_config(stage, chat_on(server))
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            stage.venue.set_price("BTCUSDT", NEAR)
            await server.until(lambda: server.called("sendMessage"), timeout=20)
            daemon.send(signal.SIGHUP)
            await server.until(lambda: server.messages, timeout=30)
            assert "Perhaps a repeat" in server.messages[0].text


async def test_a_channel_that_cannot_be_opened_leaves_the_old_configuration_in_force(stage: Stage) -> None:
    await write_config(stage, stage.channels())
    async with stage.daemon() as daemon:
        await daemon.until_ready()
        await write_config(stage, '[channels.chat]\nurl = "tgram://no-token-at-all/42"\n')
        daemon.send(signal.SIGHUP)
        (told,) = await stage.until_posted("configuration config.toml")
        assert "no bot token" in told
        assert "no-token-at-all" not in told
        stage.venue.set_price("BTCUSDT", NEAR)
        await stage.until_posted("CRITICAL", "BTC")


async def test_a_telegram_chat_goes_on_hearing_people_after_a_reload(stage: Stage) -> None:
    async with TelegramServer() as server:
        server.add_chat(CHAT)
        await write_config(stage, chat_on(server))
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            await server.until(lambda: server.called("getUpdates"), timeout=20)
            daemon.send(signal.SIGHUP)
            await daemon.until_logged("ready", count=2)
            await server.say("/status", user=ANNA, chat=CHAT)
            await server.until(lambda: any("liqwatch at" in each.text for each in server.messages), timeout=20)


async def test_when_every_channel_is_dead_the_heartbeat_says_so_outside(stage: Stage) -> None:
    async with HttpSink() as outside:
        url = f"http://127.0.0.1:{outside.port}/ping"
        heartbeat = f'[heartbeat]\nurl = "{url}"\nevery = "1s"\n'
        await write_config(stage, heartbeat + stage.channels())
        stage.webhook.respond, stage.mail.refuse_with = 404, "550 no such user"
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            stage.venue.set_price("BTCUSDT", NEAR)
            await daemon.until(lambda: "/ping/fail" in outside.paths, "nobody outside is told")
            (trouble,) = [each for each in outside.received if each.get("text", "").startswith("every")]
            assert trouble["text"] == "every channel"
