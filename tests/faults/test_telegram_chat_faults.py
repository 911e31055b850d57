"""The chat moves, shuts the door or is shared (F35a to F35c), and threats through it."""
# ruff: noqa: N802 - the numbers of faults are written as everywhere else

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import structlog

from liqwatch.errors import StoreError
from liqwatch.model import Delivery, DeliveryReport
from liqwatch.notifiers.telegram import TelegramNotifier
from liqwatch.redaction import redact
from liqwatch.testing.telegram_faults import (
    BLOCKED,
    CHAT_NOT_FOUND,
    CONFLICT,
    CUT,
    DROP,
    SILENCE,
    UNAUTHORIZED,
    Fault,
    refusal,
    too_many,
)
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


# F35a: the chat moved


async def test_F35a_a_chat_that_moved_is_followed_remembered_and_told(
    server: TelegramServer, clock: SkippingClock
) -> None:
    cache = MemoryCache()
    chat = open_chat(server, chat=GROUP, clock=clock, cache=cache)
    first = await chat.send(alert())
    server.upgrade(GROUP, SUPERGROUP)
    with structlog.testing.capture_logs() as logs:
        assert (await chat.send(alert(2, follows=first.receipt))).delivery is Delivery.SENT
    assert [line["new_chat"] for line in logs if line["event"] == "telegram_chat_moved"] == [SUPERGROUP]
    moved = server.messages[1]
    assert (moved.chat, moved.reply_to) == (SUPERGROUP, None), "numbers of messages are others there"
    await chat.close()

    later = open_chat(server, chat=GROUP, clock=clock, cache=cache)
    await later.send(alert(3, follows=first.receipt))
    assert server.called("sendMessage")[-1]["chat_id"] == SUPERGROUP
    assert server.messages[-1].reply_to is None
    assert len(server.called("sendMessage")) == 4, "the second life asks at the new address only"
    await later.close()


async def test_F35a_another_chat_in_the_configuration_is_not_overruled(
    server: TelegramServer, clock: SkippingClock
) -> None:
    cache = MemoryCache()
    before = open_chat(server, chat=GROUP, clock=clock, cache=cache)
    server.upgrade(GROUP, SUPERGROUP)
    await before.send(alert())
    await before.close()
    after = open_chat(server, chat=CHAT, clock=clock, cache=cache)
    await after.send(alert(2))
    assert server.messages[-1].chat == CHAT
    await after.close()


async def test_F35a_a_chat_that_moves_for_ever_is_followed_once(server: TelegramServer, chat: TelegramNotifier) -> None:
    server.always("sendMessage", refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=SUPERGROUP))
    assert (await chat.send(alert())).delivery is Delivery.DEAD
    assert len(server.called("sendMessage")) == 2


async def test_F35a_people_are_heard_in_the_new_chat_at_once(server: TelegramServer, clock: SkippingClock) -> None:
    chat, desk = open_chat(server, chat=GROUP, clock=clock), RecordingDesk()
    async with conversing(chat, desk):
        notice = {"migrate_to_chat_id": SUPERGROUP, "text": None}
        await server.say("", user=ANNA, chat=GROUP, more=notice)
        server.upgrade(GROUP, SUPERGROUP)
        await server.say("/status", user=ANNA, chat=SUPERGROUP)
        await server.until(lambda: server.messages)
    assert [posted.chat for posted in server.messages] == [SUPERGROUP]
    await chat.close()


# F35b: blocked, kicked, gone


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (BLOCKED, "Telegram: Forbidden: bot was blocked by the user"),
        (CHAT_NOT_FOUND, "Telegram: Bad Request: chat not found"),
        (UNAUTHORIZED, "Telegram: the bot token is refused (Unauthorized)"),
        (refusal(404, "Not Found"), "Telegram: the bot token is refused (Not Found)"),
        (refusal(400, "Bad Request: not enough rights to send text messages to the chat"), None),
    ],
)
async def test_F35b_what_cannot_change_by_itself_is_dead_and_said_plainly(
    server: TelegramServer, chat: TelegramNotifier, fault: Fault, detail: str | None
) -> None:
    server.script("sendMessage", fault)
    report = await chat.send(alert())
    assert report == DeliveryReport(Delivery.DEAD, detail or f"Telegram: {fault.description}")


async def test_F35b_a_refused_token_is_known_before_the_first_alert(server: TelegramServer) -> None:
    chat = open_chat(server)
    server.always("getMe", UNAUTHORIZED)
    assert await chat.prepare() == "Telegram: the bot token is refused (Unauthorized)"
    await chat.close()


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_F35b_a_server_that_is_unwell_is_asked_again(
    server: TelegramServer, chat: TelegramNotifier, status: int
) -> None:
    server.script("sendMessage", refusal(status, "Bad Gateway"), Fault(status=status, body="<html>nginx</html>"))
    for _ in range(2):
        assert (await chat.send(alert())).delivery is Delivery.RETRY


# F35c: two pollers


async def test_F35c_a_second_poller_is_told_once_until_it_has_been_gone_for_a_minute(
    server: TelegramServer, chat: TelegramNotifier, clock: SkippingClock
) -> None:
    desk = RecordingDesk()
    server.script("getUpdates", CONFLICT, CONFLICT, CONFLICT)
    async with conversing(chat, desk):
        await server.until(lambda: len(server.called("getUpdates")) == 4)
        assert desk.troubles == [CONFLICT_TOLD]
        assert (await chat.send(alert())).delivery is Delivery.SENT, "sending goes on"
        await server.say("/status", user=ANNA, chat=CHAT)
        await server.until(lambda: len(server.called("getUpdates")) == 5)
        assert desk.troubles == [CONFLICT_TOLD], "two pollers take turns: one good poll is no peace"
        clock.advance(60)
        await server.say("/status", user=ANNA, chat=CHAT)
        await server.until(lambda: len(desk.troubles) == 2 and len(server.called("getUpdates")) == 6)
    assert desk.troubles == [CONFLICT_TOLD, ""]
    assert all(pause > 0 for pause in clock.pauses)


async def test_F35c_a_real_second_poller_is_noticed(server: TelegramServer, chat: TelegramNotifier) -> None:
    desk = RecordingDesk()
    async with conversing(chat, desk), aiohttp.ClientSession() as other:
        await server.until(lambda: server.called("getUpdates"))
        async with other.get(f"{server.url}/bot{server.token}/getUpdates") as answer:
            assert (await answer.json())["ok"]
        await server.until(lambda: len(server.called("getUpdates")) == 3)
    assert desk.troubles == [CONFLICT_TOLD]


async def test_F35c_a_webhook_is_named_as_what_is_in_the_way(server: TelegramServer, chat: TelegramNotifier) -> None:
    desk = RecordingDesk()
    webhook = (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )
    server.script("getUpdates", refusal(409, webhook))
    async with conversing(chat, desk):
        await server.until(lambda: len(server.called("getUpdates")) == 2)
    assert desk.troubles == [
        "chat: a webhook is set for this bot: buttons and commands are not heard; alerts still go out"
    ]


async def test_F35c_a_token_that_is_refused_while_polling_is_told(
    server: TelegramServer, chat: TelegramNotifier, clock: SkippingClock
) -> None:
    desk = RecordingDesk()
    server.script("getUpdates", UNAUTHORIZED, UNAUTHORIZED)
    async with conversing(chat, desk):
        await server.say("/status", user=ANNA, chat=CHAT)
        await server.until(lambda: desk.asked)
    assert desk.troubles == ["chat: Telegram refuses the bot token: buttons and commands are not heard", ""]
    assert clock.pauses == [60.0, 60.0]


@pytest.mark.parametrize(
    "fault", [too_many(9), refusal(502, "Bad Gateway"), DROP, Fault(body="<html>"), Fault(body='{"ok": true}')]
)
async def test_a_poll_that_fails_is_begun_anew_after_growing_pauses(
    server: TelegramServer, chat: TelegramNotifier, clock: SkippingClock, fault: Fault
) -> None:
    desk = RecordingDesk()
    server.script("getUpdates", fault, fault, fault)
    with structlog.testing.capture_logs() as logs:
        async with conversing(chat, desk):
            await server.say("/status", user=ANNA, chat=CHAT)
            await server.until(lambda: desk.asked)
    assert desk.troubles == [""]
    assert len(clock.pauses) >= 3
    assert all(pause >= 1 for pause in clock.pauses)
    assert len([line for line in logs if line["event"] == "telegram_hears_nothing"]) <= 1


async def test_a_disk_that_fails_costs_no_message_and_no_press(server: TelegramServer, clock: SkippingClock) -> None:
    class FailingCache(MemoryCache):
        async def remember(self, name: str, text: str, at: object) -> None:
            raise StoreError("disk full")

        async def recall(self, name: str) -> None:
            raise StoreError("disk full")

        async def forget(self, prefix: str, before: object) -> None:
            raise StoreError("disk full")

    chat, desk = open_chat(server, clock=clock, cache=FailingCache()), RecordingDesk()
    async with conversing(chat, desk):
        assert (await chat.send(alert())).delivery is Delivery.SENT
        (posted,) = server.messages
        await server.press("Ack", posted, user=ANNA)
        await server.until(lambda: posted.versions)
    assert posted.text.endswith(desk.says)
    await chat.close()


# T2, T9: secrets and forgeries


async def test_T2_neither_a_log_nor_an_outcome_shows_the_token(
    server: TelegramServer, clock: SkippingClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = server.token.partition(":")[2]
    leak = refusal(400, f"Bad Request: nothing at /bot{server.token}/sendMessage")
    reports: list[DeliveryReport] = []
    with structlog.testing.capture_logs() as logs:
        for fault in (leak, CUT, SILENCE, BLOCKED, too_many(1), UNAUTHORIZED):
            chat = open_chat(server, clock=clock, timeout_seconds=0.3)
            server.script("sendMessage", fault)
            server.script("getUpdates", fault)
            reports.append(await chat.send(alert()))
            async with conversing(chat, RecordingDesk()):
                count = len(server.called("getUpdates"))
                await server.until(lambda count=count: len(server.called("getUpdates")) > count)  # type: ignore[misc]
            await chat.close()
    assert len(reports) == 6
    assert secret not in f"{reports} {logs} {caplog.text}"
    assert secret not in redact(f"{server.url}/bot{server.token}/sendMessage and tgram://{server.token}/1")
    assert secret not in repr(vars(open_chat(server)))


async def test_T9_a_symbol_that_carries_markup_is_only_text(server: TelegramServer, chat: TelegramNotifier) -> None:
    forged = '<a href="https://evil.example">BTC</a> &lt;b&gt; <script>'
    await chat.send(alert(title=forged, body=f"\u202e{forged}"))
    assert server.messages[0].text == f"{forged}\n{forged}"
    assert server.called("sendMessage")[0]["link_preview_options"] == {"is_disabled": True}
