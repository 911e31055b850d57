"""Where the running daemon listens: where its configuration says, or where the systemd unit puts it."""

from __future__ import annotations

import os
from pathlib import Path

from liqwatch.cli._config_path import find_config
from liqwatch.errors import ConfigError

SOCKET_NAME = "control.sock"
UNIT_SOCKET = Path("/run/liqwatch") / SOCKET_NAME


def find_socket(config: Path | None) -> Path:
    """The configured socket if it exists, else the unit's if that exists, else the configured one.

    Raises:
        ConfigError: the configuration cannot be read, and no daemon runs under the unit.
    """
    try:
        configured = _configured(config)
    except ConfigError:
        if UNIT_SOCKET.exists():
            return UNIT_SOCKET
        raise
    return UNIT_SOCKET if UNIT_SOCKET.exists() and not configured.exists() else configured


def _configured(config: Path | None) -> Path:
    from liqwatch.config import load_settings
    from liqwatch.exchanges import credentials_of, known_exchanges

    path = find_config(config, os.environ)
    settings = load_settings(
        path, environ=os.environ, known_exchanges=known_exchanges(), credentials_of=credentials_of
    ).settings
    return settings.daemon.runtime_directory / SOCKET_NAME
