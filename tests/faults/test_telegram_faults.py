"""Telegram takes a message badly, late, or not at all (F25 to F33), against a Bot API that fails on a real socket."""
# ruff: noqa: N802 - the numbers of faults are written as everywhere else

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.model import Delivery, DeliveryReport, Severity
from liqwatch.notifiers._telegram.text import split
from liqwatch.notifiers.telegram import TelegramNotifier
from liqwatch.testing.telegram_faults import (
    BAD_HTML,
    CUT,
    DRIP,
    DROP,
    HANG,
    SILENCE,
    Fault,
    refusal,
    too_many,
)
from liqwatch.testing.telegram_html import shown_text
from liqwatch.testing.telegram_server import TelegramServer
from liqwatch.testing.telegram_stage import (
    ANNA,
    CHAT,
    GROUP,
    MemoryCache,
    RecordingDesk,
    SkippingClock,
    alert,
    chat_options,
    conversing,
)

SUPERGROUP = -100200300
AGAIN = DeliveryReport(Delivery.AMBIGUOUS, "Telegram: no answer in time; it may have arrived")
CUT_OFF = DeliveryReport(Delivery.AMBIGUOUS, "Telegram: ServerDisconnectedError; it may have arrived")
CONFLICT_TOLD = "chat: another program polls this bot: buttons and commands may get lost; alerts still go out"


def open_chat(server: TelegramServer, **options: Any) -> TelegramNotifier:
    return TelegramNotifier(chat_options(server, **options))


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
async def server(clock: SkippingClock) -> AsyncIterator[TelegramServer]:
    async with TelegramServer(clock=clock) as server:
        server.add_chat(CHAT)
        server.add_chat(GROUP, "group")
        yield server


@pytest.fixture
async def chat(server: TelegramServer, clock: SkippingClock) -> AsyncIterator[TelegramNotifier]:
    notifier = open_chat(server, clock=clock)
    yield notifier
    await notifier.close()


@pytest.fixture
async def hasty(server: TelegramServer, clock: SkippingClock) -> AsyncIterator[TelegramNotifier]:
    """A channel with a total time limit of 0.3 s."""
    notifier = open_chat(server, clock=clock, timeout_seconds=0.3)
    yield notifier
    await notifier.close()


# F25: too many messages


async def test_F25_the_wait_that_telegram_names_is_obeyed(
    server: TelegramServer, chat: TelegramNotifier, clock: SkippingClock
) -> None:
    server.script("sendMessage", too_many(7))
    assert await chat.send(alert()) == DeliveryReport(Delivery.RETRY, "Telegram: too many messages", 7.0)
    clock.advance(6)
    assert await chat.send(alert(2)) == DeliveryReport(Delivery.RETRY, "Telegram: too many messages", 1.0)
    assert len(server.called("sendMessage")) == 1, "asking before the wait is over makes it longer"
    clock.advance(1)
    assert (await chat.send(alert())).delivery is Delivery.SENT


async def test_F25_an_edit_does_not_break_the_wait_either(
    server: TelegramServer, chat: TelegramNotifier, clock: SkippingClock
) -> None:
    await chat.send(alert())
    server.script("sendMessage", too_many(30))
    await chat.send(alert(2))
    await chat.refresh("a1b2c1", "acknowledged")
    assert server.called("editMessageText") == []


async def test_F25_a_proxy_that_asks_for_a_pause_is_obeyed_as_well(
    server: TelegramServer, chat: TelegramNotifier
) -> None:
    server.script("sendMessage", Fault(status=429, body="<html>slow down</html>", headers={"Retry-After": "9"}))
    report = await chat.send(alert())
    assert report == DeliveryReport(Delivery.RETRY, "Telegram: not reached (HTTP 429, and not Telegram's answer)", 9.0)


async def test_F25_a_wait_in_the_middle_repeats_no_part(
    server: TelegramServer, chat: TelegramNotifier, clock: SkippingClock
) -> None:
    message = alert(body="\n".join(f"position {number:04} is near its liquidation price" for number in range(300)))
    parts = split(message.title, message.body)
    assert len(parts) >= 3
    server.script("sendMessage", None, too_many(5))
    report = await chat.send(message)
    assert len(server.messages) == 1
    assert report.delivery is Delivery.RETRY
    while report.delivery is Delivery.RETRY:
        clock.advance(report.retry_after_seconds or 0)
        # It is late by now, and says so: the parts that have arrived stay as they are.
        report = await chat.send(replace(message, body=f"late\n{message.body}"))
    assert [posted.text for posted in server.messages] == [shown_text(part) for part in parts]
    assert report.receipt == str(server.messages[0].message_id)


# F26: a refusal beside HTTP 200


@pytest.mark.parametrize(
    ("fault", "delivery"),
    [
        (refusal(403, "Forbidden: bot was kicked from the group chat", status=200), Delivery.DEAD),
        (refusal(500, "Internal Server Error", status=200), Delivery.RETRY),
        (Fault(status=200, body='{"ok": false}'), Delivery.RETRY),
        (Fault(status=200, body="<html>Welcome to the hotel</html>"), Delivery.AMBIGUOUS),
        (Fault(status=200, body='{"result": {}}'), Delivery.AMBIGUOUS),
        (Fault(status=200, body="[]"), Delivery.AMBIGUOUS),
        (Fault(status=302, body=""), Delivery.RETRY),
    ],
)
async def test_F26_a_success_status_alone_is_no_delivery(
    server: TelegramServer, chat: TelegramNotifier, fault: Fault, delivery: Delivery
) -> None:
    server.script("sendMessage", fault)
    assert (await chat.send(alert())).delivery is delivery
    assert server.messages == []


async def test_F26_a_redirect_is_not_followed_since_the_token_would_go_with_it(
    server: TelegramServer, chat: TelegramNotifier
) -> None:
    elsewhere = f"{server.url}/bot{server.token}/getMe"
    server.script("sendMessage", Fault(status=302, body="", headers={"Location": elsewhere}))
    assert (await chat.send(alert())).delivery is Delivery.RETRY
    assert server.called("getMe") == []


# F27: too long


async def test_F27_three_hundred_alerts_arrive_in_parts_with_the_worst_first(
    server: TelegramServer, chat: TelegramNotifier
) -> None:
    lines = [
        f"account {number:03} <long> BTC/USDT:USDT & co: {number / 100:.2f} % to liquidation" for number in range(300)
    ]
    report = await chat.send(alert(title="CRITICAL: 300 alerts, worst account 000", body="\n".join(lines)))
    assert report.delivery is Delivery.SENT
    assert server.messages[0].text.startswith(f"CRITICAL: 300 alerts, worst account 000\n{lines[0]}\n")
    shown = "\n".join(posted.text for posted in server.messages).split("\n")
    assert shown[1:] == lines
    assert all(len(call["text"]) <= 3500 for call in server.called("sendMessage"))
    assert [len(posted.labels) for posted in server.messages] == [4] + [0] * (len(server.messages) - 1)


async def test_F27_answers_make_no_message_too_long(server: TelegramServer, chat: TelegramNotifier) -> None:
    await chat.send(alert(body="x" * 3400))
    await chat.refresh("a1b2c1", "acknowledged " + "<" * 3000)
    await chat.send(alert(title="RESOLVED " * 100, message_id="2", follows=server_receipt(server), is_over=True))
    assert server.messages[0].text.startswith("RESOLVED RESOLVED")
    assert "acknowledged <<<" in server.messages[0].text


def server_receipt(server: TelegramServer) -> str:
    return str(server.messages[0].message_id)


# F28: signs that HTML gives a meaning


@given(title=st.text(max_size=300), body=st.text(max_size=9000))
def test_F28_any_text_is_html_that_telegram_takes_and_shows_unchanged(title: str, body: str) -> None:
    parts = split(title, body)
    assert parts
    for part in parts:
        assert shown_text(part)
        assert len(part.encode("utf-16-le")) // 2 <= 3500


async def test_F28_html_that_is_refused_all_the_same_is_sent_as_plain_text(
    server: TelegramServer, chat: TelegramNotifier
) -> None:
    server.script("sendMessage", BAD_HTML)
    assert (await chat.send(alert(body="PnL < -5 % & falling"))).delivery is Delivery.SENT
    assert server.messages[0].text == "CRITICAL BTC #1\nPnL < -5 % & falling"
    assert len(server.messages[0].labels) == 4


async def test_F28_a_refusal_that_repeats_itself_ends(server: TelegramServer, chat: TelegramNotifier) -> None:
    server.always("sendMessage", BAD_HTML)
    assert (await chat.send(alert())).delivery is Delivery.DEAD
    assert len(server.called("sendMessage")) == 2


# F30: the answer is lost


@pytest.mark.parametrize(("fault", "report"), [(SILENCE, AGAIN), (CUT, CUT_OFF)])
async def test_F30_a_message_whose_answer_is_lost_is_ambiguous_and_sent_once_more(
    server: TelegramServer, hasty: TelegramNotifier, fault: Fault, report: DeliveryReport
) -> None:
    server.script("sendMessage", fault)
    assert await hasty.send(alert()) == report
    assert (await hasty.send(alert())).delivery is Delivery.SENT
    first, second = server.messages
    assert (first.text, first.keyboard) == (second.text, second.keyboard)


async def test_F30_a_connection_that_breaks_before_anything_was_done_is_ambiguous_too(
    server: TelegramServer, hasty: TelegramNotifier
) -> None:
    server.script("sendMessage", DROP)
    assert await hasty.send(alert()) == CUT_OFF
    assert server.messages == []


async def test_F30_buttons_under_a_message_of_unknown_fate_work_after_a_restart(
    server: TelegramServer, clock: SkippingClock
) -> None:
    cache, desk = MemoryCache(), RecordingDesk()
    before = open_chat(server, clock=clock, cache=cache, timeout_seconds=0.3)
    server.script("sendMessage", SILENCE)
    await before.send(alert())
    await before.close()
    after = open_chat(server, clock=clock, cache=cache)
    (posted,) = server.messages
    async with conversing(after, desk):
        first, second = [await server.press("Ack", posted, user=ANNA) for _ in range(2)]
        await server.until(lambda: second in server.callback_answers)
    assert server.callback_answers[first] == desk.says
    assert server.callback_answers[second].startswith("This button is no longer valid")
    assert [asked.about for asked in desk.asked] == ["a1b2c1"]
    assert (server.messages[1].text, server.messages[1].reply_to) == (desk.says, posted.message_id)
    await after.close()


async def test_F30_a_port_where_nobody_listens_is_worth_another_try(server: TelegramServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    chat = open_chat(server, api_url=f"http://127.0.0.1:{port}")
    report = await chat.send(alert())
    assert (report.delivery, report.detail) == (Delivery.RETRY, "Telegram: not reached (ClientConnectorError)")
    await chat.close()


# F33: slow and hanging peers


@pytest.mark.parametrize("fault", [HANG, DRIP, SILENCE])
async def test_F33_one_time_limit_holds_for_the_whole_attempt(
    server: TelegramServer, hasty: TelegramNotifier, fault: Fault
) -> None:
    server.always("sendMessage", fault)
    assert await hasty.send(alert()) == AGAIN


async def test_F33_an_edit_that_hangs_does_not_hold_up_what_was_sent(
    server: TelegramServer, hasty: TelegramNotifier
) -> None:
    first = await hasty.send(alert())
    server.always("editMessageReplyMarkup", HANG)
    second = await hasty.send(alert(2, follows=first.receipt))
    assert second.delivery is Delivery.SENT


async def test_F33_an_answer_without_end_is_left(server: TelegramServer, chat: TelegramNotifier) -> None:
    server.script("sendMessage", Fault(body="x" * 5_000_000))
    report = await chat.send(alert())
    assert report == DeliveryReport(Delivery.AMBIGUOUS, "Telegram: ValueError; it may have arrived")


async def test_F33_a_close_does_not_wait_for_a_hanging_peer(server: TelegramServer, clock: SkippingClock) -> None:
    chat = open_chat(server, clock=clock, timeout_seconds=60)
    server.always("sendMessage", HANG)
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(chat.send(alert()))
        await server.until(lambda: server.called("sendMessage"))
        await chat.close()
    assert sending.result().delivery is Delivery.AMBIGUOUS


async def test_F25_a_group_that_is_full_by_our_own_count_is_no_failure(
    server: TelegramServer, clock: SkippingClock
) -> None:
    chat = open_chat(server, chat=GROUP, clock=clock)
    for number in range(20):
        await chat.send(alert(number, severity=Severity.WARNING))
    full = await chat.send(alert(20, severity=Severity.WARNING))
    assert (full.delivery, full.is_own_pause) == (Delivery.RETRY, True)
    assert (await chat.send(alert(21))).delivery is Delivery.SENT, "what is urgent passes"
    server.script("sendMessage", too_many(7))
    refused = await chat.send(alert(22))
    assert (refused.delivery, refused.retry_after_seconds, refused.is_own_pause) == (Delivery.RETRY, 7.0, False)
    banned = await chat.send(alert(23))
    assert (banned.delivery, banned.is_own_pause) == (Delivery.RETRY, False)
    await chat.close()


async def test_people_who_ask_all_the_time_leave_room_for_a_warning(
    server: TelegramServer, clock: SkippingClock
) -> None:
    chat = open_chat(server, chat=GROUP, clock=clock)
    async with conversing(chat, desk := RecordingDesk("all is well")):
        for _ in range(25):
            await server.say("/status", user=ANNA, chat=GROUP)
        await server.until(lambda: len(desk.asked) == 25)
        assert (await chat.send(alert(severity=Severity.WARNING))).delivery is Delivery.SENT
    await chat.close()
