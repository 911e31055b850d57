"""Ways in which Telegram fails its bots, to be scripted in a `TelegramServer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


class Manner(Enum):
    """How a faulty answer comes."""

    ANSWER = "answer"
    HANG = "hang"
    """The request is read and forgotten."""
    DRIP = "drip"
    """An answer that comes byte by byte and never ends."""
    SILENCE = "silence"
    """The request is obeyed and never answered."""
    CUT = "cut"
    """The request is obeyed and the connection broken."""
    DROP = "drop"
    """The connection is broken and nothing done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One spoilt answer; `body` None: Telegram's own form of a refusal."""

    manner: Manner = Manner.ANSWER
    status: int = 200
    code: int = 0
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


HANG, DRIP, SILENCE, CUT, DROP = (
    Fault(manner=manner) for manner in (Manner.HANG, Manner.DRIP, Manner.SILENCE, Manner.CUT, Manner.DROP)
)


def refusal(code: int, description: str, *, status: int | None = None, **parameters: object) -> Fault:
    """`ok: false` with that code; with the same HTTP status unless another is named."""
    return Fault(status=status or code, code=code, description=description, parameters=parameters)


def too_many(retry_after: int) -> Fault:
    """429, with the seconds to wait."""
    return refusal(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


BLOCKED = refusal(403, "Forbidden: bot was blocked by the user")
CHAT_NOT_FOUND = refusal(400, "Bad Request: chat not found")
CONFLICT = refusal(409, OTHER_POLLER)
BAD_HTML = refusal(400, 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0')
UNAUTHORIZED = refusal(401, "Unauthorized")


class Refused(Exception):
    """A request that Telegram would refuse."""

    def __init__(self, code: int, description: str, **parameters: object) -> None:
        """As it is told in the answer."""
        super().__init__(description)
        self.fault = Fault(status=code, code=code, description=description, parameters=parameters)
