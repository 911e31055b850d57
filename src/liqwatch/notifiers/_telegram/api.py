"""One call of the Telegram Bot API, within a total time limit, and what became of it.

What matters to an alert is whether a call that brought no answer may have been obeyed all the same: a request that
never left is UNREACHED, one that did is UNANSWERED. Foreign errors are told by their kind only, since their texts
hold the address, and the address holds the token.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import SimpleNamespace
from typing import Any

import aiohttp

from liqwatch.notifiers._telegram.text import plain
from liqwatch.redaction import redact

OFFICIAL_URL = "https://api.telegram.org"
LONGEST_ANSWER = 4 * 1024 * 1024
LONGEST_DESCRIPTION = 200
CONNECTIONS = 8
_SUCCESS = range(200, 300)
_TALKATIVE_LOGGERS = ("aiohttp", "aiohttp.client", "aiohttp.internal")


class Fate(Enum):
    """What became of a call."""

    TAKEN = "taken"
    REFUSED = "refused"
    """Telegram said no, and why."""
    UNREACHED = "unreached"
    """It was not obeyed: no connection, or somebody else answered."""
    UNANSWERED = "unanswered"
    """It was sent, and may have been obeyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to one call; `description` is redacted text for people. `is_own`: we did not even ask."""

    fate: Fate
    result: Any = None
    code: int = 0
    description: str = ""
    retry_after_seconds: float | None = None
    migrate_to_chat_id: int | None = None
    is_own: bool = False

    @property
    def is_taken(self) -> bool:
        """Whether Telegram did as asked."""
        return self.fate is Fate.TAKEN


class BotApi:
    """One bot. The session is opened by the first call; after `close` every call is UNREACHED."""

    def __init__(self, token: str, api_url: str = "") -> None:
        """`api_url` is another host of the Bot API. It is reached directly, never through the environment's proxy."""
        self._root = f"{(api_url or OFFICIAL_URL).rstrip('/')}/bot{token}"
        self._is_official = not api_url
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False

    async def call(
        self, method: str, parameters: Mapping[str, Any], *, deadline: float, picture: bytes | None = None
    ) -> Reply:
        """Call once. `deadline` is a time of the event loop; nothing of the call outlives it.

        With `picture` the parameters travel as a form, and the picture as their `photo`.
        """
        if self._is_closed:
            return Reply(fate=Fate.UNREACHED, description="the channel is closed")
        # The client itself tells through its tracing when a request has gone out.
        progress = SimpleNamespace(is_written=False)
        body = {"json": parameters} if picture is None else {"data": _form(parameters, picture)}
        try:
            async with asyncio.timeout_at(deadline):
                session = self._opened()
                async with session.post(
                    f"{self._root}/{method}", **body, allow_redirects=False, trace_request_ctx=progress
                ) as response:
                    return _read(response, await _bounded(response))
        except TimeoutError:
            return _lost(progress, "no answer in time")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _lost(progress, type(error).__name__)

    async def close(self) -> None:
        """Drop every connection, whoever waits for an answer on it."""
        self._is_closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            for name in _TALKATIVE_LOGGERS:
                logger = logging.getLogger(name)
                logger.setLevel(max(logging.INFO, logger.getEffectiveLevel()))
            tracing = aiohttp.TraceConfig()
            tracing.on_request_headers_sent.append(_note_written)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                trace_configs=[tracing],
                trust_env=self._is_official,
            )
        return self._session


def integer(value: object) -> int | None:
    """The value, where it is a whole number and not a truth value."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def mapping(value: object) -> Mapping[str, Any]:
    """The value, where it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


async def _note_written(_session: aiohttp.ClientSession, context: SimpleNamespace, _parameters: object) -> None:
    context.trace_request_ctx.is_written = True


def _form(parameters: Mapping[str, Any], picture: bytes) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in parameters.items():
        form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    form.add_field("photo", picture, filename="chart.png", content_type="image/png")
    return form


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """The whole body; ValueError beyond what Telegram could mean."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > LONGEST_ANSWER:
            raise ValueError("an answer without end")
    return bytes(body)


def _read(response: aiohttp.ClientResponse, body: bytes) -> Reply:
    """Telegram's own word counts, whatever the HTTP status beside it."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        # A proxy or a portal: with a success status it may have passed the request on.
        return Reply(
            fate=Fate.UNANSWERED if response.status in _SUCCESS else Fate.UNREACHED,
            description=f"HTTP {response.status}, and not Telegram's answer",
            retry_after_seconds=_seconds(response.headers.get("Retry-After")),
        )
    if answer["ok"]:
        return Reply(fate=Fate.TAKEN, result=answer.get("result"))
    parameters = mapping(answer.get("parameters"))
    return Reply(
        fate=Fate.REFUSED,
        code=integer(answer.get("error_code")) or response.status,
        description=plain(redact(str(answer.get("description") or "no reason given")))[:LONGEST_DESCRIPTION],
        retry_after_seconds=_seconds(parameters.get("retry_after") or response.headers.get("Retry-After")),
        migrate_to_chat_id=integer(parameters.get("migrate_to_chat_id")),
    )


def _lost(progress: SimpleNamespace, description: str) -> Reply:
    return Reply(fate=Fate.UNANSWERED if progress.is_written else Fate.UNREACHED, description=description)


def _seconds(value: object) -> float | None:
    try:
        seconds = float(value) if isinstance(value, (int, float, str)) else 0.0
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None
