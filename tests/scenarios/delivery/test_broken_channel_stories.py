"""A channel that is broken is itself an alarm, told through the others; a test every day finds it before it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqwatch.model import Delivery, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario
    from tests.scenarios.delivery.conftest import Post

BTC = "BTC/USDT:USDT"
RETRY, DEAD = Delivery.RETRY, Delivery.DEAD
LIQUIDATION, FAR = 800 / 9.9, 130.0


async def critical(story: Scenario) -> None:
    """Something to tell."""
    await story.position(BTC)
    await story.mark(BTC, FAR, LIQUIDATION / 0.93)


async def test_a_channel_that_refuses_three_times_is_told_through_another(story: Scenario, post: Post) -> None:
    post.open(("chat", [RETRY] * 50), ("mail", []))
    await critical(story)
    await post.pass_time(20.0)
    assert post["mail"].about_channels == ["🔴 CRITICAL · channel chat · does not take messages: as scripted"]


async def test_two_refusals_are_no_alarm(story: Scenario, post: Post) -> None:
    post.open(("chat", [RETRY] * 2), ("mail", []), addressed=2)
    await critical(story)
    await post.pass_time(20.0)
    assert post["mail"].about_channels == []


async def test_a_channel_that_can_never_deliver_is_told_at_the_first_attempt(story: Scenario, post: Post) -> None:
    post.open(("chat", [DEAD] * 50), ("mail", []))
    await critical(story)
    await post.pass_time(2.0)
    assert post["mail"].about_channels == ["🔴 CRITICAL · channel chat · does not take messages: as scripted"]


async def test_a_channel_that_delivers_again_is_told_as_well(story: Scenario, post: Post) -> None:
    post.open(("chat", [RETRY] * 4), ("mail", []), addressed=2)
    await critical(story)
    await post.pass_time(60.0)
    assert [title.split(" · ")[0] for title in post["mail"].about_channels] == ["🔴 CRITICAL", "✅ RESOLVED"]


async def test_where_every_channel_is_broken_nothing_is_lost_and_the_first_that_recovers_tells_it(
    story: Scenario, post: Post
) -> None:
    post.open(("chat", [RETRY] * 12), ("mail", [RETRY] * 40), addressed=2)
    await critical(story)
    await post.pass_time(400.0)
    assert len([title for title in post["chat"].told if "CRITICAL" in title or "messages" in title]) >= 1
    told = {alert_id for each in post["chat"].arrivals for alert_id in each.message.alert_ids}
    (record,) = [each for each in story.watch.alarms.burning() if each.key.subject == f"{BTC} long"]
    assert record.alert_id in told


async def test_one_broken_channel_does_not_hold_up_another(story: Scenario, post: Post) -> None:
    post.open(("chat", [RETRY] * 500), ("mail", []), addressed=2)
    await critical(story)
    (arrival,) = post["mail"].arrivals
    assert arrival.at <= story.clock.monotonic()
    assert arrival.message.severity is Severity.CRITICAL


async def test_the_daily_test_reaches_every_channel_without_a_sound(story: Scenario, post: Post) -> None:
    post.open(("chat", []), ("mail", []))
    await post.self_test()
    for channel in post.channels.values():
        (message,) = [each.message for each in channel.arrivals]
        assert message.title == f"Self-test: alerts reach {channel.name}"
        assert (message.is_silent, message.alert_ids) == (True, ())


async def test_a_test_that_fails_once_is_tried_a_minute_later_and_told_to_nobody(story: Scenario, post: Post) -> None:
    post.open(("chat", [RETRY]), ("mail", []), addressed=2)
    await post.self_test()
    assert len(post["chat"].messages) == 2
    assert post["mail"].about_channels == []


async def test_a_test_that_fails_twice_is_an_alarm_through_the_others(story: Scenario, post: Post) -> None:
    post.open(("chat", [RETRY] * 50), ("mail", []), addressed=2)
    await post.self_test()
    await post.pass_time(5.0)
    assert post["mail"].about_channels == ["🔴 CRITICAL · channel chat · does not take messages: as scripted"]


async def test_a_test_is_not_taken_for_an_alert(story: Scenario, post: Post) -> None:
    post.open(("chat", []))
    await post.self_test()
    status = await story.store.outbox_status()
    assert (status.pending, status.sent) == (0, 0)
