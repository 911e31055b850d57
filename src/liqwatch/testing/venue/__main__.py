"""`python -m liqwatch.testing.venue`: the simulator on its own, until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from liqwatch.errors import ExitCode, LiqwatchError
from liqwatch.testing.venue import DEFAULT_MARKETS, BinanceVenue
from liqwatch.testing.venue.configuration import VenueSetup, read_setup


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator in the foreground; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m liqwatch.testing.venue", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    parser.add_argument("--config", type=Path, help="TOML file with accounts and prices")
    options = parser.parse_args(arguments)
    try:
        setup = read_setup(options.config) if options.config else VenueSetup(DEFAULT_MARKETS, ())
        asyncio.run(_serve(setup, options.port))
    except LiqwatchError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"cannot listen on port {options.port}: {error.strerror}\n")
        return ExitCode.ERROR
    return ExitCode.OK


async def _serve(setup: VenueSetup, port: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with BinanceVenue(markets=setup.markets, accounts=setup.accounts, port=port) as venue:
        sys.stdout.write(f"rest {venue.rest_url}\nwebsocket {venue.websocket_url}\n")
        sys.stdout.flush()
        await stopped.wait()


if __name__ == "__main__":
    sys.exit(main())
