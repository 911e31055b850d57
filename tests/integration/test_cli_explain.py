"""`liqwatch explain` asks the running daemon for the arithmetic of one position."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from liqwatch.errors import ExitCode
from liqwatch.testing.process import Finished
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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with Stage(tmp_path_factory.mktemp("explain")) as stage:
        stage.write_config(stage.typed("paper", BITCOIN), stage.channels())
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            yield stage


async def explained(stage: Stage, *arguments: str) -> Finished:
    return await stage.command("explain", *arguments)


async def test_the_steps_are_shown_with_the_positions_own_numbers(stage: Stage) -> None:
    finished = await explained(stage, "paper", "BTC/USDT:USDT")
    assert finished.exit_code == ExitCode.OK, finished
    for words in ("0.1 * 1 * (P - 117,000)", "0.004 * 0.1 * P", "78,313.25301", "Binance FAQ", "maintenance on mark"):
        assert words in finished.output, words


async def test_the_venues_own_name_of_the_market_does_as_well(stage: Stage) -> None:
    finished = await explained(stage, "paper", "btcusdt", "--json")
    report = json.loads(finished.output)
    (position,) = report["positions"]
    assert report["account"] == "paper"
    assert position["liquidation_price"] == pytest.approx(11700 * 2 / 3 / (0.1 * 0.996))
    assert [step["title"] for step in position["steps"]][:2] == [
        "Wallet, without unrealised profit",
        "Profit of the long at P",
    ]


async def test_an_unknown_account_or_market_is_refused_with_the_known_ones(stage: Stage) -> None:
    for arguments, words in ((("nobody", "BTC/USDT:USDT"), "paper"), (("paper", "ETH/USDT:USDT"), "BTC/USDT:USDT")):
        finished = await explained(stage, *arguments)
        assert finished.exit_code == ExitCode.ERROR
        assert "LW-RUN-003" in finished.errors
        assert words in finished.errors
