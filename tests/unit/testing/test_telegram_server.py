"""The fake Telegram refuses what Telegram refuses, in its words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from liqwatch.testing.telegram_html import BadEntities, shown_text
from liqwatch.testing.telegram_server import TelegramServer
from liqwatch.testing.telegram_stage import ANNA, CHAT


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        server.add_chat(CHAT)
        yield server


async def ask(server: TelegramServer, method: str, *, token: str = "", **parameters: Any) -> dict[str, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/bot{token or server.token}/{method}", json=parameters) as response,
    ):
        answer: dict[str, Any] = await response.json()
        assert response.status == answer.get("error_code", 200)
        return answer


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>a</b> &lt;x&gt; &amp; &amp;amp; &#65;", "a <x> & &amp; A"),
        ("a & b &nbsp; &c;", "a & b &nbsp; &c;"),
        ('<a href="https://x.example">y</a>', "y"),
        ("  <i><b>x</b></i>\n", "x"),
    ],
)
def test_html_is_read_as_telegram_reads_it(text: str, shown: str) -> None:
    assert shown_text(text) == shown


@pytest.mark.parametrize("text", ["a < b", "<x>y</x>", "<b>a", "a</b>", "<b><i>x</b></i>", "<", "<script>"])
def test_html_that_telegram_refuses_is_refused(text: str) -> None:
    with pytest.raises(BadEntities, match="can't parse entities"):
        shown_text(text)


@pytest.mark.parametrize(
    ("parameters", "description"),
    [
        ({"chat_id": 5, "text": "x"}, "Bad Request: chat not found"),
        ({"text": " "}, "Bad Request: message text is empty"),
        ({"text": "x" * 4097}, "Bad Request: message is too long"),
        ({"text": "👩" * 2049}, "Bad Request: message is too long"),
        ({"text": "x", "message_thread_id": 3}, "Bad Request: message thread not found"),
        ({"text": "x", "reply_parameters": {"message_id": 999}}, "Bad Request: message to be replied not found"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "y", "callback_data": "z" * 65}]]}},
            "Bad Request: BUTTON_DATA_INVALID",
        ),
    ],
)
async def test_a_message_is_checked(server: TelegramServer, parameters: dict[str, Any], description: str) -> None:
    answer = await ask(server, "sendMessage", **{"chat_id": CHAT, **parameters})
    assert (answer["ok"], answer["description"]) == (False, description)
    assert server.messages == []


async def test_an_edit_that_changes_nothing_or_no_message_is_refused(server: TelegramServer) -> None:
    sent = (await ask(server, "sendMessage", chat_id=CHAT, text="x"))["result"]["message_id"]
    same = await ask(server, "editMessageText", chat_id=CHAT, message_id=sent, text="x")
    gone = await ask(server, "editMessageText", chat_id=CHAT, message_id=9999, text="x")
    wrong = await ask(server, "editMessageCaption", chat_id=CHAT, message_id=sent, caption="y")
    assert same["description"].startswith("Bad Request: message is not modified")
    assert gone["description"] == "Bad Request: message to edit not found"
    assert wrong["description"] == "Bad Request: there is no caption in the message to edit"


async def test_an_edit_without_a_keyboard_takes_the_keyboard_away(server: TelegramServer) -> None:
    keyboard = {"inline_keyboard": [[{"text": "y", "callback_data": "z"}]]}
    sent = (await ask(server, "sendMessage", chat_id=CHAT, text="x", reply_markup=keyboard))["result"]["message_id"]
    assert server.messages[0].labels == ["y"]
    await ask(server, "editMessageText", chat_id=CHAT, message_id=sent, text="y")
    assert (server.messages[0].labels, server.messages[0].versions) == ([], ["x"])


async def test_updates_come_again_until_they_are_confirmed_by_a_higher_offset(server: TelegramServer) -> None:
    for text in ("one", "two"):
        await server.say(text, user=ANNA, chat=CHAT)
    first = (await ask(server, "getUpdates"))["result"]
    assert [each["message"]["text"] for each in first] == ["one", "two"]
    second = (await ask(server, "getUpdates", offset=first[1]["update_id"]))["result"]
    assert second == first[1:]
    assert (await ask(server, "getUpdates", offset=first[1]["update_id"] + 1))["result"] == []


async def test_a_button_is_answered_once(server: TelegramServer) -> None:
    keyboard = {"inline_keyboard": [[{"text": "y", "callback_data": "z"}]]}
    await ask(server, "sendMessage", chat_id=CHAT, text="x", reply_markup=keyboard)
    query_id = await server.press("y", server.messages[0], user=ANNA)
    assert (await ask(server, "answerCallbackQuery", callback_query_id=query_id, text="ok"))["result"] is True
    again = await ask(server, "answerCallbackQuery", callback_query_id=query_id)
    assert again["description"].startswith("Bad Request: query is too old")
    assert server.callback_answers == {query_id: "ok"}


async def test_a_wrong_token_and_an_unknown_method_are_refused(server: TelegramServer) -> None:
    assert (await ask(server, "getMe", token="1:x"))["error_code"] == 401
    assert (await ask(server, "getMe"))["result"]["is_bot"] is True
    assert (await ask(server, "sendDice"))["error_code"] == 404
