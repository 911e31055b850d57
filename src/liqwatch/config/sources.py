"""Where settings come from, weakest first; pydantic-settings reads each, `load.py` lays them over each other.

A source that cannot be read becomes problems instead of an exception, so that the others are still judged.
"""

from __future__ import annotations

import errno
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource, PydanticBaseSettingsSource, TomlConfigSettingsSource
from pydantic_settings.sources.utils import parse_env_vars

from liqwatch.config.codes import Code
from liqwatch.config.secrecy import SECRET_KEYS, SECRETS_FILE, SINGLE_TABLES, exposure, secrets_in
from liqwatch.config.settings import Settings
from liqwatch.config.suggest import did_you_mean
from liqwatch.errors import Problem

TOML_PLACE = re.compile(r"(?P<reason>.*) \((?P<place>at .*)\)", re.DOTALL)
QUOTED = re.compile(r"'[^']{2,}'|\(.*\)")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source said, and what is wrong with it. `origin` is its name for people."""

    origin: str
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problems: tuple[Problem, ...] = ()


class EnvironmentSource(EnvSettingsSource):
    """`LIQWATCH_ACCOUNTS__MAIN__API_KEY=…`, from a given environment instead of the process's own."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Prefix and delimiter are those of `Settings`."""
        self._environ = environ
        super().__init__(Settings, case_sensitive=False)

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: str) -> object:
        """Read JSON; other text is left to the model, which may have a short form for it."""
        try:
            decoded: object = super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value
        return decoded

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return parse_env_vars(self._environ, self.case_sensitive, self.env_ignore_empty, self.env_parse_none_str)


class CredentialFilesSource(PydanticBaseSettingsSource):
    """One file for each secret, named by its path: `accounts.main.api_key`, `channels.chat.url`, `heartbeat.url`."""

    def __init__(self, directory: Path) -> None:
        """`directory` is what systemd calls `$CREDENTIALS_DIRECTORY`; files of other names are left alone."""
        super().__init__(Settings)
        self._directory = directory

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The table `field_name` as far as there are files for it."""
        del field
        table: dict[str, Any] = {}
        is_single = field_name in SINGLE_TABLES
        for file in sorted(self._directory.glob(f"{field_name}.*" if is_single else f"{field_name}.*.*")):
            _, *entry, key = file.name.split(".", 1 if is_single else 2)
            place = table.setdefault(entry[0], {}) if entry else table
            place[key] = file.read_text(encoding="utf-8").strip()
        return table, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every table that may hold secrets."""
        tables = {name: self.get_field_value(Settings.model_fields[name], name)[0] for name in SECRET_KEYS}
        return {name: table for name, table in tables.items() if table}


def read_directories(environ: Mapping[str, str]) -> Reading:
    """The directories that systemd prepared; any other source may name others."""
    # Where systemd names several, separated by colons, the first one is ours.
    named = {
        key: environ[variable].split(":")[0]
        for key, variable in (("state_directory", "STATE_DIRECTORY"), ("runtime_directory", "RUNTIME_DIRECTORY"))
        if environ.get(variable)
    }
    return Reading("the service manager", {"daemon": named} if named else {})


def read_config_file(path: Path) -> Reading:
    """The file that the user named."""
    reading = _toml(path, path.name, Code.UNREADABLE_FILE)
    if any(secrets_in(reading.content)):
        return replace(reading, problems=(*reading.problems, *exposure(path, reading.content)))
    return reading


def read_additions(path: Path, environ: Mapping[str, str]) -> Iterator[Reading]:
    """Everything that may add to the config file in `path`, weakest first."""
    beside = path.parent / SECRETS_FILE
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    handed_over = Path(credentials) / SECRETS_FILE if credentials else None
    if handed_over is not None and _may_exist(handed_over):
        # The unit loads the file beside the config as a credential; the daemon's own user cannot open that one.
        yield _secrets_file(handed_over, f"credential {SECRETS_FILE}", is_private=True)
    elif beside != path and _may_exist(beside):
        yield _secrets_file(beside, beside.name, is_private=False)
    if credentials:
        directory = Path(credentials)
        yield _read("the credentials directory", partial(CredentialFilesSource, directory), Code.SECRETS_UNREADABLE)
    yield Reading("the environment", EnvironmentSource(environ)())


def _secrets_file(path: Path, origin: str, *, is_private: bool) -> Reading:
    reading = _toml(path, origin, Code.SECRETS_UNREADABLE)
    problems = list(reading.problems)
    # systemd itself guards its credentials; their mode says nothing about who can reach them.
    if not is_private and not problems:
        problems.extend(exposure(path, reading.content))
    problems.extend(
        Code.NOT_A_SECRET.problem(
            f"{origin}: {table}",
            "only accounts, channels and the heartbeat stand in a secrets file",
            did_you_mean(table, SECRET_KEYS),
        )
        for table in reading.content
        if table not in SECRET_KEYS
    )
    content = {table: entries for table, entries in reading.content.items() if table in SECRET_KEYS}
    return Reading(origin, content, tuple(problems))


def _toml(path: Path, origin: str, unreadable: Code) -> Reading:
    if not _may_exist(path):
        return Reading(origin, problems=(unreadable.problem(origin, "does not exist"),))
    return _read(origin, partial(_open_toml, path), unreadable)


def _open_toml(path: Path) -> TomlConfigSettingsSource:
    # pydantic-settings would pass over a folder or a pipe in silence.
    if not path.is_file():
        raise OSError(errno.EINVAL, "it is not a file")
    return TomlConfigSettingsSource(Settings, path)


def _may_exist(path: Path) -> bool:
    """False only where there is surely nothing; a folder that cannot be searched is told when it is read."""
    try:
        return path.exists()
    except OSError:
        return True


def _read(origin: str, open_source: Callable[[], PydanticBaseSettingsSource], unreadable: Code) -> Reading:
    """Open and ask one source. No foreign text is passed on: it may quote what it could not read."""
    try:
        return Reading(origin, open_source()())
    except tomllib.TOMLDecodeError as error:
        problem = Code.TOML_SYNTAX.problem(origin, _toml_reason(str(error)))
    except UnicodeDecodeError:
        problem = unreadable.problem(origin, "is not UTF-8 text")
    except OSError as error:
        problem = unreadable.problem(origin, f"cannot be read: {error.strerror}", "check its owner and mode")
    return Reading(origin, problems=(problem,))


def _toml_reason(text: str) -> str:
    match = TOML_PLACE.fullmatch(text)
    if match is None:
        return "is not valid TOML"
    reason = QUOTED.sub("…", match["reason"])
    return f"is not valid TOML {match['place']}: {reason[:1].lower()}{reason[1:]}"
