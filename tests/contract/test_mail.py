"""Letters, against a real mail server: plain text and HTML, threads, and what a server may answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from liqwatch.clock import ManualClock, SystemClock
from liqwatch.errors import NotificationError
from liqwatch.model import Chart, Delivery, DeliveryReport, Message, Severity
from liqwatch.notifiers import open_channel, validate_url
from liqwatch.notifiers._letter import Envelope, letter_of
from liqwatch.ports import ChannelOptions, Notifier
from liqwatch.testing.sinks import LOOPBACK, MailSink, MuteServer

BODY = "Verlust -5 % <jetzt> & größer 🚨\n.zweite Zeile\n\ndritte"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\nnot really"
CHART = Chart(title="BTC", marks=((0.0, 100.0), (60.0, 95.0), (120.0, 97.0)), liquidation_price=90.0)


@pytest.fixture
def mail() -> Iterator[MailSink]:
    with MailSink() as mail:
        yield mail


def message(message_id: str = "0123abcd", *, follows: str | None = None, chart: Chart | None = None) -> Message:
    return Message(
        message_id=message_id,
        title="CRITICAL BTC <1>",
        body=BODY,
        severity=Severity.CRITICAL,
        follows=follows,
        chart=chart,
    )


def channel(url: str, timeout_seconds: float = 10.0) -> Notifier:
    options = ChannelOptions(name="mail", url=url, timeout_seconds=timeout_seconds, clock=ManualClock(NOON))
    return open_channel(options)


async def send(url: str, *messages: Message, timeout_seconds: float = 10.0) -> list[DeliveryReport]:
    notifier = channel(url, timeout_seconds)
    return [await notifier.send(each) for each in messages or (message(),)]


def text_of(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n")


async def test_a_letter_carries_the_words_as_plain_text_and_as_html(mail: MailSink) -> None:
    await send(mail.url)
    (letter,) = mail.received
    assert letter.get_content_type() == "multipart/alternative"
    assert letter["subject"] == "CRITICAL BTC <1>"
    assert text_of(letter, "plain") == BODY
    page = text_of(letter, "html")
    assert "CRITICAL BTC &lt;1&gt;" in page
    assert "Verlust -5 % &lt;jetzt&gt; &amp; größer 🚨\n.zweite Zeile" in page
    assert (letter["from"], letter["to"]) == ("liqwatch@example.com", "trader@example.com")
    assert letter["date"] == "Fri, 20 Nov 2026 12:00:00 +0000"
    assert (letter["auto-submitted"], letter["importance"]) == ("auto-generated", "high")


async def test_the_letters_of_an_alert_are_one_thread_and_a_repeat_has_the_same_id(mail: MailSink) -> None:
    (first,) = await send(mail.url)
    await send(mail.url, message(), message("4567ef", follows=first.receipt))
    assert first == DeliveryReport(Delivery.SENT, receipt="<0123abcd@liqwatch.example.com>")
    assert [letter["message-id"] for letter in mail.received] == [
        "<0123abcd@liqwatch.example.com>",
        "<0123abcd@liqwatch.example.com>",
        "<4567ef@liqwatch.example.com>",
    ]
    assert mail.received[2]["in-reply-to"] == mail.received[2]["references"] == first.receipt
    assert mail.received[0]["in-reply-to"] is None


def test_the_picture_stands_inside_the_letter() -> None:
    envelope = Envelope(sender="a@example.com", recipient="b@example.com")
    letter = letter_of(message(), envelope, NOON, PNG)
    (picture,) = [part for part in letter.walk() if part.get_content_type() == "image/png"]
    assert picture.get_payload(decode=True) == PNG
    name = str(picture["content-id"]).strip("<>")
    assert f'src="cid:{name}"' in text_of(letter, "html")
    assert text_of(letter, "plain") == BODY


async def test_a_chart_goes_along_where_it_can_be_drawn(mail: MailSink) -> None:
    pytest.importorskip("PIL")
    await send(mail.url, message(chart=CHART))
    assert [part.get_content_type() for part in mail.received[0].walk()].count("image/png") == 1


def test_nothing_in_a_message_can_forge_a_header() -> None:
    forged = Message(
        message_id="a\r\nBcc: x@example.com",
        title="a\r\nBcc: y@example.com",
        body="b",
        severity=Severity.NOTICE,
        follows="<a@b>\r\nBcc: z@example.com",
    )
    letter = letter_of(
        forged, Envelope(sender="a@example.com", recipient="b@example.com", headers={"X-A": "1\r\nBcc: w"}), NOON
    )
    assert letter["bcc"] is None
    assert b"\r\nbcc:" not in letter.as_bytes().lower().partition(b"\r\n\r\n")[0]
    assert letter["in-reply-to"] is None


async def test_every_recipient_gets_a_letter_and_copies_go_along(mail: MailSink) -> None:
    url = f"{mail.url}&to=second@example.com,trader@example.com&cc=copy@example.com&bcc=blind@example.com&+X-Desk=risk"
    await send(url)
    assert sorted(sorted(recipients) for recipients in mail.recipients) == [
        ["blind@example.com", "copy@example.com", "second@example.com"],
        ["blind@example.com", "copy@example.com", "trader@example.com"],
    ]
    assert all(letter["cc"] == "copy@example.com" and letter["x-desk"] == "risk" for letter in mail.received)
    assert all(letter["bcc"] is None for letter in mail.received)


async def test_whoever_has_the_letter_already_does_not_get_it_again(mail: MailSink) -> None:
    url = mail.url.replace("to=trader@example.com", "to=trader@example.com,second@example.com")
    mail.refuse_recipients = {"second@example.com": "451 come back"}
    notifier = channel(url)
    first = await notifier.send(message())
    mail.refuse_recipients = {}
    second = await notifier.send(message())
    assert (first.delivery, second.delivery) == (Delivery.RETRY, Delivery.SENT)
    assert mail.recipients == [["trader@example.com"], ["second@example.com"]]


@pytest.mark.parametrize(
    ("answer", "delivery"),
    [
        ("451 try again later", Delivery.RETRY),
        ("552 too big", Delivery.DEAD),
        ("550 no such user", Delivery.DEAD),
    ],
)
async def test_a_code_of_a_server_says_whether_to_try_again(mail: MailSink, answer: str, delivery: Delivery) -> None:
    mail.refuse_with = answer
    code = answer[:3]
    assert await send(mail.url) == [DeliveryReport(delivery, f"E-Mail: the letter is refused (SMTP {code})")]


async def test_a_refused_recipient_is_told_apart_from_a_refused_letter(mail: MailSink) -> None:
    mail.refuse_recipients = {"trader@example.com": "550 no such user"}
    assert await send(mail.url) == [DeliveryReport(Delivery.DEAD, "E-Mail: a recipient is refused (SMTP 550)")]


async def test_F30_a_letter_that_is_taken_without_an_answer_may_have_arrived(mail: MailSink) -> None:  # noqa: N802
    mail.stays_silent = True
    (report,) = await send(mail.url, timeout_seconds=1.0)
    assert report.delivery is Delivery.AMBIGUOUS
    assert len(mail.received) == 1


async def test_F32_a_mail_server_without_a_banner_costs_one_time_limit_and_loses_nothing() -> None:  # noqa: N802
    async with MuteServer() as mute:
        url = f"mailto://{LOOPBACK}:{mute.port}/?smtp={LOOPBACK}&mode=insecure&from=a@example.com&to=b@example.com"
        (report,) = await send(url, timeout_seconds=0.5)
    assert report.delivery is Delivery.RETRY
    assert mute.connections == 1


async def test_F33_a_mail_server_that_drips_its_banner_is_left_at_the_time_limit() -> None:  # noqa: N802
    async with MuteServer(drip=b"220 " + b"x" * 10_000) as mute:
        url = f"mailto://{LOOPBACK}:{mute.port}/?smtp={LOOPBACK}&mode=insecure&from=a@example.com&to=b@example.com"
        assert await send(url, timeout_seconds=0.5) == [DeliveryReport(Delivery.RETRY, "no answer within 0.5 s")]


async def test_a_closed_port_is_worth_another_try(mail: MailSink) -> None:
    url = mail.url
    mail.stop()
    assert await send(url) == [DeliveryReport(Delivery.RETRY, "E-Mail: no connection")]


async def test_a_server_without_encryption_is_not_used_by_a_url_that_asks_for_it(mail: MailSink) -> None:
    (report,) = await send(mail.url.replace("mode=insecure", "mode=starttls"))
    assert report == DeliveryReport(Delivery.DEAD, "E-Mail: the server does not offer what the URL asks for")
    assert mail.received == []


async def test_F35e_a_mail_url_without_an_address_is_dead_and_refused_at_the_start() -> None:  # noqa: N802
    url = "mailto://127.0.0.1/?smtp=127.0.0.1&mode=insecure&from=liqwatch@example.com&to=nobody"
    assert await send(url) == [DeliveryReport(Delivery.DEAD, "E-Mail: nobody to send to")]
    assert await channel(url).prepare() == "nobody to send to: no recipient of the URL is an address"
    with pytest.raises(NotificationError, match="nobody to send to"):
        validate_url(url)


class SlowMail(MailSink):
    """Every step is within the time limit; all of them together are not."""

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's hook
        self,
        server: object,
        session: object,
        envelope: Any,
        address: str,
        options: object,
    ) -> str:
        await SystemClock().sleep(0.4)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, *arguments: Any) -> str:  # noqa: N802 - aiosmtpd's hook
        await SystemClock().sleep(0.4)
        return await super().handle_RCPT(*arguments)


async def test_a_letter_that_was_given_up_before_it_left_does_not_leave_afterwards() -> None:
    with SlowMail() as mail:
        (report,) = await send(mail.url, timeout_seconds=0.6)
        assert report.delivery is Delivery.RETRY, "nothing has left, so that it is tried again as if nothing had been"
        for thread in [thread for thread in threading.enumerate() if thread.name == "channel:mail"]:
            await asyncio.to_thread(thread.join, 10)
        assert mail.received == []
