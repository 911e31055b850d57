"""What comes through the control socket is judged with doubt: nothing there ends the daemon, or holds it up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from liqwatch.faces import control
from liqwatch.faces.control import LONGEST_REQUEST_BYTES, ControlServer


async def fine() -> dict[str, Any]:
    return {"text": "fine"}


async def huge() -> dict[str, Any]:
    return {"text": "x" * 20_000_000}


async def broken() -> dict[str, Any]:
    raise ZeroDivisionError("canary-secret")


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "control.sock"
    async with ControlServer(path, {"fine": fine, "huge": huge, "broken": broken}):
        yield path


async def answer_to(path: Path, line: bytes) -> dict[str, Any] | None:
    """What is answered to a line; None where the connection ends without an answer."""
    reader, writer = await asyncio.open_unix_connection(path, limit=2**25)
    try:
        writer.write(line)
        await writer.drain()
        answer = await reader.readline()
    except ConnectionError:
        return None
    finally:
        writer.close()
    found: dict[str, Any] | None = json.loads(answer or b"null")
    return found


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 60_000 + b"\n",
        b"\xff\xfe\n",
        b"{\n",
        b"\n",
        b'{"command": "fine", "arguments": [1]}\n',
        b'{"command": ["fine"]}\n',
        b'"fine"\n',
    ],
)
async def test_a_line_that_is_no_request_is_refused_in_words(path: Path, line: bytes) -> None:
    answer = await answer_to(path, line)
    assert answer is not None
    assert answer["error"]
    assert await answer_to(path, b'{"command": "fine"}\n') == {"text": "fine"}


async def test_a_line_without_end_is_dropped(path: Path) -> None:
    assert await answer_to(path, b"x" * (LONGEST_REQUEST_BYTES * 3)) is None
    assert await answer_to(path, b'{"command": "fine"}\n') == {"text": "fine"}


async def test_a_command_that_breaks_is_answered_without_its_words(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await answer_to(path, b'{"command": "broken"}\n') == {"error": "broken failed with ZeroDivisionError"}
    assert "canary" not in capsys.readouterr().out


def is_serving() -> bool:
    return any("_serve" in repr(task) for task in asyncio.all_tasks())


async def test_whoever_asks_and_does_not_read_is_let_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "ANSWER_SECONDS", 0.2)
    _, writer = await asyncio.open_unix_connection(path, limit=1)
    writer.write(b'{"command": "huge"}\n')
    await writer.drain()
    async with asyncio.timeout(10):
        while not is_serving():  # noqa: ASYNC110  # until it has been heard
            await asyncio.sleep(0)  # noqa: TID251  # one turn of the loop
        while is_serving():  # noqa: ASYNC110  # until it is let go
            await asyncio.sleep(0.01)  # noqa: TID251  # in real time, as the socket is
    writer.close()


async def test_many_at_once_are_all_answered(path: Path) -> None:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(answer_to(path, b'{"command": "fine"}\n')) for _ in range(90)]
    assert [each.result() for each in asked] == [{"text": "fine"}] * 90
