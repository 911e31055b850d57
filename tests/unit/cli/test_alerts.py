"""`liqwatch alerts` without a daemon: how durations are read, what is exported, how hostile texts are shown."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from liqwatch import cli
from liqwatch.cli._alerts_export import COLUMNS, ExportFormat, exported, harmless
from liqwatch.cli._alerts_times import login_name, minutes, moment_of
from liqwatch.cli._alerts_view import alert_view, alerts_view
from liqwatch.cli._commands import leaf_commands
from liqwatch.engine.desk.report import event_object
from liqwatch.errors import ExitCode
from liqwatch.model import EventKind, HistoryEvent, Severity

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOSTILE = "=HYPERLINK(1) [bold red]\x1b[2J\u202e"
EVENT = event_object(
    HistoryEvent(
        kind=EventKind.ATTEMPT,
        at=NOW,
        alert_id="ab12cd",
        severity=Severity.CRITICAL,
        word="dead",
        channel="mail",
        reading=-0.05,
        text=HOSTILE,
    )
)


def ended(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    return int(end.value.code or 0)


@pytest.mark.parametrize(("text", "expected"), [("30m", 30), ("1h30m", 90), ("2d", 2880), ("90s", 2), ("1ms", 1)])
def test_durations_become_whole_minutes_and_never_less_than_asked_for(text: str, expected: int) -> None:
    assert minutes(text) == expected


@pytest.mark.parametrize("text", ["", "0s", "90", "soon", "-5m", "1.5"])
def test_a_duration_without_a_unit_or_of_no_time_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write 30m"):
        minutes(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", NOW - timedelta(days=7)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T10:00", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("2026-11-01T10:00:00+02:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_moment_is_utc_unless_it_says_otherwise(text: str, expected: datetime) -> None:
    assert moment_of(text, NOW) == expected


def test_a_moment_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="is no moment"):
        moment_of("yesterday", NOW)


def test_the_login_name_is_who_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "anna")
    assert login_name() == "anna"


def test_json_lines_have_stable_keys_and_say_the_same() -> None:
    (line,) = exported([EVENT], ExportFormat.JSONL)
    assert line.endswith("}\n")
    assert json.loads(line) == EVENT
    assert tuple(json.loads(line)) == COLUMNS


def test_csv_has_the_same_columns_and_no_formula() -> None:
    header, row = csv.reader(io.StringIO("".join(exported([EVENT], ExportFormat.CSV))))
    assert tuple(header) == COLUMNS
    cells = dict(zip(header, row, strict=True))
    assert cells["text"] == f"'{HOSTILE}"
    assert cells["reading"] == "-0.05"
    assert cells["at"] == "2026-11-20T12:00:00+00:00"


@given(st.text())
def test_no_text_begins_like_a_formula_and_none_is_lost(text: str) -> None:
    cell = str(harmless(text))
    assert cell in (text, f"'{text}")
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("value", [None, 3, -0.05])
def test_numbers_stay_numbers(value: object) -> None:
    assert harmless(value) == value


def test_texts_of_others_are_shown_as_text_and_never_obeyed() -> None:
    alert: dict[str, Any] = {
        "id": "ab12cd",
        "account": "main",
        "subject": HOSTILE,
        "rule": "liquidation_distance",
        "state": "firing",
        "severity": "critical",
        "peak": "critical",
        "told": None,
        "headline": None,
        "started_at": NOW.isoformat(),
        "answer": "snooze",
        "answered_by": "anna",
        "snoozed_until": NOW.isoformat(),
        "silenced_by": [],
    }
    console = Console(width=300, file=io.StringIO(), force_terminal=False)
    console.print(alerts_view({"alerts": [alert], "silences": []}))
    console.print(alert_view({"alert": alert, "details": HOSTILE, "events": [EVENT]}))
    shown = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    assert shown.count("[bold red]") == 3
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "firing, held back" in shown
    assert "snoozed until 2026-11-20 12:00:00 by anna" in shown


def test_a_group_of_commands_is_known_by_the_names_of_its_commands() -> None:
    assert [name for name, _ in leaf_commands("alerts")] == [
        f"alerts {each}" for each in ("list", "show", "ack", "snooze", "silence", "unsilence", "export")
    ]
    assert [name for name, _ in leaf_commands("outbox")] == ["outbox list", "outbox retry", "outbox discard"]
    assert [name for name, _ in leaf_commands("status")] == ["status"]
    assert all(command.help for group in ("alerts", "outbox") for _, command in leaf_commands(group))


@pytest.mark.parametrize(
    "arguments",
    [
        ["alerts"],
        ["alerts", "frob"],
        ["alerts", "snooze", "ab12cd"],
        ["alerts", "snooze", "ab12cd", "--for", "90"],
        ["alerts", "silence"],
        ["alerts", "export", "--format", "xml"],
        ["alerts", "export", "--since", "yesterday"],
        ["outbox", "retry"],
        ["outbox", "retry", "0"],
        ["outbox", "discard", "first"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(arguments) == ExitCode.USAGE
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("command", [["alerts", "list"], ["alerts", "export"], ["outbox", "list"]])
def test_a_configuration_that_is_not_there_exits_3(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended([*command, "--config", str(tmp_path / "absent.toml")]) == ExitCode.CONFIG
    assert "LW-CFG-005" in capsys.readouterr().err
