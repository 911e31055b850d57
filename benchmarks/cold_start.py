"""Cold start, memory, and the quick commands (G8, G9, G10): fresh processes, warm bytecode.

`run` is timed from exec to the service manager's READY, which follows the first evaluated prices of every venue by
at most one look (20 ms); memory is read a second later, when the daily chores are loaded too. The simulator runs
in another process: 550 markets, marks twenty times a second, so that nobody waits long for a first frame.
Peer: a minimal ccxt.pro watcher on the same venue, timed to its first prices. The quick commands have the bare
import of the library they cannot do without as their floor.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from _children import LIQWATCH, Child, Readiness, disk_directory, exec_seconds, script, venue_endpoints
from _harness import Options, Row, compare, interleaved, run
from _market import Endpoints, keyed_account, typed_account, write_config
from _venue import API_KEY, SECRET

KEYLESS, KEYED = "no key, typed positions", "one account with a key"
KEYLESS_PEER, KEYED_PEER = "ccxt.pro, typed", "ccxt.pro, key"
NOWHERE = ("http://127.0.0.1:1", "ws://127.0.0.1:1")
"""`check` without --online asks nobody."""
TYPED_POSITIONS = 10
MILLISECONDS = 1000.0
MEGABYTE = 1e6
REST_SECONDS = 1.0
ONE_TELEGRAM = (
    '[channels.telegram]\nurl = "tgram://123456789:AAEabcdefghijklmnopqrstuvwxyz_12345/12345678"\n\n'
    '[[routes]]\nmin_severity = "notice"\nchannels = ["telegram"]\n'
)


@dataclass(frozen=True, slots=True)
class Start:
    """From exec to the first evaluated price, and resident memory a second later."""

    milliseconds: float
    megabytes: float


def start_daemon(account: str) -> Start:
    """One life of the daemon."""
    with disk_directory() as directory, Readiness(directory) as readiness:
        config = write_config(directory, account)
        with Child(LIQWATCH, "run", "--config", config, environ=readiness.environ) as child:
            return _settled(child, readiness.wait())


def start_bot(endpoints: Endpoints, arguments: tuple[str, ...]) -> Start:
    """One life of the peer."""
    with (
        disk_directory() as directory,
        script("_ccxt_bot.py", *endpoints, directory / "bot.sqlite3", *arguments) as child,
    ):
        return _settled(child, child.line().at)


def _settled(child: Child, ready_at: float) -> Start:
    time.sleep(REST_SECONDS)
    return Start(MILLISECONDS * (ready_at - child.began), child.resident_bytes() / MEGABYTE)


def measure_runs(options: Options) -> Iterator[Row]:
    """The daemon with typed positions and with a key, each beside the peer with the same task."""
    with script("_venue.py", "--every", "0.05") as venue:
        endpoints = venue_endpoints(venue)
        typed, keyed = ("--positions", str(TYPED_POSITIONS)), ("--key", API_KEY, "--secret", SECRET)
        found = interleaved(
            {
                KEYLESS: partial(start_daemon, typed_account(TYPED_POSITIONS, endpoints)),
                KEYED: partial(start_daemon, keyed_account(endpoints, API_KEY, SECRET)),
                KEYLESS_PEER: partial(start_bot, endpoints, typed),
                KEYED_PEER: partial(start_bot, endpoints, keyed),
            },
            options.rounds,
        )
    for ours, peer in ((KEYLESS, KEYLESS_PEER), (KEYED, KEYED_PEER)):
        mine, others = found[ours], found[peer]
        yield compare(
            f"first price, {ours}",
            "ms",
            [each.milliseconds for each in mine],
            peer,
            [each.milliseconds for each in others],
        )
        yield compare(
            f"memory, {ours}", "MB", [each.megabytes for each in mine], peer, [each.megabytes for each in others]
        )


def measure_commands(options: Options) -> Iterator[Row]:
    """The commands that a person waits for, each beside the bare import of what it cannot do without."""
    with disk_directory() as directory:
        config = write_config(directory, typed_account(TYPED_POSITIONS, NOWHERE), ONE_TELEGRAM)
        commands: dict[str, tuple[str | Path, ...]] = {
            "liqwatch --help": (LIQWATCH, "--help"),
            "import typer": (sys.executable, "-c", "import typer"),
            "liqwatch check": (LIQWATCH, "check", "--config", config),
            "import pydantic_settings, apprise": (sys.executable, "-c", "import typer, pydantic_settings, apprise"),
        }
        found = interleaved({name: partial(exec_seconds, *words) for name, words in commands.items()}, options.rounds)
    names = list(commands)
    for ours, floor in ((names[0], names[1]), (names[2], names[3])):
        milliseconds = {name: [MILLISECONDS * each for each in found[name]] for name in (ours, floor)}
        yield compare(ours, "ms", milliseconds[ours], floor, milliseconds[floor])


def measure(options: Options) -> Iterator[Row]:
    """The daemon, then the quick commands."""
    yield from measure_runs(options)
    yield from measure_commands(options)


if __name__ == "__main__":
    run("cold_start", "From exec to the first evaluated price, memory, and the quick commands", measure, rounds=7)
