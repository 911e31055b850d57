"""Show what the running daemon sees: positions, distances, alerts, the age of its data."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any

import typer

from liqwatch.cli._config_path import ConfigOption, find_config
from liqwatch.errors import DaemonUnreachable

NAGIOS_WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


def command(
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Leave with 0 ok, 1 warning, 2 critical, 3 unknown, as Nagios does.")
    ] = False,
) -> None:
    """Ask the running daemon."""
    try:
        report = _ask(config)
    except DaemonUnreachable as error:
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


def _ask(config: ConfigOption) -> dict[str, Any]:
    from liqwatch.config import load_settings
    from liqwatch.exchanges import known_exchanges
    from liqwatch.faces.control import ask

    path = find_config(config, os.environ)
    settings = load_settings(path, environ=os.environ, known_exchanges=known_exchanges()).settings
    return ask(settings.daemon.runtime_directory / "control.sock", "status")
