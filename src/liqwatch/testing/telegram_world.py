"""What Telegram keeps of one bot: its chats, its messages, and what people have done and it has not heard yet.

Requests are checked and refused as Telegram does it, in its words.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from liqwatch.clock import Clock, SystemClock
from liqwatch.testing.telegram_faults import OTHER_POLLER, UNAUTHORIZED, Refused, refusal
from liqwatch.testing.telegram_html import BadEntities, shown_text

TOKEN = "123456789:AAFakeBotTokenOfTheTestServer_0123456"  # noqa: S105  a canary, not a secret
BOT_NAME = "liqwatch_test_bot"
LONGEST_TEXT, LONGEST_CAPTION, LONGEST_CALLBACK_TEXT, LONGEST_CALLBACK_DATA = 4096, 1024, 200, 64
SAME_CONTENT = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
OLD_QUERY = "query is too old and response timeout expired or query ID is invalid"


@dataclass(slots=True, kw_only=True)
class Posted:
    """A message of the bot as the chat shows it now; `versions` are its earlier texts."""

    message_id: int
    chat: int
    text: str
    keyboard: list[list[dict[str, str]]] = field(default_factory=list)
    picture: bytes | None = None
    is_silent: bool = False
    reply_to: int | None = None
    topic: int | None = None
    versions: list[str] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        """What stands on its buttons."""
        return [button["text"] for row in self.keyboard for button in row]

    def key(self, label: str) -> str:
        """The callback data of a button."""
        return next(b["callback_data"] for row in self.keyboard for b in row if b["text"] == label)


class TelegramWorld:
    """One bot and its chats, which exist once `add_chat` has named them. `clock` dates what people say."""

    def __init__(self, *, token: str = TOKEN, clock: Clock | None = None) -> None:
        """Nobody has written anything yet."""
        self.token = token
        self.messages: list[Posted] = []
        self.callback_answers: dict[str, str] = {}
        self.commands: list[dict[str, str]] = []
        self.moved: dict[int, int] = {}
        self.topics: set[int] = set()
        self._clock = clock or SystemClock()
        self._chats: dict[int, dict[str, Any]] = {}
        self._updates: deque[dict[str, Any]] = deque()
        self._queries: set[str] = set()
        self._last_update = 1000
        self._last_message: dict[int, int] = defaultdict(lambda: 100)
        self._poll: asyncio.Event | None = None
        self._news = asyncio.Condition()
        self._ending = asyncio.Event()

    def add_chat(self, chat: int, kind: str = "private", username: str = "") -> None:
        """From now on the bot may write there."""
        self._chats[chat] = {"id": chat, "type": kind, **({"username": username} if username else {})}

    def upgrade(self, old: int, new: int) -> None:
        """A group becomes a supergroup: its old number leads nowhere."""
        self._chats[new] = {**self._chats.pop(old), "id": new, "type": "supergroup"}
        self.moved[old] = new

    async def say(
        self, text: str, *, user: Mapping[str, Any], chat: int, more: Mapping[str, object] | None = None
    ) -> None:
        """Somebody writes; `more` are fields of Telegram's message that differ from the usual."""
        message = {
            "message_id": self._next_message(chat),
            "from": dict(user),
            "chat": self._chats.get(chat, {"id": chat, "type": "private"}),
            "date": self._date(),
            "text": text,
            **(more or {}),
        }
        await self.push({"message": message})

    async def press(
        self, label: str, message: Posted, *, user: Mapping[str, Any], chat: int | None = None, key: str = ""
    ) -> str:
        """Somebody presses a button (or invents a `key`, or carries it to another `chat`); the query's id."""
        query_id = f"query-{self._last_update + 1}"
        self._queries.add(query_id)
        place = self._chats.get(chat or message.chat, {"id": chat, "type": "private"})
        query = {
            "id": query_id,
            "from": dict(user),
            "chat_instance": "1",
            "data": key or message.key(label),
            "message": {
                "message_id": message.message_id,
                "chat": place,
                "date": self._date(),
                "text": message.text,
            },
        }
        await self.push({"callback_query": query})
        return query_id

    async def push(self, update: Mapping[str, Any]) -> None:
        """Any other update."""
        self._last_update += 1
        async with self._news:
            self._updates.append({"update_id": self._last_update, **update})
            self._news.notify_all()

    async def obey(self, token: str, method: str, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401  whatever JSON can hold
        """Do what the bot asks: the result, or a `Fault` that says why not."""
        if token != self.token:
            return UNAUTHORIZED
        handle = getattr(self, f"_on_{method}", None)
        if handle is None:
            return refusal(404, "Not Found: method not found")
        try:
            return await handle(parameters)
        except Refused as refused:
            return refused.fault
        except BadEntities as error:
            return refusal(400, f"Bad Request: {error}")

    async def _on_getme(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": int(self.token.partition(":")[0]), "is_bot": True, "first_name": "Watch", "username": BOT_NAME}

    async def _on_setmycommands(self, parameters: Mapping[str, Any]) -> bool:
        self.commands = list(parameters["commands"])
        if any(not 1 <= len(each["description"]) <= 256 for each in self.commands):
            raise Refused(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        return True

    async def _on_sendmessage(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        text = _content(parameters, "text", LONGEST_TEXT)
        if not text:
            raise Refused(400, "Bad Request: message text is empty")
        return self._post(parameters, text, None)

    async def _on_sendphoto(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        picture = parameters.get("photo")
        if not isinstance(picture, bytes) or not picture.startswith(b"\x89PNG"):
            raise Refused(400, "Bad Request: IMAGE_PROCESS_FAILED")
        return self._post(parameters, _content(parameters, "caption", LONGEST_CAPTION), picture)

    async def _on_editmessagetext(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        posted = self._posted(parameters)
        if posted.picture is not None:
            raise Refused(400, "Bad Request: there is no text in the message to edit")
        return self._change(posted, parameters, _content(parameters, "text", LONGEST_TEXT))

    async def _on_editmessagecaption(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        posted = self._posted(parameters)
        if posted.picture is None:
            raise Refused(400, "Bad Request: there is no caption in the message to edit")
        return self._change(posted, parameters, _content(parameters, "caption", LONGEST_CAPTION))

    async def _on_editmessagereplymarkup(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        posted = self._posted(parameters)
        return self._change(posted, parameters, posted.text)

    async def _on_answercallbackquery(self, parameters: Mapping[str, Any]) -> bool:
        query_id, text = str(parameters["callback_query_id"]), str(parameters.get("text", ""))
        if query_id not in self._queries:
            raise Refused(400, f"Bad Request: {OLD_QUERY}")
        if _units(text) > LONGEST_CALLBACK_TEXT:
            raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
        self._queries.discard(query_id)
        self.callback_answers[query_id] = text
        return True

    async def _on_getupdates(self, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A newer poll ends an older one, as at Telegram."""
        if self._poll is not None:
            self._poll.set()
        mine = self._poll = asyncio.Event()
        while self._updates and self._updates[0]["update_id"] < int(parameters.get("offset", 0)):
            self._updates.popleft()
        allowed = parameters.get("allowed_updates")
        try:
            async with asyncio.timeout(float(parameters.get("timeout", 0))), self._news:
                self._news.notify_all()
                await self._news.wait_for(lambda: mine.is_set() or self._ending.is_set() or self._wanted(allowed))
        except TimeoutError:
            return []
        if mine.is_set():
            raise Refused(409, OTHER_POLLER)
        return self._wanted(allowed)[: int(parameters.get("limit", 100))]

    def _wanted(self, allowed: Sequence[str] | None) -> list[dict[str, Any]]:
        return [each for each in self._updates if not allowed or any(kind in each for kind in allowed)]

    def _post(self, parameters: Mapping[str, Any], text: str, picture: bytes | None) -> dict[str, Any]:
        chat = self._chat(parameters.get("chat_id"))
        topic = parameters.get("message_thread_id")
        if topic is not None and int(topic) not in self.topics:
            raise Refused(400, "Bad Request: message thread not found")
        posted = Posted(
            message_id=self._next_message(chat),
            chat=chat,
            text=text,
            keyboard=_keyboard(parameters),
            picture=picture,
            is_silent=bool(parameters.get("disable_notification")),
            reply_to=self._reply(parameters.get("reply_parameters"), chat),
            topic=None if topic is None else int(topic),
        )
        self.messages.append(posted)
        return self._told(posted)

    def _change(self, posted: Posted, parameters: Mapping[str, Any], text: str) -> dict[str, Any]:
        keyboard = _keyboard(parameters)
        if (text, keyboard) == (posted.text, posted.keyboard):
            raise Refused(400, f"Bad Request: {SAME_CONTENT}")
        posted.versions.append(posted.text)
        posted.text, posted.keyboard = text, keyboard
        return self._told(posted)

    def _chat(self, name: object) -> int:
        text = str(name)
        if text.startswith("@"):
            found = next((n for n, c in self._chats.items() if f"@{c.get('username')}".lower() == text.lower()), None)
        else:
            found = int(text)
        if found in self.moved:
            description = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refused(400, description, migrate_to_chat_id=self.moved[found])
        if found is None or found not in self._chats:
            raise Refused(400, "Bad Request: chat not found")
        return found

    def _reply(self, raw: object, chat: int) -> int | None:
        if not isinstance(raw, dict):
            return None
        number = int(raw["message_id"])
        if number <= self._last_message[chat]:
            return number
        if not raw.get("allow_sending_without_reply"):
            raise Refused(400, "Bad Request: message to be replied not found")
        return None

    def _posted(self, parameters: Mapping[str, Any]) -> Posted:
        chat, number = self._chat(parameters["chat_id"]), int(parameters["message_id"])
        found = next((each for each in self.messages if (each.chat, each.message_id) == (chat, number)), None)
        if found is None:
            raise Refused(400, "Bad Request: message to edit not found")
        return found

    def _date(self) -> int:
        return int(self._clock.now().timestamp())

    def _next_message(self, chat: int) -> int:
        self._last_message[chat] += 1
        return self._last_message[chat]

    def _told(self, posted: Posted) -> dict[str, Any]:
        return {
            "message_id": posted.message_id,
            "chat": self._chats[posted.chat],
            "date": self._date(),
            "text": posted.text,
        }


def _content(parameters: Mapping[str, Any], name: str, longest: int) -> str:
    raw = str(parameters.get(name, ""))
    text = shown_text(raw) if parameters.get("parse_mode") == "HTML" else raw.strip()
    if _units(text) > longest:
        raise Refused(400, f"Bad Request: message {'caption ' if name == 'caption' else ''}is too long")
    return text


def _keyboard(parameters: Mapping[str, Any]) -> list[list[dict[str, str]]]:
    rows: list[list[dict[str, str]]] = dict(parameters.get("reply_markup") or {}).get("inline_keyboard", [])
    if any(not 1 <= len(button["callback_data"].encode()) <= LONGEST_CALLBACK_DATA for row in rows for button in row):
        raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
    return rows


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
