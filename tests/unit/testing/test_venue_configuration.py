"""The simulator's set-up file, and the simulator started as a program."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from liqwatch.errors import ConfigError
from liqwatch.model import MarginMode, Side
from liqwatch.testing.venue.__main__ import main
from liqwatch.testing.venue.configuration import read_setup

SETUP = """
[prices]
BTCUSDT = 100_000

[[accounts]]
api_key = "file-key"
is_hedge_mode = true
cross_wallets = { USDT = 1000.0 }

[[accounts.positions]]
native_symbol = "BTCUSDT"
side = "short"
contracts = 0.1
entry_price = 101_000.0
isolated_wallet = 1200.0
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "venue.toml"
    path.write_text(text)
    return path


def test_prices_accounts_and_positions_are_read(tmp_path: Path) -> None:
    setup = read_setup(written(tmp_path, SETUP))
    (account,) = setup.accounts
    (position,) = account.positions
    assert setup.markets[0].mark_price == 100_000
    assert account.is_hedge_mode
    assert (position.side, position.margin_mode) == (Side.SHORT, MarginMode.ISOLATED)


@pytest.mark.parametrize(
    "text",
    ["not toml", "[prices]\nNOSUCH = 1", "[[accounts]]\nkey = 1", '[[accounts]]\napi_key="k"\npositions=[{side="up"}]'],
)
def test_a_file_of_another_shape_is_refused_with_a_reason(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_setup(path)
    assert caught.value.problems[0].message.startswith("not a simulator set-up: ")
    assert main(["--config", str(path)]) == 3
    assert "LW-CFG-001" in capsys.readouterr().err


def test_a_port_in_use_ends_the_program_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    assert f"cannot listen on port {port}" in capsys.readouterr().err


async def test_the_program_prints_its_urls_answers_and_ends_on_sigterm(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "liqwatch.testing.venue", "--config", str(written(tmp_path, SETUP))),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    name, rest_url = (await process.stdout.readline()).decode().split()
    assert name == "rest"
    assert (await process.stdout.readline()).startswith(b"websocket ws://127.0.0.1:")
    async with aiohttp.ClientSession(rest_url) as session:
        premium = await (await session.get("/fapi/v1/premiumIndex?symbol=BTCUSDT")).json()
    assert premium["markPrice"] == "100000.00000000"
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
