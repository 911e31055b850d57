"""The outbox as a table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from liqwatch.cli._alerts_view import cell, severity_cell, table_of, time_cell

STATUS_STYLES = {"pending": "yellow", "dead": "bold red", "expired": "red", "sent": "green"}


def outbox_view(messages: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Messages by channel, the newest first."""
    if not messages:
        return Text("No message.")
    columns = (
        "row",
        "channel",
        "status",
        "severity",
        "title",
        "alert",
        "happened (UTC)",
        "next try",
        "tries",
        "detail",
    )
    table = table_of("Outbox", *columns)
    for each in messages:
        table.add_row(
            cell(each["row"]),
            cell(each["channel"]),
            Text(each["status"], style=STATUS_STYLES.get(each["status"], "")),
            severity_cell(each["severity"]),
            cell(each["title"]),
            cell(each["alert_id"]),
            time_cell(each["happened_at"]),
            time_cell(each["next_attempt_at"]),
            cell(each["attempts"]),
            cell(each["detail"] or each["receipt"]),
        )
    return table
