"""Receivers for test messages: web hooks, mail servers and channels that keep what arrives, or misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from liqwatch.model import Delivery, DeliveryReport, Message

LOOPBACK = "127.0.0.1"
DRIP_SECONDS = 0.05


class ScriptedChannel:
    """A channel that answers each attempt with the next word of its script, and then takes everything."""

    def __init__(self, name: str, *script: Delivery | DeliveryReport) -> None:
        self.name = name
        self.script = list(script)
        self.messages: list[Message] = []

    @property
    def titles(self) -> list[str]:
        """The titles of every attempt, accepted or not."""
        return [message.title for message in self.messages]

    async def prepare(self) -> str | None:
        """Nothing to load."""
        return None

    async def send(self, message: Message) -> DeliveryReport:
        """Keep the message and answer as scripted."""
        self.messages.append(message)
        answer = self.script.pop(0) if self.script else Delivery.SENT
        return answer if isinstance(answer, DeliveryReport) else DeliveryReport(answer, "as scripted")

    async def close(self) -> None:
        """Nothing to give back."""


class Listener:
    """A TCP server on loopback whose connections end with it."""

    def __init__(self) -> None:
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

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        raise NotImplementedError

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self._open.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.exchange(reader, writer)
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _drip(self, writer: asyncio.StreamWriter, content: bytes) -> None:
        """One byte after another, for ever or until the end."""
        for byte in content:
            if self._ending.is_set():
                return
            writer.write(bytes([byte]))
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRIP_SECONDS):
                    await self._ending.wait()


class MuteServer(Listener):
    """Takes connections and says nothing; with `drip`, that text byte by byte."""

    def __init__(self, drip: bytes = b"") -> None:
        super().__init__()
        self.connections = 0
        self._drip_text = drip

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # noqa: ARG002 - it hears nothing
        """Wait for the end."""
        self.connections += 1
        await self._drip(writer, self._drip_text)
        await self._ending.wait()


class HttpSink(Listener):
    """An HTTP server that keeps posts; `received` holds what was JSON, or the text of anything else.

    `respond` and `answer` are status and body of every answer, `headers` stand beside them. With `hang` a request is
    kept without an answer until the end, with `drop` its connection is closed instead, with `drip` the answer comes
    byte by byte.
    """

    def __init__(self) -> None:
        super().__init__()
        self.received: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.heads: list[str] = []
        self.respond = 200
        self.answer = b""
        self.headers: Mapping[str, str] = {}
        self.hang = False
        self.drop = False
        self.drip = False
        self.longest_body: int | None = None
        """More bytes than this are refused with 413."""
        self._arrival = asyncio.Condition()

    @property
    def url(self) -> str:
        """Where Apprise has to send to."""
        return f"json://{LOOPBACK}:{self.port}/"

    async def wait_for(self, count: int, timeout: float = 10) -> None:  # noqa: ASYNC109 - reads as it is called: wait_for(3, timeout=5)
        """Return when that many requests have arrived; raises TimeoutError."""
        async with asyncio.timeout(timeout), self._arrival:
            await self._arrival.wait_for(lambda: len(self.received) >= count)

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, and what it deserves."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = head.lower().split("\r\n")
        length = next((line.split(":")[1] for line in lines if line.startswith("content-length:")), "0")
        content = await reader.readexactly(int(length))
        await self._keep(head, content)
        if self.hang:
            await self._ending.wait()
        if self.hang or self.drop:
            return
        is_long = self.longest_body is not None and len(content) > self.longest_body
        answer = self._answer(413 if is_long else self.respond)
        if self.drip:
            await self._drip(writer, answer)
            return
        writer.write(answer)
        await writer.drain()

    async def _keep(self, head: str, content: bytes) -> None:
        async with self._arrival:
            self.heads.append(head)
            self.paths.append(head.split(" ", 2)[1])
            self.received.append(_document(content))
            self._arrival.notify_all()

    def _answer(self, status: int) -> bytes:
        lines = {"content-length": str(len(self.answer)), "connection": "close", **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode() + self.answer


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {"text": content.decode(errors="replace")}


class MailSink:
    """An SMTP server (aiosmtpd, a development dependency) on a thread of its own."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refuse_with = ""
        """An SMTP answer such as "550 no such user" for every message; empty: take it."""
        self.refuse_recipients: dict[str, str] = {}
        """SMTP answers for single recipients."""
        self.stays_silent = False
        """Take the message, and never say so."""
        self.recipients: list[list[str]] = []
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
            self.recipients.append(envelope.rcpt_tos)
            self._arrival.notify_all()
        if self.stays_silent:
            # Until the server is stopped, which cancels it.
            await asyncio.get_running_loop().create_future()
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's hook
        self,
        server: object,  # noqa: ARG002
        session: object,  # noqa: ARG002
        envelope: Any,  # noqa: ANN401
        address: str,
        options: object,  # noqa: ARG002
    ) -> str:
        """Take one recipient, or not."""
        if address in self.refuse_recipients:
            return self.refuse_recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def _wait(self, count: int, timeout_seconds: float) -> bool:
        with self._arrival:
            return self._arrival.wait_for(lambda: len(self.received) >= count, timeout_seconds)
