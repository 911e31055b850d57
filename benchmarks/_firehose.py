"""The server of the feed benchmark: to whoever connects, all frames of one wire as fast as they are read.

The first goes out alone: with it the reader begins to measure. After the last one further frames follow every 50 ms,
so that a reader that lost it still sees the end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os

from _wires import WIRES
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

HEAD_START_SECONDS = 0.3
REPEATS = 100


async def main() -> None:
    """Serve until killed; prints the port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wire", required=True)
    parser.add_argument("--frames", type=int, required=True)
    options = parser.parse_args()
    wire = next(each for each in WIRES if each.name == options.wire)
    frames = [wire.frame(number) for number in range(1, options.frames + 1)]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    async def blast(link: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            await asyncio.sleep(HEAD_START_SECONDS)  # noqa: TID251  # a script of its own
            await link.send(frames[0])
            await asyncio.sleep(HEAD_START_SECONDS)  # noqa: TID251  # a script of its own
            for frame in frames[1:]:
                await link.send(frame)
            for repeat in range(REPEATS):
                await asyncio.sleep(0.05)  # noqa: TID251  # a script of its own
                await link.send(wire.frame(options.frames + 1 + repeat))
            await link.wait_closed()

    async with serve(blast, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
