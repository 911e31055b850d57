"""Ways to people, and people's ways back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable

from liqwatch.clock import Clock
from liqwatch.model import DeliveryReport, Message
from liqwatch.ports.storage import Cache


class Notifier(Protocol):
    """One channel to one person or place."""

    name: str

    async def prepare(self) -> str | None:
        """Load what the first message would otherwise wait for; why this channel can never deliver, if so."""
        ...

    async def send(self, message: Message) -> DeliveryReport:
        """Try once, within the channel's own time limit. Never raises for a refusal."""
        ...

    async def close(self) -> None:
        """Give back threads and sessions without waiting for a hanging peer."""
        ...


class Answer(Enum):
    """What a person may say to an alert."""

    ACK = "ack"
    SNOOZE = "snooze"
    DETAILS = "details"


class Desk(Protocol):
    """Whom people in a chat talk to. Every method answers with a text for that chat, refusals included."""

    async def answer(self, alert_id: str, answer: Answer, *, who: str, minutes: int = 0) -> str:
        """Acknowledge an alert, snooze it for `minutes`, or tell its details."""
        ...

    async def command(self, name: str, arguments: Sequence[str], *, who: str) -> str:
        """`status`, `positions`, `alerts`, `ack`, `silence`, `stress`, `help`; an unknown one is answered with help."""
        ...

    async def channel_trouble(self, channel: str, text: str) -> None:
        """Something is wrong with talking to this channel: told through the others. "" means that all is well again."""
        ...


@runtime_checkable
class Conversation(Protocol):
    """A notifier that people can answer (a chat with buttons and commands)."""

    name: str

    async def converse(self, desk: Desk) -> None:
        """Hear people for ever; reconnects by itself."""
        ...

    async def refresh(self, alert_id: str, text: str) -> None:
        """An alert was answered elsewhere: show `text` under its last message here."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOptions:
    """One `[channels.<name>]` table. `url` is a secret."""

    name: str
    url: str = field(default="", repr=False)
    timeout_seconds: float = 10.0
    allowed_users: frozenset[int] = frozenset()
    """Who may press buttons and give commands in a chat; nobody named: nobody may."""
    api_url: str = ""
    """Another host of the service's API (a local Bot API server)."""
    cache: Cache | None = None
    clock: Clock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierAdapter:
    """The one constant `ADAPTER` that a notifier file exports."""

    kind: str
    open: Callable[[ChannelOptions], Notifier]
