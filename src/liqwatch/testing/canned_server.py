"""A local HTTP server with canned answers, and one that pushes the same frame: for venues without a simulator."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

SHUTDOWN_SECONDS = 0.2


@asynccontextmanager
async def served(answer: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    """Every request is answered with what `answer` makes of it, as JSON; an int is a bare status."""

    async def handle(request: web.Request) -> web.StreamResponse:
        body = answer(request)
        return web.Response(status=body) if isinstance(body, int) else web.json_response(body)

    async with _listening(handle) as url:
        yield url


@asynccontextmanager
async def pushing(frame: Any) -> AsyncIterator[str]:  # noqa: ANN401  whatever JSON can hold
    """Every websocket gets the frame when it opens and after each message; other requests get an empty object."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.json_response({})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps(frame))
        async for _ in socket:
            await socket.send_str(json.dumps(frame))
        return socket

    async with _listening(handle) as url:
        yield f"{url}/contract"


@asynccontextmanager
async def _listening(handle: Any) -> AsyncIterator[str]:  # noqa: ANN401  aiohttp's own type of a handler
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
