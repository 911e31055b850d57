"""What every benchmark shares: options, interleaved rounds, ratios, one table or one JSON object.

A figure is worth little without its peer in the same run: machines differ, ratios carry over. So each case is
measured in turn with its peers, round by round, and a ratio is the median of the rounds' own ratios.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import TypeAlias, TypeVar

Rounds: TypeAlias = Sequence[float]
"""One figure a round, in the order of the rounds."""

Found = TypeVar("Found")

SHORTEST_SAMPLE_SECONDS = 0.05
"""A quick piece of work is repeated until one sample takes so long."""
COLUMNS = ("work", "value", "unit", "peer", "peer_value", "ratio")


@dataclass(frozen=True, slots=True)
class Options:
    """`rounds` is how often everything is measured; `is_quick` asks for smaller workloads: a look, no figure."""

    rounds: int
    is_quick: bool
    is_json: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of work beside its peer; `ratio` is ours through theirs, so below 1 is ahead."""

    work: str
    value: float
    unit: str
    peer: str
    peer_value: float
    ratio: float


def compare(work: str, unit: str, ours: Rounds, peer: str, theirs: Rounds) -> Row:
    """A row from the rounds of both: median values, and the median of the rounds' ratios."""
    ratio = median(our / their for our, their in zip(ours, theirs, strict=True))
    return Row(work=work, value=median(ours), unit=unit, peer=peer, peer_value=median(theirs), ratio=ratio)


def interleaved(cases: Mapping[str, Callable[[], Found]], rounds: int) -> dict[str, list[Found]]:
    """Measure every case once a round, forwards and backwards in turn, so that no case has the better moments."""
    found: dict[str, list[Found]] = {name: [] for name in cases}
    for number in range(rounds):
        names = list(cases)[:: 1 if number % 2 == 0 else -1]
        for name in names:
            progress(f"round {number + 1} of {rounds}: {name}")
            found[name].append(cases[name]())
    return found


def seconds_each(work: Callable[[], object]) -> float:
    """How long one call takes, from enough calls in a row; the first, which may have to prepare, is not counted."""
    repeats = 1
    work()
    gc.collect()
    gc.disable()
    try:
        while True:
            began = time.perf_counter()
            for _ in range(repeats):
                work()
            elapsed = time.perf_counter() - began
            if elapsed >= SHORTEST_SAMPLE_SECONDS:
                return elapsed / repeats
            repeats *= 2
    finally:
        gc.enable()


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of 100 stay below."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def progress(text: str) -> None:
    """Tell the waiting person; never on standard output, which belongs to the result."""
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()


def run(name: str, title: str, measure: Callable[[Options], Iterable[Row]], *, rounds: int) -> None:
    """The whole life of a benchmark script: read the options, measure, print."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--rounds", type=int, default=None, help=f"how often to measure (default: {rounds})")
    parser.add_argument("--quick", action="store_true", help="one round of a smaller workload")
    chosen = parser.parse_args()
    wanted = chosen.rounds or (1 if chosen.quick else rounds)
    options = Options(rounds=wanted, is_quick=chosen.quick, is_json=chosen.json)
    rows = list(measure(options))
    print(json.dumps({"name": name, "rows": [asdict(row) for row in rows]}) if options.is_json else _table(title, rows))


def _table(title: str, rows: Sequence[Row]) -> str:
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    texts = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join((title, "", texts[0], "  ".join("─" * width for width in widths), *texts[1:], ""))


def _cells(row: Row) -> tuple[str, ...]:
    return (row.work, _short(row.value), row.unit, row.peer, _short(row.peer_value), f"{_short(row.ratio)} x")


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
