"""One suite for every way to reach a person, against real local servers."""

from __future__ import annotations

import asyncio
import base64
import io
import logging
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator

import pytest

from liqwatch.errors import NotificationError, UnknownPart
from liqwatch.model import Delivery, DeliveryReport, Message, Severity
from liqwatch.notifiers import known_notifiers, load_notifier, open_channel, validate_url
from liqwatch.notifiers._apprise_job import AppriseJob
from liqwatch.notifiers._apprise_service import open_service
from liqwatch.notifiers._apprise_service import send as send_blocking
from liqwatch.notifiers._progress import Progress
from liqwatch.notifiers.apprise import AppriseNotifier
from liqwatch.notifiers.console import ConsoleNotifier
from liqwatch.notifiers.telegram import TelegramNotifier
from liqwatch.ports import ChannelOptions, Notifier
from liqwatch.redaction import redact
from liqwatch.testing.sinks import HttpSink

pytestmark = pytest.mark.filterwarnings(
    # Apprise's mail plug-in imports it where it still exists.
    "ignore:'imghdr' is deprecated:DeprecationWarning"
)

BODY = "Verlust -5 % <jetzt> & größer 🚨\nzweite Zeile\\n"
TOKEN = "canary4d8fTOKENx91k"


@pytest.fixture
async def sink() -> AsyncIterator[HttpSink]:
    async with HttpSink() as sink:
        yield sink


def channel(url: str, timeout_seconds: float = 10.0) -> Notifier:
    return open_channel(ChannelOptions(name="chat", url=url, timeout_seconds=timeout_seconds))


def message(title: str = "CRITICAL BTC <1>", body: str = BODY, severity: Severity = Severity.CRITICAL) -> Message:
    return Message(message_id="0123456789abcdef", title=title, body=body, severity=severity)


async def send(url: str, *, body: str = BODY, timeout_seconds: float = 10.0) -> DeliveryReport:
    notifier = channel(url, timeout_seconds)
    report = await notifier.send(message(body=body))
    await notifier.close()
    return report


def test_every_file_of_the_folder_is_a_kind_and_exports_its_adapter() -> None:
    assert {"apprise", "console"} <= set(known_notifiers())
    for kind in known_notifiers():
        assert load_notifier(kind).kind == kind


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(UnknownPart, match="console"):
        load_notifier("_worker")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", ConsoleNotifier),
        ("console://", ConsoleNotifier),
        ("json://127.0.0.1:9/", AppriseNotifier),
        ("tgram://123456789:abcdefghij_ABCDEFGHIJ-klmnopqrstuv/42", TelegramNotifier),
        ("tgram://123456789:abcdefghij_ABCDEFGHIJ-klmnopqrstuv/42/43", AppriseNotifier),
    ],
)
async def test_a_channel_keeps_its_name_and_its_url_picks_its_kind(url: str, kind: type) -> None:
    notifier = channel(url)
    assert isinstance(notifier, kind)
    assert notifier.name == "chat"
    await notifier.close()


async def test_the_console_prints_title_and_body(capsys: pytest.CaptureFixture[str]) -> None:
    assert await send("console://") == DeliveryReport(Delivery.SENT)
    assert capsys.readouterr().out == f"CRITICAL BTC <1>\n{BODY}\n\n"


async def test_the_console_lets_no_content_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    await send("console://", body="\x1b[2J\rfake\u202e \x07ok")
    assert capsys.readouterr().out == "CRITICAL BTC <1>\n[2Jfake ok\n\n"


async def test_a_console_without_unicode_still_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding="ascii"))
    assert (await send("", body="größer")).delivery is Delivery.SENT
    assert output.getvalue() == b"CRITICAL BTC <1>\ngr??er\n\n"


async def test_a_closed_console_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    output.close()
    monkeypatch.setattr(sys, "stdout", output)
    assert (await send("")).delivery is Delivery.DEAD


async def test_a_console_nobody_reads_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as writer:  # noqa: ASYNC230, PTH123 - a descriptor, not a path
        monkeypatch.setattr(sys, "stdout", writer)
        report = await send("", body="x" * 1_000_000, timeout_seconds=0.1)
        assert report == DeliveryReport(Delivery.RETRY, "console: nobody reads standard output")
        left_behind = next(thread for thread in threading.enumerate() if thread.name == "channel:chat")
        received = b""
        while not received.endswith(b"\n\n"):
            received += os.read(reading, 65536)
        left_behind.join()
    os.close(reading)


async def test_a_web_hook_gets_title_body_and_type_unescaped(sink: HttpSink) -> None:
    assert await send(sink.url) == DeliveryReport(Delivery.SENT)
    (post,) = sink.received
    assert (post["title"], post["message"], post["type"]) == ("CRITICAL BTC <1>", BODY, "failure")


async def test_messages_in_a_row_are_not_held_up(sink: HttpSink) -> None:
    notifier = channel(sink.url)
    for severity in Severity:
        await notifier.send(message(severity.word, "body", severity))
    assert [post["title"] for post in sink.received] == ["notice", "warning", "critical", "emergency"]
    assert [post["type"] for post in sink.received] == ["info", "warning", "failure", "failure"]
    await notifier.close()


async def test_a_long_message_arrives_in_parts_cut_at_line_ends(sink: HttpSink) -> None:
    body = "\n".join(f"position {number:04} is near its liquidation price" for number in range(200))
    assert (await send(sink.url, body=body)).delivery is Delivery.SENT
    assert [post["title"] for post in sink.received] == [f"{number}/3 · CRITICAL BTC <1>" for number in (1, 2, 3)]
    assert "\n".join(post["message"] for post in sink.received) == body


async def test_a_message_without_a_body_still_arrives(sink: HttpSink) -> None:
    assert (await send(sink.url, body="")).delivery is Delivery.SENT
    assert sink.received[0]["message"] == "CRITICAL BTC <1>"


@pytest.mark.parametrize("status", [500, 502, 503, 408, 429])
async def test_a_passing_trouble_is_worth_another_try(sink: HttpSink, status: int) -> None:
    sink.respond = status
    assert await send(sink.url) == DeliveryReport(Delivery.RETRY, f"JSON: HTTP {status}")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_final_refusal_is_dead(sink: HttpSink, status: int) -> None:
    sink.respond = status
    assert await send(sink.url) == DeliveryReport(Delivery.DEAD, f"JSON: HTTP {status}")


async def test_a_server_that_never_answers_is_left_at_the_time_limit_and_may_have_taken_it(sink: HttpSink) -> None:
    sink.hang = True
    report = await send(sink.url, timeout_seconds=1.0)
    assert report == DeliveryReport(Delivery.AMBIGUOUS, "no answer within 1 s")


async def test_after_a_time_limit_the_next_message_goes_out(sink: HttpSink) -> None:
    notifier = channel(sink.url, 1.0)
    sink.hang = True
    first = await notifier.send(message("first"))
    sink.hang = False
    second = await notifier.send(message("second"))
    assert (first.delivery, second.delivery) == (Delivery.AMBIGUOUS, Delivery.SENT)
    await notifier.close()


async def test_a_connection_that_breaks_after_the_request_may_have_delivered_it(sink: HttpSink) -> None:
    sink.drop = True
    assert await send(sink.url) == DeliveryReport(Delivery.AMBIGUOUS, "JSON: the answer was lost")
    assert len(sink.received) == 1


async def test_a_gateway_that_waited_in_vain_may_have_delivered_it(sink: HttpSink) -> None:
    sink.respond = 504
    assert await send(sink.url) == DeliveryReport(Delivery.AMBIGUOUS, "JSON: HTTP 504")


@pytest.mark.parametrize(
    ("headers", "answer", "seconds"),
    [
        ({"Retry-After": "7"}, b"", 7.0),
        ({"Retry-After": "7"}, b'{"parameters": {"retry_after": 2.5}}', 2.5),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"", None),
        ({}, b'{"retry_after": true}', None),
    ],
)
async def test_the_pause_that_a_service_asks_for_is_passed_on(
    sink: HttpSink, headers: dict[str, str], answer: bytes, seconds: float | None
) -> None:
    sink.respond, sink.headers, sink.answer = 429, headers, answer
    assert await send(sink.url) == DeliveryReport(Delivery.RETRY, "JSON: HTTP 429", seconds)


async def test_what_a_service_calls_the_message_is_its_receipt(sink: HttpSink) -> None:
    sink.answer = b'{"id": "m-17", "time": 1}'
    assert await send(sink.url) == DeliveryReport(Delivery.SENT, receipt="m-17")


async def test_an_unreachable_port_is_worth_another_try() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert await send(f"json://127.0.0.1:{port}/") == DeliveryReport(Delivery.RETRY, "JSON: no connection")


async def test_a_url_no_service_takes_is_dead_when_it_sends_and_refused_when_validated() -> None:
    assert (await send("nosuchservice://host")).delivery is Delivery.DEAD
    with pytest.raises(NotificationError, match="nosuchservice://") as refusal:
        validate_url("nosuchservice://host")
    assert refusal.value.mend


@pytest.mark.parametrize(
    "url",
    [
        "",
        "console://",
        "json://127.0.0.1:8080/hook?verify=no",
        "tgram://123456789:abcdefghij_ABCDEFGHIJ-klmnopqrstuv/42",
    ],
)
def test_a_usable_url_is_valid(url: str) -> None:
    validate_url(url)
    assert open_channel(ChannelOptions(name="phone", url=url)).name == "phone"


@pytest.mark.parametrize(
    "url",
    [
        f"no schema {TOKEN}",
        f"file:///tmp/{TOKEN}",
        "dbus://",
        "gnome://",
        "windows://",
        f"jsons://example.com/{TOKEN}?verify=no",
        f"mailtos://u:{TOKEN}@127.0.0.1?smtp=mail.example.com&Verify=off",
        f"json://[::1/{TOKEN}",
    ],
)
def test_an_unsafe_url_is_refused_at_once_without_being_quoted(url: str) -> None:
    for check in (validate_url, channel):
        with pytest.raises(NotificationError) as refusal:
            check(url)
        assert refusal.value.mend
        assert TOKEN not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        (f"json://trader:{TOKEN}@127.0.0.1:9/", TOKEN),
        (f"discord://417429632418316298/{TOKEN}", TOKEN),
        (f"tgram://123456789:{TOKEN}abcdefghijklmnop/42", f"{TOKEN}abcdefghijklmnop"),
        ("mailto://trader:p%C3%A4ssw%C3%B6rt@example.com", "pässwört"),
    ],
)
def test_the_secret_parts_of_a_url_are_masked_from_then_on(url: str, secret: str) -> None:
    channel(url)
    assert secret not in redact(f"refused: {secret} and {url}")


async def test_no_log_line_shows_a_secret_even_at_debug(sink: HttpSink, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (200, 500):
        sink.respond = status
        await send(f"json://trader:{TOKEN}@127.0.0.1:{sink.port}/{TOKEN}")
    assert len(sink.received) == 2
    assert TOKEN not in caplog.text


def test_plain_words_of_a_url_stay_readable() -> None:
    channel("json://127.0.0.1:9/liquidation/alerts")
    assert redact("liquidation alerts on 127.0.0.1") == "liquidation alerts on 127.0.0.1"


async def test_the_reason_of_a_refusal_is_seen_even_when_logs_are_kept_quiet(sink: HttpSink) -> None:
    for name in ("", "apprise"):
        logging.getLogger(name).setLevel(logging.ERROR)
    sink.respond = 403
    try:
        assert (await send(sink.url)).delivery is Delivery.DEAD
    finally:
        logging.getLogger().setLevel(logging.WARNING)


async def test_a_picture_goes_along_as_our_own_bytes(sink: HttpSink) -> None:
    service = open_service(sink.url)
    assert service is not None
    report = await asyncio.to_thread(
        send_blocking, service, "title", "body", Severity.WARNING, png=b"\x89PNG", progress=Progress()
    )
    assert report == DeliveryReport(Delivery.SENT)
    (attachment,) = sink.received[0]["attachments"]
    assert (attachment["mimetype"], base64.b64decode(attachment["base64"])) == ("image/png", b"\x89PNG")


async def test_a_service_that_refuses_the_picture_gets_the_words_and_no_picture_again(sink: HttpSink) -> None:
    sink.longest_body = 1_000
    job = AppriseJob(sink.url, 5.0)
    service = open_service(sink.url)
    assert service is not None
    for _ in range(2):
        report = await asyncio.to_thread(
            job._send_part, service, message(), ("title", "body"), png=b"x" * 2_000, progress=Progress()
        )
        assert report.delivery is Delivery.SENT
    assert [post["message"] for post in sink.received if not post["attachments"]] == ["body", "body"]
    assert not job._takes_pictures


async def test_nobody_is_called_for_what_is_silent() -> None:
    sid, token = "AC" + "a" * 32, "b" * 32
    silent = Message(message_id="a", title="t", body="b", severity=Severity.NOTICE, is_silent=True)
    report = await channel(f"twilio://{sid}:{token}@12025550123/12025550199?method=call").send(silent)
    assert report == DeliveryReport(Delivery.SENT, "not called: a call cannot be silent")
