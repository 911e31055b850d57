"""One frame → routed prices and guards (G1 and G3 in the small), in one process.

The two frames of a second of `!markPrice@arr@1s` (745 + 217 rows) go through the daemon's own stream (decoding,
order and sanity of every row) into its watch (guards; the pools whose guards were touched are judged): everything
between the socket and the store.
Floor: msgspec decoding the same frames into the same structs, nothing else. Peer: ccxt.pro's handle_message on the
same bytes, decoded as ccxt does it, without any look at a position.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from _harness import Options, Row, compare, interleaved, run, seconds_each
from _market import first_price, markets, typed_account, write_config
from ccxt.pro.binanceusdm import binanceusdm

from liqwatch.bootstrap.plan import plan_of
from liqwatch.clock import SystemClock
from liqwatch.config import load_settings
from liqwatch.engine.typed import typed_instruments, typed_snapshot
from liqwatch.engine.watch import Watch
from liqwatch.exchanges import known_exchanges
from liqwatch.exchanges._binance import BinanceMarkDialect
from liqwatch.exchanges.binance_usdm import LIVE
from liqwatch.exchanges.payloads.binance_market import MarkUpdate, read_listing
from liqwatch.exchanges.plumbing.mark_box import MarkBox
from liqwatch.exchanges.plumbing.mark_router import MarkRouter
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.faces.metrics import PrometheusTelemetry
from liqwatch.model import MarkBatch
from liqwatch.testing.venue import VenueBook
from liqwatch.testing.venue.answers import Ask, exchange_info
from liqwatch.testing.venue.marks import compact

FRAME_ROWS = (745, 217)
ROWS = sum(FRAME_ROWS)
"""Rows of the two frames that make one second of the live array."""
SECONDS = 64
STEP = 0.0002
"""How far a mark moves in a second, as a fraction: a calm market."""
EXCHANGE_MS = 1_790_000_000_000
AT_HOME = ("http://127.0.0.1:1", "ws://127.0.0.1:1")
"""Never dialled: everything here happens in one process."""

Second = tuple[bytes, ...]
"""The frames of one second."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """So many isolated longs, an account for each time round the markets, entered ever higher by `entry_step`."""

    positions: int
    entry_step: float = 0.002


PORTFOLIOS = {
    "500 positions": Portfolio(500),
    "10,000 positions": Portfolio(10_000),
    "10,000 up to the edge": Portfolio(10_000, entry_step=0.04),
}
"""In the last one the eleven accounts stand 33 % to 6 % from liquidation: every second some cross a level."""


def seconds_of_market() -> list[Second]:
    """A walk there and back again, so that it can be repeated without a jump."""
    dice = random.Random(7)  # noqa: S311  # a repeatable walk, no secret
    prices = [first_price(index) for index in range(ROWS)]
    there: list[Second] = []
    for _ in range(SECONDS // 2):
        prices = [price * (1 + dice.gauss(0.0, STEP)) for price in prices]
        there.append(_frames(prices))
    return [*there, *reversed(there)]


def _frames(prices: Sequence[float]) -> Second:
    rows = [_row(index, f"{price:.8f}") for index, price in enumerate(prices)]
    return (compact(rows[: FRAME_ROWS[0]]).encode(), compact(rows[FRAME_ROWS[0] :]).encode())


def _row(index: int, price: str) -> dict[str, Any]:
    return {
        "e": "markPriceUpdate",
        "E": EXCHANGE_MS,
        "s": f"M{index:03d}USDT",
        "p": price,
        "ap": price,
        "P": price,
        "i": price,
        "r": "0.00010000",
        "T": EXCHANGE_MS,
        "st": 1,
    }


def watch_of(portfolio: Portfolio) -> tuple[Watch, dict[str, str]]:
    """The daemon's watch over a portfolio, and what it wants of the stream (native to unified symbol)."""
    accounts = [
        typed_account(
            min(ROWS, portfolio.positions - start),
            AT_HOME,
            name=f"paper{number}",
            entry_above=portfolio.entry_step * number,
        )
        for number, start in enumerate(range(0, portfolio.positions, ROWS))
    ]
    with TemporaryDirectory() as directory:
        config = write_config(Path(directory), "\n".join(accounts))
        settings = load_settings(config, environ={}, known_exchanges=known_exchanges()).settings
    clock = SystemClock()
    watch = Watch(plan_of(settings), clock)
    instruments = read_listing(json.dumps(_listing()).encode()).by_symbol
    for name, plan in watch.plan.accounts.items():
        known = typed_instruments(plan, instruments)
        watch.learn_instruments(name, known)
        watch.take_account(typed_snapshot(plan, known, clock.now()))
    (venue,) = watch.book.venues()
    held = set(watch.book.symbols(venue))
    return watch, {each.native_symbol: name for name, each in instruments.items() if name in held}


def _listing() -> Any:  # noqa: ANN401  # the venue's own JSON
    book = VenueBook(markets(ROWS), ())
    return exchange_info(Ask(book=book, query={}, now_ms=EXCHANGE_MS))


def liqwatch_work(portfolio: Portfolio, market: Sequence[Second]) -> Callable[[], object]:
    """A second of the market, from bytes to alert changes."""
    watch, wanted = watch_of(portfolio)
    (venue,) = watch.book.venues()
    dialect = BinanceMarkDialect(venue, LIVE)
    router = MarkRouter(dialect, SystemClock(), PrometheusTelemetry(), StreamTuning())
    router.watch(wanted)
    (stream,) = router.streams
    coming = itertools.cycle(market)

    def work() -> None:
        for frame in next(coming):
            stream.take_frame(frame)
            watch.take_marks(taken(router.box))

    return work


def taken(box: MarkBox) -> MarkBatch:
    """What waits in the box, without an event loop between: a filled box never suspends who takes from it."""
    try:
        box.take().send(None)
    except StopIteration as done:
        batch: MarkBatch = done.value
        return batch
    raise RuntimeError("the box was empty")


def floor_work(market: Sequence[Second]) -> Callable[[], object]:
    """A second of the market, decoded and dropped."""
    decode = msgspec.json.Decoder(list[MarkUpdate], strict=False).decode
    coming = itertools.cycle(market)

    def work() -> None:
        for frame in next(coming):
            decode(frame)

    return work


def ccxt_work(exchange: Any, market: Sequence[Second]) -> Callable[[], object]:  # noqa: ANN401  # ccxt is untyped
    """A second of the market through ccxt.pro: decoded, parsed, filed; nobody looks at a position."""
    exchange.set_markets([exchange.parse_market(row) for row in _listing()["symbols"]])
    client = exchange.client("ws://127.0.0.1:1/market/ws/1")
    coming = itertools.cycle([tuple(frame.decode() for frame in second) for second in market])

    def work() -> None:
        for frame in next(coming):
            client.handle_text_or_binary_message(frame)

    return work


async def measure_inside(options: Options) -> list[Row]:
    """The client of ccxt wants a running event loop; nothing here waits for it."""
    market = seconds_of_market()
    exchange = binanceusdm()
    portfolios = dict(list(PORTFOLIOS.items())[: 1 if options.is_quick else None])
    ours = {name: liqwatch_work(portfolio, market) for name, portfolio in portfolios.items()}
    works = {FLOOR: floor_work(market), **ours, PEER: ccxt_work(exchange, market)}
    try:
        found = interleaved({name: partial(microseconds, work) for name, work in works.items()}, options.rounds)
    finally:
        await exchange.close()
    return [
        compare(f"962 rows, {name}", "µs", found[name], peer, found[peer]) for name in ours for peer in (FLOOR, PEER)
    ]


def microseconds(work: Callable[[], object]) -> float:
    """One second of the market, as the processor sees it."""
    return 1e6 * seconds_each(work)


def measure(options: Options) -> Iterator[Row]:
    """Everything beside the floor and beside the peer."""
    yield from asyncio.run(measure_inside(options))


FLOOR, PEER = "msgspec decode", "ccxt.pro handler"

if __name__ == "__main__":
    run("marks", "One second of all marks (745 + 217 rows) → prices, guards, decisions", measure, rounds=7)
