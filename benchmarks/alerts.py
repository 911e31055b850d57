"""The way of an alert in one process: guards, durable transitions, a storm, a good channel beside dead ones.

(a) Durable state transitions a second (target 20,000, SQLite FULL, group commit), alone and with messages to two
channels. Peer: the same rows by `executemany` in one transaction. Floor: one write + fdatasync.
(b) G6: 300 isolated positions cross four hundredths of a second apart on average; from the tick to the first delivery
attempt through watch, recorder, store and dispatcher, and what a channel with the usual pace is spared.
(c) G7: a `json://` channel beside 24 that hang; decision to arrival. Peer: stock Apprise with the same URLs.
(d) G3 to G5: one batch of all 550 marks, 4 basis points each, to decisions. Peer: a loop over plain objects, which
must find the same levels. The floor decodes the same marks with msgspec. Processor time, not wall time.

`tick_to_alert.py` and `channels.py` measure (b) and (c) on the whole daemon.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import process_time

import msgspec
from _brute_force import Account, Isolated, Steps, accounts_of, check, isolated_of, level_accounts, level_isolated
from _children import disk_directory, durable_write_seconds, script
from _durable import bare_seconds_each, seconds_each, transition
from _harness import Options, Row, compare, interleaved, percentile, progress, run
from _portfolios import VENUE, Portfolio, cross_portfolio, fill, first_rows, isolated_portfolio, plan_for, walk
from _storm import CROSSINGS, lone_delay, paced_storm, storm_latencies

from liqwatch.clock import SystemClock
from liqwatch.engine.watch import Watch
from liqwatch.exchanges.payloads.binance_market import MarkUpdate
from liqwatch.model import MarkBatch, MarkRow

MICROSECONDS, MILLISECONDS = 1e6, 1e3
HANGING = 24
STORM_BATCH = 30
FLOOR_WRITES = 50
TWO_CHANNELS = ("chat", "mail")
BATCHES_A_ROUND = 16
CALM, AT_THE_EDGE = (1.0, 10.0), (1.0, 20.0)
"""Gross value of a cross account ÷ its wallet: from no account near a level to many."""


def durable(options: Options) -> Iterator[Row]:
    """(a): transitions a second."""
    count = 2_000 if options.is_quick else 20_000
    works = {
        f"{count:,} transitions": [transition(number, ()) for number in range(count)],
        f"{count:,} transitions, messages to two channels": [
            transition(number, TWO_CHANNELS) for number in range(count)
        ],
    }
    for work, changes in works.items():
        ours, bare = list[float](), list[float]()
        for number in range(options.rounds):
            progress(f"round {number + 1} of {options.rounds}: {work}")
            with disk_directory() as directory:
                ours.append(1 / seconds_each(directory / "ours.sqlite3", changes, STORM_BATCH))
                bare.append(1 / bare_seconds_each(directory / "bare.sqlite3", directory / "ours.sqlite3", count))
        yield compare(work, "per s", ours, "bare executemany, one transaction", bare)


def storm(options: Options) -> Iterator[Row]:
    """(b): the storm."""
    latencies, writes, paced = list[list[float]](), list[list[float]](), list[tuple[int, float]]()
    for number in range(options.rounds):
        progress(f"round {number + 1} of {options.rounds}: storm")
        with disk_directory() as directory:
            latencies.append(asyncio.run(storm_latencies(directory / "storm.sqlite3")))
            writes.append(durable_write_seconds(directory, FLOOR_WRITES))
            paced.append(asyncio.run(paced_storm(directory / "paced.sqlite3")))
    for percent in (50, 99):
        ours = [MILLISECONDS * percentile(each, percent) for each in latencies]
        floor = [MILLISECONDS * percentile(each, percent) for each in writes]
        yield compare(f"{CROSSINGS} crossings in a second, p{percent}", "ms", ours, "one write + fdatasync", floor)
    messages = [float(count) for count, _ in paced]
    yield compare(
        "messages in the storm's first minute", "", messages, "positions told of", [float(CROSSINGS)] * len(paced)
    )
    first = [max(seconds, 1e-3) for _, seconds in paced]
    yield compare("first critical message (simulated time)", "s", first, "goal", [1.0] * len(paced))


def dead_channels(options: Options) -> Iterator[Row]:
    """(c): a good channel beside dead ones."""
    cases: dict[str, Callable[[], float]] = {
        "beside": partial(_hook_delay_ms, HANGING),
        "alone": partial(_hook_delay_ms, 0),
        "peer": _stock_delay_ms,
    }
    found = interleaved(cases, options.rounds)
    work = f"a good channel, {HANGING} others hang"
    yield compare(work, "ms", found["beside"], "stock Apprise, one pool", found["peer"])
    yield compare(work, "ms", found["beside"], "no others", found["alone"])


def _hook_delay_ms(hanging: int) -> float:
    with disk_directory() as directory, script("_sinks.py") as sinks:
        healthy, dead = sinks.line().text.split()
        urls = [*(f"{dead}{number}" for number in range(hanging)), healthy]
        return MILLISECONDS * asyncio.run(lone_delay(directory / "hooks.sqlite3", sinks, urls))


def _stock_delay_ms() -> float:
    with script("_sinks.py") as sinks:
        healthy, dead = sinks.line().text.split()
        urls = [*(f"{dead}{number}" for number in range(HANGING)), healthy]
        with script("_stock_apprise.py", *urls) as peer:
            peer.line()
            peer.tell("now")
            called_at = float(peer.line().text)
            return MILLISECONDS * (sinks.line().at - called_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A portfolio, and the loop that is its peer."""

    portfolio: Portfolio
    is_cross: bool


class Bench:
    """One portfolio behind a watch and behind its peer, on the same walk."""

    def __init__(self, workload: Workload, market: Sequence[list[MarkRow]]) -> None:
        """Takes a while: every position is judged once, as after a start of the daemon."""
        self._watch = Watch(plan_for(workload.portfolio), SystemClock())
        fill(self._watch, workload.portfolio)
        self._market = market
        self._ahead, self._behind = itertools.cycle(market), itertools.cycle(market)
        self._level: Callable[[Mapping[str, float]], None]
        self._judged: Sequence[Isolated | Account]
        rule = "margin_ratio" if workload.is_cross else "liquidation_distance"
        policy = self._watch.plan.policies("", None, "", rule)
        if policy is None:
            raise ValueError(f"{rule} is off")
        if workload.is_cross:
            accounts, steps = accounts_of(self._watch), Steps.of(policy.ladder, -1)
            self._judged, self._level = accounts, lambda marks: level_accounts(accounts, marks, steps)
        else:
            positions, steps = isolated_of(self._watch), Steps.of(policy.ladder, 1)
            self._judged, self._level = positions, lambda marks: level_isolated(positions, marks, steps)

    def check(self) -> int:
        """The whole walk: the same levels after every batch. How many changes of state there were, of all rules."""
        self._level({symbol: price for symbol, price, _ in first_rows()})
        check(self._watch, self._judged)
        changes = 0
        for rows in self._market:
            changes += len(self._watch.take_marks(MarkBatch(VENUE, rows, 0.0)))
            self._level({symbol: price for symbol, price, _ in rows})
            check(self._watch, self._judged)
        return changes

    def guarded(self) -> float:
        """Processor seconds a batch, by the guards."""
        began = process_time()
        for rows in itertools.islice(self._ahead, BATCHES_A_ROUND):
            self._watch.take_marks(MarkBatch(VENUE, rows, 0.0))
        return (process_time() - began) / BATCHES_A_ROUND

    def brute_force(self) -> float:
        """Processor seconds a batch, by the loop."""
        batches = 2
        began = process_time()
        for rows in itertools.islice(self._behind, batches):
            self._level({symbol: price for symbol, price, _ in rows})
        return (process_time() - began) / batches


def guards(options: Options) -> Iterator[Row]:
    """(d): the guard step."""
    market = walk()
    benches: dict[str, Bench] = {}
    for name, workload in workloads(options).items():
        progress(f"{name}: filling and checking")
        benches[name] = Bench(workload, market)
        progress(f"{name}: {benches[name].check() / len(market):.2f} changes a batch, all as by brute force")
    gc.collect()
    gc.freeze()
    cases: dict[str, Callable[[], float]] = {"decode": partial(decode_seconds, frame_of(market[0]))}
    for name, bench in benches.items():
        cases |= {name: bench.guarded, f"{name}, brute force": bench.brute_force}
    found = interleaved(cases, options.rounds)
    decoded = _scaled(found["decode"], MICROSECONDS)
    for name in benches:
        ours = _scaled(found[name], MICROSECONDS)
        yield compare(name, "µs", ours, "loop over objects", _scaled(found[f"{name}, brute force"], MICROSECONDS))
        both = [step + decode for step, decode in zip(ours, decoded, strict=True)]
        yield compare(f"{name}, decoded", "µs", both, "msgspec decode alone", decoded)
    few, many, *_ = benches
    yield compare(f"growth to {many}", "µs", _scaled(found[many], MICROSECONDS), few, _scaled(found[few], MICROSECONDS))


def workloads(options: Options) -> dict[str, Workload]:
    """What is watched: few and many isolated positions, cross accounts out of danger and in it."""
    many, accounts = (5_000, 300) if options.is_quick else (100_000, 10_000)
    return {
        "1,000 isolated": Workload(portfolio=isolated_portfolio(1_000), is_cross=False),
        f"{many:,} isolated": Workload(portfolio=isolated_portfolio(many), is_cross=False),
        f"{accounts:,} cross accounts x 10": Workload(portfolio=cross_portfolio(accounts, 10, CALM), is_cross=True),
        f"{accounts:,} cross accounts x 10, many near a level": Workload(
            portfolio=cross_portfolio(accounts, 10, AT_THE_EDGE), is_cross=True
        ),
    }


def frame_of(rows: Sequence[MarkRow]) -> bytes:
    """The marks as Binance sends them."""
    return msgspec.json.encode([
        {"e": "markPriceUpdate", "E": 0, "s": symbol, "p": f"{price:.8f}", "ap": f"{price:.8f}", "P": f"{price:.8f}",
         "i": f"{price:.8f}", "r": "0.00010000", "T": 0, "st": 1}
        for symbol, price, _ in rows
    ])  # fmt: skip


def decode_seconds(frame: bytes) -> float:
    """The floor: one frame decoded and dropped."""
    decode = msgspec.json.Decoder(list[MarkUpdate], strict=False).decode
    began = process_time()
    for _ in range(BATCHES_A_ROUND):
        decode(frame)
    return (process_time() - began) / BATCHES_A_ROUND


def _scaled(seconds: Sequence[float], factor: float) -> list[float]:
    return [value * factor for value in seconds]


def measure(options: Options) -> Iterator[Row]:
    """Everything, the quick parts first."""
    for part in (durable, storm, dead_channels, guards):
        yield from part(options)


if __name__ == "__main__":
    run("alerts", "From marks to messages: guards, durable transitions, a storm, dead channels", measure, rounds=5)
