"""Run the daemon: watch the positions and alert until told to stop."""

from __future__ import annotations

import asyncio
import os

from liqwatch.cli._config_path import ConfigOption, find_config


def command(config: ConfigOption = None) -> None:
    """Run the daemon."""
    from liqwatch.bootstrap.serve import serve

    asyncio.run(serve(find_config(config, os.environ)))
