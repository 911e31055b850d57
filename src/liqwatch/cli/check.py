"""Look for every problem in the configuration.

A clean check means that `run` starts.

Exit code 0: fine, perhaps with warnings. 3: the configuration cannot be used. 4: the trouble is with keys or
secrets alone. With --online also 5 (exchange) and 6 (notification).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from liqwatch.cli._config_path import ConfigOption, find_config
from liqwatch.cli._problems import problem_list
from liqwatch.config import Settings, load_settings
from liqwatch.errors import ConfigError, ExitCode, NotificationError, Problem, StoreError
from liqwatch.exchanges import credentials_of, known_exchanges
from liqwatch.notifiers import is_console, validate_url
from liqwatch.redaction import redact


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found in one configuration."""

    source: str
    problems: Sequence[Problem]
    warnings: Sequence[Problem] = ()

    @property
    def exit_code(self) -> int:
        """0 without problems; of several exit codes the lowest, as what it stands for has to be mended first."""
        return min((problem.exit_code for problem in self.problems), default=ExitCode.OK)


def command(
    config: ConfigOption = None,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask the exchanges and channels: keys, their rights, clock, delivery.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check the configuration."""
    findings = _examine(config, online=online)
    typer.echo(redact(_as_json(findings) if as_json else _as_text(findings)))
    raise typer.Exit(findings.exit_code)


def _examine(config: Path | None, *, online: bool) -> Findings:
    try:
        path = find_config(config, os.environ)
        loaded = load_settings(
            path, environ=os.environ, known_exchanges=known_exchanges(), credentials_of=credentials_of
        )
    except ConfigError as error:
        return Findings(error.source, error.problems)
    problems = [*_channel_problems(loaded.settings), *_directory_problems(loaded.settings)]
    if problems or not online:
        return Findings(str(path), problems, loaded.warnings)
    from liqwatch.bootstrap import check_online

    found = check_online(loaded.settings)
    problems = [problem for problem in found if not problem.is_warning]
    warnings = [problem for problem in found if problem.is_warning]
    return Findings(str(path), problems, (*loaded.warnings, *warnings))


def _directory_problems(settings: Settings) -> list[Problem]:
    """Directories that the daemon could not use, as far as this user can tell without making them."""
    problems = []
    for name in ("state_directory", "runtime_directory"):
        directory: Path = getattr(settings.daemon, name)
        place = next(parent for parent in (directory, *directory.parents) if parent.exists())
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            reason = "is no directory" if not place.is_dir() else "cannot be written by this user"
            mend = "name another one, or run the check as the daemon's own user"
            problems.append(
                Problem(path=f"daemon.{name}", code=StoreError.code, message=f"{place} {reason}", mend=mend)
            )
    return problems


def _channel_problems(settings: Settings) -> list[Problem]:
    """Channels that no service will ever take a message for. Loads Apprise, but asks nobody."""
    problems = []
    for name, channel in settings.channels.items():
        url = channel.url.get_secret_value()
        try:
            if not is_console(url):
                validate_url(url)
        except NotificationError as error:
            path = f"channels.{name}.url"
            problems.append(Problem(path=path, code=error.code, message=error.message, mend=error.mend))
    return problems


def _as_text(findings: Findings) -> str:
    parts = [problem_list(findings.source, part) for part in (findings.problems, findings.warnings) if part]
    if not findings.problems:
        parts.append(f"{findings.source}: ok")
    return "\n\n".join(parts)


def _as_json(findings: Findings) -> str:
    return json.dumps(
        {
            "source": findings.source,
            "exit_code": findings.exit_code,
            "problems": [_problem_object(problem) for problem in findings.problems],
            "warnings": [_problem_object(problem) for problem in findings.warnings],
        },
        indent=2,
        ensure_ascii=False,
    )


def _problem_object(problem: Problem) -> dict[str, str | None]:
    return {"path": problem.path, "code": problem.code, "message": problem.message, "mend": problem.mend}
