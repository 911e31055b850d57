"""The daemon, which on SIGUSR1 also writes how many asyncio tasks it has to the file named in `$TASKS_FILE`."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from liqwatch.cli import main

TASKS_FILE = "TASKS_FILE"


def _count(*_: object) -> None:
    Path(os.environ[TASKS_FILE]).write_text(str(len(asyncio.all_tasks())), encoding="ascii")


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _count)
    main()
