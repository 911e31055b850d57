"""A heartbeat's URL must not reach into the machine's neighbourhood (threat T11), whatever names mean by then."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from liqwatch.faces.pulse import HttpPulse


class Names:
    """A name server that answers as it is told, one address after another."""

    def __init__(self, *addresses: str) -> None:
        self.asked: list[str] = []
        self._addresses = list(addresses)

    async def getaddrinfo(self, host: str, port: int | None, **_: object) -> list[tuple[object, ...]]:
        self.asked.append(host)
        address = self._addresses.pop(0) if len(self._addresses) > 1 else self._addresses[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0))]


@pytest.fixture
async def calls() -> list[str]:
    return []


@pytest.fixture
async def port(calls: list[str]) -> AsyncIterator[int]:
    async def note(request: web.Request) -> web.Response:
        calls.append(request.path)
        return web.Response(text="OK")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", note)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


async def test_a_name_that_means_a_private_address_is_not_called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = Names("10.0.0.7")
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names.getaddrinfo)
    pulse = HttpPulse("http://checks.example/ping")
    await pulse.beat()
    await pulse.close()
    assert "heartbeat_refused" in capsys.readouterr().out
    assert names.asked == ["checks.example"]


async def test_the_address_that_was_looked_at_is_the_one_that_is_dialled(
    monkeypatch: pytest.MonkeyPatch, port: int, calls: list[str]
) -> None:
    names = Names("127.0.0.1", "169.254.169.254")
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names.getaddrinfo)
    pulse = HttpPulse(f"http://rebinding.example:{port}/ping")
    await pulse.beat()
    await pulse.close()
    assert (calls, names.asked) == (["/ping"], ["rebinding.example"])


async def test_with_leave_a_private_address_is_dialled(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    dialled = Names("127.0.0.1")
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", dialled.getaddrinfo)
    pulse = HttpPulse(f"http://checks.local:{port}/ping", allow_private=True)
    await pulse.beat()
    await pulse.close()
    assert dialled.asked == ["checks.local"]


async def test_a_host_that_is_no_name_at_all_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    pulse = HttpPulse(f"http://{'a' * 70}..example/ping")
    await pulse.beat()
    await pulse.close()
    assert "heartbeat_not_sent" in capsys.readouterr().out
