"""One daemon for each state directory: an advisory lock that the kernel drops when the process dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from liqwatch.errors import AlreadyRunning, StoreError

LOCK_NAME = "liqwatch.lock"


class StateLock:
    """Held from `acquire` until `release` or the end of the process, however it ends."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / LOCK_NAME
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the directory.

        Raises:
            AlreadyRunning: another process holds it.
            StoreError: the lock file cannot be created.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            mend = "make the state directory writable for the user liqwatch runs as"
            raise StoreError(f"cannot lock: {error.strerror}", path=str(self._path), mend=mend) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise AlreadyRunning(
                f"another liqwatch (process {holder}) uses this state directory",
                path=str(self._path.parent),
                mend="stop it, or set another daemon.state_directory",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the directory back. The file stays: removing it could split two later holders."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None
