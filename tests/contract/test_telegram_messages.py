"""Alerts to a Telegram chat, against a Bot API on a real socket."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from liqwatch.model import Chart, Delivery, DeliveryReport, Severity
from liqwatch.notifiers import _picture, load_notifier
from liqwatch.notifiers.telegram import TelegramNotifier
from liqwatch.ports import Conversation, Notifier
from liqwatch.testing.telegram_faults import HANG, Fault, refusal
from liqwatch.testing.telegram_server import TelegramServer
from liqwatch.testing.telegram_stage import CHAT, GROUP, MemoryCache, RecordingDesk, SkippingClock, alert, chat_options

BUTTONS = ["Ack", "Details", "Snooze 1 h", "Snooze 4 h"]
PNG = b"\x89PNG\r\n\x1a\n-a-picture"
CHART = Chart(title="BTC", marks=((0.0, 60_000.0), (60.0, 59_000.0)), liquidation_price=58_200.0)


def open_chat(server: TelegramServer, **options: Any) -> TelegramNotifier:
    return TelegramNotifier(chat_options(server, **options))


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        server.add_chat(CHAT)
        yield server


@pytest.fixture
async def chat(server: TelegramServer) -> AsyncIterator[TelegramNotifier]:
    notifier = open_chat(server)
    yield notifier
    await notifier.close()


@pytest.fixture(autouse=True)
def _nothing_drawn() -> Iterator[None]:
    """What one test has drawn is not kept for the next."""
    _picture._drawn.cache_clear()
    yield
    _picture._drawn.cache_clear()


@pytest.fixture
def picture(monkeypatch: pytest.MonkeyPatch) -> list[Chart]:
    """A drawing library stands ready; what it was asked to draw."""
    drawn: list[Chart] = []
    module = ModuleType("liqwatch.notifiers._chart")

    def render_png(chart: Chart) -> bytes:
        drawn.append(chart)
        return PNG

    module.render_png = render_png  # type: ignore[attr-defined]  # a module made by hand
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return drawn


def test_it_is_a_notifier_and_a_conversation(chat: TelegramNotifier) -> None:
    notifier: Notifier = chat
    conversation: Conversation = chat
    assert notifier.name == conversation.name == "chat"
    assert load_notifier("telegram").kind == "telegram"


async def test_an_alert_shows_its_words_unescaped_with_four_buttons(
    server: TelegramServer, chat: TelegramNotifier
) -> None:
    report = await chat.send(alert(title="CRITICAL <BTC> & co", body="PnL < -5 % & <b>falling</b>"))
    (posted,) = server.messages
    assert report == DeliveryReport(Delivery.SENT, receipt=str(posted.message_id))
    assert posted.text == "CRITICAL <BTC> & co\nPnL < -5 % & <b>falling</b>"
    assert posted.labels == BUTTONS
    assert not posted.is_silent
    assert server.called("sendMessage")[0]["text"].startswith("<b>CRITICAL &lt;BTC&gt; &amp; co</b>\n")


async def test_callback_ids_are_random_and_say_nothing(server: TelegramServer, chat: TelegramNotifier) -> None:
    await chat.send(alert(1))
    await chat.send(alert(2))
    keys = {posted.key(label) for posted in server.messages for label in BUTTONS}
    assert len(keys) == 8
    assert all(len(key) == 16 and int(key, 16) >= 0 for key in keys)


async def test_control_and_direction_characters_never_reach_the_chat(
    server: TelegramServer, chat: TelegramNotifier
) -> None:
    await chat.send(alert(title="CRIT\u202eICAL\x07", body="a\u2066b\ud800c"))
    assert server.messages[0].text == "CRITICAL\nabc"


async def test_a_message_that_cannot_be_answered_has_no_buttons(server: TelegramServer, chat: TelegramNotifier) -> None:
    await chat.send(alert(answerable_id=None, is_silent=True))
    assert server.messages[0].keyboard == []
    assert server.messages[0].is_silent


async def test_where_nobody_may_press_there_are_no_buttons(server: TelegramServer) -> None:
    chat = open_chat(server, allowed_users=frozenset())
    await chat.send(alert())
    assert server.messages[0].keyboard == []
    await chat.converse(RecordingDesk())
    assert not server.called("getUpdates")
    await chat.close()


async def test_a_url_can_ask_for_a_topic_and_for_quiet(server: TelegramServer) -> None:
    server.add_chat(GROUP, "supergroup")
    server.topics.add(7)
    chat = open_chat(server, chat=GROUP, query="?topic=7&silent=yes")
    await chat.send(alert())
    assert (server.messages[0].topic, server.messages[0].is_silent) == (7, True)
    await chat.close()


async def test_a_topic_that_was_deleted_does_not_lose_the_message(server: TelegramServer) -> None:
    server.add_chat(GROUP, "supergroup")
    chat = open_chat(server, chat=GROUP, query="?topic=7")
    assert (await chat.send(alert())).delivery is Delivery.SENT
    assert server.messages[0].topic is None
    await chat.close()


async def test_a_chat_can_be_named_instead_of_numbered(server: TelegramServer) -> None:
    server.add_chat(GROUP, "supergroup", username="desk_chat")
    chat = open_chat(server, chat="@desk_chat")
    first = await chat.send(alert())
    await chat.send(alert(title="RESOLVED", message_id="2", answerable_id=None, follows=first.receipt, is_over=True))
    assert server.messages[0].text.startswith("RESOLVED\n\nCRITICAL")
    await chat.close()


async def test_a_worse_level_replies_to_the_last_message_and_takes_its_buttons(
    server: TelegramServer, chat: TelegramNotifier
) -> None:
    first = await chat.send(alert())
    await chat.send(alert(title="EMERGENCY BTC", message_id="2", severity=Severity.EMERGENCY, follows=first.receipt))
    old, new = server.messages
    assert (old.keyboard, old.text) == ([], "CRITICAL BTC #1\n3.1 % to liquidation at 58 200")
    assert (new.labels, new.reply_to) == (BUTTONS, old.message_id)


async def test_an_all_clear_stands_on_top_of_the_alert_it_ends(server: TelegramServer, chat: TelegramNotifier) -> None:
    first = await chat.send(alert())
    over = alert(title="RESOLVED BTC <1>", message_id="2", answerable_id=None, follows=first.receipt, is_over=True)
    await chat.send(over)
    old, new = server.messages
    assert old.text == "RESOLVED BTC <1>\n\nCRITICAL BTC #1\n3.1 % to liquidation at 58 200"
    assert (old.keyboard, new.reply_to) == ([], old.message_id)


async def test_after_a_restart_the_old_message_is_still_changed_in_place(server: TelegramServer) -> None:
    cache = MemoryCache()
    before = open_chat(server, cache=cache)
    first = await before.send(alert())
    await before.close()
    after = open_chat(server, cache=cache)
    await after.send(alert(title="RESOLVED", message_id="2", answerable_id=None, follows=first.receipt, is_over=True))
    assert server.messages[0].text.startswith("RESOLVED\n\nCRITICAL BTC")
    await after.close()


async def test_a_forgotten_message_loses_its_buttons_at_least(server: TelegramServer) -> None:
    before = open_chat(server)
    first = await before.send(alert())
    await before.close()
    after = open_chat(server)
    await after.send(alert(message_id="2", follows=first.receipt, is_over=True))
    assert server.messages[0].keyboard == []
    await after.close()


@pytest.mark.parametrize("follows", ["999999", "not a number", ""])
async def test_a_message_that_follows_nothing_known_is_sent_all_the_same(
    server: TelegramServer, chat: TelegramNotifier, follows: str
) -> None:
    assert (await chat.send(alert(follows=follows))).delivery is Delivery.SENT
    assert server.messages[0].reply_to is None


async def test_an_answer_given_elsewhere_is_shown_under_the_last_message_once(
    server: TelegramServer, chat: TelegramNotifier
) -> None:
    await chat.send(alert())
    for _ in range(2):
        await chat.refresh("a1b2c1", "acknowledged by Ben <ben> on the phone")
    await chat.refresh("unknown", "nothing to show it under")
    assert server.messages[0].text.endswith("\n\nacknowledged by Ben <ben> on the phone")
    assert server.messages[0].labels == BUTTONS
    assert len(server.called("editMessageText")) == 1


async def test_answers_to_several_alerts_of_one_message_stand_below_each_other(
    server: TelegramServer, chat: TelegramNotifier
) -> None:
    await chat.send(alert(answerable_id=None, alert_ids=("one", "two")))
    await chat.refresh("one", "one: acknowledged")
    await chat.refresh("two", "two: snoozed")
    assert server.messages[0].text.endswith("\n\none: acknowledged\ntwo: snoozed")


async def test_a_short_alert_is_the_caption_of_its_picture(
    server: TelegramServer, chat: TelegramNotifier, picture: list[Chart]
) -> None:
    await chat.send(alert(chart=CHART))
    (posted,) = server.messages
    assert (posted.picture, posted.labels, picture) == (PNG, BUTTONS, [CHART])
    assert posted.text == "CRITICAL BTC #1\n3.1 % to liquidation at 58 200"
    await chat.refresh("a1b2c1", "acknowledged")
    assert posted.text.endswith("\n\nacknowledged")


async def test_a_long_alert_comes_first_and_its_picture_after(
    server: TelegramServer, chat: TelegramNotifier, picture: list[Chart]
) -> None:
    await chat.send(alert(body="x" * 1500, chart=CHART))
    text, photo = server.messages
    assert (text.picture, text.labels) == (None, BUTTONS)
    assert (photo.picture, photo.reply_to, photo.is_silent) == (PNG, text.message_id, True)
    assert picture == [CHART]


@pytest.mark.parametrize(
    "fault", [refusal(400, "Bad Request: IMAGE_PROCESS_FAILED"), refusal(413, "Request Entity Too Large"), HANG]
)
async def test_a_picture_that_fails_never_fails_the_message(
    server: TelegramServer, picture: list[Chart], fault: Fault
) -> None:
    chat = open_chat(server, timeout_seconds=1.0)
    server.always("sendPhoto", fault)
    assert (await chat.send(alert(chart=CHART))).delivery is Delivery.SENT
    assert [(posted.picture, posted.labels) for posted in server.messages] == [(None, BUTTONS)]
    assert picture == [CHART]
    await chat.close()


async def test_a_picture_that_did_not_get_through_comes_after_the_text(
    server: TelegramServer, chat: TelegramNotifier, picture: list[Chart]
) -> None:
    server.script("sendPhoto", Fault(status=502, body="<html>bad gateway</html>"))
    assert (await chat.send(alert(chart=CHART))).delivery is Delivery.SENT
    assert [(posted.picture, posted.labels) for posted in server.messages] == [(None, BUTTONS), (PNG, [])]
    assert picture == [CHART], "it is drawn once"


async def test_without_a_drawing_library_there_is_only_text(
    server: TelegramServer, chat: TelegramNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "liqwatch.notifiers._chart", None)
    assert (await chat.send(alert(chart=CHART))).delivery is Delivery.SENT
    assert [posted.picture for posted in server.messages] == [None]


async def test_a_drawing_library_that_breaks_costs_the_picture_only(
    server: TelegramServer, chat: TelegramNotifier, picture: list[Chart], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(chart: Chart) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(sys.modules["liqwatch.notifiers._chart"], "render_png", broken)
    assert (await chat.send(alert(chart=CHART))).delivery is Delivery.SENT
    assert [posted.picture for posted in server.messages] == [None]


async def test_a_burst_goes_out_at_once_and_then_a_message_a_second(server: TelegramServer) -> None:
    clock = SkippingClock()
    chat = open_chat(server, clock=clock)
    for number in range(6):
        await chat.send(alert(number))
    assert clock.pauses == [1.0, 1.0, 1.0]
    assert len(server.messages) == 6
    await chat.close()


async def test_a_full_group_waits_for_its_minute_unless_the_message_is_critical(server: TelegramServer) -> None:
    server.add_chat(GROUP, "supergroup")
    clock = SkippingClock()
    chat = open_chat(server, chat=GROUP, clock=clock)
    for number in range(20):
        await chat.send(alert(number))
    report = await chat.send(alert(21, severity=Severity.WARNING))
    assert report.delivery is Delivery.RETRY
    assert report.retry_after_seconds == pytest.approx(60 - clock.monotonic())
    assert (await chat.send(alert(22))).delivery is Delivery.SENT
    clock.advance(60)
    assert (await chat.send(alert(21, severity=Severity.WARNING))).delivery is Delivery.SENT
    await chat.close()


async def test_a_good_token_is_ready_and_a_channel_that_cannot_be_reached_is_not_dead(server: TelegramServer) -> None:
    chat = open_chat(server)
    assert await chat.prepare() is None
    server.always("getMe", HANG)
    hanging = open_chat(server, timeout_seconds=0.1)
    assert await hanging.prepare() is None
    await chat.close()
    await hanging.close()


async def test_a_closed_channel_sends_nothing_and_opens_nothing(server: TelegramServer, chat: TelegramNotifier) -> None:
    await chat.send(alert(1))
    await chat.close()
    assert (await chat.send(alert(2))).delivery is Delivery.RETRY
    assert len(server.messages) == 1


async def test_the_end_of_one_alert_leaves_a_digest_of_several_standing(
    server: TelegramServer, chat: TelegramNotifier
) -> None:
    digest = await chat.send(alert(answerable_id="worst1", alert_ids=("worst1", "other2")))
    over = alert(2, title="RESOLVED other", answerable_id=None, alert_ids=("other2",), is_over=True)
    await chat.send(replace(over, follows=digest.receipt))
    old, new = server.messages
    assert old.labels == BUTTONS, "the worst still burns, and can still be acknowledged"
    assert old.text == "CRITICAL BTC #1\n3.1 % to liquidation at 58 200\n\nRESOLVED other"
    assert new.reply_to == old.message_id
    await chat.send(alert(3, title="EMERGENCY worst", alert_ids=("worst1",), follows=digest.receipt))
    assert (old.keyboard, old.text.startswith("CRITICAL")) == ([], True)


async def test_a_digest_is_over_when_a_message_ends_everything_it_told(
    server: TelegramServer, chat: TelegramNotifier
) -> None:
    digest = await chat.send(alert(answerable_id="one", alert_ids=("one", "two")))
    for number, alert_id in enumerate(("two", "one"), start=2):
        over = alert(number, title=f"RESOLVED {alert_id}", answerable_id=None, alert_ids=(alert_id,), is_over=True)
        await chat.send(replace(over, follows=digest.receipt))
    old, *_ = server.messages
    assert old.text.endswith("\n\nRESOLVED two\nRESOLVED one")
    assert old.keyboard == []
