"""One core's worth of mark prices, venue by venue: our feed, the ccxt.pro watch loop, the bare decoder.

A real local websocket in between, the server in a process and on a core of its own. Ours is counted at the consumer:
what was delivered and what was conflated by design add up to what was sent. The peer is the usual ccxt.pro loop.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import ccxt.pro
import msgspec
from _harness import Options, Row, compare, interleaved, run
from _wires import WIRES, Wire

from liqwatch.clock import SystemClock
from liqwatch.exchanges.plumbing.mark_router import MarkRouter
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning

FIREHOSE = Path(__file__).with_name("_firehose.py")
PATIENCE_SECONDS = 60.0
FRAMES, ARRAY_FRAMES = 20_000, 200
FLOOR_ROWS = 100_000
"""Updates decoded for one floor figure."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One run: processor time a frame, frames a second of a full core; updates delivered, conflated, and sent."""

    microseconds: float
    per_second: float
    delivered: int
    conflated: int
    sent: int


class Counting:
    """A telemetry that only counts what was conflated."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.counts: Counter[str] = Counter()

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """As the port says."""
        del labels
        self.counts[name] += int(amount)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """As the port says."""

    def observe(self, name: str, value: float, **labels: str) -> None:
        """As the port says."""


@contextmanager
def firehose(wire: Wire, frames: int) -> Iterator[str]:
    """The server; its address."""
    command = [sys.executable, str(FIREHOSE), "--wire", wire.name, "--frames", str(frames)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101  # asked for above
        try:
            yield f"ws://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def ours(wire: Wire, frames: int) -> Taken:
    """Our feed, from the socket to the consumer."""
    with firehose(wire, frames) as address:
        return asyncio.run(_ours(wire, frames, address))


async def _ours(wire: Wire, frames: int, address: str) -> Taken:
    telemetry, delivered, number = Counting(), 0, 0
    router = MarkRouter(wire.dialect(address), SystemClock(), telemetry, StreamTuning())
    router.watch({native: native for native in wire.natives})
    stopwatch = Stopwatch()
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for batch in router.batches():
            stopwatch.start()
            delivered += len(batch.rows)
            number = number_of(batch.rows[-1][1]) if batch.rows else number
            if number >= frames:
                break
    taken = stopwatch.taken(number, wire, delivered, telemetry.counts["rows_conflated_total"])
    await router.close()
    return taken


def peer(wire: Wire, frames: int) -> Taken:
    """The ccxt.pro loop, from the socket to the loop's body."""
    with firehose(wire, frames) as address:
        return asyncio.run(_peer(wire, frames, address))


async def _peer(wire: Wire, frames: int, address: str) -> Taken:
    exchange = getattr(ccxt.pro, wire.peer)({"newUpdates": True})
    exchange.urls["api"] = rebased(exchange.urls["api"], address)
    exchange.set_markets([exchange.extend(exchange.safe_market_structure(), market) for market in wire.markets])
    symbol, watch, delivered, number = wire.markets[0]["symbol"], getattr(exchange, wire.method), 0, 0
    stopwatch = Stopwatch()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while number < frames:
                found = await (watch() if wire.rows > 1 else watch(symbol))
                stopwatch.start()
                delivered += len(found) if wire.rows > 1 else 1
                number = number_of(_mark_of(found.get(symbol, {}) if wire.rows > 1 else found))
        return stopwatch.taken(number, wire, delivered, 0)
    finally:
        await exchange.close()


def _mark_of(ticker: dict[str, Any]) -> float:
    """Of hyperliquid, ccxt leaves the mark in the raw part alone."""
    raw = ticker.get("info") or {}
    return float(ticker.get("markPrice") or raw.get("markPx") or raw.get("markPrice") or 0.0)


def number_of(price: float) -> int:
    """Which frame a price came from: its last six digits are the number."""
    return round((price - int(price)) * 1e6)


class Stopwatch:
    """Processor time since the first delivery: dialling and first imports are not the feed.

    The server sends the first frame alone and then waits, so all others come after the start.
    """

    def __init__(self) -> None:
        """Not started."""
        self._began: float | None = None

    def start(self) -> None:
        """Only the first call counts."""
        if self._began is None:
            self._began = time.process_time()

    def taken(self, number: int, wire: Wire, delivered: int, conflated: int) -> Taken:
        """So far, over all frames up to this number."""
        if self._began is None:
            raise RuntimeError("nothing was delivered")
        each = (time.process_time() - self._began) / (number - 1)
        return Taken(1e6 * each, 1 / each, delivered, conflated, number * wire.rows)


def rebased(urls: Any, address: str) -> Any:  # noqa: ANN401  # ccxt nests its addresses as it likes
    """The same paths on the benchmark's server."""
    if isinstance(urls, dict):
        return {name: rebased(each, address) for name, each in urls.items()}
    if isinstance(urls, str) and urls.startswith("ws"):
        return address + urlsplit(urls).path
    return urls


def floor(wire: Wire, frames: int) -> Taken:
    """The same bytes through a partial decoder of the same kind, and nothing else."""
    read, wanted = wire.dialect("ws://127.0.0.1:1").read, {native: native for native in wire.natives}
    encoded = [wire.frame(number).encode() for number in range(1, min(frames, 2000) + 1)]
    assert read(encoded[0], wanted).is_data  # noqa: S101  # the benchmark's own frames
    decode = msgspec.json.Decoder(BARE[wire.name], strict=False).decode
    repeats = max(FLOOR_ROWS // (len(encoded) * wire.rows), 1)
    began = time.process_time()
    for _ in range(repeats):
        for frame in encoded:
            decode(frame)
    each = (time.process_time() - began) / (len(encoded) * repeats)
    return Taken(1e6 * each, 1 / each, 0, 0, frames)


class _Binance(msgspec.Struct, gc=False):
    s: str
    p: float


class _BybitRow(msgspec.Struct, gc=False):
    symbol: str
    markPrice: float  # noqa: N815  # the wire's own name


class _Bybit(msgspec.Struct, gc=False):
    data: _BybitRow
    ts: int


class _OkxRow(msgspec.Struct, gc=False):
    instId: str  # noqa: N815  # the wire's own name
    markPx: float  # noqa: N815  # the wire's own name
    ts: int


class _Okx(msgspec.Struct, gc=False):
    data: list[_OkxRow]


class _GateRow(msgspec.Struct, gc=False):
    contract: str
    mark_price: float


class _Gate(msgspec.Struct, gc=False):
    result: list[_GateRow]
    time_ms: int


class _Context(msgspec.Struct, gc=False):
    markPx: float  # noqa: N815  # the wire's own name


class _Coin(msgspec.Struct, gc=False):
    coin: str
    ctx: _Context


class _Hyperliquid(msgspec.Struct, gc=False):
    data: _Coin


BARE: dict[str, Any] = {
    "binance array of 550": list[_Binance],
    "binance single": _Binance,
    "bybit tickers delta": _Bybit,
    "okx mark-price": _Okx,
    "gate futures.tickers": _Gate,
    "hyperliquid activeAssetCtx": _Hyperliquid,
}


def measure(options: Options) -> Iterator[Row]:
    """Every wire beside its floor and its peer; then how much of what was sent was delivered."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for wire in WIRES:
        frames = (ARRAY_FRAMES if wire.rows > 1 else FRAMES) // (10 if options.is_quick else 1)
        cases = {
            FLOOR: partial(floor, wire, frames),
            OURS: partial(ours, wire, frames),
            PEER: partial(peer, wire, frames),
        }
        found = interleaved(cases, options.rounds)
        times = {name: [each.microseconds for each in rounds] for name, rounds in found.items()}
        for other in (FLOOR, PEER):
            yield compare(f"{wire.name}: CPU a frame", "µs", times[OURS], other, times[other])
        speeds = {name: [each.per_second for each in rounds] for name, rounds in found.items()}
        yield compare(f"{wire.name}: one core fully used", "frames/s", speeds[OURS], PEER, speeds[PEER])
        yield _shares(wire, found[OURS], found[PEER])


def _shares(wire: Wire, mine: list[Taken], theirs: list[Taken]) -> Row:
    lost = [each.sent - each.delivered - each.conflated for each in mine]
    share = median(100 * (each.delivered + each.conflated) / each.sent for each in mine)
    peer_share = median(100 * each.delivered / each.sent for each in theirs)
    conflated = median(100 * each.conflated / each.sent for each in mine)
    work = f"{wire.name}: delivered or counted ({conflated:.1f} % conflated, {max(0, *lost)} lost)"
    return Row(work=work, value=share, unit="%", peer=PEER, peer_value=peer_share, ratio=share / max(peer_share, 1e-9))


FLOOR, OURS, PEER = "msgspec decode", "liqwatch", "ccxt.pro loop"

if __name__ == "__main__":
    run("feeds", "Mark prices from socket to consumer, one core", measure, rounds=3)
