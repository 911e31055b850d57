"""Whether the daemon stays as it is: all simulated venues at fifty times the live rate, for half an hour.

Each ten seconds its memory, open files and asyncio tasks are read from outside; a line a minute is printed, and at
the end the growth per hour (least squares, after the first fifth, in which it may settle). Exit code 1 when memory
grew by more than a tenth from the first fifth of the settled time to its last. Under `make bench` it lasts one minute.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

from _children import monotonic
from _fleet import Running, running

PUBLISH_EVERY_SECONDS = 0.02
"""Fifty times the once a second of the live all-market stream."""
SAMPLE_EVERY_SECONDS = 10.0
SAMPLES_PER_LINE = 6
SHORT_MINUTES, LONG_MINUTES = 1.0, 30.0
MOST_GROWTH = 0.1
SETTLING_SHARE = 0.2
ANSWER_SECONDS = 0.5
MEGABYTE = 1e6
HOUR_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look from outside; `seconds` since the daemon was ready. `rows` are marks it has evaluated so far."""

    seconds: float
    megabytes: float
    open_files: int
    threads: int
    tasks: int
    rows: float
    conflated: float


def look(run: Running, began: float) -> Sample:
    """Ask the daemon how it is."""
    pid = run.daemon.pid
    os.kill(pid, signal.SIGUSR1)
    time.sleep(ANSWER_SECONDS)
    metrics = run.metrics()
    return Sample(
        seconds=monotonic() - began,
        megabytes=run.daemon.resident_bytes() / MEGABYTE,
        open_files=_entries(f"/proc/{pid}/fd"),
        threads=_entries(f"/proc/{pid}/task"),
        tasks=int(run.tasks_file.read_text(encoding="ascii")),
        rows=_sum(metrics, "liqwatch_mark_rows_total"),
        conflated=_sum(metrics, "liqwatch_rows_conflated_total"),
    )


def _entries(directory: str) -> int:
    return sum(1 for _ in Path(directory).iterdir())


def _sum(metrics: dict[str, float], name: str) -> float:
    return sum(value for key, value in metrics.items() if key.startswith(f"{name}{{"))


def watch(run: Running, minutes: float) -> list[Sample]:
    """Sample until the time is over."""
    began, samples = monotonic(), list[Sample]()
    print(f"{len(run.addresses)} venues, {run.positions} positions, {minutes:g} minutes", flush=True)
    while not samples or samples[-1].seconds < minutes * 60:
        due = began + SAMPLE_EVERY_SECONDS * (len(samples) + 1)
        time.sleep(max(due - monotonic() - ANSWER_SECONDS, 0.0))
        samples.append(look(run, began))
        if len(samples) % SAMPLES_PER_LINE == 0:
            print(_line(samples[-1]), flush=True)
    return samples


def _line(sample: Sample) -> str:
    return (
        f"{sample.seconds / 60:5.1f} min  {sample.megabytes:6.1f} MB  {sample.open_files} files  "
        f"{sample.threads} threads  {sample.tasks} tasks  {sample.rows / sample.seconds:,.0f} marks/s evaluated  "
        f"{sample.conflated / sample.seconds:,.0f} marks/s conflated"
    )


def report(samples: Sequence[Sample]) -> bool:
    """Print the growth; whether it is within the limit."""
    settled = samples[int(len(samples) * SETTLING_SHARE) :]
    if len(settled) < 2:
        print("too short for a growth")
        return True
    times = [each.seconds for each in settled]
    for name, values in (
        ("MB", [each.megabytes for each in settled]),
        ("files", [float(each.open_files) for each in settled]),
        ("tasks", [float(each.tasks) for each in settled]),
    ):
        slope = linear_regression(times, values).slope
        print(f"growth {slope * HOUR_SECONDS:+.2f} {name} an hour ({min(values):.1f} to {max(values):.1f})")
    edge = max(len(settled) // 5, 1)
    first, last = (median(each.megabytes for each in part) for part in (settled[:edge], settled[-edge:]))
    print(f"memory {first:.1f} MB → {last:.1f} MB: {last / first - 1:+.1%} over {times[-1] - times[0]:.0f} s")
    return last <= first * (1 + MOST_GROWTH)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = SHORT_MINUTES if "MAKELEVEL" in os.environ else LONG_MINUTES
    parser.add_argument("--minutes", type=float, default=usual, help="how long (default: 30, under make 1)")
    parser.add_argument("--quick", action="store_true", help="one minute: a look, no figure")
    chosen = parser.parse_args()
    with running(
        PUBLISH_EVERY_SECONDS, command=(sys.executable, Path(__file__).with_name("_counted_daemon.py"))
    ) as run:
        is_steady = report(watch(run, SHORT_MINUTES if chosen.quick else chosen.minutes))
    sys.exit(0 if is_steady else 1)
