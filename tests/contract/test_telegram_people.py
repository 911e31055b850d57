"""Who is obeyed in a Telegram chat, and what can be asked there, against a Bot API on a real socket."""
# ruff: noqa: N802 - the numbers of threats are written as everywhere else

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog

from liqwatch.notifiers.telegram import TelegramNotifier
from liqwatch.testing.telegram_server import TelegramServer
from liqwatch.testing.telegram_stage import (
    ANNA,
    CHAT,
    GROUP,
    STRANGER,
    Asked,
    MemoryCache,
    RecordingDesk,
    SkippingClock,
    alert,
    chat_options,
    conversing,
)
from liqwatch.testing.telegram_world import BOT_NAME

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


# Who is obeyed


async def test_T7_a_stranger_is_refused_in_a_word_and_only_ten_times_a_minute(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with conversing(chat, desk):
            await chat.send(alert())
            queries = [await server.press("Ack", server.messages[0], user=STRANGER) for _ in range(15)]
            await settled(server)
    assert [server.callback_answers.get(query) for query in queries] == ["You may not answer here."] * 10 + [None] * 5
    assert [asked.what for asked in desk.asked] == ["command"]
    assert len([line for line in logs if line["event"] == "telegram_stranger_refused"]) == 1
    assert len(server.messages[0].labels) == 4


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"forward_origin": {"type": "user", "date": 1}}, id="forwarded"),
        pytest.param({"forward_date": 1}, id="forwarded, in the older form"),
        pytest.param({"sender_chat": {"id": GROUP, "type": "supergroup"}}, id="written as a chat"),
        pytest.param({"via_bot": {"id": 5, "is_bot": True}}, id="written by an inline bot"),
        pytest.param({"from": GROUP_ADMIN}, id="anonymous administrator"),
        pytest.param({"from": {**ANNA, "is_bot": True}}, id="bot"),
        pytest.param({"from": None}, id="nobody"),
        pytest.param({"from": {**ANNA, "id": "4711"}}, id="a number that is a text"),
        pytest.param({"text": None}, id="no text"),
        pytest.param({"chat": {"id": -1, "type": "group"}}, id="another group"),
        pytest.param({"chat": {"id": -1, "type": "private"}}, id="somebody else's private chat"),
    ],
)
async def test_T7_only_a_listed_user_in_person_is_obeyed(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk, more: dict[str, Any]
) -> None:
    async with conversing(chat, desk):
        await server.say("/silence 1h", user=ANNA, chat=CHAT, more=more)
        await settled(server)
    assert [asked.about for asked in desk.asked] == ["help"]


@pytest.mark.parametrize("kind", ["edited_message", "channel_post", "business_message"])
async def test_T7_edited_words_and_posts_are_not_heard(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk, kind: str
) -> None:
    message = {"message_id": 5, "from": ANNA, "chat": {"id": CHAT, "type": "private"}, "date": 1, "text": "/silence 1h"}
    async with conversing(chat, desk):
        await server.push({kind: message})
        await settled(server)
    assert [asked.about for asked in desk.asked] == ["help"]
    assert server.called("getUpdates")[0]["allowed_updates"] == ["message", "callback_query"]


async def test_T7_a_stranger_in_the_group_is_not_heard_and_a_listed_user_is(
    server: TelegramServer, clock: SkippingClock, desk: RecordingDesk
) -> None:
    chat = open_chat(server, chat=GROUP, clock=clock)
    async with conversing(chat, desk):
        await server.say("/status", user=STRANGER, chat=GROUP)
        await server.say("/status", user=STRANGER, chat=STRANGER["id"])
        await server.say("/status", user=ANNA, chat=GROUP)
        await server.until(lambda: server.messages)
        await server.say("/positions", user=ANNA, chat=CHAT)
        await server.until(lambda: len(server.messages) == 2)
    assert [(asked.about, asked.who) for asked in desk.asked] == [("status", ANNA_NAMED), ("positions", ANNA_NAMED)]
    assert [posted.chat for posted in server.messages] == [GROUP, CHAT]
    await chat.close()


async def test_T7_a_press_in_another_chat_is_refused(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk
) -> None:
    async with conversing(chat, desk):
        await chat.send(alert())
        query_id = await server.press("Ack", server.messages[0], user=ANNA, chat=GROUP)
        assert await answered(server, query_id) == "You may not answer here."
    assert desk.asked == []


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"callback_query": None},
        {"callback_query": {"id": 7, "from": ANNA, "data": "x"}},
        {"callback_query": {"id": "7", "from": ANNA, "data": "x", "inline_message_id": "y"}},
        {"message": []},
        {"message": {"from": ANNA, "text": "/status", "message_id": "1", "chat": {"id": CHAT}}},
        {"message": {"from": ANNA, "text": "/status", "message_id": 1}},
    ],
)
async def test_an_update_that_makes_no_sense_is_passed_over(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk, update: dict[str, Any]
) -> None:
    async with conversing(chat, desk):
        await server.push(update)
        await settled(server)
    assert [asked.about for asked in desk.asked] == ["help"]


# Commands


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("/status", Asked("status", "command", ANNA_NAMED)),
        ("/Positions", Asked("positions", "command", ANNA_NAMED)),
        (f"/alerts@{BOT_NAME}", Asked("alerts", "command", ANNA_NAMED)),
        ("/ack a1b2c3", Asked("ack", "command", ANNA_NAMED, arguments=("a1b2c3",))),
        ("/silence  1h\nBTC/*", Asked("silence", "command", ANNA_NAMED, arguments=("1h", "BTC/*"))),
        ("/stress 10", Asked("stress", "command", ANNA_NAMED, arguments=("10",))),
        ("/start", Asked("help", "command", ANNA_NAMED)),
        ("/nonsense", Asked("nonsense", "command", ANNA_NAMED)),
    ],
)
async def test_a_command_reaches_the_desk_and_its_answer_the_chat(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk, text: str, asked: Asked
) -> None:
    desk.says = "BTC < 60 000 & falling"
    async with conversing(chat, desk):
        await server.say(text, user=ANNA, chat=CHAT)
        await server.until(lambda: server.messages)
    assert desk.asked == [asked]
    assert (server.messages[0].text, server.messages[0].chat) == (desk.says, CHAT)


@pytest.mark.parametrize(
    "text", ["/status " + "x" * 300, "/ack " + "y" * 65, "/silence 1 2 3 4 5 6 7 8 9", "/ack" + " z" * 2000]
)
async def test_a_command_beyond_all_bounds_is_not_passed_on(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk, text: str
) -> None:
    async with conversing(chat, desk):
        await server.say(text, user=ANNA, chat=CHAT)
        await server.until(lambda: server.messages)
    assert desk.asked == []
    assert "too long" in server.messages[0].text


@pytest.mark.parametrize("text", ["status", "look at /status", "/status@other_bot", "//status", "/weather", "/"])
async def test_in_a_group_words_for_others_are_left_to_them(
    server: TelegramServer, clock: SkippingClock, desk: RecordingDesk, text: str
) -> None:
    chat = open_chat(server, chat=GROUP, clock=clock)
    async with conversing(chat, desk):
        await server.say(text, user=ANNA, chat=GROUP)
        await settled(server)
    assert [asked.about for asked in desk.asked] == ["help"]
    await chat.close()


async def test_a_command_that_waited_too_long_has_to_be_said_again(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk, clock: SkippingClock
) -> None:
    await server.say("/silence 1h", user=ANNA, chat=CHAT)
    clock.advance(1200)
    async with conversing(chat, desk):
        await server.until(lambda: server.messages)
    assert desk.asked == []
    assert server.messages[0].text.startswith("That was written 20 minutes ago")


async def test_a_name_is_cleaned_before_it_is_told(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk
) -> None:
    forger = {**ANNA, "username": None, "first_name": "An\u202ena\nby the desk" + "x" * 100}
    async with conversing(chat, desk):
        await server.say("/status", user=forger, chat=CHAT)
        await server.until(lambda: server.messages)
    assert desk.asked[0].who == "Anna by the desk" + "x" * 32 + " (4711)"


async def test_the_commands_are_listed_when_the_conversation_begins(
    server: TelegramServer, chat: TelegramNotifier, desk: RecordingDesk
) -> None:
    async with conversing(chat, desk):
        await server.until(lambda: server.called("getUpdates"))
    names = [each["command"] for each in server.commands]
    assert names == ["status", "positions", "alerts", "ack", "silence", "stress", "help"]


async def test_nothing_is_heard_twice_by_a_new_life(
    server: TelegramServer, clock: SkippingClock, desk: RecordingDesk
) -> None:
    cache = MemoryCache()
    first = open_chat(server, cache=cache, clock=clock)
    server.add_chat(GROUP)
    async with conversing(first, desk):
        await server.say("/silence 1h", user=ANNA, chat=CHAT)
        await server.until(lambda: desk.asked)
    await first.close()
    second = open_chat(server, cache=cache, clock=clock)
    async with conversing(second, desk):
        await server.say("/status", user=ANNA, chat=CHAT)
        await server.until(lambda: len(desk.asked) > 1)
    assert [asked.about for asked in desk.asked] == ["silence", "status"]
    await second.close()


async def test_two_channels_of_one_bot_share_the_poll_and_each_hears_its_own_chat(
    server: TelegramServer, clock: SkippingClock
) -> None:
    chats = [open_chat(server, chat=number, clock=clock) for number in (CHAT, GROUP)]
    desks = [RecordingDesk("private desk"), RecordingDesk("group desk")]
    async with conversing(chats[0], desks[0]):
        await server.until(lambda: server.called("getUpdates"))
        async with conversing(chats[1], desks[1]):
            for number, chat in enumerate(chats):
                await chat.send(alert(number))
            presses = [await server.press("Ack", posted, user=ANNA) for posted in server.messages]
            assert [await answered(server, query) for query in presses] == ["private desk", "group desk"]
    assert [[asked.about for asked in desk.asked] for desk in desks] == [["a1b2c0"], ["a1b2c1"]]
    assert desks[0].troubles + desks[1].troubles == [""]
    for chat in chats:
        await chat.close()
