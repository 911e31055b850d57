from __future__ import annotations

import pytest

from liqwatch.errors import NotificationError
from liqwatch.notifiers._telegram.address import has_one_chat, parse_address
from liqwatch.redaction import redact

SECRET = "canary4d8fTOKENx91k-abcdefghij_klmn"
TOKEN = f"123456789:{SECRET}"


@pytest.mark.parametrize(
    ("url", "chat", "topic"),
    [
        (f"tgram://{TOKEN}/4711", 4711, None),
        (f"tgram://{TOKEN}/-1001234567890/", -1001234567890, None),
        (f"tgram://{TOKEN}/@desk_chat", "@desk_chat", None),
        (f"tgram://{TOKEN}/desk_chat?image=no&format=text", "@desk_chat", None),
        (f"tgram://{TOKEN}/-100123?topic=7", -100123, 7),
        (f"tgram://{TOKEN}/-100123?thread=7", -100123, 7),
        (f"tgram://{TOKEN}/-100123:7", -100123, 7),
        (f"TGRAM://bot{TOKEN}/4711", 4711, None),
        (f"tgram://123456789%3A{SECRET}/4711", 4711, None),
    ],
)
def test_a_url_names_a_bot_a_chat_and_perhaps_a_topic(url: str, chat: int | str, topic: int | None) -> None:
    address = parse_address(url)
    assert has_one_chat(url)
    assert (address.token, address.bot_id) == (TOKEN, "123456789")
    assert (address.chat, address.topic, address.is_silent) == (chat, topic, False)
    assert SECRET not in repr(address)


@pytest.mark.parametrize("query", ["silent=yes", "Silent=1", "silent=true&topic=3"])
def test_a_url_can_ask_for_silence(query: str) -> None:
    assert parse_address(f"tgram://{TOKEN}/4711?{query}").is_silent


@pytest.mark.parametrize(
    "url",
    [
        f"tgram://{SECRET}/4711",
        f"tgram://{TOKEN}",
        f"tgram://{TOKEN}/",
        f"tgram://{TOKEN}/1/2",
        f"tgram://{TOKEN}/no name",
        f"tgram://{TOKEN}/1?topic=general",
        f"tgram://{TOKEN}/1?topic=٣",
        f"tgram://{TOKEN}/1?verify=no",
        f"tgram://[{TOKEN}/1",
    ],
)
def test_a_url_that_is_neither_is_refused_with_a_mend_and_without_its_secret(url: str) -> None:
    with pytest.raises(NotificationError) as refusal:
        parse_address(url)
    assert refusal.value.mend
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["", "console://", "json://host/1", f"tgram://{TOKEN}/1/2", f"tgram://{TOKEN}", "tgram://[::1/5"]
)
def test_only_a_telegram_url_with_exactly_one_chat_is_ours(url: str) -> None:
    assert not has_one_chat(url)


def test_the_token_and_its_half_are_masked_from_then_on() -> None:
    parse_address(f"tgram://{TOKEN}/4711")
    assert SECRET not in redact(f"refused: {TOKEN}, {SECRET}, /bot{TOKEN}/getMe")
