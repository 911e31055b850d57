"""The history as CSV for spreadsheets, or as JSON lines for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

COLUMNS = (
    "at",
    "kind",
    "word",
    "alert_id",
    "account",
    "alert_key",
    "severity",
    "channel",
    "who",
    "reading",
    "text",
)
"""Stable: columns are only ever added, at the end."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Also as East Asian keyboards write them: spreadsheets read those the same."""


class ExportFormat(Enum):
    """What `alerts export` writes."""

    CSV = "csv"
    JSONL = "jsonl"


def exported(events: Iterable[Mapping[str, Any]], form: ExportFormat) -> Iterator[str]:
    """The lines of the export, each with its end."""
    return _csv_lines(events) if form is ExportFormat.CSV else (f"{_json_line(event)}\n" for event in events)


def harmless(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: a text that begins like one gets an apostrophe in front."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _csv_lines(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield _csv_line(COLUMNS)
    for event in events:
        yield _csv_line([harmless(event[column]) for column in COLUMNS])


def _csv_line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _json_line(event: Mapping[str, Any]) -> str:
    return json.dumps({column: event[column] for column in COLUMNS}, ensure_ascii=False)
