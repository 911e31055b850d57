"""What people do in a chat, as far as we listen: a pressed button, or a command.

Everything else is nobody's: forwarded and edited messages, channel posts, bots, and administrators who write as their
group. Whatever Telegram sends is read with doubt, and nothing in it is longer than we allow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liqwatch.notifiers._telegram.api import integer, mapping
from liqwatch.notifiers._telegram.text import plain

COMMANDS: Mapping[str, str] = {
    "status": "Is everything watched? What is near?",
    "positions": "Every position with its distance to liquidation",
    "alerts": "What is open",
    "ack": "Acknowledge an alert: /ack <id>",
    "silence": "Be quiet for a while: /silence 1h <symbol>",
    "stress": "What a fall of so many percent would do: /stress 10",
    "help": "What can be asked",
}
LONGEST_COMMAND = 256
MOST_ARGUMENTS = 8
LONGEST_ARGUMENT = 64
LONGEST_NAME = 48
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?=\s|$)")
_SECOND_HAND = ("forward_origin", "forward_date", "forward_from", "forward_from_chat", "sender_chat", "via_bot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who acts; the name is made of their own words, cleaned."""

    user_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PressedButton:
    """A button was pressed under the message `message_id` of `chat`. `query_id` is answered within seconds."""

    person: Person
    query_id: str
    chat: Mapping[str, Any]
    message_id: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command was written. `bot` is the one that was named, if one was; `at` epoch seconds."""

    person: Person
    chat: Mapping[str, Any]
    message_id: int
    topic: int | None
    at: int
    name: str
    bot: str
    arguments: Sequence[str]
    is_too_long: bool


def read_update(update: Mapping[str, Any]) -> PressedButton | Command | None:
    """The button or the command of an update; None where we do not listen."""
    if "callback_query" in update:
        return _pressed(mapping(update["callback_query"]))
    return _command(mapping(update.get("message")))


def new_address(update: Mapping[str, Any]) -> tuple[int, int] | None:
    """Old and new number of a group that became a supergroup. Telegram alone writes such messages."""
    message = mapping(update.get("message"))
    old, new = integer(mapping(message.get("chat")).get("id")), integer(message.get("migrate_to_chat_id"))
    return None if old is None or new is None else (old, new)


def _pressed(query: Mapping[str, Any]) -> PressedButton | None:
    person = _person(query.get("from"))
    message = mapping(query.get("message"))
    message_id = integer(message.get("message_id"))
    key, query_id = query.get("data"), query.get("id")
    if person is None or message_id is None or not isinstance(key, str) or not isinstance(query_id, str):
        return None
    return PressedButton(
        person=person, query_id=query_id, chat=mapping(message.get("chat")), message_id=message_id, key=key
    )


def _command(message: Mapping[str, Any]) -> Command | None:
    text, person = message.get("text"), _person(message.get("from"))
    message_id = integer(message.get("message_id"))
    if person is None or message_id is None or not isinstance(text, str):
        return None
    found = _COMMAND.match(text)
    if found is None or any(message.get(mark) for mark in _SECOND_HAND):
        return None
    arguments = plain(text[found.end() : LONGEST_COMMAND]).split()
    return Command(
        person=person,
        chat=mapping(message.get("chat")),
        message_id=message_id,
        topic=integer(message.get("message_thread_id")) if message.get("is_topic_message") else None,
        at=integer(message.get("date")) or 0,
        name=found[1].lower(),
        bot=(found[2] or "").lower(),
        arguments=arguments,
        is_too_long=len(text) > LONGEST_COMMAND
        or len(arguments) > MOST_ARGUMENTS
        or any(len(argument) > LONGEST_ARGUMENT for argument in arguments),
    )


def _person(raw: object) -> Person | None:
    user = mapping(raw)
    user_id = integer(user.get("id"))
    if user_id is None or user.get("is_bot") is not False:
        return None
    username = user.get("username")
    name = f"@{username}" if username else str(user.get("first_name") or "somebody")
    return Person(user_id=user_id, name=f"{' '.join(plain(name).split())[:LONGEST_NAME]} ({user_id})")
