"""The sign of life to somebody outside: given while the silence can be trusted, withheld in trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqwatch.engine.heartbeat import Heartbeat
from liqwatch.testing.telemetry import SilentTelemetry

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC, STREAM = "BTC/USDT:USDT", "mark prices of binance_usdm"


class NotedPulse:
    """Somebody outside, who notes what is heard."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def beat(self) -> None:
        self.heard.append("beat")

    async def fail(self, text: str) -> None:
        self.heard.append(text)

    async def close(self) -> None: ...


class Outside:
    """A minute of the story, and the beat at its end."""

    def __init__(self, story: Scenario) -> None:
        self._story = story
        self._pulse = NotedPulse()
        self._heart = Heartbeat(
            pulse=self._pulse,
            troubles=lambda: story.troubles,
            every_seconds=60.0,
            clock=story.clock,
            telemetry=SilentTelemetry(),
        )

    async def hears_after_a_minute(self, *, is_venue_silent: bool = False) -> list[str]:
        if is_venue_silent:
            await self._story.advance(60.0)
        else:
            await self._story.still(60.0)
        await self._heart.beat()
        heard, self._pulse.heard = self._pulse.heard, []
        return heard


@pytest.fixture
async def outside(story: Scenario) -> Outside:
    """Somebody outside, while a position is watched."""
    await story.position(BTC)
    await story.mark(BTC, 130.0)
    return Outside(story)


async def test_while_prices_come_and_messages_go_it_beats_every_minute(outside: Outside) -> None:
    assert [await outside.hears_after_a_minute() for _ in range(3)] == [["beat"]] * 3


async def test_before_the_first_look_at_anything_there_is_no_beat(story: Scenario) -> None:
    pulse = NotedPulse()
    heart = Heartbeat(
        pulse=pulse,
        troubles=lambda: story.troubles,
        every_seconds=60.0,
        clock=story.clock,
        telemetry=SilentTelemetry(),
    )
    await heart.beat()
    assert pulse.heard == ["not ready yet"]


async def test_a_stream_that_falls_silent_is_told_outside_once_and_the_beat_stops(outside: Outside) -> None:
    assert await outside.hears_after_a_minute(is_venue_silent=True) == [STREAM]
    assert await outside.hears_after_a_minute(is_venue_silent=True) == []
    assert await outside.hears_after_a_minute() == ["beat"]


async def test_an_outbox_that_does_not_move_stops_the_beat(story: Scenario, outside: Outside) -> None:
    story.is_outbox_moving = False
    assert await outside.hears_after_a_minute() == ["the outbox"]
    assert await outside.hears_after_a_minute() == []
    story.is_outbox_moving = True
    assert await outside.hears_after_a_minute() == ["beat"]


async def test_further_trouble_is_told_outside_at_once(story: Scenario, outside: Outside) -> None:
    story.is_outbox_moving = False
    await outside.hears_after_a_minute()
    assert await outside.hears_after_a_minute(is_venue_silent=True) == [f"{STREAM}; the outbox"]


async def test_a_burning_alert_is_no_trouble_of_the_watch(story: Scenario, outside: Outside) -> None:
    await story.mark(BTC, 82.0)
    assert await outside.hears_after_a_minute() == ["beat"]
