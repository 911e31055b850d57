"""From the outbox to people: refusals, stand-ins, repeats, lateness, and what is kept of what never arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqwatch.model import Delivery, DeliveryReport, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario
    from tests.scenarios.delivery.conftest import Post

BTC = "BTC/USDT:USDT"
LONG = f"{BTC} long"
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
SENT, RETRY, AMBIGUOUS, DEAD = Delivery.SENT, Delivery.RETRY, Delivery.AMBIGUOUS, Delivery.DEAD
LIQUIDATION, FAR = 800 / 9.9, 130.0
HOUR = 3_600.0


def at(distance: float) -> float:
    """The mark from which the long's liquidation is so far away."""
    return LIQUIDATION / (1 - distance)


async def long_at(story: Scenario, distance: float) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, at(distance))


async def test_an_alert_arrives_at_once_on_every_channel_that_is_addressed(story: Scenario, post: Post) -> None:
    post.open(("chat", []), ("mail", []), ("spare", []), addressed=2)
    await long_at(story, 0.07)
    assert [len(post[name].told) for name in ("chat", "mail", "spare")] == [1, 1, 0]


async def test_a_channel_that_stumbles_is_tried_again_and_nobody_else_is_bothered(story: Scenario, post: Post) -> None:
    post.open(("chat", [RETRY, RETRY]), ("mail", []))
    await long_at(story, 0.07)
    await post.pass_time(10.0)
    assert len(post["chat"].told) == 1
    assert post["mail"].arrivals == []


async def test_after_the_third_refusal_another_channel_stands_in(story: Scenario, post: Post) -> None:
    post.open(("chat", [RETRY] * 50), ("mail", []))
    await long_at(story, 0.07)
    await post.pass_time(10.0)
    assert len(post["mail"].told) == 1
    assert f"CRITICAL · {LONG}" in post["mail"].told[0]


async def test_a_channel_that_can_never_deliver_is_replaced_at_once(story: Scenario, post: Post) -> None:
    post.open(("chat", [DEAD]), ("mail", []))
    await long_at(story, 0.07)
    await post.pass_time(1.0)
    assert len(post["mail"].told) == 1


async def test_the_stand_in_that_is_named_takes_over_before_the_next_in_order(story: Scenario, post: Post) -> None:
    post.open(("chat", [DEAD]), ("mail", []), ("call", []), fallbacks={"chat": "call"})
    await long_at(story, 0.07)
    await post.pass_time(1.0)
    assert [len(post[name].told) for name in ("mail", "call")] == [0, 1]


async def test_an_attempt_whose_answer_was_lost_is_repeated_once_with_the_same_id(story: Scenario, post: Post) -> None:
    post.open(("chat", [AMBIGUOUS]), ("mail", []))
    await long_at(story, 0.07)
    await post.pass_time(5.0)
    first, second = post["chat"].messages
    assert first.message_id == second.message_id
    assert "Perhaps a repeat: the answer to an earlier attempt was lost." in second.body
    assert post["mail"].arrivals == []


async def test_a_second_lost_answer_hands_the_alert_to_another_channel(story: Scenario, post: Post) -> None:
    post.open(("chat", [AMBIGUOUS, AMBIGUOUS]), ("mail", []))
    await long_at(story, 0.07)
    await post.pass_time(5.0)
    assert len(post["chat"].messages) == 2
    assert len(post["mail"].told) == 1


async def test_a_service_that_asks_for_a_pause_gets_it(story: Scenario, post: Post) -> None:
    post.open(("chat", [DeliveryReport(RETRY, "429", retry_after_seconds=20.0)]), ("mail", []))
    await long_at(story, 0.07)
    await post.pass_time(19.0)
    assert len(post["chat"].messages) == 1
    await post.pass_time(2.0)
    assert len(post["chat"].told) == 1


async def test_during_a_long_pause_another_channel_stands_in(story: Scenario, post: Post) -> None:
    post.open(("chat", [DeliveryReport(RETRY, "429", retry_after_seconds=600.0)]), ("mail", []))
    await long_at(story, 0.07)
    await post.pass_time(2.0)
    assert len(post["mail"].told) == 1


async def test_the_newest_word_about_a_position_replaces_what_has_not_been_sent(story: Scenario, post: Post) -> None:
    post.open(("chat", [DeliveryReport(RETRY, "429", retry_after_seconds=20.0)]))
    await long_at(story, 0.24)
    await story.mark(BTC, at(0.14), at(0.07))
    await post.pass_time(25.0)
    (title,) = post["chat"].told
    assert f"CRITICAL · {LONG}" in title


async def test_a_message_that_could_not_be_sent_in_time_says_so(story: Scenario, post: Post) -> None:
    post.open(("chat", [DeliveryReport(RETRY, "429", retry_after_seconds=90.0)]))
    await long_at(story, 0.07)
    await post.pass_time(95.0)
    (arrival,) = [each for each in post["chat"].arrivals if LONG in each.message.title]
    assert arrival.message.body.startswith(
        "Late: this happened at 12:00:00 UTC and could only be sent at 12:01:30 UTC."
    )


async def test_a_notice_that_is_an_hour_old_is_told_to_nobody_any_more(story: Scenario, post: Post) -> None:
    post.open(("chat", [DeliveryReport(RETRY, "429", retry_after_seconds=HOUR)]))
    await long_at(story, 0.24)
    story.clock.advance(HOUR + 60.0)
    await post.pass_time(1.0)
    assert post["chat"].told == []
    assert (await story.store.outbox_status()).expired == 1


@pytest.mark.parametrize("distance", [0.07, 0.03])
async def test_a_critical_alert_never_expires(story: Scenario, post: Post, distance: float) -> None:
    post.open(("chat", [DeliveryReport(RETRY, "429", retry_after_seconds=HOUR)]))
    await long_at(story, distance)
    story.clock.advance(7 * 24 * HOUR)
    await post.pass_time(1.0)
    (message,) = [each.message for each in post["chat"].arrivals if LONG in each.message.title]
    assert message.body.startswith("Late: this happened at 2026-11-20 12:00:00 UTC")


async def test_what_no_channel_takes_is_kept_listed_and_can_be_tried_again(story: Scenario, post: Post) -> None:
    post.open(("chat", [DEAD, DEAD]))
    await long_at(story, 0.07)
    await post.pass_time(1.0)
    dead = [each for each in await story.store.outbox(status="dead") if LONG in each.title]
    assert [(each.channel, each.detail) for each in dead] == [("chat", "as scripted")]
    assert await story.store.retry(dead[0].row_id)
    await post.pass_time(30.0)
    assert len(post["chat"].told) == 1


async def test_every_attempt_and_its_outcome_stands_in_the_history(story: Scenario, post: Post) -> None:
    post.open(("chat", [RETRY]), ("mail", []))
    await long_at(story, 0.07)
    await post.pass_time(5.0)
    events = [each for each in await story.store.events() if each.kind.value == "attempt"]
    assert [(each.channel, each.word) for each in events] == [("chat", "retry"), ("chat", "sent")]


async def test_an_all_clear_waits_for_the_alarm_that_it_ends(story: Scenario, post: Post) -> None:
    post.open(("chat", [DeliveryReport(RETRY, "429", retry_after_seconds=10.0)]))
    await long_at(story, 0.07)
    await story.mark(BTC, FAR)
    await post.pass_time(15.0)
    first, second = post["chat"].told
    assert "CRITICAL" in first
    assert "RESOLVED" in second


async def test_after_a_pause_the_worst_is_told_first(story: Scenario, post: Post) -> None:
    post.open(("chat", [DeliveryReport(RETRY, "429", retry_after_seconds=20.0)]))
    await long_at(story, 0.24)
    await story.position("ETH/USDT:USDT")
    await story.mark("ETH/USDT:USDT", FAR, at(0.03))
    await post.pass_time(25.0)
    assert [title.split(" · ")[0] for title in post["chat"].told] == ["🆘 EMERGENCY", "🔵 NOTICE"]


async def test_no_chat_is_sent_more_than_twenty_messages_a_minute(story: Scenario, post: Post) -> None:
    post.open(("chat", []))
    symbols = [f"COIN{number:02}/USDT:USDT" for number in range(45)]
    for symbol in symbols:
        story.hold(symbol)
    await story.answered()
    await story.marked(dict.fromkeys(symbols, FAR))
    for symbol in symbols:
        await story.marked({symbol: at(0.14)})
        await post.pass_time(1.3)
    await post.pass_time(60.0)
    times = [each.at for each in post["chat"].arrivals]
    assert max(sum(began <= time < began + 60.0 for time in times) for began in times) <= 20
    assert len({each for arrival in post["chat"].arrivals for each in arrival.message.alert_ids}) == 45
