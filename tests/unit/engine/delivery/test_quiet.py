"""Quiet hours hold for what is late and for what is handed over, too."""

from __future__ import annotations

from datetime import UTC, time
from typing import TYPE_CHECKING

from liqwatch.alerts.hours import Hours, QuietHours
from liqwatch.alerts.routing import Route, Routing
from liqwatch.model import Delivery, Severity
from liqwatch.testing.sinks import ScriptedChannel

if TYPE_CHECKING:
    from tests.unit.engine.delivery.conftest import OpenPost, Post

RETRY, DEAD = Delivery.RETRY, Delivery.DEAD
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
ALL_DAYS = frozenset(range(7))


def asleep_from(post: Post, hour: int, *asleep: str, channels: tuple[str, ...]) -> None:
    """It is noon when a test begins; these sleep from that hour on, for six hours."""
    hours = Hours(UTC, time(hour), time((hour + 6) % 24), ALL_DAYS)
    routes = (Route(min_severity=Severity.NOTICE, channels=("chat",)),)
    quiet = (QuietHours(hours=hours, channels=frozenset(asleep)),)
    post.dispatcher._routing = Routing(routes, channels, quiet=quiet)


async def test_a_warning_is_handed_over_to_somebody_who_is_awake(post_of: OpenPost) -> None:
    chat, phone, mail = ScriptedChannel("chat", *[RETRY] * 9), ScriptedChannel("phone"), ScriptedChannel("mail")
    post = post_of(chat, phone, mail)
    asleep_from(post, 12, "phone", channels=("chat", "phone", "mail"))
    await post.enqueue("mild", severity=WARNING)
    await post.enqueue("grave", severity=CRITICAL)
    for _ in range(60):
        await post.deliver(after_seconds=1.0)
    assert (phone.titles, mail.titles) == (["grave"], ["mild"])


async def test_while_everybody_else_sleeps_a_warning_waits_for_its_own_channel(post_of: OpenPost) -> None:
    chat, phone = ScriptedChannel("chat", *[RETRY] * 5), ScriptedChannel("phone")
    post = post_of(chat, phone)
    asleep_from(post, 12, "phone", channels=("chat", "phone"))
    await post.enqueue("mild", severity=WARNING)
    for _ in range(6):
        await post.deliver(after_seconds=30.0)
    assert (len(chat.messages), phone.titles) == (6, [])


async def test_what_its_own_channel_gives_up_is_told_to_a_sleeper_without_a_sound(post_of: OpenPost) -> None:
    chat, phone = ScriptedChannel("chat", DEAD), ScriptedChannel("phone")
    post = post_of(chat, phone)
    asleep_from(post, 12, "phone", channels=("chat", "phone"))
    await post.enqueue("mild", severity=WARNING)
    await post.deliver()
    await post.deliver(after_seconds=1.0)
    assert [(message.title, message.is_silent) for message in phone.messages] == [("mild", True)]


async def test_what_comes_late_into_quiet_hours_wakes_nobody_unless_it_is_critical(post_of: OpenPost) -> None:
    chat = ScriptedChannel("chat", RETRY, RETRY)
    post = post_of(chat)
    asleep_from(post, 13, "chat", channels=("chat",))
    await post.enqueue("mild", severity=WARNING)
    await post.deliver()
    await post.enqueue("grave", severity=CRITICAL)
    await post.deliver(after_seconds=1.0)
    assert [message.is_silent for message in chat.messages] == [False, False]
    for _ in range(3):
        await post.deliver(after_seconds=3_600.0)
    assert {message.title: message.is_silent for message in chat.messages[2:]} == {"grave": False, "mild": True}
