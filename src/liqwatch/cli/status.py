"""Show what the running daemon sees: positions, distances, alerts, the age of its data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from liqwatch.cli._config_path import ConfigOption
from liqwatch.cli._socket_path import find_socket
from liqwatch.errors import ConfigError, DaemonUnreachable

NAGIOS_WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


def command(
    config: ConfigOption = None,
    control_socket: Annotated[
        Path | None, typer.Option("--socket", help="The daemon's control socket; found by itself as a rule.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Leave with 0 ok, 1 warning, 2 critical, 3 unknown, as Nagios does.")
    ] = False,
) -> None:
    """Ask the running daemon."""
    from liqwatch.faces.control import ask

    try:
        report = ask(control_socket or find_socket(config), "status")
    except (DaemonUnreachable, ConfigError) as error:
        if not exit_code:
            raise
        typer.echo(f"UNKNOWN: {error}")
        raise typer.Exit(NAGIOS_WORDS.index("UNKNOWN")) from None
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        from liqwatch.cli._status_view import print_report

        print_report(report)
    if exit_code:
        raise typer.Exit(report["nagios"])
