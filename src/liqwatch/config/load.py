"""Read every source, lay them over each other, validate, and report all problems at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from liqwatch.config.checks import Surroundings, run_checks
from liqwatch.config.checks.surroundings import usual_credentials
from liqwatch.config.codes import Code
from liqwatch.config.report import Location, OriginOf, to_problems
from liqwatch.config.secrecy import remember_secrets
from liqwatch.config.settings import Settings
from liqwatch.config.sources import Reading, read_additions, read_config_file, read_directories
from liqwatch.errors import ConfigError, Problem

ENTRY_DEPTH = 2


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """A configuration that can be run, and what should be thought about all the same."""

    source: Path
    settings: Settings
    warnings: tuple[Problem, ...]


def load_settings(
    path: Path,
    *,
    environ: Mapping[str, str],
    known_exchanges: Sequence[str],
    credentials_of: Callable[[str], tuple[str, ...]] = usual_credentials,
) -> LoadedSettings:
    """Load the configuration in `path` with everything that may add to it.

    Weakest first: the service manager's directories, `path`, secrets.toml beside it, secrets.toml and single
    files in `$CREDENTIALS_DIRECTORY`, `LIQWATCH_…` variables. Every secret is registered for redaction.

    Raises:
        ConfigError: with every problem found. No cause is attached: it could carry a secret.
    """
    config_file = read_config_file(path)
    readings = [read_directories(environ), config_file, *read_additions(path, environ)]
    merged: dict[str, Any] = {}
    for reading in readings:
        remember_secrets(reading.content)
        _merge_into(merged, reading.content)
    problems = [problem for reading in readings for problem in reading.problems]
    if config_file.problems and not config_file.content:
        # Without the file itself, everything else would only be found missing.
        raise ConfigError(str(path), problems)
    settings, findings = _judge(merged, _origins(readings, config_file), known_exchanges, credentials_of)
    problems.extend(finding for finding in findings if not finding.is_warning)
    if settings is None or problems:
        raise ConfigError(str(path), problems)
    return LoadedSettings(path, settings, tuple(findings))


def _judge(
    raw: Mapping[str, Any],
    origin_of: OriginOf,
    known_exchanges: Sequence[str],
    credentials_of: Callable[[str], tuple[str, ...]],
) -> tuple[Settings | None, list[Problem]]:
    """Validate, then check how the parts fit; what is sound is checked even where something else is not."""
    settings, findings = _validate(raw, origin_of)
    broken = frozenset(str(location[0]) for location, problem in findings if not _is_stray_entry(location, problem))
    sound = settings or _validate(_without_broken_entries(raw, [location for location, _ in findings]), origin_of)[0]
    problems = [problem for _, problem in findings]
    if sound is not None:
        problems.extend(run_checks(sound, Surroundings.of(raw, known_exchanges, broken, credentials_of)))
    return settings, problems


def _validate(raw: Mapping[str, Any], origin_of: OriginOf) -> tuple[Settings | None, list[tuple[Location, Problem]]]:
    try:
        return Settings.model_validate(raw), []
    except ValidationError as error:
        return None, list(to_problems(error, origin_of))


def _is_stray_entry(location: Location, problem: Problem) -> bool:
    """Whether something unknown stands beside the known entries of a table, which are none the worse for it."""
    return problem.code == Code.UNKNOWN_KEY.code and len(location) <= ENTRY_DEPTH


def _origins(readings: Sequence[Reading], config_file: Reading) -> OriginOf:
    """Name the source that a value came from, unless it is the config file itself."""

    def origin_of(location: Location) -> str | None:
        strongest = next((reading for reading in reversed(readings) if _holds(reading.content, location)), config_file)
        return None if strongest is config_file else strongest.origin

    return origin_of


def _holds(content: object, location: Location) -> bool:
    for part in location:
        if isinstance(content, dict):
            is_there = part in content
        else:
            is_there = isinstance(content, list) and isinstance(part, int) and part < len(content)
        if not is_there:
            return False
        content = content[part]  # type: ignore[index] # `is_there` has just looked
    return True


def _merge_into(target: dict[str, Any], stronger: Mapping[str, Any]) -> None:
    for key, value in stronger.items():
        below = target.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            _merge_into(below, value)
        else:
            target[key] = deepcopy(value)


def _without_broken_entries(raw: Mapping[str, Any], broken: Sequence[Location]) -> dict[str, Any]:
    """Leave out each account, channel, market or rule in which something is wrong, so that the rest can be checked."""
    sound = dict(raw)
    for table, *rest in broken:
        entries = sound.get(str(table))
        if rest and isinstance(entries, dict):
            sound[str(table)] = {name: entry for name, entry in entries.items() if name != rest[0]}
        else:
            sound.pop(str(table), None)
    return sound
