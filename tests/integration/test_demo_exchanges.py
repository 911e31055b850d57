"""The demo at every exchange that the simulator knows, each as a process of its own; a few at a time."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from liqwatch.errors import UnknownPart
from liqwatch.testing.story import unified_symbol
from liqwatch.testing.venue.wires import known_wires
from liqwatch.testing.venue_story import VenueStory

AT_A_TIME = 4
PATIENCE_SECONDS = 100
CLEAR_BEYOND = 0.275

Finished = subprocess.CompletedProcess[str]


def demo(exchange: str) -> Finished:
    return subprocess.run(
        [sys.executable, "-m", "liqwatch", "demo", "--exchange", exchange, "--seconds", "6", "--plain"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def played() -> Iterator[Mapping[str, Future[Finished]]]:
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {exchange: pool.submit(demo, exchange) for exchange in known_wires()}


@pytest.mark.parametrize("exchange", known_wires())
def test_the_crash_is_told_whole_at_every_exchange(exchange: str, played: Mapping[str, Future[Finished]]) -> None:
    done = played[exchange].result()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing lost" in done.stdout
    assert "Traceback" not in done.stderr
    if exchange != "binance_usdm":
        for market in VenueStory(exchange).held:
            assert f"🔴 CRITICAL · {unified_symbol(market)} long" in done.stdout
        counts = re.search(r"Alerts: (\d) raised, \d escalated, 0 repeated, (\d) resolved", done.stdout)
        assert counts
        assert counts[1] == counts[2] >= "2"


@pytest.mark.parametrize("exchange", known_wires())
def test_the_story_comes_near_and_all_ends_well(exchange: str) -> None:
    approaches = VenueStory(exchange).closest_approaches()
    assert len(approaches) == 2
    for approach in approaches:
        assert 0.05 < (approach.distance or 0.0) < 0.07
        assert (approach.last_distance or 0.0) > CLEAR_BEYOND


def test_an_unknown_exchange_is_refused_with_the_known_ones() -> None:
    done = demo("nowhere")
    assert done.returncode == UnknownPart.exit_code
    assert "no simulator for 'nowhere'" in done.stderr
    assert all(exchange in done.stderr for exchange in known_wires())
