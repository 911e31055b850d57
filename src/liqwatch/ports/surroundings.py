"""The process around the engine: counters, the supervisor, and whoever misses us when we fall silent."""

from __future__ import annotations

from typing import Protocol


class Telemetry(Protocol):
    """Counters and gauges; names are declared in `faces/metrics.py`."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        ...

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        ...

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add one observation to a histogram."""
        ...


class ServiceManager(Protocol):
    """The process supervisor (systemd), or nobody."""

    def ready(self) -> None:
        """Start-up is over."""
        ...

    def alive(self) -> None:
        """Feed the watchdog; called only while data is fresh and the outbox moves."""
        ...

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        ...

    def reloading(self) -> None:
        """A new configuration is being taken over."""
        ...

    def stopping(self) -> None:
        """Draining has begun."""
        ...


class Pulse(Protocol):
    """Somebody outside who misses us when we fall silent."""

    async def beat(self) -> None:
        """All is well. Never raises; what could not be reached is logged."""
        ...

    async def fail(self, text: str) -> None:
        """All is not well, in a few words."""
        ...

    async def close(self) -> None:
        """Give back sockets."""
        ...
