"""The outside heartbeat over real HTTP: what is called, how, and what is never called."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from liqwatch.faces.pulse import HttpPulse

SECRET_PATH = "/ping/0f3c8d2a-4bb1-4c1e-9d4f-2f6e1c9b7a55"

Calls = list[tuple[str, str, str]]


@pytest.fixture
async def calls() -> Calls:
    return []


@pytest.fixture
async def address(calls: Calls) -> AsyncIterator[str]:
    async def note(request: web.Request) -> web.Response:
        calls.append((request.method, request.path, await request.text()))
        if request.path == "/elsewhere":
            raise web.HTTPFound("/ping/followed")
        return web.Response(text="OK")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", note)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_beat_is_a_get_and_trouble_a_post_to_fail(address: str, calls: Calls) -> None:
    pulse = HttpPulse(address + SECRET_PATH)
    await pulse.beat()
    await pulse.fail("mark prices of okx")
    await pulse.close()
    assert calls == [("GET", SECRET_PATH, ""), ("POST", f"{SECRET_PATH}/fail", "mark prices of okx")]


async def test_another_address_for_trouble_is_called_as_it_stands(address: str, calls: Calls) -> None:
    pulse = HttpPulse(address + SECRET_PATH, f"{address}/down?token=abc")
    await pulse.fail("the outbox")
    await pulse.close()
    assert calls == [("POST", "/down", "the outbox")]


async def test_a_redirect_is_not_followed(address: str, calls: Calls) -> None:
    pulse = HttpPulse(f"{address}/elsewhere")
    await pulse.beat()
    await pulse.close()
    assert [path for _, path, _ in calls] == ["/elsewhere"]


async def test_a_host_on_a_private_network_is_called_only_with_leave(caplog: pytest.LogCaptureFixture) -> None:
    pulse = HttpPulse("http://169.254.169.254/latest/meta-data")
    await pulse.beat()
    assert pulse._session is None, "nothing was dialled"
    await pulse.close()


async def test_nobody_there_is_logged_without_the_address(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    pulse = HttpPulse(f"http://127.0.0.1:9{SECRET_PATH}")
    await pulse.beat()
    await pulse.close()
    printed = capsys.readouterr()
    assert "0f3c8d2a" not in caplog.text + printed.out + printed.err
