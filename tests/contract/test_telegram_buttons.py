"""People pressing buttons under alerts in a Telegram chat, against a Bot API on a real socket."""
# ruff: noqa: N802 - the numbers of threats are written as everywhere else

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from liqwatch.errors import RequestRefused
from liqwatch.notifiers.telegram import TelegramNotifier
from liqwatch.ports import Answer
from liqwatch.testing.telegram_server import TelegramServer
from liqwatch.testing.telegram_stage import (
    ANNA,
    CHAT,
    GROUP,
    Asked,
    MemoryCache,
    RecordingDesk,
    SkippingClock,
    alert,
    chat_options,
    conversing,
)

NO_LONGER_VALID = "This button is no longer valid. /alerts shows what is open."
ANNA_NAMED = "@anna (4711)"
GROUP_ADMIN = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


def open_chat(server: TelegramServer, **options: Any) -> TelegramNotifier:
    return TelegramNotifier(chat_options(server, **options))


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
async def server(clock: SkippingClock) -> AsyncIterator[TelegramServer]:
    async with TelegramServer(clock=clock) as server:
        server.add_chat(CHAT)
        server.add_chat(GROUP, "supergroup")
        yield server


@pytest.fixture
async def chat(server: TelegramServer, clock: SkippingClock) -> AsyncIterator[TelegramNotifier]:
    notifier = open_chat(server, clock=clock)
    yield notifier
    await notifier.close()


@pytest.fixture
def desk() -> RecordingDesk:
    return RecordingDesk()


async def answered(server: TelegramServer, query_id: str) -> str:
    await server.until(lambda: query_id in server.callback_answers)
    return server.callback_answers[query_id]


async def settled(server: TelegramServer) -> None:
    """Everything said before has been heard: a last command is answered in the private chat."""
    count = len(server.called("sendMessage"))
    await server.say("/help", user=ANNA, chat=CHAT)
    await server.until(lambda: len(server.called("sendMessage")) > count)


@pytest.mark.parametrize(
    ("label", "asked"),
    [
        ("Ack", Asked("a1b2c1", "ack", ANNA_NAMED)),
        ("Snooze 1 h", Asked("a1b2c1", "snooze", ANNA_NAMED, 60)),
        ("Snooze 4 h", Asked("a1b2c1", "snooze", ANNA_NAMED, 240)),
        ("Details", Asked("a1b2c1", "details", ANNA_NAMED)),
    ],
)
async def test_a_pressed_button_reaches_the_desk_with_who_pressed_it(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk, label: str, asked: Asked
) -> None:
    async with conversing(chat, desk):
        await chat.send(alert())
        await answered(server, await server.press(label, server.messages[0], user=ANNA))
    assert desk.asked == [asked]


async def test_an_acknowledged_alert_says_so_in_place_and_keeps_only_its_details(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk
) -> None:
    desk.says = "acknowledged by Anna <3 at 03:00"
    async with conversing(chat, desk):
        await chat.send(alert())
        (posted,) = server.messages
        assert await answered(server, await server.press("Ack", posted, user=ANNA)) == desk.says
        await server.until(lambda: posted.versions)
        assert posted.text == f"CRITICAL BTC #1\n3.1 % to liquidation at 58 200\n\n{desk.says}"
        assert posted.labels == ["Details"]


async def test_after_a_snooze_the_alert_can_still_be_acknowledged_or_snoozed_otherwise(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk
) -> None:
    desk.says = "a critical alert can be snoozed for an hour at most"
    async with conversing(chat, desk):
        await chat.send(alert())
        (posted,) = server.messages
        await server.press("Snooze 4 h", posted, user=ANNA)
        await server.until(lambda: posted.versions)
    assert posted.labels == ["Ack", "Details", "Snooze 1 h"]


async def test_details_come_as_a_reply_and_can_be_asked_for_again(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk
) -> None:
    desk.says = "all & everything <about> it\n" * 200
    async with conversing(chat, desk):
        await chat.send(alert())
        (posted,) = server.messages
        for _ in range(2):
            assert await answered(server, await server.press("Details", posted, user=ANNA)) == ""
        await server.until(lambda: len(server.messages) == 7)
    first, again = server.messages[1:4], server.messages[4:]
    assert "\n".join(part.text for part in first) == desk.says.strip()
    assert [part.text for part in again] == [part.text for part in first]
    assert {part.reply_to for part in (*first, *again)} == {posted.message_id}
    assert len(posted.labels) == 4


async def test_a_desk_that_refuses_is_quoted(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(alert_id: str, answer: Answer, *, who: str, minutes: int = 0) -> str:
        raise RequestRefused("there is no such alert")

    monkeypatch.setattr(desk, "answer", refuse)
    async with conversing(chat, desk):
        await chat.send(alert())
        query_id = await server.press("Ack", server.messages[0], user=ANNA)
        assert await answered(server, query_id) == "there is no such alert"


async def test_a_button_works_after_a_restart(
    server: TelegramServer, clock: SkippingClock, desk: RecordingDesk
) -> None:
    cache = MemoryCache()
    before = open_chat(server, cache=cache, clock=clock)
    await before.send(alert())
    await before.close()
    after = open_chat(server, cache=cache, clock=clock)
    (posted,) = server.messages
    async with conversing(after, desk):
        await server.press("Ack", posted, user=ANNA)
        await server.until(lambda: posted.versions)
    assert desk.asked == [Asked("a1b2c1", "ack", ANNA_NAMED)]
    assert posted.text.startswith("CRITICAL BTC #1\n3.1 % to liquidation")
    assert posted.labels == ["Details"]
    await after.close()


async def test_T8_a_button_counts_once(server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk) -> None:
    async with conversing(chat, desk):
        await chat.send(alert())
        (posted,) = server.messages
        key = posted.key("Ack")
        first = await server.press("Ack", posted, user=ANNA)
        second = await server.press("Ack", posted, user=ANNA, key=key)
        assert (await answered(server, first), await answered(server, second)) == (desk.says, NO_LONGER_VALID)
        third = await server.press("Snooze 1 h", posted, user=ANNA, key=key)
        assert await answered(server, third) == NO_LONGER_VALID
    assert len(desk.asked) == 1


async def test_T8_an_acknowledgement_takes_the_other_buttons_with_it(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk
) -> None:
    async with conversing(chat, desk):
        await chat.send(alert())
        (posted,) = server.messages
        snooze = posted.key("Snooze 4 h")
        await server.press("Ack", posted, user=ANNA)
        await server.until(lambda: posted.versions)
        late = await server.press("Snooze 4 h", posted, user=ANNA, key=snooze)
        assert await answered(server, late) == NO_LONGER_VALID
    assert len(desk.asked) == 1


@pytest.mark.parametrize("key", ["0123456789abcdef", "ack:a1b2c1", "", "x" * 64, "%", "callback:"])
async def test_T8_a_guessed_id_means_nothing(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk, key: str
) -> None:
    async with conversing(chat, desk):
        await chat.send(alert())
        query_id = await server.press("Ack", server.messages[0], user=ANNA, key=key or " ")
        assert await answered(server, query_id) == NO_LONGER_VALID
    assert desk.asked == []


async def test_T8_an_id_means_nothing_under_another_message(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk
) -> None:
    async with conversing(chat, desk):
        await chat.send(alert(1))
        await chat.send(alert(2))
        first, second = server.messages
        query_id = await server.press("Ack", second, user=ANNA, key=first.key("Ack"))
        assert await answered(server, query_id) == NO_LONGER_VALID
    assert desk.asked == []


async def test_T8_an_id_expires_after_two_days(
    server: TelegramServer, clock: SkippingClock, desk: RecordingDesk
) -> None:
    cache = MemoryCache()
    chat = open_chat(server, cache=cache, clock=clock)
    async with conversing(chat, desk):
        await chat.send(alert())
        clock.advance(timedelta(hours=48, seconds=1).total_seconds())
        query_id = await server.press("Ack", server.messages[0], user=ANNA)
        assert await answered(server, query_id) == NO_LONGER_VALID
        await chat.send(alert(2))
    assert desk.asked == []
    assert sum(name.startswith("callback:") for name in cache.pages) == 4, "expired ids are swept out of the cache"
    await chat.close()


async def test_the_cache_holds_no_secret(server: TelegramServer, clock: SkippingClock, desk: RecordingDesk) -> None:
    cache = MemoryCache()
    chat = open_chat(server, cache=cache, clock=clock)
    async with conversing(chat, desk):
        await chat.send(alert())
        await answered(server, await server.press("Ack", server.messages[0], user=ANNA))
    assert server.token.partition(":")[2] not in str(cache.pages)
    await chat.close()
