"""Buttons under an alert. What a button means stands in our own notes, never in the button.

A button carries a random 64-bit id. It is bound to the message it stands under, means nothing under another, is spent
by its use where it changes something, and expires.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from liqwatch.notifiers._telegram.notebook import Notebook
from liqwatch.ports import Answer

LIFE = timedelta(hours=48)
PREFIX = "callback:"
ID_BYTES = 8
_ID = re.compile(r"[0-9a-f]{16}")


class Action(Enum):
    """One button: its label, the answer it gives and the minutes of a snooze."""

    ACK = ("Ack", Answer.ACK, 0)
    DETAILS = ("Details", Answer.DETAILS, 0)
    SNOOZE_1H = ("Snooze 1 h", Answer.SNOOZE, 60)
    SNOOZE_4H = ("Snooze 4 h", Answer.SNOOZE, 240)

    def __init__(self, label: str, answer: Answer, minutes: int) -> None:
        self.label = label
        self.answer = answer
        self.minutes = minutes


ROWS = ((Action.ACK, Action.DETAILS), (Action.SNOOZE_1H, Action.SNOOZE_4H))
Keys = Mapping[str, str]
"""Callback ids by the name of their action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button that was rightly pressed."""

    alert_id: str
    action: Action


def markup(keys: Keys) -> dict[str, Any]:
    """The keyboard as Telegram takes it; without keys, the one that removes what is there."""
    rows = [
        [{"text": action.label, "callback_data": keys[action.name]} for action in row if action.name in keys]
        for row in ROWS
    ]
    return {"inline_keyboard": [row for row in rows if row]}


def left_after(action: Action, keys: Keys) -> dict[str, str]:
    """The buttons that still make sense: after an acknowledgement only the details.

    After a snooze all others stay: it may have been refused as too long, and a sleeper may wake and acknowledge.
    """
    if action is Action.ACK:
        return {name: key for name, key in keys.items() if name == Action.DETAILS.name}
    return {name: key for name, key in keys.items() if name != action.name or action is Action.DETAILS}


class Buttons:
    """Makes buttons and knows what they mean."""

    def __init__(self, notebook: Notebook) -> None:
        """The notebook is where meanings are kept."""
        self._notebook = notebook

    def issue(self, alert_id: str) -> dict[str, str]:
        """A new set of buttons for an alert; good from the moment it is sent, even if no answer to that comes."""
        keys = {action.name: secrets.token_hex(ID_BYTES) for action in Action}
        for name, key in keys.items():
            self._notebook.jot(f"{PREFIX}{key}", {"alert_id": alert_id, "action": name})
        return keys

    async def keep(self, keys: Keys, alert_id: str, chat: int | None = None, message_id: int | None = None) -> None:
        """Keep them over a restart; bound to their message, where it is known."""
        for name, key in keys.items():
            page = {"alert_id": alert_id, "action": name, "chat": chat, "message_id": message_id}
            await self._notebook.write(f"{PREFIX}{key}", page)

    async def claim(self, key: str, chat: int, message_id: int) -> Press | None:
        """What a press means; None for an id that is unknown, spent, expired or stands elsewhere."""
        if not _ID.fullmatch(key):
            return None
        name = f"{PREFIX}{key}"
        page = await self._notebook.read(name, younger_than=LIFE)
        if page is None or page.get("action") not in Action.__members__:
            return None
        if page.get("message_id") is None:
            # The answer to its message was lost: the first press tells where it stands.
            await self._notebook.write(name, {**page, "chat": chat, "message_id": message_id})
        elif (page.get("chat"), page["message_id"]) != (chat, message_id):
            return None
        return Press(alert_id=str(page.get("alert_id", "")), action=Action[page["action"]])

    async def spend(self, keys: Iterable[str]) -> None:
        """These mean nothing from now on."""
        for key in keys:
            await self._notebook.tear_out(f"{PREFIX}{key}")
