"""Receivers for test messages: a web hook and a mail server on loopback that keep what arrives."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

LOOPBACK = "127.0.0.1"


class HttpSink:
    """An HTTP server that keeps JSON posts.

    `respond` is the status of every answer; with `hang` a request is kept without an answer until the end.
    """

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.respond = 200
        self.hang = False
        self._arrival = asyncio.Condition()
        self._ending = asyncio.Event()
        self._open: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port on loopback."""
        if self._server is None:
            raise RuntimeError("the sink is not open")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Where Apprise has to send to."""
        return f"json://{LOOPBACK}:{self.port}/"

    async def wait_for(self, count: int, timeout: float = 10) -> None:  # noqa: ASYNC109 - reads as it is called: wait_for(3, timeout=5)
        """Return when that many requests have arrived; raises TimeoutError."""
        async with asyncio.timeout(timeout), self._arrival:
            await self._arrival.wait_for(lambda: len(self.received) >= count)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending.set()
        if self._server is not None:
            self._server.close()
        if self._open:
            await asyncio.wait(self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self._open.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._exchange(reader, writer)
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = next((line.split(":")[1] for line in head.split("\r\n") if line.startswith("content-length:")), "0")
        content = await reader.readexactly(int(length))
        async with self._arrival:
            self.received.append(json.loads(content))
            self._arrival.notify_all()
        if self.hang:
            await self._ending.wait()
            return
        writer.write(f"HTTP/1.1 {self.respond} Scripted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()


class MailSink:
    """An SMTP server (aiosmtpd, a development dependency) on a thread of its own."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refuse_with = ""
        """An SMTP answer such as "550 no such user" for every message; empty: take it."""
        self._arrival = threading.Condition()
        self._controller: Any = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where Apprise has to send to."""
        return (
            f"mailto://{LOOPBACK}:{self._port}/?smtp={LOOPBACK}&mode=insecure"
            "&from=liqwatch@example.com&to=trader@example.com"
        )

    def start(self) -> None:
        """Begin to listen on a free port."""
        from aiosmtpd.controller import Controller  # noqa: PLC0415 - only tests have it

        with socket.create_server((LOOPBACK, 0)) as probe:
            self._port = probe.getsockname()[1]
        self._controller = Controller(self, hostname=LOOPBACK, port=self._port)
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    async def wait_for(self, count: int, timeout: float = 10) -> None:  # noqa: ASYNC109 - as HttpSink.wait_for
        """Return when that many mails have arrived; raises TimeoutError."""
        if not await asyncio.to_thread(self._wait, count, timeout):
            raise TimeoutError(f"{len(self.received)} of {count} mails arrived")

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802, ARG002, ANN401 - aiosmtpd's hook
        """Keep one mail."""
        if self.refuse_with:
            return self.refuse_with
        with self._arrival:
            self.received.append(message_from_bytes(envelope.content, policy=policy.default))
            self._arrival.notify_all()
        return "250 OK"

    def _wait(self, count: int, timeout_seconds: float) -> bool:
        with self._arrival:
            return self._arrival.wait_for(lambda: len(self.received) >= count, timeout_seconds)
