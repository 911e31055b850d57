"""Resident memory of the real daemon: every simulated venue with a key and twenty positions each, and without a key.

Goals: 350 MB with ten venues, 80 MB without a key. The peer of the keyed daemon is the key-less one of the same run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from _children import LIQWATCH, Child, Readiness, disk_directory, script, venue_endpoints
from _fleet import running
from _harness import Options, Row, compare, interleaved, run
from _market import typed_account, write_config

REST_SECONDS, SHORT_REST_SECONDS = 20.0, 5.0
PUBLISH_EVERY_SECONDS = 0.2
VENUES = 10
TYPED_POSITIONS = 10
MEGABYTE = 1e6


def keyed(rest_seconds: float) -> float:
    """All venues at once."""
    with running(PUBLISH_EVERY_SECONDS) as fleet:
        time.sleep(rest_seconds)
        heard = [name for name in fleet.metrics() if name.startswith("liqwatch_mark_rows_total{")]
        if len(heard) < len(fleet.addresses) or len(fleet.addresses) < VENUES:
            raise RuntimeError(f"only {len(heard)} of {VENUES} venues bring prices")
        return fleet.daemon.resident_bytes() / MEGABYTE


def keyless(rest_seconds: float) -> float:
    """One venue, typed positions."""
    with (
        script("_venue.py", "--every", str(PUBLISH_EVERY_SECONDS)) as venue,
        disk_directory() as directory,
        Readiness(directory) as readiness,
    ):
        config = write_config(directory, typed_account(TYPED_POSITIONS, venue_endpoints(venue)))
        with Child(LIQWATCH, "run", "--config", config, environ=readiness.environ) as daemon:
            readiness.wait()
            time.sleep(rest_seconds)
            return daemon.resident_bytes() / MEGABYTE


def measure(options: Options) -> Iterator[Row]:
    """Both daemons, in turn."""
    rest_seconds = SHORT_REST_SECONDS if options.is_quick else REST_SECONDS
    cases = {KEYED: partial(keyed, rest_seconds), KEYLESS: partial(keyless, rest_seconds)}
    found = interleaved(cases, options.rounds)
    yield compare(f"memory, {KEYED}", "MB", found[KEYED], KEYLESS, found[KEYLESS])


KEYED, KEYLESS = "ten venues with keys, 200 positions", "one venue, no key, 10 typed positions"

if __name__ == "__main__":
    run("memory", "Resident memory after 20 seconds", measure, rounds=1)
