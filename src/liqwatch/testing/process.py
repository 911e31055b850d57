"""The real commands as processes of their own, seen as an operator sees them.

What is known of a daemon here is what it tells the service manager, its log, its control socket and its
exit code. Every wait is for a condition; its time limit is generous and only ever ends a failed test.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import resource
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from liqwatch.clock import SystemClock

PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.02
LOG_SHOWN_CHARACTERS = 4_000
SOCKET_NAME = "control.sock"

_numbers = itertools.count(1)
_clock = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a command left behind."""

    exit_code: int
    output: str
    errors: str


async def run_command(*arguments: str | Path, directory: Path, environ: Mapping[str, str] | None = None) -> Finished:
    """Run `liqwatch …` to its end, with `directory` as working folder and home."""
    process = await asyncio.create_subprocess_exec(
        *_liqwatch(*arguments), stdout=PIPE, stderr=PIPE, cwd=directory, env=_environment(directory, environ)
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        output, errors = await process.communicate()
    return Finished(exit_code=await process.wait(), output=output.decode(), errors=errors.decode())


class DaemonProcess:
    """One life of `liqwatch run`. `async with` starts it and, if need be, kills it.

    `notices` are the datagrams sent to the service manager so far, in order.
    """

    def __init__(self, config: Path, *, environ: Mapping[str, str] | None = None) -> None:
        """`environ` is added to a clean environment; the state directory is `state` beside the config."""
        name = f"daemon-{next(_numbers)}"
        self.notices: list[str] = []
        self._config = config
        self._environ = dict(environ or {})
        self._output = config.with_name(f"{name}.stdout")
        self._log = config.with_name(f"{name}.stderr")
        self._notify_path = config.with_name(f"{name}.notify")
        self._process: Process | None = None
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        """Start the process; `until_ready` waits for it."""
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _NoticeReader(self.notices), local_addr=str(self._notify_path), family=socket.AF_UNIX
        )
        environ = {"NOTIFY_SOCKET": str(self._notify_path), **self._environ}
        with self._output.open("wb") as output, self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_liqwatch("run", "--config", self._config),
                stdout=output,
                stderr=log,
                cwd=self._config.parent,
                env=_environment(self._config.parent, environ),
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Kill what still runs."""
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
        if self._transport is not None:
            self._transport.close()

    @property
    def control_socket(self) -> Path:
        """Where the daemon answers."""
        return self._config.parent / "state" / SOCKET_NAME

    @property
    def output(self) -> str:
        """Standard output so far."""
        return self._output.read_text(encoding="utf-8")

    @property
    def log(self) -> str:
        """Standard error so far: the log."""
        return self._log.read_text(encoding="utf-8")

    def events(self, name: str) -> list[dict[str, Any]]:
        """Log lines of one event."""
        found = []
        for line in self.log.splitlines():
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict) and event.get("event") == name:
                    found.append(event)
        return found

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._running().send_signal(number)

    def limit_files(self, length_bytes: int | None) -> None:
        """From now on no file of the process may grow beyond this (None: as far as it likes), as on a full disk."""
        _, hard = resource.prlimit(self._running().pid, resource.RLIMIT_FSIZE)
        resource.prlimit(
            self._running().pid, resource.RLIMIT_FSIZE, (hard if length_bytes is None else length_bytes, hard)
        )

    async def kill(self) -> None:
        """End it without any chance to react, as a power cut would."""
        self.send(signal.SIGKILL)
        await self._running().wait()

    async def ended(self, *, within_seconds: float = PATIENCE_SECONDS) -> int:
        """The exit code, once there is one."""
        try:
            async with asyncio.timeout(within_seconds):
                return await self._running().wait()
        except TimeoutError:
            raise TimeoutError(f"the daemon has not ended:\n{self._last_log()}") from None

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Return when the condition holds; raises, with `what` and the end of the log, when it cannot or does not."""
        limit = _clock.monotonic() + PATIENCE_SECONDS
        while not condition():
            if self._running().returncode is not None:
                raise RuntimeError(f"{what}; the daemon ended with {self._running().returncode}:\n{self._last_log()}")
            if _clock.monotonic() > limit:
                raise TimeoutError(f"{what}:\n{self._last_log()}")
            await _clock.sleep(LOOK_SECONDS)

    async def until_ready(self) -> None:
        """Return when the daemon has told the service manager that it is ready."""
        await self.until(lambda: "READY=1" in self.notices, "the daemon is not ready")

    async def until_logged(self, name: str, count: int = 1) -> None:
        """Return when an event stands in the log so many times."""
        await self.until(lambda: len(self.events(name)) >= count, f"no {name} in the log")

    async def status(self) -> dict[str, Any]:
        """The daemon's own report; raises OSError while nothing listens."""
        return await self.ask('{"command": "status"}')

    async def ask(self, line: str) -> dict[str, Any]:
        """The answer to one line on the control socket."""
        reader, writer = await asyncio.open_unix_connection(self.control_socket)
        try:
            writer.write(f"{line}\n".encode())
            answer: dict[str, Any] = json.loads(await reader.readline())
            return answer
        finally:
            writer.close()
            await writer.wait_closed()

    async def until_status(self, condition: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The first report for which the condition holds."""
        limit = _clock.monotonic() + PATIENCE_SECONDS
        while True:
            report = await self.status()
            if condition(report):
                return report
            if _clock.monotonic() > limit:
                raise TimeoutError(f"{what}: {json.dumps(report)}\n{self._last_log()}")
            await _clock.sleep(LOOK_SECONDS)

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError("the daemon has not been started")
        return self._process

    def _last_log(self) -> str:
        return self.log[-LOG_SHOWN_CHARACTERS:]


class _NoticeReader(asyncio.DatagramProtocol):
    """The service manager's end of the notification socket."""

    def __init__(self, notices: list[str]) -> None:
        self._notices = notices

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Keep one notice."""
        del addr
        self._notices.append(data.decode())


class VenueProcess:
    """The simulator as a process, for what only a process can suffer: being frozen, or killed."""

    def __init__(self, setup: Path, *, port: int = 0) -> None:
        """`setup` is the simulator's TOML file."""
        self.rest_url = ""
        self.websocket_url = ""
        self._arguments = ("--config", str(setup), "--port", str(port))
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        """Start it and learn its addresses."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "liqwatch.testing.venue", *self._arguments, stdout=PIPE
        )
        if self._process.stdout is None:
            raise RuntimeError("the simulator has no output")
        async with asyncio.timeout(PATIENCE_SECONDS):
            addresses = dict([(await self._process.stdout.readline()).decode().split() for _ in range(2)])
        self.rest_url, self.websocket_url = addresses["rest"], addresses["websocket"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Kill it, frozen or not."""
        if self._process is not None:
            self._process.kill()
            await self._process.communicate()

    def freeze(self) -> None:
        """Stop it in its tracks: connections stay open, the kernel still accepts, nobody answers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)


def _liqwatch(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "liqwatch.cli", *map(str, arguments)]


def _environment(home: Path, more: Mapping[str, str] | None) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "NO_COLOR": "1", **(more or {})}
