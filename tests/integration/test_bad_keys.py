"""A key that is wrong, at every venue: said at once, with account and venue, and with the exit code of credentials."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from liqwatch.errors import ExitCode
from liqwatch.exchanges import load_exchange
from liqwatch.testing.process import Finished
from liqwatch.testing.venue.wires import known_wires
from liqwatch.testing.venue_stage import VenueStage

SECRET = "c2VjcmV0LXRoYXQtaXMtbm90LXRoZS1yaWdodC1vbmU="
"""Base64, as some venues demand of a secret."""
AT_A_TIME = 3


def key_of(exchange: str) -> dict[str, str]:
    """Every part of a key, all of it unknown to the venue."""
    parts = {
        "api_key": "an-unknown-key-0123456789",
        "secret": SECRET,
        "passphrase": "not-the-passphrase",
        "wallet_address": "0xnot-an-address",
    }
    return {name: parts[name] for name in load_exchange(exchange).required_credentials}


async def checked(exchange: str, folder: Path, gate: asyncio.Semaphore) -> Finished:
    """What `check --online` says of such a key."""
    async with gate, VenueStage(exchange, folder) as stage:
        stage.write_config(stage.keyed("main", **key_of(exchange)))
        return await stage.command("check", "--online")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def checks(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[str, asyncio.Task[Finished]]]:
    """Every venue is asked, a few at a time: most of it is waiting for processes to start."""
    gate = asyncio.Semaphore(AT_A_TIME)
    async with asyncio.TaskGroup() as tasks:
        yield {
            exchange: tasks.create_task(checked(exchange, tmp_path_factory.mktemp(exchange), gate))
            for exchange in known_wires()
        }


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("exchange", known_wires())
async def test_check_online_names_the_account_and_exits_4(
    exchange: str, checks: Mapping[str, asyncio.Task[Finished]]
) -> None:
    finished = await checks[exchange]
    output = finished.output + finished.errors
    assert finished.exit_code == ExitCode.CREDENTIALS, output
    assert "accounts.main" in output
    assert SECRET not in output


@pytest.mark.parametrize("exchange", ["gate", "okx", "hyperliquid"])
async def test_a_start_with_that_key_alone_ends_with_account_and_venue_named(exchange: str, tmp_path: Path) -> None:
    async with VenueStage(exchange, tmp_path) as stage:
        stage.write_config(stage.keyed("main", **key_of(exchange)))
        finished = await stage.command("run")
        output = finished.output + finished.errors
        assert finished.exit_code == ExitCode.CREDENTIALS, output
        assert f"account main at {exchange}" in output
        assert stage.posts("CRITICAL", "account main")
        assert SECRET not in output


async def test_a_key_without_its_passphrase_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    async with VenueStage("okx", tmp_path) as stage:
        stage.write_config(stage.keyed("main", api_key="k", secret=SECRET))
        finished = await stage.command("check")
        assert finished.exit_code == ExitCode.CREDENTIALS
        assert "accounts.main.passphrase" in finished.output + finished.errors
        assert not stage.venue.rest_calls


async def test_a_region_that_the_venue_does_not_have_is_refused_with_those_it_has(tmp_path: Path) -> None:
    async with VenueStage("bybit", tmp_path) as stage:
        account = '[accounts.main]\nexchange = "bybit"\napi_key = "k"\nsecret = "s"\nregion = "moon"\n'
        stage.write_config(account)
        finished = await stage.command("run")
        assert finished.exit_code == ExitCode.EXCHANGE
        assert "no region 'moon'; known:" in finished.output + finished.errors
