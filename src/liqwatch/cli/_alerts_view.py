"""Alerts, silences and history as tables for a terminal. What others have written is shown as text, never as markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from liqwatch.alerts.safe import safe
from liqwatch.cli._status_view import STYLES

DASH = "-"


def alerts_view(report: Mapping[str, Any]) -> RenderableType:
    """What burns, and what is silenced."""
    parts: list[RenderableType] = [
        _alerts_table(report["alerts"]) if report["alerts"] else Text("No alert burns.", style="green")
    ]
    if report["silences"]:
        parts.append(_silences_table(report["silences"]))
    return Group(*parts)


def alert_view(report: Mapping[str, Any]) -> RenderableType:
    """One alert: its figures, and everything that has happened to it."""
    alert, parts = report["alert"], list[RenderableType]()
    if report["details"]:
        parts += [Text("\n".join(safe(line, 500) for line in report["details"].splitlines())), Text()]
    elif alert:
        parts += [_alerts_table([alert]), Text()]
    parts.append(_events_table(report["events"]) if report["events"] else Text("Nothing is written down about it."))
    return Group(*parts)


def table_of(title: str, *columns: str) -> Table:
    """An empty table in the style of the house."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column)
    return table


def cell(value: object) -> Text:
    """A text from anywhere."""
    return Text(safe("" if value is None else str(value)) or DASH)


def severity_cell(word: str | None) -> Text:
    """A level in its colour."""
    return Text(word or DASH, style=STYLES.get(word or "", ""))


def time_cell(text: str | None) -> Text:
    """A moment in UTC, to the second."""
    return Text(f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}" if text else DASH)


def _alerts_table(alerts: Sequence[Mapping[str, Any]]) -> Table:
    table = table_of("Alerts", "id", "severity", "account", "subject", "what", "state", "since (UTC)", "answer")
    for each in alerts:
        table.add_row(
            cell(each["id"]),
            severity_cell(each["severity"] or each["peak"]),
            cell(each["account"]),
            cell(each["subject"]),
            cell(each["headline"] or each["rule"]),
            cell(_state(each)),
            time_cell(each["started_at"]),
            cell(_answer(each)),
        )
    return table


def _state(alert: Mapping[str, Any]) -> str:
    if alert["silenced_by"]:
        return f"{alert['state']}, silenced ({', '.join(alert['silenced_by'])})"
    is_burning = alert["state"] in ("firing", "recovering")
    return f"{alert['state']}, held back" if is_burning and not alert["told"] else str(alert["state"])


def _answer(alert: Mapping[str, Any]) -> str:
    if alert["answer"] is None:
        return ""
    if alert["answer"] == "snooze":
        return f"snoozed until {time_cell(alert['snoozed_until']).plain} by {alert['answered_by']}"
    return f"acknowledged by {alert['answered_by']}"


def _silences_table(silences: Sequence[Mapping[str, Any]]) -> Table:
    table = table_of("Silences", "id", "account", "rule", "subject", "until (UTC)", "by", "comment")
    for each in silences:
        matchers = [cell(each[name] or "any") for name in ("account", "rule", "subject")]
        table.add_row(cell(each["id"]), *matchers, time_cell(each["until"]), cell(each["by"]), cell(each["comment"]))
    return table


def _events_table(events: Sequence[Mapping[str, Any]]) -> Table:
    table = table_of("History", "at (UTC)", "kind", "what", "severity", "channel", "by", "text")
    for each in events:
        table.add_row(
            time_cell(each["at"]),
            cell(each["kind"]),
            cell(each["word"]),
            severity_cell(each["severity"]),
            cell(each["channel"]),
            cell(each["who"]),
            cell(each["text"]),
        )
    return table
