"""A crash: hundreds of positions at once become a handful of messages, the worst first and every one counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from liqwatch.model import Delivery, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario
    from tests.scenarios.delivery.conftest import Channel, Post

LIQUIDATION, FAR = 800 / 9.9, 130.0
MANY = 300
MINUTE_SECONDS = 60.0


def at(distance: float) -> float:
    """The mark from which a position's liquidation is so far away."""
    return LIQUIDATION / (1 - distance)


async def many(story: Scenario, post: Post, *channels: str) -> list[str]:
    """Three hundred positions far from liquidation, and channels that are all told of them."""
    post.open(*((name, []) for name in channels), addressed=len(channels))
    for number in range(MANY):
        story.hold(f"COIN{number:03}/USDT:USDT")
    await story.answered()
    await story.marked(dict.fromkeys(story.contracts, FAR))
    return list(story.contracts)


async def crash(story: Scenario, post: Post, symbols: list[str], *, frames: int) -> float:
    """Everything falls to where liquidation is near within one second, in so many frames; when it began."""
    began = story.clock.monotonic()
    per_frame = MANY // frames
    for frame in range(frames):
        fallen = symbols[frame * per_frame : (frame + 1) * per_frame]
        await story.marked({symbol: at(0.03 if symbol.startswith("COIN29") else 0.07) for symbol in fallen})
        await post.pass_time(1.0 / frames)
    return began


def alerts_told(channel: Channel, until: float) -> set[str]:
    """The ids of every alert that has arrived by then."""
    return {alert_id for each in channel.arrivals if each.at <= until for alert_id in each.message.alert_ids}


def counted(channel: Channel) -> int:
    """How many alerts the titles speak of."""
    numbers = [re.match(r"(\d+) messages", each.message.title) for each in channel.arrivals]
    return sum(int(match[1]) if match else 1 for match in numbers)


@pytest.mark.parametrize("frames", [1, 10])
async def test_when_300_positions_cross_within_a_second_the_first_critical_message_is_there_within_a_second(
    story: Scenario, post: Post, frames: int
) -> None:
    symbols = await many(story, post, "chat")
    began = await crash(story, post, symbols, frames=frames)
    first = post["chat"].arrivals[0]
    assert first.at - began <= 1.0
    assert first.message.severity >= Severity.CRITICAL


@pytest.mark.parametrize("frames", [1, 10])
async def test_no_channel_gets_more_than_five_messages_in_the_first_minute_and_all_300_are_accounted_for(
    story: Scenario, post: Post, frames: int
) -> None:
    symbols = await many(story, post, "chat", "mail")
    began = await crash(story, post, symbols, frames=frames)
    await post.pass_time(MINUTE_SECONDS - 1.0)
    for channel in post.channels.values():
        assert 1 <= len(channel.arrivals) <= 5
        assert len(alerts_told(channel, began + MINUTE_SECONDS)) == MANY
        assert counted(channel) == MANY


async def test_a_message_that_tells_many_begins_with_the_worst_and_counts_the_rest(story: Scenario, post: Post) -> None:
    symbols = await many(story, post, "chat")
    await crash(story, post, symbols, frames=1)
    title, body = max(
        ((each.message.title, each.message.body) for each in post["chat"].arrivals), key=lambda it: len(it[1])
    )
    assert re.fullmatch(r"300 messages: 10 emergency, 290 critical", title)
    lines = body.splitlines()
    assert lines[0].startswith("🆘 EMERGENCY · COIN29")
    assert re.fullmatch(r"… and \d+ more, none worse than critical", lines[-1])
    levels = [line.split(" ")[1] for line in lines if re.match(r"(🆘|🔴) (EMERGENCY|CRITICAL) ·", line)]
    assert levels == sorted(levels, reverse=True)
    assert levels.count("EMERGENCY") == 10


async def test_one_that_becomes_worse_than_everything_told_does_not_wait_for_the_others(
    story: Scenario, post: Post
) -> None:
    symbols = [symbol for symbol in await many(story, post, "chat") if not symbol.startswith("COIN29")]
    await story.marked({symbol: at(0.07) for symbol in symbols})
    await post.pass_time(5.0)
    before = len(post["chat"].arrivals)
    await story.marked({symbols[7]: at(0.03)})
    await post.pass_time(1.1)
    (arrival,) = post["chat"].arrivals[before:]
    assert "EMERGENCY · COIN007" in arrival.message.title


async def test_a_recovery_of_everything_is_told_as_one_more_message_without_a_sound(
    story: Scenario, post: Post
) -> None:
    symbols = await many(story, post, "chat")
    await crash(story, post, symbols, frames=1)
    await post.pass_time(2 * MINUTE_SECONDS)
    before = len(post["chat"].arrivals)
    await story.marked(dict.fromkeys(symbols, FAR))
    await post.pass_time(5.0)
    (arrival,) = post["chat"].arrivals[before:]
    assert arrival.message.title == "300 messages: 300 over"
    assert (arrival.message.is_silent, arrival.message.is_over) == (True, True)


async def test_a_channel_that_refuses_during_the_crash_loses_nothing(story: Scenario, post: Post) -> None:
    symbols = await many(story, post, "chat")
    post["chat"].script.extend([Delivery.RETRY, Delivery.RETRY])
    began = await crash(story, post, symbols, frames=10)
    await post.pass_time(2 * MINUTE_SECONDS)
    told = alerts_told(post["chat"], began + 3 * MINUTE_SECONDS)
    assert len(told) >= MANY
    assert (await story.store.outbox_status()).pending == 0
