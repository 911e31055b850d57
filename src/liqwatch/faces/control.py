"""The control socket: one JSON line in, one JSON line out, for whoever owns the state directory (mode 0600).

`{"command": "explain", "arguments": {"account": "main", "symbol": "BTC/USDT:USDT"}}`; arguments are texts by name.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Self

import structlog

from liqwatch.errors import DaemonUnreachable, LiqwatchError, RequestRefused

log = structlog.get_logger(__name__)

LONGEST_REQUEST_BYTES = 64 * 1024
ANSWER_SECONDS = 5.0

Command = Callable[..., Awaitable[dict[str, Any]]]
"""A coroutine function; its parameters are the arguments that a request must name, all of them texts."""


class ControlServer:
    """Answers the named commands on a unix socket."""

    def __init__(self, path: Path, commands: dict[str, Command]) -> None:
        """`commands` by name; none of them changes a position, for the daemon cannot."""
        self._path = path
        self._commands = commands
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen; a socket left behind by a killed daemon is replaced. Watching goes on where nobody can ask."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LONGEST_REQUEST_BYTES)
            self._path.chmod(0o600)
        except OSError as error:
            log.error("control_socket_unusable", path=str(self._path), error=str(error))  # noqa: TRY400  # told, not traced
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening and take the socket away."""
        if self._server:
            self._server.close()
            await self._server.wait_closed()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                line = await reader.readline()
            writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
            # Whoever asks and does not read is not waited for.
            async with asyncio.timeout(ANSWER_SECONDS):
                await writer.drain()
        except (TimeoutError, ValueError, ConnectionError) as error:
            log.debug("control_request_dropped", error=str(error))
            writer.transport.abort()
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return {"error": "not a JSON line"}
        name = request.get("command") if isinstance(request, dict) else None
        command = self._commands.get(name) if isinstance(name, str) else None
        if command is None:
            return {"error": f"unknown command; known: {', '.join(sorted(self._commands))}"}
        arguments = request.get("arguments", {})
        if not _fit(command, arguments):
            wanted = ", ".join(inspect.signature(command).parameters) or "none"
            return {"error": f"wrong arguments for {name}; it takes: {wanted}"}
        try:
            return await command(**arguments)
        except LiqwatchError as error:
            return {"error": error.message, "mend": error.mend}
        except Exception as error:  # noqa: BLE001 - a bug of ours is answered as well, by its kind: its text may hold secrets
            log.error("control_command_failed", command=name, error=type(error).__name__)  # noqa: TRY400  # as above
            return {"error": f"{name} failed with {type(error).__name__}"}


def _fit(command: Command, arguments: object) -> bool:
    if not isinstance(arguments, dict) or not all(isinstance(value, str) for value in arguments.values()):
        return False
    return set(arguments) == set(inspect.signature(command).parameters)


def ask(
    path: Path,
    command: str,
    arguments: Mapping[str, str] | None = None,
    *,
    timeout_seconds: float = ANSWER_SECONDS,
) -> dict[str, Any]:
    """Ask the running daemon.

    Raises:
        DaemonUnreachable: none answers.
        RequestRefused: it answers that it cannot do this.
    """
    request = {"command": command, **({"arguments": dict(arguments)} if arguments else {})}
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(timeout_seconds)
            sock.connect(str(path))
            sock.sendall(json.dumps(request).encode() + b"\n")
            with sock.makefile("rb") as lines:
                answer: dict[str, Any] = json.loads(lines.readline() or b"null") or {}
    except (OSError, ValueError) as error:
        raise DaemonUnreachable(
            f"no daemon answers at {path}", mend="is `liqwatch run` up, with this config, as this user?"
        ) from error
    if "error" in answer:
        raise RequestRefused(str(answer["error"]), mend=answer.get("mend"))
    return answer
