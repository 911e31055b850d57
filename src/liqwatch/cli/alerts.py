"""Look at alerts, answer them, silence what is known, and export the history.

`list`, `show` and `export` work without a running daemon, too: then they tell what the last one has written down.
"""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, TypeAlias

import typer

from liqwatch.cli._alerts_export import ExportFormat, exported
from liqwatch.cli._alerts_source import SocketOption, looked_up, state_directory, told
from liqwatch.cli._alerts_times import ForOption, SinceOption, login_name
from liqwatch.cli._config_path import ConfigOption
from liqwatch.cli._numbers import JsonOption

AlertArgument: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="The id that stands in every message.")]
PATTERN = "as a shell pattern (BTC/*); left out: any."


def list_(config: ConfigOption = None, control_socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """What burns, told or held back, and which silences are in force."""
    report = looked_up(config, control_socket, "alerts", {})
    if as_json:
        _print_json(report)
        return
    from liqwatch.cli._alerts_view import alerts_view
    from liqwatch.cli._status_view import output_console

    output_console().print(alerts_view(report))


def show(
    alert_id: AlertArgument,
    config: ConfigOption = None,
    control_socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """One alert: its figures, and every transition, message, attempt and answer."""
    report = looked_up(config, control_socket, "alert", {"id": alert_id})
    if as_json:
        _print_json(report)
        return
    from liqwatch.cli._alerts_view import alert_view
    from liqwatch.cli._status_view import output_console

    output_console().print(alert_view(report))


def ack(
    alert_id: AlertArgument,
    config: ConfigOption = None,
    control_socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Acknowledge an alert: no reminders and no escalation until it gets worse."""
    arguments = {"id": alert_id, "answer": "ack", "minutes": "", "who": login_name()}
    _print_text(told(config, control_socket, "answer", arguments), as_json=as_json)


def snooze(
    alert_id: AlertArgument,
    duration: ForOption,
    config: ConfigOption = None,
    control_socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put an alert off. It is told sooner if it gets worse; a critical one waits for an hour at most."""
    arguments = {"id": alert_id, "answer": "snooze", "minutes": str(duration), "who": login_name()}
    _print_text(told(config, control_socket, "answer", arguments), as_json=as_json)


def silence(
    *,
    duration: ForOption,
    account: Annotated[str, typer.Option(help=f"Only of these accounts, {PATTERN}")] = "",
    rule: Annotated[str, typer.Option(help=f"Only of these kinds of rules, {PATTERN}")] = "",
    subject: Annotated[str, typer.Option(help=f"Only of these positions, pools or streams, {PATTERN}")] = "",
    comment: Annotated[str, typer.Option(help="Why; told to everybody.")] = "",
    config: ConfigOption = None,
    control_socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold alerts back, for 7 days at most; critical ones for an hour at most. Everybody is told of it."""
    arguments = {
        "account": account,
        "rule": rule,
        "subject": subject,
        "minutes": str(duration),
        "who": login_name(),
        "comment": comment,
    }
    _print_text(told(config, control_socket, "silence", arguments), as_json=as_json)


def unsilence(
    silence_id: Annotated[str, typer.Argument(metavar="ID", help="The silence, as `liqwatch alerts list` names it.")],
    config: ConfigOption = None,
    control_socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a silence before its time. What still burns is told at once."""
    arguments = {"id": silence_id, "who": login_name()}
    _print_text(told(config, control_socket, "unsilence", arguments), as_json=as_json)


def export(
    form: Annotated[ExportFormat, typer.Option("--format", help="csv, or jsonl: one JSON object a line.")] = (
        ExportFormat.CSV
    ),
    since: SinceOption = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl.")] = False,
) -> None:
    """Print the whole history, oldest first: transitions, messages, attempts, receipts, answers, silences."""
    from liqwatch.bootstrap.archive import whole_history
    from liqwatch.clock import SystemClock
    from liqwatch.engine.desk.report import event_object

    events = asyncio.run(whole_history(state_directory(config), since, SystemClock()))
    for line in exported(map(event_object, events), ExportFormat.JSONL if as_json else form):
        typer.echo(line, nl=False)


def _print_text(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        _print_json(report)
    else:
        typer.echo(report["text"])


def _print_json(report: dict[str, Any]) -> None:
    typer.echo(json.dumps(report, indent=2, ensure_ascii=False))


commands = {
    "list": list_,
    "show": show,
    "ack": ack,
    "snooze": snooze,
    "silence": silence,
    "unsilence": unsilence,
    "export": export,
}
