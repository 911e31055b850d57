"""The daemon starts into trouble: it tells, runs as well as it can, and recovers by itself."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from liqwatch.errors import ExitCode
from liqwatch.model import Side
from liqwatch.testing.process import run_command
from liqwatch.testing.stage import DAEMON, Stage
from liqwatch.testing.venue import BinanceVenue, VenueAccount, VenuePosition

KEY, SECRET = "start-key", "start-secret"
NEAR = 84_000.0
POSITION = """\
symbol = "BTC/USDT:USDT"
side = "long"
contracts = 0.1
entry_price = 117000
leverage = 3
maintenance_margin_rate = "0.4%"
"""
QUICK_ACCOUNT = '[rules.data_staleness]\nmark_price = "2s"\naccount = "2s"\n'


def the_account() -> VenueAccount:
    position = VenuePosition(
        native_symbol="ETHUSDT", side=Side.LONG, contracts=1.0, entry_price=4_300.0, leverage=3, isolated_wallet=1_433.0
    )
    return VenueAccount(api_key=KEY, secret=SECRET, cross_wallets={"USDT": 100.0}, positions=[position])


async def test_a_damaged_database_is_kept_aside_told_once_and_the_watch_begins_anew(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", POSITION), stage.channels())
        state = stage.directory / "state"
        state.mkdir(mode=0o700)
        (state / "liqwatch.sqlite3").write_bytes(b"this was a database once" * 500)
        stage.venue.set_price("BTCUSDT", NEAR)
        async with stage.daemon() as daemon:
            (told,) = await stage.until_posted("WARNING", "alert history")
            assert "was damaged and has been begun anew; the old file is kept" in told
            await stage.until_posted("CRITICAL", "BTC")
            await stage.until_mailed("CRITICAL", "BTC")
            report = await daemon.until_status(lambda report: not report["outbox"]["pending"], "outbox not empty")
            assert {alert["rule"] for alert in report["alerts"]} == {"liquidation_distance"}
            await daemon.kill()
        assert (state / "liqwatch.sqlite3.corrupt-1").read_bytes().startswith(b"this was a database once")
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            await daemon.until(lambda: daemon.notices.count("WATCHDOG=1") >= 2, "the daemon has not looked twice")
        assert len(stage.posts("alert history")) == 1
        assert len(stage.posts("CRITICAL", "BTC")) == 1


async def test_a_venue_that_is_down_is_told_and_watched_as_soon_as_it_is_back(tmp_path: Path) -> None:
    async with Stage(tmp_path, [the_account()]) as stage:
        async with BinanceVenue() as gone:
            port = urlsplit(gone.rest_url).port or 0
            here = stage.venue
            stage.venue = gone
            accounts = stage.keyed("main", KEY, SECRET), stage.typed("paper", POSITION)
            stage.venue = here
        stage.write_config(*accounts, stage.channels(), staleness=QUICK_ACCOUNT)
        async with stage.daemon() as daemon:
            await stage.until_posted("mark prices of binance_usdm", "no data for")
            await stage.until_posted("positions of main", "no data for")
            report = await daemon.status()
            assert [position["symbol"] for position in report["positions"]] == ["BTC/USDT:USDT"]
            assert report["positions"][0]["unknown"]
            assert daemon.notices[-1].startswith("STATUS=in trouble: mark prices"), "the watchdog must not be fed"
            async with BinanceVenue(accounts=[the_account()], port=port, publish_every_seconds=0.1) as back:
                await daemon.until_ready()
                await stage.until_posted("RESOLVED", "mark prices of binance_usdm")
                await stage.until_posted("RESOLVED", "positions of main")
                back.set_price("BTCUSDT", NEAR)
                back.set_price("ETHUSDT", 3_050.0)
                await stage.until_posted("CRITICAL", "BTC")
                await stage.until_posted("CRITICAL", "ETH")
        assert "Traceback" not in daemon.log


async def test_a_start_while_the_venue_is_down_goes_by_the_contracts_of_last_time(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", POSITION), stage.channels())
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            await daemon.until_logged("instruments_loaded")
        stage.venue.faults.refuse_rest(503, {"code": -1008, "msg": "Server is currently overloaded."})
        async with stage.daemon() as daemon:
            await daemon.until_logged("listing_recalled")
            stage.venue.set_price("BTCUSDT", NEAR)
            (told,) = await stage.until_posted("CRITICAL", "BTC")
            assert "to liquidation" in told, "the stream alone is enough where the contracts are known"


async def test_a_key_that_may_move_money_is_not_used_and_the_rest_is_watched(tmp_path: Path) -> None:
    account = the_account()
    account.can_withdraw = True
    async with Stage(tmp_path, [account]) as stage:
        stage.write_config(stage.keyed("main", KEY, SECRET), stage.typed("paper", POSITION), stage.channels())
        async with stage.daemon() as daemon:
            (told,) = await stage.until_posted("CRITICAL", "account main")
            assert "this key may withdraw and is refused" in told
            await daemon.until_ready()
            stage.venue.set_price("BTCUSDT", NEAR)
            await stage.until_posted("CRITICAL", "BTC")
            assert stage.venue.rest_calls["GET /fapi/v3/positionRisk"] == 0


@pytest.mark.parametrize("wrong", ["right", "key"])
async def test_a_start_with_no_key_that_can_be_used_tells_it_and_exits_4(tmp_path: Path, wrong: str) -> None:
    account = the_account()
    account.can_withdraw = wrong == "right"
    async with Stage(tmp_path, [account]) as stage:
        stage.venue.faults.reject_keys = wrong == "key"
        stage.write_config(stage.keyed("main", KEY, SECRET), stage.channels())
        finished = await stage.command("run")
        assert finished.exit_code == ExitCode.CREDENTIALS
        assert "account main at binance_usdm" in finished.output + finished.errors
        assert len(stage.posts("CRITICAL", "account main")) == 1


async def test_a_control_socket_or_a_metrics_port_that_cannot_be_had_does_not_stop_the_watch(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        taken = f'runtime_directory = "{stage.config}"\nmetrics_listen = "127.0.0.1:{stage.webhook.port}"\n'
        stage.write_config(stage.typed("paper", POSITION), stage.channels(), daemon=f"{DAEMON}{taken}")
        stage.venue.set_price("BTCUSDT", NEAR)
        async with stage.daemon() as daemon:
            await stage.until_posted("CRITICAL", "BTC")
            (socket_event,) = daemon.events("control_socket_unusable")
            (metrics_event,) = daemon.events("metrics_not_served")
            assert "File exists" in socket_event["error"]
            assert "Address already in use" in metrics_event["error"]


async def test_a_state_directory_that_cannot_be_used_stops_the_start_with_one_clear_line(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.write_config(stage.typed("paper", POSITION), stage.channels())
        (stage.directory / "state").write_text("a file where the folder should be", encoding="utf-8")
        finished = await run_command("run", "--config", stage.config, directory=stage.directory)
    assert finished.exit_code == ExitCode.ERROR
    assert "[LW-STO-001]" in finished.errors
    assert "Traceback" not in finished.errors
