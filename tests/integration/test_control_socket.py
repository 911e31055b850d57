from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from liqwatch.errors import DaemonUnreachable, RequestRefused
from liqwatch.faces.control import ControlServer, ask


async def status() -> dict[str, Any]:
    return {"schema": 1}


async def explain(account: str, symbol: str) -> dict[str, Any]:
    if account != "main":
        raise RequestRefused(f"no account {account!r}", mend="configured: main")
    return {"account": account, "symbol": symbol}


@pytest.fixture
async def socket_path(tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "control.sock"
    async with ControlServer(path, {"status": status, "explain": explain}):
        yield path


async def raw(path: Path, request: object) -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(json.dumps(request).encode() + b"\n")
    answer: dict[str, Any] = json.loads(await reader.readline())
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_command_without_arguments_is_answered(socket_path: Path) -> None:
    assert await asyncio.to_thread(ask, socket_path, "status") == {"schema": 1}


async def test_a_command_gets_its_arguments_by_name(socket_path: Path) -> None:
    arguments = {"symbol": "BTC/USDT:USDT", "account": "main"}
    assert await asyncio.to_thread(ask, socket_path, "explain", arguments) == arguments


async def test_what_the_daemon_refuses_is_told_with_its_mend(socket_path: Path) -> None:
    with pytest.raises(RequestRefused) as caught:
        await asyncio.to_thread(ask, socket_path, "explain", {"account": "x", "symbol": "y"})
    assert caught.value.message == "no account 'x'"
    assert caught.value.mend == "configured: main"


@pytest.mark.parametrize(
    "arguments",
    [None, {}, {"account": "main"}, {"account": "main", "symbol": 3}, {"account": "a", "symbol": "b", "more": "c"}, []],
)
async def test_wrong_arguments_are_refused_with_the_right_ones(socket_path: Path, arguments: object) -> None:
    answer = await raw(socket_path, {"command": "explain", "arguments": arguments})
    assert answer == {"error": "wrong arguments for explain; it takes: account, symbol"}


async def test_arguments_where_none_are_taken_are_refused(socket_path: Path) -> None:
    answer = await raw(socket_path, {"command": "status", "arguments": {"x": "y"}})
    assert answer == {"error": "wrong arguments for status; it takes: none"}


async def test_an_unknown_command_is_refused_with_the_known_ones(socket_path: Path) -> None:
    with pytest.raises(RequestRefused, match="explain, status"):
        await asyncio.to_thread(ask, socket_path, "trade")
    assert "error" in await raw(socket_path, ["status"])


async def test_nobody_at_the_socket_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(DaemonUnreachable):
        await asyncio.to_thread(ask, tmp_path / "control.sock", "status")
