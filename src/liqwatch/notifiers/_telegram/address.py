"""Which bot and which chat a `tgram://` URL means. Loads no client, so that a configuration is checked quickly."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from liqwatch.errors import NotificationError
from liqwatch.notifiers._url import refuse_unsafe, remember_secrets
from liqwatch.redaction import remember_secret

SCHEMA = "tgram"
_TOKEN = re.compile(r"(?:bot)?(\d{1,20}):([A-Za-z0-9_-]{6,128})", re.IGNORECASE)
_CHAT = re.compile(r"(-?\d{1,20}|@?[A-Za-z]\w{2,63})(?::(\d{1,20}))?", re.ASCII)
_MEND = "write it as tgram://<bot token>/<chat id>, with ?topic=<number> for one topic of a forum"
_YES = frozenset({"yes", "true", "1", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAddress:
    """One chat of one bot. `chat` is Telegram's number of it (groups are negative) or `@name`; `token` is a secret."""

    token: str = field(repr=False)
    chat: int | str
    topic: int | None = None
    is_silent: bool = False

    @property
    def bot_id(self) -> str:
        """The public half of the token."""
        return self.token.partition(":")[0]


def has_one_chat(url: str) -> bool:
    """Whether this is a `tgram://` URL with exactly one chat: what our own client serves, with buttons."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme.lower() == SCHEMA and len(_chats(parts.path)) == 1


def parse_address(url: str) -> ChatAddress:
    """The bot and the chat; their secrets are masked everywhere from now on. The URL is never quoted.

    `topic` (or `thread`, or `<chat>:<topic>`) and `silent=yes` are obeyed; what else Apprise knows is left alone.

    Raises:
        NotificationError: no token, no chat, or something that is neither.
    """
    refuse_unsafe(url)
    remember_secrets(url)
    parts = urlsplit(url)
    token = _TOKEN.fullmatch(unquote(parts.netloc))
    if token is None:
        raise NotificationError("the Telegram URL has no bot token", mend=_MEND)
    remember_secret(f"{token[1]}:{token[2]}")
    remember_secret(token[2])
    chats = _chats(parts.path)
    chat = _CHAT.fullmatch(chats[0]) if len(chats) == 1 else None
    if chat is None:
        raise NotificationError("the Telegram URL does not name one chat", mend=_MEND)
    query = {key.lower(): value for key, value in parse_qsl(parts.query)}
    return ChatAddress(
        token=f"{token[1]}:{token[2]}",
        chat=_chat(chat[1]),
        topic=_topic(chat[2] or query.get("topic") or query.get("thread")),
        is_silent=query.get("silent", "").lower() in _YES,
    )


def _chats(path: str) -> list[str]:
    return [piece for piece in unquote(path).split("/") if piece]


def _chat(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else f"@{text.removeprefix('@')}"


def _topic(text: str | None) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise NotificationError("the topic of a Telegram URL is a number", mend=_MEND)
    return int(text)
