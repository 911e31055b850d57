"""One suite for every way to reach a person, against real local servers."""

from __future__ import annotations

import io
import logging
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from liqwatch.errors import NotificationError, UnknownPart
from liqwatch.model import Delivery, DeliveryReport, Severity
from liqwatch.notifiers import known_notifiers, load_notifier, open_channel, validate_url
from liqwatch.notifiers.apprise import AppriseNotifier
from liqwatch.notifiers.console import ConsoleNotifier
from liqwatch.ports import ChannelOptions, Notifier
from liqwatch.redaction import redact
from liqwatch.testing.sinks import HttpSink, MailSink

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


@pytest.fixture
def mail() -> Iterator[MailSink]:
    with MailSink() as mail:
        yield mail


def channel(url: str, timeout_seconds: float = 10.0) -> Notifier:
    return open_channel(ChannelOptions(name="chat", url=url, timeout_seconds=timeout_seconds))


async def send(url: str, *, body: str = BODY, timeout_seconds: float = 10.0) -> DeliveryReport:
    notifier = channel(url, timeout_seconds)
    report = await notifier.send(title="CRITICAL BTC <1>", body=body, severity=Severity.CRITICAL)
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
    [("", ConsoleNotifier), ("console://", ConsoleNotifier), ("json://127.0.0.1:9/", AppriseNotifier)],
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


async def test_a_mail_gets_title_and_body_unescaped(mail: MailSink) -> None:
    assert await send(mail.url) == DeliveryReport(Delivery.SENT)
    await mail.wait_for(1)
    (message,) = mail.received
    assert message["subject"] == "CRITICAL BTC <1>"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == BODY.splitlines()


async def test_messages_in_a_row_are_not_held_up(sink: HttpSink) -> None:
    notifier = channel(sink.url)
    for severity in Severity:
        await notifier.send(title=severity.word, body="body", severity=severity)
    assert [post["title"] for post in sink.received] == ["notice", "warning", "critical", "emergency"]
    assert [post["type"] for post in sink.received] == ["info", "warning", "failure", "failure"]
    await notifier.close()


async def test_a_long_message_arrives_in_parts_cut_at_line_ends(sink: HttpSink) -> None:
    body = "\n".join(f"position {number:04} is near its liquidation price" for number in range(200))
    assert (await send(sink.url, body=body)).delivery is Delivery.SENT
    assert [post["title"] for post in sink.received] == ["CRITICAL BTC <1>", "", ""]
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


async def test_a_refused_mail_is_worth_another_try(mail: MailSink) -> None:
    mail.refuse_with = "451 try again later"
    assert (await send(mail.url)).delivery is Delivery.RETRY


async def test_a_server_that_never_answers_is_left_at_the_time_limit(sink: HttpSink) -> None:
    sink.hang = True
    assert await send(sink.url, timeout_seconds=0.3) == DeliveryReport(Delivery.RETRY, "no answer within 0.3 s")


async def test_after_a_time_limit_the_next_message_goes_out(sink: HttpSink) -> None:
    notifier = channel(sink.url, 0.5)
    sink.hang = True
    first = await notifier.send(title="first", body="body", severity=Severity.WARNING)
    sink.hang = False
    second = await notifier.send(title="second", body="body", severity=Severity.WARNING)
    assert (first.delivery, second.delivery) == (Delivery.RETRY, Delivery.SENT)
    await notifier.close()


async def test_an_unreachable_port_is_worth_another_try() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert await send(f"json://127.0.0.1:{port}/") == DeliveryReport(Delivery.RETRY, "JSON: no connection")


async def test_a_url_without_a_target_is_dead() -> None:
    report = await send("mailto://127.0.0.1/?smtp=127.0.0.1&mode=insecure&from=liqwatch@example.com&to=nobody")
    assert report == DeliveryReport(Delivery.DEAD, "E-Mail: nobody to send to")


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
