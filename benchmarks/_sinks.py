"""Web hooks as a process: one that answers, and one that takes every request and never answers.

Prints both addresses, then one line for each message that the healthy one has received.
"""

from __future__ import annotations

import asyncio
import sys

from liqwatch.testing.sinks import HttpSink


async def main() -> None:
    """Serve until standard input is closed."""
    closed = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), closed.set)
    async with HttpSink() as healthy, HttpSink() as hanging, asyncio.TaskGroup() as tasks:
        hanging.hang = True
        print(healthy.url, hanging.url, flush=True)
        telling = tasks.create_task(_tell(healthy))
        await closed.wait()
        telling.cancel()


async def _tell(healthy: HttpSink) -> None:
    count = 0
    while True:
        count += 1
        await healthy.wait_for(count, timeout=3600)
        print("received", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
