"""Telegram's Bot API on a loopback socket: it keeps messages, checks them as Telegram does, and fails as told.

People are played by `say` and `press`. Faults are scripted by method: `script("sendMessage", too_many(7), HANG)` spoils
the next two calls, `always(...)` every one until `recover()`.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from liqwatch.clock import Clock
from liqwatch.testing.telegram_faults import Fault, Manner
from liqwatch.testing.telegram_world import TOKEN, TelegramWorld

DRIP_SECONDS = 0.05
SHUTDOWN_SECONDS = 0.2
LARGEST_REQUEST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived."""

    method: str
    parameters: Mapping[str, Any]


class TelegramServer(TelegramWorld):
    """The world of one bot, as it is reached over HTTP."""

    def __init__(self, *, token: str = TOKEN, clock: Clock | None = None) -> None:
        """It listens inside `async with`."""
        super().__init__(token=token, clock=clock)
        self.calls: list[Call] = []
        self._faults: dict[str, deque[Fault | None]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """What `api_url` has to be."""
        if self._runner is None:
            raise RuntimeError("the server is not open")
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def script(self, method: str, *faults: Fault | None) -> None:
        """Spoil the next calls of a method, one fault each; None lets one pass."""
        self._faults[method.lower()].extend(faults)

    def always(self, method: str, fault: Fault) -> None:
        """Spoil every call of a method."""
        self._always[method.lower()] = fault

    def recover(self) -> None:
        """All faults are over."""
        self._faults.clear()
        self._always.clear()

    async def until(self, condition: Callable[[], Any], timeout: float = 10) -> None:  # noqa: ASYNC109  reads as it is called
        """Return when the condition holds, looked at after every call and at the start of a poll; or TimeoutError."""
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(lambda: bool(condition()))

    def called(self, method: str) -> list[Mapping[str, Any]]:
        """The parameters of every call of a method."""
        return [call.parameters for call in self.calls if call.method == method.lower()]

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=LARGEST_REQUEST)
        application.router.add_route("*", "/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(application, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending.set()
        async with self._news:
            self._news.notify_all()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        parameters = await _parameters(request)
        fault = self._fault(method)
        self.calls.append(Call(method, parameters))
        result: Fault | object = None
        if fault is None or fault.manner in (Manner.SILENCE, Manner.CUT):
            result = await self.obey(request.match_info["token"], method, parameters)
        async with self._news:
            self._news.notify_all()
        if fault is not None:
            return await self._spoil(request, fault)
        if isinstance(result, Fault):
            return _refused(result)
        return web.json_response({"ok": True, "result": result})

    def _fault(self, method: str) -> Fault | None:
        return self._faults[method].popleft() if self._faults[method] else self._always.get(method)

    async def _spoil(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.manner is Manner.ANSWER:
            return _refused(fault)
        if fault.manner in (Manner.CUT, Manner.DROP):
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if fault.manner is Manner.DRIP:
            return await self._drip(request)
        await self._ending.wait()
        return web.Response(status=503)

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while not self._ending.is_set():
                await response.write(b" ")
                await asyncio.sleep(DRIP_SECONDS)  # noqa: TID251  the peer's own slowness, in real time
        except ConnectionError:
            pass
        return response


def _refused(fault: Fault) -> web.Response:
    if fault.body is not None:
        return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
    answer: dict[str, Any] = {"ok": False, "error_code": fault.code, "description": fault.description}
    if fault.parameters:
        answer["parameters"] = dict(fault.parameters)
    return web.json_response(answer, status=fault.status)


async def _parameters(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        return dict(json.loads(await request.read() or b"{}"))
    form = await request.post()
    return {name: _field(value) for name, value in {**request.query, **form}.items()}


def _field(value: object) -> object:
    if isinstance(value, web.FileField):
        return value.file.read()
    text = str(value)
    if text.startswith(("{", "[")) or text in {"true", "false"}:
        return json.loads(text)
    return text
