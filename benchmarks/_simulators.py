"""Every venue that the simulator knows, in one process: twenty markets and one account with twenty positions each.

Prints one line of JSON, `{exchange: {"rest": …, "websocket": …, "symbols": …}}`, then moves and publishes every mark
each `--every` seconds. A line on standard input is answered by the number of beats so far; its end ends the process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from liqwatch.clock import SystemClock
from liqwatch.model import Side
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wire_protocol import VenueWire
from liqwatch.testing.venue.wires import known_wires, load_wire

API_KEY, SECRET, PASSPHRASE = "benchmark-key", "YmVuY2htYXJrLXNlY3JldA==", "benchmark-passphrase"
WALLET_ADDRESS = "0x" + "ab" * 20
POSITIONS = 20
"""In each venue."""
TEMPLATE_ASSET = "ETH"
STEPS_HELD = 10
STEP = 0.0002
"""How far a mark moves in a beat, as a fraction."""
WIDEST = 0.01
"""How far a mark may be from where it began: no position comes near its liquidation."""


def markets_of(wire: VenueWire) -> tuple[VenueMarket, ...]:
    """The wire's own markets, and twenty copies of its first one in ether under made-up names."""
    template = next(each for each in wire.markets if each.base_asset == TEMPLATE_ASSET)
    return (*wire.markets, *(_renamed(template, f"X{chr(ord('A') + number)}Q") for number in range(POSITIONS)))


def _renamed(template: VenueMarket, asset: str) -> VenueMarket:
    margin = asset if template.margin_asset == TEMPLATE_ASSET else template.margin_asset
    native = template.native_symbol.replace(TEMPLATE_ASSET, asset)
    return replace(template, native_symbol=native, base_asset=asset, margin_asset=margin)


def account_of(exchange: str, held: Sequence[VenueMarket]) -> VenueAccount:
    """Small cross longs before a large wallet: nothing to alert of."""
    return VenueAccount(
        api_key=WALLET_ADDRESS if exchange == "hyperliquid" else API_KEY,
        secret=None if exchange == "hyperliquid" else SECRET,
        passphrase=PASSPHRASE,
        cross_wallets=dict.fromkeys((each.margin_asset for each in held), 100_000.0),
        positions=[
            VenuePosition(
                native_symbol=each.native_symbol,
                side=Side.LONG,
                contracts=STEPS_HELD * each.quantity_step,
                entry_price=each.mark_price,
                leverage=5,
            )
            for each in held
        ],
    )


@dataclass(slots=True)
class Fleet:
    """All simulators, and the beats they have published."""

    venues: dict[str, VenueSimulator]
    beats: int = 0

    def answer(self) -> None:
        """Say how many beats there were, or end."""
        if not sys.stdin.readline():
            raise SystemExit(0)
        print(self.beats, flush=True)

    async def beat(self, dice: random.Random) -> None:
        """Move every mark a little and publish."""
        for venue in self.venues.values():
            for native, listed in venue.book.markets.items():
                wanted = venue.book.mark_prices[native] * (1 + dice.gauss(0.0, STEP))
                low, high = listed.mark_price * (1 - WIDEST), listed.mark_price * (1 + WIDEST)
                venue.set_price(native, min(max(wanted, low), high))
            await venue.publish()
        self.beats += 1


async def main(every_seconds: float) -> None:
    """Publish until standard input ends."""
    clock, dice = SystemClock(), random.Random(7)  # noqa: S311  # a repeatable walk, no secret
    async with AsyncExitStack() as stack:
        fleet = Fleet({})
        for exchange in known_wires():
            wire = load_wire(exchange)
            markets = markets_of(wire)
            account = account_of(exchange, markets[-POSITIONS:])
            venue = VenueSimulator(wire, markets=markets, accounts=[account], publish_every_seconds=None)
            fleet.venues[exchange] = await stack.enter_async_context(venue)
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), fleet.answer)
        addresses = {
            name: {"rest": each.rest_url, "websocket": each.websocket_url} for name, each in fleet.venues.items()
        }
        print(json.dumps(addresses), flush=True)
        due = clock.monotonic()
        while True:
            await fleet.beat(dice)
            due = max(due + every_seconds, clock.monotonic() - every_seconds)
            await clock.sleep(max(due - clock.monotonic(), 0.001))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two beats")
    asyncio.run(main(parser.parse_args().every))
