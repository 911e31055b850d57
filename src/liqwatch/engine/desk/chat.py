"""The desk as one chat sees it: in that chat's voice, so that a group is not shown on request what it may not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liqwatch.alerts.voice import Voice
from liqwatch.engine.desk.front import Desk
from liqwatch.ports import Answer


@dataclass(frozen=True, slots=True)
class ChatDesk:
    """The port `Desk` for one channel."""

    desk: Desk
    voice: Voice

    async def answer(self, alert_id: str, answer: Answer, *, who: str, minutes: int = 0) -> str:
        """Acknowledge an alert, snooze it for `minutes`, or tell its details."""
        return await self.desk.answer(alert_id, answer, who=who, minutes=minutes, voice=self.voice)

    async def command(self, name: str, arguments: Sequence[str], *, who: str) -> str:
        """One of the commands that `/help` lists."""
        return await self.desk.command(name, arguments, who=who, voice=self.voice)

    async def channel_trouble(self, channel: str, text: str) -> None:
        """Something is wrong with hearing people on this channel."""
        await self.desk.channel_trouble(channel, text)
