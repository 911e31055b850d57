from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import NoReturn

import pytest

from liqwatch import cli
from liqwatch.errors import ConfigError, ExchangeUnreachable, ExitCode, LiqwatchError, Problem
from liqwatch.redaction import remember_secret

CANARY = "canary-in-a-foreign-error"


def run_raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """Let a command `check` end with `error`; the exit code."""

    def command() -> NoReturn:
        raise error

    module = ModuleType("liqwatch.cli.check", "A command that fails.")
    module.__dict__["command"] = command
    monkeypatch.setitem(sys.modules, "liqwatch.cli.check", module)
    with pytest.raises(SystemExit) as end:
        cli.main(["check"])
    return int(end.value.code or 0)


def test_an_error_of_ours_is_one_line_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_raising(monkeypatch, ExchangeUnreachable("no answer", path="accounts.main")) == ExitCode.EXCHANGE
    assert capsys.readouterr().err == "liqwatch: accounts.main: no answer [LW-EXC-002]\n"


def test_a_config_error_is_told_as_a_list(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem(path="channels", code="LW-KEY-002", message="half", mend="whole", exit_code=ExitCode.CREDENTIALS)
    assert run_raising(monkeypatch, ConfigError("c.toml", [problem])) == ExitCode.CREDENTIALS
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "c.toml: 1 problem"
    assert lines[-2:] == ["      half", "      hint: whole"]


def test_errors_of_ours_inside_a_task_group_are_told_like_any_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    group = ExceptionGroup("tasks", [ExceptionGroup("inner", [LiqwatchError("one")]), ExchangeUnreachable("two")])
    assert run_raising(monkeypatch, group) == ExitCode.ERROR
    assert capsys.readouterr().err == "liqwatch: one [LW-000]\nliqwatch: two [LW-EXC-002]\n"


@pytest.mark.parametrize("wrap", [lambda error: error, lambda error: ExceptionGroup("tasks", [error])])
def test_a_bug_is_told_redacted(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wrap: Callable[[Exception], BaseException],
) -> None:
    remember_secret(CANARY)
    assert run_raising(monkeypatch, wrap(RuntimeError(f"signed with {CANARY}"))) == ExitCode.ERROR
    told = capsys.readouterr().err
    assert "signed with ***" in told
    assert CANARY not in told
    assert told.endswith("please report the lines above\n")


def test_an_interrupt_inside_a_command_exits_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_raising(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == ""
