"""The daemon beside every venue at once: the simulators' process, and a config with one account at each."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.request import urlopen

from _children import LIQWATCH, Child, Readiness, disk_directory, script
from _counted_daemon import TASKS_FILE
from _market import write_config
from _simulators import API_KEY, PASSPHRASE, POSITIONS, SECRET, WALLET_ADDRESS

Addresses: TypeAlias = dict[str, dict[str, str]]
"""Exchange to its `rest` and `websocket` address."""

WITH_PASSPHRASE = frozenset({"bitget", "kucoin_futures", "okx"})


class Daemon(Child):
    """A child that can also be looked at by its number."""

    @property
    def pid(self) -> int:
        """The process."""
        return self._running().pid


@dataclass(frozen=True, slots=True)
class Running:
    """A ready daemon, the venues it is connected to, and where its state is."""

    daemon: Daemon
    simulators: Child
    addresses: Addresses
    directory: Path
    metrics_url: str

    @property
    def tasks_file(self) -> Path:
        """Where a counted daemon leaves its number of tasks."""
        return self.directory / "tasks"

    def metrics(self) -> dict[str, float]:
        """Every sample of the daemon's metrics page, by its name with labels."""
        with urlopen(self.metrics_url, timeout=10) as answer:  # noqa: S310  # our own page on loopback
            lines = answer.read().decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    @property
    def positions(self) -> int:
        """Held at all venues together."""
        return POSITIONS * len(self.addresses)


def keyed_accounts(addresses: Addresses) -> str:
    """An account table for each venue."""
    return "\n".join(
        f'[accounts.{exchange}]\nexchange = "{exchange}"\n{_credentials(exchange)}'
        f'endpoints = {{ rest = "{at["rest"]}", websocket = "{at["websocket"]}" }}\n'
        for exchange, at in addresses.items()
    )


def _credentials(exchange: str) -> str:
    if exchange == "hyperliquid":
        return f'wallet_address = "{WALLET_ADDRESS}"\n'
    passphrase = f'passphrase = "{PASSPHRASE}"\n' if exchange in WITH_PASSPHRASE else ""
    return f'api_key = "{API_KEY}"\nsecret = "{SECRET}"\n{passphrase}'


@contextmanager
def running(every_seconds: float, *, command: tuple[str | Path, ...] = (LIQWATCH,)) -> Iterator[Running]:
    """Simulators that publish so often, and a daemon that has said that it is ready."""
    with (
        script("_simulators.py", "--every", str(every_seconds)) as simulators,
        disk_directory() as directory,
        Readiness(directory) as readiness,
    ):
        addresses: Addresses = json.loads(simulators.line().text)
        listen = f"127.0.0.1:{_free_port()}"
        config = write_config(directory, keyed_accounts(addresses))
        config.write_text(
            config.read_text(encoding="utf-8").replace("[daemon]\n", f'[daemon]\nmetrics_listen = "{listen}"\n'),
            encoding="utf-8",
        )
        environ = {**readiness.environ, TASKS_FILE: str(directory / "tasks")}
        with Daemon(*command, "run", "--config", config, environ=environ) as daemon:
            readiness.wait()
            yield Running(daemon, simulators, addresses, directory, f"http://{listen}/metrics")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
