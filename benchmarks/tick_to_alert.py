"""Crossing tick → first delivery attempt (G6): the whole daemon, durable writes, 500 positions.

Three processes on loopback. The simulator sends 550 marks ten times a second, ten times the venue's pace. The real
`liqwatch run` watches 500 typed positions, SQLite with synchronous=FULL. This script reads the `console://`
channel through a pipe. A latency runs from the venue's moment just before sending to the moment at which the
finished message is read here: later than the first delivery attempt by a thread and a pipe, never earlier.
The peer is a ccxt.pro loop over positions that commits (FULL) and prints; the floor one bare write + fdatasync.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from _children import LIQWATCH, Child, Readiness, disk_directory, durable_write_seconds, script, venue_endpoints
from _harness import Options, Row, compare, interleaved, percentile, run
from _market import Endpoints, symbol, typed_account, write_config

POSITIONS = 500
STORM_BEATS = 10
STORM_CROSSINGS_PER_BEAT = 30
SETTLE_SECONDS = 1.5
TITLE = re.compile(r"(?:(?P<count>\d+) messages · )?\S+ NOTICE · (?P<symbol>\S+) ")
MILLISECONDS = 1000.0
OURS, PEER, FLOOR = "liqwatch", "ccxt.pro loop", "write + fdatasync"


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds from tick to message: crossings one at a time, and within the storm, in order."""

    singles: list[float]
    storm: list[float]


class Crossings:
    """What the venue has sent and nobody has been told of yet: all are equally severe, so first in is first out."""

    def __init__(self, venue: Child, told: Child) -> None:
        self._venue = venue
        self._told = told
        self._next = 0

    def ask(self, per_beat: int, beats: int) -> list[float]:
        """Let positions cross, and wait until each has been told: one latency a position."""
        self._venue.tell(f"cross {per_beat} {beats}")
        sent_at: deque[float] = deque()
        for _ in range(beats):
            stamp, count = self._venue.line().text.split()
            sent_at.extend([float(stamp)] * int(count))
        latencies: list[float] = []
        while sent_at:
            told, told_at = self._next_message(per_beat)
            latencies.extend(told_at - sent_at.popleft() for _ in range(told))
        return latencies

    def _next_message(self, per_beat: int) -> tuple[int, float]:
        """How many crossings the next message tells of, and when it came. Its title must name one of that beat."""
        line = self._told.line()
        match = TITLE.match(line.text)
        beat = {symbol(self._next + offset) for offset in range(1 - per_beat, per_beat)}
        if match is None or (not match["count"] and match["symbol"] not in beat):
            raise ValueError(f"expected the alert of {symbol(self._next)}: {line.text!r}")
        # A message ends with an empty line.
        while self._told.line().text:
            pass
        count = int(match["count"] or 1)
        self._next += count
        return count, line.at


@contextmanager
def daemon(directory: Path, endpoints: Endpoints) -> Iterator[Child]:
    """The real daemon, ready."""
    config = write_config(directory, typed_account(POSITIONS, endpoints))
    with (
        Readiness(directory) as readiness,
        Child(LIQWATCH, "run", "--config", config, environ=readiness.environ) as child,
    ):
        readiness.wait()
        yield child


@contextmanager
def bot(directory: Path, endpoints: Endpoints) -> Iterator[Child]:
    """The peer, after its first look at every position."""
    with script("_ccxt_bot.py", *endpoints, directory / "bot.sqlite3", "--positions", str(POSITIONS)) as child:
        child.line()
        yield child


def measure_once(start: Callable[[Path, Endpoints], AbstractContextManager[Child]], singles: int) -> Latencies:
    """One life of a watcher and of its venue."""
    with (
        disk_directory() as directory,
        script("_venue.py") as venue,
        start(directory, venue_endpoints(venue)) as told,
    ):
        time.sleep(SETTLE_SECONDS)
        told.forget_lines()
        crossings = Crossings(venue, told)
        return Latencies(crossings.ask(1, singles), crossings.ask(STORM_CROSSINGS_PER_BEAT, STORM_BEATS))


def floor_once(singles: int) -> Latencies:
    """The floor under a durable message, at the same pace."""
    with disk_directory() as directory:
        taken = durable_write_seconds(directory, singles)
    return Latencies(taken, taken)


def measure(options: Options) -> Iterator[Row]:
    """Every figure beside the peer; the lone crossing also beside the floor of its durable write."""
    singles = 40 if options.is_quick else 200
    found = interleaved(
        {
            OURS: partial(measure_once, daemon, singles),
            PEER: partial(measure_once, bot, singles),
            FLOOR: partial(floor_once, singles),
        },
        options.rounds,
    )
    for work, figure in FIGURES.items():
        values = {name: [figure(each) for each in rounds] for name, rounds in found.items()}
        for peer in (PEER, FLOOR) if figure in (p50, p99) else (PEER,):
            yield compare(work, "ms", values[OURS], peer, values[peer])


def p50(found: Latencies) -> float:
    """Half of the lone crossings are told sooner (milliseconds)."""
    return MILLISECONDS * percentile(found.singles, 50)


def p99(found: Latencies) -> float:
    """One in a hundred lone crossings is told later (milliseconds)."""
    return MILLISECONDS * percentile(found.singles, 99)


def storm_p50(found: Latencies) -> float:
    """Half of the storm is told sooner (milliseconds)."""
    return MILLISECONDS * percentile(found.storm, 50)


def storm_worst(found: Latencies) -> float:
    """The last of the storm to be told (milliseconds)."""
    return MILLISECONDS * max(found.storm)


FIGURES = {
    "one crossing, p50": p50,
    "one crossing, p99": p99,
    "300 crossings in a second, p50": storm_p50,
    "300 crossings in a second, worst": storm_worst,
}

if __name__ == "__main__":
    run("tick_to_alert", "Crossing tick → first delivery attempt, 500 positions, durable", measure, rounds=3)
