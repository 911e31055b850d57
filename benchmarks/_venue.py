"""The venue as a process: the shipped simulator with 550 markets, and the moment of every crossing told.

Prints its two addresses, then publishes every `--every` seconds. The line `cross 3 10` on standard input makes
three further markets fall past their first level with each of the next ten beats; for each such beat one line
`<monotonic seconds> <how many>` is printed, stamped when the frames are ready and not yet sent.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import deque
from dataclasses import dataclass, field

from _market import CROSSING, markets

from liqwatch.clock import SystemClock
from liqwatch.model import Side
from liqwatch.testing.venue import BinanceVenue, VenueAccount, VenuePosition

API_KEY, SECRET = "benchmark-key", "benchmark-secret"


class StampedVenue(BinanceVenue):
    """The simulator, which also says when it sent what."""

    crossed = 0

    async def send_beat(self, crossings: int, clock: SystemClock) -> float:
        """Let further markets fall and send every mark; the moment just before the sending."""
        listed = list(self.book.markets.values())
        for each in listed[self.crossed : self.crossed + crossings]:
            self.set_price(each.native_symbol, each.mark_price * CROSSING)
        self.crossed += crossings
        beat = self._hall.beat()
        sent_at = clock.monotonic()
        for line, frames in beat:
            line.push(frames)
        return sent_at


def account() -> VenueAccount:
    """One account behind a key: ten isolated longs, all far from danger."""
    positions = [
        VenuePosition(
            native_symbol=each.native_symbol,
            side=Side.LONG,
            contracts=10.0,
            entry_price=each.mark_price,
            leverage=2,
            isolated_wallet=5 * each.mark_price,
        )
        for each in markets()[:10]
    ]
    return VenueAccount(api_key=API_KEY, secret=SECRET, cross_wallets={"USDT": 10_000.0}, positions=positions)


@dataclass(slots=True)
class Orders:
    """What was asked on standard input: crossings for each of the coming beats, until it is closed."""

    crossings: deque[int] = field(default_factory=lambda: deque(maxlen=10_000))
    is_closed: bool = False

    def read(self) -> None:
        """Take one line."""
        line = sys.stdin.readline()
        if line:
            _, crossings, beats = line.split()
            self.crossings.extend([int(crossings)] * int(beats))
        else:
            self.is_closed = True


async def serve(every_seconds: float) -> None:
    """Publish, and act on what is asked, until nobody can ask any more."""
    clock, orders = SystemClock(), Orders()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), orders.read)
    async with StampedVenue(markets=markets(), accounts=[account()], publish_every_seconds=None) as venue:
        print(venue.rest_url, venue.websocket_url, flush=True)
        beat = clock.monotonic()
        while not orders.is_closed:
            crossings = orders.crossings.popleft() if orders.crossings else 0
            sent_at = await venue.send_beat(crossings, clock)
            if crossings:
                print(f"{sent_at:.6f} {crossings}", flush=True)
            beat += every_seconds
            await clock.sleep(max(beat - clock.monotonic(), 0.0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=float, default=0.1, help="seconds between two beats")
    asyncio.run(serve(parser.parse_args().every))
