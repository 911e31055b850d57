"""The service manager's notification socket (sd_notify(3)), and its absence."""

from __future__ import annotations

import socket
from collections.abc import Mapping

import structlog

log = structlog.get_logger(__name__)


class Systemd:
    """Speaks to `$NOTIFY_SOCKET`. A supervisor that does not listen must never stop the watch."""

    def __init__(self, address: str) -> None:
        """`address` as in the environment; a leading @ is an abstract socket."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._status = ""

    def ready(self) -> None:
        """Start-up is over."""
        self._send("READY=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`; sent when it changes."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def reloading(self) -> None:
        """A new configuration is being taken over."""
        self._send("STATUS=reloading")

    def stopping(self) -> None:
        """Draining has begun."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)  # noqa: FBT003  # the standard library's own signature
                sock.sendto(message.encode(), self._address)
        except OSError as error:
            log.debug("supervisor_not_reached", error=str(error))


class Unsupervised:
    """Run by hand: nobody listens."""

    def ready(self) -> None:
        """Nobody waits."""

    def alive(self) -> None:
        """Nobody counts."""

    def status(self, text: str) -> None:
        """Nobody reads."""

    def reloading(self) -> None:
        """Nobody reads."""

    def stopping(self) -> None:
        """Nobody waits."""


def service_manager(environ: Mapping[str, str]) -> Systemd | Unsupervised:
    """Whoever supervises this process."""
    address = environ.get("NOTIFY_SOCKET")
    return Systemd(address) if address else Unsupervised()
