"""Run the daemon: watch the positions and alert until told to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path

from liqwatch.cli._config_path import ConfigOption, find_config
from liqwatch.errors import ExitCode


def command(config: ConfigOption = None) -> None:
    """Run the daemon."""
    asyncio.run(_serve_and_leave(find_config(config, os.environ)))


async def _serve_and_leave(config: Path) -> None:
    # What a start allocates stays: looking for garbage would be a tenth of it. The daemon turns it on when ready.
    gc.disable()
    from liqwatch.bootstrap.serve import serve

    await serve(config)
    # Everything is written and closed. A request or a name look-up that still waits on its thread for a silent
    # peer must not hold up the end; both asyncio and the interpreter would wait for that thread.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ExitCode.OK)
