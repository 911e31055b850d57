"""Where commands about alerts and messages get their answers: the running daemon, or what the last one wrote down."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from liqwatch.cli._config_path import find_config
from liqwatch.cli._socket_path import find_socket
from liqwatch.errors import DaemonUnreachable

SocketOption: TypeAlias = Annotated[
    Path | None, typer.Option("--socket", help="The daemon's control socket; found by itself as a rule.")
]
NO_DAEMON = "no daemon answers: this is what the last one has written down"


def told(
    config: Path | None, control_socket: Path | None, command: str, arguments: Mapping[str, str]
) -> dict[str, Any]:
    """The daemon does something, and says so.

    Raises:
        DaemonUnreachable: none answers.
        RequestRefused: it answers that it cannot do this.
    """
    from liqwatch.faces.control import ask

    return ask(control_socket or find_socket(config), command, arguments)


def looked_up(
    config: Path | None, control_socket: Path | None, command: str, arguments: Mapping[str, str]
) -> dict[str, Any]:
    """The daemon's answer to a question, or, where none runs, the answer of the state directory.

    Raises:
        DaemonUnreachable: a socket was named, and nobody answers there.
        RequestRefused: what is asked for is not known.
        StoreError: nothing has been written down, or it cannot be read.
    """
    try:
        return told(config, control_socket, command, arguments)
    except DaemonUnreachable:
        if control_socket is not None:
            raise
    from liqwatch.bootstrap.archive import ask_archive
    from liqwatch.clock import SystemClock

    report = asyncio.run(ask_archive(state_directory(config), command, arguments, SystemClock()))
    typer.echo(f"liqwatch: {NO_DAEMON}", err=True)
    return report


def state_directory(config: Path | None) -> Path:
    """Where the configuration keeps its state; raises `ConfigError` where it cannot be read."""
    from liqwatch.config import load_settings
    from liqwatch.exchanges import credentials_of, known_exchanges

    path = find_config(config, os.environ)
    return load_settings(
        path, environ=os.environ, known_exchanges=known_exchanges(), credentials_of=credentials_of
    ).settings.daemon.state_directory
