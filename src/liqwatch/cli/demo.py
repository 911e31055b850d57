"""Show the main job: one crash and recovery, watched and told, without key or network.

The real daemon runs with a real config file against a venue simulator on loopback, REST and websockets,
through the same adapter as live. Seven positions on two accounts live through one crash in 25 seconds; at
another exchange than the default, two positions on one account.
Exit code 0: every level that was crossed has been told on both channels, and nothing is left over. 1: not so.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from liqwatch.errors import ExitCode


def command(
    exchange: Annotated[str, typer.Option(help="The exchange at which it plays.")] = "binance_usdm",
    seconds: Annotated[float, typer.Option(min=5, max=600, help="How long the crash and its recovery take.")] = 25.0,
    live: Annotated[bool | None, typer.Option("--live/--plain", help="Live view, or plain lines.")] = None,
) -> None:
    """Show one crash from tick to message."""
    from liqwatch.cli._demo_stage import run_demo, story_of

    story = story_of(exchange)
    with tempfile.TemporaryDirectory(prefix="liqwatch-demo-") as directory:
        is_whole = asyncio.run(run_demo(Path(directory), story, seconds=seconds, live=live, environ=os.environ))
    raise typer.Exit(ExitCode.OK if is_whole else ExitCode.ERROR)
