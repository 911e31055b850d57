"""The notification faults of the catalogue, by number, against real sockets; Telegram's own stand elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import html
import socket
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock, SystemClock
from liqwatch.engine.delivery.dispatch import Dispatcher
from liqwatch.errors import NotificationError
from liqwatch.model import AlertChange, Delivery, DeliveryReport, Message, Notification, NotifyReason, Severity
from liqwatch.notifiers import open_channel, validate_url
from liqwatch.notifiers._letter import Envelope, letter_of
from liqwatch.ports import ChannelOptions, Notifier
from liqwatch.stores.memory import MemoryStore
from liqwatch.testing.sinks import LOOPBACK, HttpSink, MuteServer
from liqwatch.testing.telemetry import SilentTelemetry

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RESERVED = "_*[]()~`>#+-=|{}.!<&\"'\\%$/;: <b>x</b> &amp; \\n 🚨 größer \u202e"


@pytest.fixture
async def sink() -> AsyncIterator[HttpSink]:
    async with HttpSink() as sink:
        yield sink


def channel(name: str, url: str, timeout_seconds: float = 5.0) -> Notifier:
    return open_channel(ChannelOptions(name=name, url=url, timeout_seconds=timeout_seconds))


class Delivering:
    """Real channels behind a dispatcher in simulated time; everything is addressed to the first of them."""

    def __init__(self, *channels: Notifier, addressed: tuple[str, ...] = ()) -> None:
        names = tuple(each.name for each in channels)
        self.clock, self.store = ManualClock(START), MemoryStore()
        self.addressed = addressed or names[:1]
        self.told: list[tuple[str, Delivery, int]] = []
        self.dispatcher = Dispatcher(
            store=self.store,
            notifiers={each.name: each for each in channels},
            routing=Routing((Route(min_severity=Severity.NOTICE, channels=self.addressed),), names),
            clock=self.clock,
            telemetry=SilentTelemetry(),
            told=self._tell,
        )

    async def alert(self, *titles: str, severity: Severity = Severity.CRITICAL) -> None:
        await self.store.commit([AlertChange(None, (self._notification(title, severity),)) for title in titles])

    async def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds):
            while await self.dispatcher.turn():
                pass
            self.clock.advance(1.0)

    async def counts(self) -> Mapping[str, int]:
        status = await self.store.outbox_status()
        return {"pending": status.pending, "sent": status.sent, "dead": status.dead}

    async def _tell(self, name: str, report: DeliveryReport, failures: int) -> None:
        self.told.append((name, report.delivery, failures))

    def _notification(self, title: str, severity: Severity) -> Notification:
        return Notification(
            dedup_key=title,
            alert_key=title,
            alert_id=hashlib.sha256(title.encode()).hexdigest()[:6],
            account="main",
            severity=severity,
            reason=NotifyReason.FIRST,
            title=title,
            body=f"body of {title}",
            happened_at=self.clock.now(),
            channels=self.addressed,
        )


async def test_F24_a_send_that_fails_is_not_forgotten(sink: HttpSink) -> None:  # noqa: N802
    post = Delivering(channel("chat", sink.url))
    await post.alert("a")
    sink.respond = 500
    await post.pass_seconds(5)
    assert await post.counts() == {"pending": 1, "sent": 0, "dead": 0}
    assert post.told[-1][1] is Delivery.RETRY
    sink.respond = 200
    await post.pass_seconds(5)
    assert await post.counts() == {"pending": 0, "sent": 1, "dead": 0}


async def test_F26_a_200_whose_body_says_failure_is_no_delivery(sink: HttpSink) -> None:  # noqa: N802
    post = Delivering(channel("chat", sink.url))
    await post.alert("a")
    sink.answer = b'{"ok": false, "description": "try later"}'
    await post.pass_seconds(2)
    assert await post.counts() == {"pending": 1, "sent": 0, "dead": 0}
    sink.answer = b'{"ok": true}'
    await post.pass_seconds(5)
    assert await post.counts() == {"pending": 0, "sent": 1, "dead": 0}


async def test_F27_three_hundred_alerts_never_make_a_message_that_is_too_long(sink: HttpSink) -> None:  # noqa: N802
    post = Delivering(channel("chat", sink.url))
    sink.longest_body = 6_000
    await post.alert(*(f"🔴 CRITICAL · MARKET{number}/USDT:USDT long · 7.9 % to liquidation" for number in range(299)))
    await post.alert("🆘 EMERGENCY · worst", severity=Severity.EMERGENCY)
    await post.pass_seconds(60)
    assert await post.counts() == {"pending": 0, "sent": 300, "dead": 0}
    assert all(len(each["title"]) + len(each["message"]) <= 4096 for each in sink.received)
    assert sink.received[0]["message"].startswith("🆘 EMERGENCY · worst\n")


async def test_F27_a_service_that_takes_less_gets_less(sink: HttpSink) -> None:  # noqa: N802
    post = Delivering(channel("chat", sink.url))
    sink.longest_body = 1_000
    await post.alert(*(f"alert {number} {'x' * 60}" for number in range(64)))
    await post.pass_seconds(900)
    assert await post.counts() == {"pending": 0, "sent": 64, "dead": 0}


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.EMERGENCY])
async def test_F28_F29_markup_of_every_kind_arrives_as_it_was_written(sink: HttpSink, severity: Severity) -> None:  # noqa: N802
    message = Message(message_id="a", title=RESERVED, body=f"{RESERVED}\n{RESERVED}", severity=severity)
    report = await channel("chat", sink.url).send(message)
    assert report.delivery is Delivery.SENT
    assert (sink.received[0]["title"], sink.received[0]["message"]) == (message.title, message.body)


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=200))
def test_F28_F29_any_text_survives_a_letter_in_both_forms(text: str) -> None:  # noqa: N802
    message = Message(message_id="a", title="t", body=text, severity=Severity.WARNING)
    letter = letter_of(message, Envelope(sender="a@example.com", recipient="b@example.com"), START)
    plain, page = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert plain.get_content().splitlines() == text.splitlines()
    body = page.get_content().partition('<div style="white-space:pre-wrap">')[2].partition("</div>")[0]
    assert html.unescape(body).splitlines() == text.splitlines()


async def test_F30_accept_then_silence_costs_exactly_one_repeat_with_the_same_id() -> None:  # noqa: N802
    async with HttpSink() as silent, HttpSink() as desk:
        silent.hang = True
        post = Delivering(channel("chat", silent.url, 1.0), channel("desk", desk.url))
        await post.alert("a")
        await post.pass_seconds(30)
        first, second = silent.received
        assert second["message"].endswith(first["message"])
        assert second["message"].startswith("Perhaps a repeat")
        assert [each["title"] for each in desk.received] == ["a"]
        assert (await post.counts())["pending"] == 0


async def test_F30_a_connection_that_is_cut_after_the_request_is_in_doubt_too() -> None:  # noqa: N802
    async with HttpSink() as cutting:
        cutting.drop = True
        post = Delivering(channel("chat", cutting.url))
        await post.alert("a")
        await post.pass_seconds(1)
        cutting.drop = False
        await post.pass_seconds(5)
        assert len(cutting.received) == 2
        assert (await post.counts())["sent"] == 1


async def test_F31_a_dead_channel_and_a_storm_leave_the_good_channel_alone() -> None:  # noqa: N802
    async with HttpSink() as dead, HttpSink() as good, asyncio.TaskGroup() as tasks:
        dead.hang = True
        post = Delivering(channel("dead", dead.url, 60.0), channel("good", good.url), addressed=("dead", "good"))
        await post.alert(*(f"alert {number}" for number in range(60)))
        post.dispatcher.wake(["dead", "good"])
        running = tasks.create_task(post.dispatcher.run())
        await good.wait_for(1)
        await dead.wait_for(1)
        await post.alert("one more", severity=Severity.EMERGENCY)
        async with asyncio.timeout(10):
            while len(good.received) < 2:
                post.clock.advance(1.0)
                post.dispatcher.wake(["dead", "good"])
                await SystemClock().sleep(0.01)
        assert good.received[1]["title"] == "one more"
        assert len(dead.received) <= 2, "one bounded worker for each channel"
        running.cancel()


async def test_F33_a_dripping_answer_is_left_at_the_total_time_limit() -> None:  # noqa: N802
    async with HttpSink() as slow:
        slow.drip, slow.answer = True, b"x" * 10_000
        report = await channel("chat", slow.url, 1.0).send(
            Message(message_id="a", title="t", body="b", severity=Severity.CRITICAL)
        )
    assert report == DeliveryReport(Delivery.AMBIGUOUS, "no answer within 1 s")


async def test_F34_a_hanging_send_does_not_hold_up_the_event_loop() -> None:  # noqa: N802
    beats = 0

    async def heart() -> None:
        nonlocal beats
        while True:
            await SystemClock().sleep(0.01)
            beats += 1

    async with HttpSink() as hanging, asyncio.TaskGroup() as tasks:
        hanging.hang = True
        beating = tasks.create_task(heart())
        message = Message(message_id="a", title="t", body="b", severity=Severity.CRITICAL)
        report = await channel("chat", hanging.url, 1.5).send(message)
        beating.cancel()
    assert report.delivery is Delivery.AMBIGUOUS
    assert beats >= 20, "a blocked loop would not have beaten once"


async def test_F35b_a_final_refusal_is_told_through_the_others_and_not_tried_again() -> None:  # noqa: N802
    async with HttpSink() as blocked, HttpSink() as desk:
        blocked.respond = 403
        post = Delivering(channel("chat", blocked.url), channel("desk", desk.url))
        await post.alert("a")
        await post.pass_seconds(120)
        assert len(blocked.received) == 1
        assert [each["title"] for each in desk.received] == ["a"]
        assert ("chat", Delivery.DEAD, 1) in post.told


async def test_F35d_when_a_service_cannot_be_reached_the_second_channel_takes_over() -> None:  # noqa: N802
    with socket.create_server((LOOPBACK, 0)) as probe:
        port = probe.getsockname()[1]
    async with HttpSink() as desk:
        post = Delivering(channel("chat", f"json://{LOOPBACK}:{port}/"), channel("desk", desk.url))
        await post.alert("a")
        await post.pass_seconds(10)
        assert [each["title"] for each in desk.received] == ["a"]
        assert await post.counts() == {"pending": 1, "sent": 1, "dead": 0}, "the first one is still tried"
        assert ("chat", Delivery.RETRY, 3) in post.told


async def test_F35d_a_handshake_that_never_ends_is_no_lost_answer() -> None:  # noqa: N802
    """A censor that drops what follows the connection: nothing was sent, so that it can be tried for ever."""
    async with MuteServer() as mute:
        message = Message(message_id="a", title="t", body="b", severity=Severity.CRITICAL)
        report = await channel("chat", f"jsons://{LOOPBACK}:{mute.port}/", 30.0).send(message)
    assert report == DeliveryReport(Delivery.RETRY, "JSON: no connection")


@pytest.mark.parametrize("url", ["tgram://", "json://", "pover://x", "nosuchservice://host", "no schema"])
def test_F35e_a_url_that_reaches_nobody_is_refused_before_the_start(url: str) -> None:  # noqa: N802
    with pytest.raises(NotificationError) as refusal:
        validate_url(url)
    assert refusal.value.mend


async def test_F35e_a_channel_that_can_reach_nobody_says_so_when_it_prepares() -> None:  # noqa: N802
    broken = channel("chat", "nosuchservice://host")
    post = Delivering(broken)
    await post.dispatcher.prepare()
    assert post.told == [("chat", Delivery.DEAD, 1)]
