"""See what became of each message on each channel, try one again, or give it up.

`list` works without a running daemon, too: then it tells what the last one has written down.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeAlias

import typer

from liqwatch.cli._alerts_source import SocketOption, looked_up, told
from liqwatch.cli._config_path import ConfigOption
from liqwatch.cli._numbers import JsonOption

RowArgument: TypeAlias = Annotated[int, typer.Argument(metavar="ROW", min=1, help="The row that `list` shows.")]
STATUS_HELP = "Only pending, sent, dead (undeliverable), expired, superseded (told by a newer one) or discarded."


def list_(
    status: Annotated[str, typer.Option(help=STATUS_HELP)] = "",
    config: ConfigOption = None,
    control_socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Messages by channel, the newest first."""
    report = looked_up(config, control_socket, "outbox", {"status": status})
    if as_json:
        _print_json(report)
        return
    from liqwatch.cli._outbox_view import outbox_view
    from liqwatch.cli._status_view import output_console

    output_console().print(outbox_view(report["messages"]))


def retry(
    row: RowArgument, config: ConfigOption = None, control_socket: SocketOption = None, as_json: JsonOption = False
) -> None:
    """Send a message now that waits, or that was given up; it no longer expires."""
    _print_text(told(config, control_socket, "outbox_retry", {"row": str(row)}), as_json=as_json)


def discard(
    row: RowArgument, config: ConfigOption = None, control_socket: SocketOption = None, as_json: JsonOption = False
) -> None:
    """Give up a message that waits or cannot be delivered."""
    _print_text(told(config, control_socket, "outbox_discard", {"row": str(row)}), as_json=as_json)


def _print_text(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        _print_json(report)
    else:
        typer.echo(report["text"])


def _print_json(report: dict[str, Any]) -> None:
    typer.echo(json.dumps(report, indent=2, ensure_ascii=False))


commands = {"list": list_, "retry": retry, "discard": discard}
