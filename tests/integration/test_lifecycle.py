"""The life of the process: signals, reload, what the service manager hears, one daemon for one state directory."""

from __future__ import annotations

import signal
from pathlib import Path

from liqwatch.errors import ExitCode
from liqwatch.testing.process import DaemonProcess, VenueProcess
from liqwatch.testing.stage import DAEMON, Stage, alert_ids

STOPS_WITHIN_SECONDS = 10.0
"""What is promised to the service manager."""
BITCOIN = """\
symbol = "BTC/USDT:USDT"
side = "long"
contracts = 0.1
entry_price = 117000
leverage = 3
maintenance_margin_rate = "0.4%"
"""
ETHER = BITCOIN.replace("BTC", "ETH").replace("117000", "4300")
CALM, NEAR = 117_000.0, 84_000.0
VENUE = """\
[[accounts]]
api_key = "frozen-key"
secret = "frozen-secret"
cross_wallets = { USDT = 1000 }
"""
ON_VENUE = """\
[accounts.main]
exchange = "binance_usdm"
api_key = "frozen-key"
secret = "frozen-secret"
endpoints = {{ rest = "{rest}", websocket = "{websocket}" }}

[channels.console]
url = "console://"
"""


async def stopped(daemon: DaemonProcess) -> int:
    daemon.send(signal.SIGTERM)
    return await daemon.ended(within_seconds=STOPS_WITHIN_SECONDS)


async def test_the_service_manager_hears_the_whole_life(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels())
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            watching = "STATUS=watching 1 margin pools, 0 alerts burning"
            await daemon.until(lambda: watching in daemon.notices, "the status line does not say what is watched")
            stage.venue.faults.silence_marks = True
            await daemon.until_status(
                # Twice over the limit of two seconds: two turns at least in which the watchdog could be fed.
                lambda report: report["streams"][0]["age_seconds"] > 4.5,
                "the stream does not grow old",
            )
            stage.venue.faults.silence_marks = False
            await stage.until_posted("RESOLVED", "mark prices of binance_usdm")
            await daemon.until(lambda: daemon.notices[-1] == "WATCHDOG=1", "the watchdog is not fed again")
            assert await stopped(daemon) == ExitCode.OK

        (trouble,) = [at for at, notice in enumerate(daemon.notices) if notice.startswith("STATUS=in trouble: mark")]
        assert "WATCHDOG=1" in daemon.notices[:trouble]
        assert daemon.notices[trouble + 1].startswith("STATUS=watching 1 margin pools")
        assert daemon.notices[-1] == "STOPPING=1"


async def test_a_hanging_channel_does_not_hold_up_the_end_and_is_told_after_the_next_start(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels(timeout="60s"))
        stage.webhook.hang = True
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            stage.venue.set_price("BTCUSDT", NEAR)
            await stage.webhook.wait_for(1, timeout=30)
            assert await stopped(daemon) == ExitCode.OK
            assert "Traceback" not in daemon.log
        (mail,) = stage.mails()
        attempts = len(stage.posts())
        stage.webhook.hang = False
        async with stage.daemon() as daemon:
            await stage.until_posted("CRITICAL", count=attempts + 1)
        assert set(alert_ids(stage.posts())) == set(alert_ids([mail]))
        assert len(stage.mails()) == 1


async def test_a_frozen_venue_does_not_hold_up_the_end(tmp_path: Path) -> None:
    setup, config = tmp_path / "venue.toml", tmp_path / "config.toml"
    setup.write_text(VENUE, encoding="utf-8")
    config.touch(mode=0o600)
    async with VenueProcess(setup) as venue:
        config.write_text(DAEMON + ON_VENUE.format(rest=venue.rest_url, websocket=venue.websocket_url))
        async with DaemonProcess(config) as daemon:
            await daemon.until_ready()
            venue.freeze()
            assert await stopped(daemon) == ExitCode.OK
            assert "Traceback" not in daemon.log
        async with DaemonProcess(config) as daemon:
            await daemon.until_logged("leverage_brackets_recalled")
            assert await stopped(daemon) == ExitCode.OK
            assert "Traceback" not in daemon.log


async def test_a_reload_takes_over_what_is_new_and_keeps_what_burns(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels())
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            stage.venue.set_price("BTCUSDT", NEAR)
            await stage.until_posted("CRITICAL", "BTC")
            await stage.until_mailed("CRITICAL", "BTC")

            stage.write_config(stage.typed("paper", BITCOIN, ETHER), stage.channels())
            daemon.send(signal.SIGHUP)
            await daemon.until_logged("configuration_reloaded")
            await daemon.until_logged("ready", count=2)
            stage.venue.set_price("ETHUSDT", 3_000.0)
            await stage.until_posted("CRITICAL", "ETH")
            stage.venue.set_price("BTCUSDT", CALM)
            await stage.until_posted("RESOLVED", "BTC")
            assert "STOPPING=1" not in daemon.notices, "the service manager would take the reload for the end"
            assert await stopped(daemon) == ExitCode.OK
        assert len(stage.posts("BTC")) == 2
        assert len(set(alert_ids(stage.posts("BTC")))) == 1


async def test_a_bad_file_is_told_and_the_old_configuration_goes_on(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels())
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            stage.write_config(stage.typed("paper", BITCOIN.replace("0.1", "-0.1")), stage.channels())
            daemon.send(signal.SIGHUP)
            (told,) = await stage.until_posted("configuration config.toml")
            assert "must be greater than 0); the old one stays in force" in told
            assert told.startswith("🟡 WARNING")
            stage.venue.set_price("BTCUSDT", NEAR)
            await stage.until_posted("CRITICAL", "BTC")

            # A second mistake is told again: what belongs to the process as a whole waits for a restart.
            elsewhere = f'[daemon]\nstate_directory = "{tmp_path / "elsewhere"}"\n'
            stage.write_config(stage.typed("paper", BITCOIN), stage.channels(), daemon=elsewhere)
            daemon.send(signal.SIGHUP)
            (refused,) = await stage.until_posted("configuration config.toml", "WARNING", "restart the daemon")
            assert "changes daemon.state_directory" in refused
            stage.write_config(stage.typed("paper", BITCOIN, ETHER), stage.channels())
            daemon.send(signal.SIGHUP)
            await daemon.until_logged("configuration_reloaded")
            await daemon.until_logged("ready", count=2)
            report = await daemon.until_status(lambda report: len(report["positions"]) == 2, "ether is not watched")
            assert "config_rejected" not in {alert["rule"] for alert in report["alerts"]}


async def test_a_second_daemon_on_the_same_state_is_refused_and_leaves_the_first_alone(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels())
        async with stage.daemon() as first:
            await first.until_ready()
            async with stage.daemon() as second:
                assert await second.ended() == ExitCode.ERROR
            (line,) = [line for line in second.log.splitlines() if line.startswith("liqwatch: ")]
            assert "another liqwatch (process " in line
            assert "[LW-RUN-001]" in line
            assert "stop it, or set another daemon.state_directory" in line
            assert "Traceback" not in second.log
            assert len((await first.status())["positions"]) == 1
