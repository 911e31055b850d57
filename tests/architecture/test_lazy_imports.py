"""Heavy libraries are loaded by those who need them: seen in processes of their own, by what was imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONSOLE = "console://"
POSITION = """
[[accounts.paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
contracts = 1
entry_price = 60000
leverage = 10
"""
KEY = 'api_key = "canary-key-4711"\nsecret = "canary-secret-4711"'
START = """
import asyncio, sys
from pathlib import Path
from liqwatch.bootstrap.parts import Remembered, World, wire
from liqwatch.bootstrap.archive import DATABASE_NAME
from liqwatch.clock import SystemClock
from liqwatch.config import load_settings
from liqwatch.exchanges import known_exchanges
from liqwatch.faces.metrics import PrometheusTelemetry
from liqwatch.faces.systemd import service_manager
from liqwatch.stores.sqlite import SqliteStore

async def start(config):
    settings = load_settings(config, environ={}, known_exchanges=known_exchanges()).settings
    store = SqliteStore(settings.daemon.state_directory / DATABASE_NAME)
    world = World(store=store, service=service_manager({}), clock=SystemClock(), telemetry=PrometheusTelemetry())
    wired = wire(settings, world, Remembered())
    await wired.parts.dispatcher.prepare()
    await wired.close()

asyncio.run(start(Path(sys.argv[1])))
"""
"""Everything up to the first dial: configuration, wiring, channels made ready."""


def imported_by(*arguments: str | Path) -> set[str]:
    """Top-level names of every module that a Python process imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *map(str, arguments)], capture_output=True, text=True, check=True
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def written_config(directory: Path, account: str, url: str) -> Path:
    config = directory / "config.toml"
    config.touch(mode=0o600)
    config.write_text(
        f'[daemon]\nstate_directory = "{directory / "state"}"\n'
        f'[accounts.paper]\nexchange = "binance_usdm"\n{account}\n'
        f'[channels.phone]\nurl = "{url}"\n',
        encoding="utf-8",
    )
    return config


@pytest.mark.parametrize("account", [POSITION, KEY], ids=["typed positions", "a key"])
def test_a_start_with_the_console_as_channel_loads_neither_ccxt_nor_apprise(tmp_path: Path, account: str) -> None:
    imported = imported_by("-c", START, written_config(tmp_path, account, CONSOLE))
    assert "websockets" in imported
    assert imported.isdisjoint({"ccxt", "apprise", "aiohttp", "apscheduler", "typer"})


def test_apprise_comes_with_the_first_channel_that_needs_it(tmp_path: Path) -> None:
    imported = imported_by("-c", START, written_config(tmp_path, POSITION, "json://127.0.0.1:1/"))
    assert "apprise" in imported
    assert "ccxt" not in imported


def test_help_loads_no_library_but_that_of_the_command_line() -> None:
    imported = imported_by("-m", "liqwatch", "--help")
    assert "typer" in imported
    heavy = {"pydantic", "ccxt", "apprise", "websockets", "structlog", "prometheus_client", "rich", "asyncio"}
    assert imported.isdisjoint(heavy)


def test_check_asks_no_exchange_library(tmp_path: Path) -> None:
    imported = imported_by("-m", "liqwatch", "check", "--config", written_config(tmp_path, POSITION, CONSOLE))
    assert "pydantic" in imported
    assert imported.isdisjoint({"ccxt", "apprise", "aiohttp", "apscheduler"})
