"""The demo's story keeps its promises: who comes near, who does not, and that all ends well."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from liqwatch.clock import ManualClock
from liqwatch.model import Side
from liqwatch.testing.crash import FUND_KEY, CrashStory, play
from liqwatch.testing.story import FRAMES_PER_SECOND, STORY_FRAMES, Approach
from liqwatch.testing.venue import BinanceVenue
from liqwatch.testing.venue.book import VenueBook

LEVELS = (0.25, 0.15, 0.08, 0.04)
NOTICE, WARNING, CRITICAL, EMERGENCY = 1, 2, 3, 4
CLEAR_BEYOND = 0.275
FRAMES = STORY_FRAMES
LANDMARK_LOWS = {"BTCUSDT": 101_877.69, "ETHUSDT": 3_425.34}


def severity(distance: float | None) -> int:
    return 0 if distance is None else sum(distance < level for level in LEVELS)


@pytest.fixture(scope="module")
def closest() -> dict[tuple[str, Side], Approach]:
    return {(approach.native_symbol, approach.side): approach for approach in CrashStory().closest_approaches()}


def test_each_position_reaches_exactly_its_severity(closest: dict[tuple[str, Side], Approach]) -> None:
    assert {key: severity(approach.distance) for key, approach in closest.items()} == {
        ("BTCUSDT", Side.LONG): WARNING,
        ("ETHUSDT", Side.LONG): CRITICAL,
        ("ETHUSDT", Side.SHORT): 0,
        ("SOLUSDT", Side.SHORT): NOTICE,
        ("BNBUSDT", Side.LONG): 0,
        ("XRPUSDT", Side.LONG): EMERGENCY,
        ("DOGEUSDT", Side.LONG): EMERGENCY,
    }


def test_no_severity_hangs_on_a_hair(closest: dict[tuple[str, Side], Approach]) -> None:
    for approach in closest.values():
        if approach.distance is not None:
            assert all(abs(approach.distance - level) > 0.002 for level in LEVELS), approach


def test_nobody_is_liquidated_and_the_nearest_passes_within_three_per_cent() -> None:
    distances = [
        approach.distance for approach in CrashStory().approaches(10 * FRAMES) if approach.distance is not None
    ]
    assert 0.01 < min(distances) < 0.03


def test_nothing_is_breached_at_the_start() -> None:
    start = [approach for approach in CrashStory().approaches(FRAMES) if approach.progress == 0.0]
    assert len(start) == 7
    assert all(severity(approach.distance) == 0 for approach in start)


def test_everyone_is_beyond_the_clear_level_for_the_last_seconds() -> None:
    for approach in CrashStory().approaches(FRAMES):
        if approach.progress >= 0.86 and approach.distance is not None:
            assert approach.distance > CLEAR_BEYOND, approach


def test_the_gap_takes_the_coupled_pair_over_several_levels_between_two_frames() -> None:
    history: dict[str, list[int]] = {"XRPUSDT": [], "DOGEUSDT": []}
    for approach in CrashStory().approaches(FRAMES):
        if approach.native_symbol in history:
            history[approach.native_symbol].append(severity(approach.distance))
    jumps = {symbol: max(pairwise(steps), key=lambda step: step[1] - step[0]) for symbol, steps in history.items()}
    assert jumps == {"XRPUSDT": (NOTICE, EMERGENCY), "DOGEUSDT": (0, EMERGENCY)}


def test_the_short_is_endangered_in_the_rebound_only(closest: dict[tuple[str, Side], Approach]) -> None:
    assert closest["SOLUSDT", Side.SHORT].progress > 0.7
    assert closest["BTCUSDT", Side.LONG].progress < 0.5


def test_the_coupled_accounts_margin_ratio_passes_its_warning_but_not_its_emergency_level() -> None:
    story = CrashStory()
    book = VenueBook(story.markets, story.accounts())
    worst = 0.0
    for frame in range(FRAMES + 1):
        for symbol in book.markets:
            book.mark_prices[symbol] = story.price(symbol, frame / FRAMES)
        wallet = book.wallet(book.accounts[FUND_KEY], "USDT")
        worst = max(worst, wallet.maintenance_margin / (wallet.cross_wallet + wallet.cross_profit))
    assert 0.67 < worst < 0.78


def test_the_path_touches_the_published_lows_and_repeats_exactly() -> None:
    for symbol, low in LANDMARK_LOWS.items():
        path = [CrashStory().price(symbol, frame / FRAMES) for frame in range(FRAMES + 1)]
        assert min(path) == pytest.approx(low, rel=0.002)
        assert path == [CrashStory().price(symbol, frame / FRAMES) for frame in range(FRAMES + 1)]


async def test_playing_it_moves_the_venue_from_start_to_end() -> None:
    story, clock = CrashStory(), ManualClock(datetime(2025, 10, 10, 20, 50, tzinfo=UTC))
    venue = BinanceVenue(
        markets=story.markets, accounts=story.accounts(), clock=clock, publish_every_seconds=None, liquidates=True
    )
    lowest = venue.book.mark_prices["BTCUSDT"]
    async with venue, asyncio.TaskGroup() as group:
        playing = group.create_task(play(venue, clock, seconds=25.0))
        while not playing.done():
            await clock_step(clock)
            lowest = min(lowest, venue.book.mark_prices["BTCUSDT"])
    assert lowest == pytest.approx(LANDMARK_LOWS["BTCUSDT"], rel=0.002)
    assert venue.book.mark_prices["BTCUSDT"] == story.price("BTCUSDT", 1.0)
    assert sum(len(account.positions) for account in venue.book.accounts.values()) == 7


async def clock_step(clock: ManualClock) -> None:
    """Let the player run up to its next pause, then move time by one frame."""
    turn = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(turn.set_result, None)
    await turn
    clock.advance(1 / FRAMES_PER_SECOND)
