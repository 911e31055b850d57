"""Nobody watched: after a start that follows a gap people are told how long it was, and what has changed meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from liqwatch.model import MarkCandle, NotifyReason, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario
    from tests.scenarios.gaps.conftest import Process

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG = f"{BTC} long"


async def alive(process: Process, mark_price: float = 130.0) -> None:
    """A price, and the sign of life with its figures."""
    await process.price(mark_price)
    await process.absence.note()
    await process.titles()


async def test_a_gap_of_fourteen_minutes_is_told_with_its_length_and_that_nothing_has_changed(process: Process) -> None:
    await alive(process)
    another = await process.is_followed_by_another(after_minutes=14.0)
    await another.price(130.0)
    (told,) = await another.tells()
    assert told.title == "Nothing was watched for 14 min"
    assert "From 12:00:00 UTC to 12:14:00 UTC." in told.body
    assert "Nothing that matters has changed." in told.body
    assert (told.reason, told.severity, told.is_silent) == (NotifyReason.ANNOUNCED, Severity.WARNING, False)


async def test_prices_and_sizes_that_changed_meanwhile_are_named(story: Scenario, process: Process) -> None:
    await alive(process)
    story.hold(BTC, contracts=12.0)
    another = await process.is_followed_by_another(after_minutes=14.0)
    await another.price(143.0)
    (told,) = await another.tells()
    (line,) = [each for each in told.body.splitlines() if LONG in each]
    assert line.startswith(f"main · {LONG}: size 10 → 12 (+20.0%), mark 130 → 143 (+10.0%), liquidation 80.808081 → ")


async def test_positions_that_came_and_went_meanwhile_are_named(story: Scenario, process: Process) -> None:
    await alive(process)
    del story.positions[LONG]
    story.hold(ETH)
    another = await process.is_followed_by_another(after_minutes=14.0)
    (told,) = await another.tells()
    assert f"main · {LONG}: gone" in told.body
    assert f"main · {ETH} long: new" in told.body


async def test_a_level_crossed_while_nobody_watched_is_told_late_with_its_minute(
    story: Scenario, process: Process
) -> None:
    await alive(process)
    fell_at = story.clock.now() + timedelta(minutes=5)
    process.market.candles = [MarkCandle(opened_at=fell_at, low=83.0, high=131.0)]
    another = await process.is_followed_by_another(after_minutes=14.0)
    await another.price(130.0)
    late, blind = await another.tells()
    assert late.title.startswith(f"🆘 EMERGENCY · {LONG} · told late: while no price came, the mark reached 83")
    assert f"{fell_at:%Y-%m-%d %H:%M} UTC" in late.title
    assert blind.title == "Nothing was watched for 14 min"


async def test_a_restart_of_a_minute_is_looked_back_into_and_not_told(process: Process) -> None:
    await alive(process)
    another = await process.is_followed_by_another(after_minutes=1.0)
    await another.price(130.0)
    assert await another.tells() == []
    assert process.market.asked == [(BTC, timedelta(minutes=1))]


async def test_the_very_first_start_has_missed_nothing(process: Process) -> None:
    await process.absence.recall()
    await process.price(130.0)
    assert await process.tells() == []
    assert process.market.asked == []


async def test_an_absence_is_told_once(process: Process) -> None:
    await alive(process)
    another = await process.is_followed_by_another(after_minutes=14.0)
    await another.price(130.0)
    assert len(await another.tells()) == 1
    await another.absence.note()
    assert await another.tells() == []
    third = await another.is_followed_by_another(after_minutes=0.5)
    await third.price(130.0)
    assert await third.tells() == []


async def test_a_venue_that_cannot_be_asked_about_the_gap_does_not_keep_it_secret(process: Process) -> None:
    await alive(process)
    process.market.is_down = True
    another = await process.is_followed_by_another(after_minutes=14.0)
    await another.price(130.0)
    (told,) = await another.tells()
    assert told.title == "Nothing was watched for 14 min"


async def test_an_alert_that_burned_before_the_gap_is_not_told_anew_as_late(story: Scenario, process: Process) -> None:
    await alive(process, 83.0)
    process.market.candles = [MarkCandle(opened_at=story.clock.now() + timedelta(minutes=5), low=83.0, high=84.0)]
    another = await process.is_followed_by_another(after_minutes=14.0)
    await another.price(83.0)
    titles = [each.title for each in await another.tells()]
    assert titles == ["Nothing was watched for 14 min"]
