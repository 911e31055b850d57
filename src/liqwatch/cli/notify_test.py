"""Send one test message through every channel and tell what became of each."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer

from liqwatch.cli._config_path import ConfigOption, find_config
from liqwatch.errors import ExitCode, Problem, UnknownPart


def command(
    config: ConfigOption = None,
    channel: Annotated[list[str] | None, typer.Option("--channel", help="Only this channel; may be repeated.")] = None,
) -> None:
    """Test the channels."""
    outcomes = asyncio.run(_send(config, channel or []))
    for name, problem in outcomes.items():
        typer.echo(f"{name}: {'sent' if problem is None else problem.message}")
    if any(outcomes.values()):
        raise typer.Exit(ExitCode.NOTIFICATION)


async def _send(config: ConfigOption, names: list[str]) -> dict[str, Problem | None]:
    from liqwatch.bootstrap.online import try_channels
    from liqwatch.bootstrap.parts import open_channels
    from liqwatch.config import load_settings
    from liqwatch.exchanges import credentials_of, known_exchanges

    path = find_config(config, os.environ)
    settings = load_settings(
        path, environ=os.environ, known_exchanges=known_exchanges(), credentials_of=credentials_of
    ).settings
    unknown = [name for name in names if name not in settings.channels]
    if unknown:
        known = ", ".join(settings.channels)
        raise UnknownPart(f"no channel {unknown[0]!r} in {path}", mend=f"configured channels: {known}")
    channels = {name: each for name, each in open_channels(settings).items() if not names or name in names}
    try:
        return await try_channels(channels)
    finally:
        for each in channels.values():
            await each.close()
