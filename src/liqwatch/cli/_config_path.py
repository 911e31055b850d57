"""Which config file is meant: the one that is named, or the first that exists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from liqwatch.errors import ConfigError, ExitCode, Problem

ConfigOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="Config file. Default: config.toml here, then in ~/.config/liqwatch, then in /etc/liqwatch.",
    ),
]


def find_config(named: Path | None, environ: Mapping[str, str]) -> Path:
    """The config file to read; a named one is taken whether it exists or not, its absence is told when it is read.

    Raises:
        ConfigError: none is named and none is found.
    """
    if named is not None:
        return named
    home = Path(environ["HOME"]) if "HOME" in environ else Path.home()
    places = (Path("config.toml"), home / ".config/liqwatch/config.toml", Path("/etc/liqwatch/config.toml"))
    for place in places:
        if _may_exist(place):
            return place
    problem = Problem(
        path="config.toml",
        code="LW-CFG-005",
        message=f"not found; looked for {', '.join(str(place) for place in places)}",
        mend="name it with --config, or begin with config.example.toml",
        exit_code=ExitCode.CONFIG,
    )
    raise ConfigError("configuration", [problem])


def _may_exist(place: Path) -> bool:
    try:
        return place.is_file()
    except OSError:
        # A folder that cannot be searched: reading the file will tell why.
        return True
