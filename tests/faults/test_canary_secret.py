"""Secrets that are easy to recognise run through a daemon in trouble, and must not come out anywhere."""

from __future__ import annotations

import asyncio
import base64
import signal
from pathlib import Path

from liqwatch.errors import ExitCode
from liqwatch.model import Side
from liqwatch.testing.process import DaemonProcess
from liqwatch.testing.stage import Stage
from liqwatch.testing.venue import VenueAccount, VenuePosition

KEY = "canary0key0a8b7c6d5"
SECRET = "canary0secret0f1e2d3c4"
WEBHOOK_PASSWORD = "canary0webhook0password"
BOT_TOKEN = "987654321:AAcanary0bot0token0of0thirty0five"
MAIL_PASSWORD = "canary0mail0password"
CANARIES = (
    KEY,
    SECRET,
    WEBHOOK_PASSWORD,
    BOT_TOKEN,
    BOT_TOKEN.partition(":")[2],
    MAIL_PASSWORD,
    base64.b64encode(f"liqwatch:{WEBHOOK_PASSWORD}".encode()).decode(),
)
SECRETS_FILE = f"""\
[accounts.main]
api_key = "{KEY}"
[channels.webhook]
url = "json://liqwatch:{WEBHOOK_PASSWORD}@{{webhook}}/bot{BOT_TOKEN}/send?+X-Token={WEBHOOK_PASSWORD}"
[channels.mail]
url = "mailto://liqwatch:{MAIL_PASSWORD}@{{mail}}"
"""
CONFIG = """\
[accounts.main]
exchange = "binance_usdm"
{endpoints}

[[routes]]
min_severity = "notice"
channels = ["webhook", "mail"]
"""
ENVIRONMENT = {"LIQWATCH_ACCOUNTS__MAIN__SECRET": SECRET, "PYTHONASYNCIODEBUG": "1"}
OURS = {"config.toml", "secrets.toml"}


def the_account() -> VenueAccount:
    position = VenuePosition(
        native_symbol="BTCUSDT",
        side=Side.LONG,
        contracts=0.1,
        entry_price=117_000.0,
        leverage=3,
        isolated_wallet=3_900.0,
    )
    return VenueAccount(api_key=KEY, secret=SECRET, cross_wallets={"USDT": 100.0}, positions=[position])


def write_files(stage: Stage) -> None:
    stage.write_config(CONFIG.format(endpoints=stage.endpoints))
    secrets = stage.directory / "secrets.toml"
    secrets.touch(mode=0o600)
    webhook, mail = stage.webhook.url.removeprefix("json://"), stage.mail.url.removeprefix("mailto://")
    secrets.write_text(SECRETS_FILE.format(webhook=webhook.rstrip("/"), mail=mail), encoding="utf-8")


def where_canaries_stand(text: str, where: str, listen_key: str) -> list[str]:
    return [f"{canary} in {where}" for canary in (*CANARIES, listen_key) if canary in text]


def files_below(folder: Path) -> dict[str, str]:
    """What the daemon has written: its log, its output, its database with all companions."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in OURS]
    return {path.name: path.read_bytes().decode(errors="replace") for path in files}


async def suffer(stage: Stage, daemon: DaemonProcess) -> None:
    """Everything that makes the daemon, or a library under it, speak of requests, addresses and keys."""
    stage.venue.faults.refuse_rest(503, {"code": -1, "msg": f"no such key: {KEY} ({SECRET}), apiKey={KEY}"})
    stage.webhook.respond = 503
    stage.venue.set_price("BTCUSDT", 84_000.0)
    await daemon.until(lambda: bool(stage.posts("BTC")), "the web hook has not been tried")
    await daemon.until(lambda: bool(stage.posts("account main")), "the account's trouble has not been told")
    stage.venue.faults.drop_connections()
    await daemon.until_logged("mark_stream_down")
    await daemon.until_logged("user_stream_down")
    stage.venue.faults.serve_rest()
    stage.venue.faults.reject_keys = True
    await daemon.until(lambda: bool(stage.posts("CRITICAL", "account main")), "the refused key has not been told")
    with stage.config.open("a", encoding="utf-8") as config:
        config.write(f'\n[accounts.other]\nexchange = "{KEY}"\nsecret = "{SECRET}"\n')
    daemon.send(signal.SIGHUP)
    await daemon.until_logged("configuration_rejected")


async def test_no_secret_leaves_the_process_whatever_goes_wrong(tmp_path: Path) -> None:
    async with Stage(tmp_path, [the_account()]) as stage:
        write_files(stage)
        stage.mail.refuse_with = f"550 no such user, {MAIL_PASSWORD}"
        async with stage.daemon(ENVIRONMENT) as daemon:
            await daemon.until_ready()
            await daemon.until(lambda: stage.venue.account_streams() > 0, "no user-data stream is opened")
            listen_key = stage.venue._listen_keys.current(KEY)
            assert listen_key
            await suffer(stage, daemon)
            asked = await asyncio.gather(
                stage.command("status", environ=ENVIRONMENT),
                stage.command("status", "--json", environ=ENVIRONMENT),
                stage.command("check", environ=ENVIRONMENT),
            )
            write_files(stage)
            tried = await asyncio.gather(
                stage.command("check", "--online", environ=ENVIRONMENT),
                stage.command("notify-test", environ=ENVIRONMENT),
            )
            daemon.send(signal.SIGTERM)
            assert await daemon.ended() == ExitCode.OK

        spoken = [*asked, *tried]
        # The commands did meet the trouble that could have made them talk.
        assert [each.exit_code for each in spoken[2:]] == [
            ExitCode.CONFIG,
            ExitCode.CREDENTIALS,
            ExitCode.NOTIFICATION,
        ]
        texts = {"a message": "\n".join(stage.posts() + stage.mails())}
        texts |= {f"command {at}": each.output + each.errors for at, each in enumerate(spoken)}
        texts |= files_below(tmp_path)
        assert any("-wal" in name or name.endswith(".sqlite3") for name in texts)
        leaks = [leak for name, text in texts.items() for leak in where_canaries_stand(text, name, listen_key)]
        assert not leaks
        assert "***" in daemon.log
