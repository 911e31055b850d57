"""Other processes, seen from outside: lines stamped as they arrive, readiness, memory.

Stamps are the machine's monotonic clock, which every process on it shares.
"""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from liqwatch.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
LIQWATCH = str(Path(sysconfig.get_path("scripts")) / "liqwatch")
"""The command as users start it."""
PATIENCE_SECONDS = 60.0
MOST_LINES = 100_000
KILOBYTE = 1024
FLOOR_BYTES = 230
FLOOR_PAUSE_SECONDS = 0.02
"""Lone writes, as lone alerts are: a disk that is kept busy answers sooner."""

monotonic = SystemClock().monotonic


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a child's output and when it arrived (monotonic seconds)."""

    text: str
    at: float


class Child:
    """A process whose standard output is read by a thread. `with` starts it and ends it."""

    def __init__(self, *command: str | Path, environ: Mapping[str, str] | None = None) -> None:
        """`environ` is added to the present environment."""
        self.began = 0.0
        self._command = [str(part) for part in command]
        self._environ = {**os.environ, **(environ or {})}
        self._lines: queue.Queue[Line | None] = queue.Queue(MOST_LINES)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it; `began` is the moment before."""
        self.began = monotonic()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environ, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ask it to end, and wait."""
        process = self._running()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()

    def line(self) -> Line:
        """The next line of output; raises TimeoutError, or EOFError when it has ended."""
        try:
            line = self._lines.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            raise TimeoutError(f"no output: {self._command}") from None
        if line is None:
            raise EOFError(f"ended early: {self._command}")
        return line

    def forget_lines(self) -> None:
        """Drop what it has said so far."""
        with suppress(queue.Empty):
            while True:
                self._lines.get_nowait()

    def tell(self, text: str) -> None:
        """Write one line to its standard input."""
        stream = self._running().stdin
        if stream is not None:
            stream.write(f"{text}\n")
            stream.flush()

    def resident_bytes(self) -> int:
        """Memory of the process that is in RAM now."""
        status = Path(f"/proc/{self._running().pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * KILOBYTE

    def _read(self) -> None:
        stream = self._running().stdout
        if stream is not None:
            for text in stream:
                self._lines.put(Line(text.rstrip("\n"), monotonic()))
            stream.close()
        self._lines.put(None)

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError("not started")
        return self._process


class Readiness:
    """The service manager's end of `$NOTIFY_SOCKET`."""

    def __init__(self, directory: Path) -> None:
        """The socket stands in `directory`."""
        self._path = directory / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self) -> Self:
        """Listen."""
        self._socket.bind(str(self._path))
        self._socket.settimeout(PATIENCE_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Listen no more."""
        self._socket.close()
        self._path.unlink()

    @property
    def environ(self) -> dict[str, str]:
        """What the child must be told."""
        return {"NOTIFY_SOCKET": str(self._path)}

    def wait(self) -> float:
        """When the child said that it is ready (monotonic seconds)."""
        while b"READY=1" not in self._socket.recv(4096):
            pass
        return monotonic()


def script(name: str, *arguments: str | Path, environ: Mapping[str, str] | None = None) -> Child:
    """One of the scripts of this folder as a process."""
    return Child(sys.executable, HERE / name, *arguments, environ=environ)


def venue_endpoints(venue: Child) -> tuple[str, str]:
    """REST and websocket address that a just started `_venue.py` prints."""
    rest, websocket = venue.line().text.split()
    return rest, websocket


def exec_seconds(*command: str | Path) -> float:
    """From exec to exit; the command must succeed."""
    began = monotonic()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    return monotonic() - began


@contextmanager
def disk_directory() -> Iterator[Path]:
    """A fresh folder on a real disk: durable writes to a memory file system would cost nothing."""
    on_disk = Path("/var/tmp")  # noqa: S108  # the folder that survives a reboot; the fresh one below is private
    with tempfile.TemporaryDirectory(prefix="liqwatch-bench-", dir=on_disk, ignore_cleanup_errors=True) as name:
        yield Path(name)


def durable_write_seconds(directory: Path, times: int) -> list[float]:
    """The floor of every durable message: append a short line to a file and wait for the disk."""
    taken = []
    with (directory / "floor").open("ab", buffering=0) as file:
        for _ in range(times):
            time.sleep(FLOOR_PAUSE_SECONDS)
            began = monotonic()
            file.write(b"x" * FLOOR_BYTES)
            os.fdatasync(file.fileno())
            taken.append(monotonic() - began)
    return taken
