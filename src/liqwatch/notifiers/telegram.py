"""Telegram, both ways, through a small client of our own: alerts with buttons, and people who press and ask.

Urgent messages do not go through Apprise: it knows no buttons, hides Telegram's `retry_after`, and cannot tell a
message that was refused from one that may have arrived.
"""

from __future__ import annotations

import asyncio

import structlog

from liqwatch.clock import SystemClock
from liqwatch.model import Delivery, DeliveryReport, Message
from liqwatch.notifiers._telegram.address import parse_address
from liqwatch.notifiers._telegram.api import BotApi, Fate, mapping
from liqwatch.notifiers._telegram.board import Board
from liqwatch.notifiers._telegram.buttons import Buttons
from liqwatch.notifiers._telegram.chat import ChatListener
from liqwatch.notifiers._telegram.courier import Courier
from liqwatch.notifiers._telegram.line import ChatLine
from liqwatch.notifiers._telegram.notebook import Notebook
from liqwatch.notifiers._telegram.outcome import is_final, judge
from liqwatch.notifiers._telegram.poll import Ear, Hearer, Poll
from liqwatch.notifiers._telegram.update import COMMANDS
from liqwatch.ports import ChannelOptions, Desk, NotifierAdapter

_log = structlog.get_logger(__name__)

GREETING_SECONDS = 3.0
"""How long a start waits for a Telegram that does not answer."""


class TelegramNotifier:
    """One chat of one bot. Nothing is sent or asked before `prepare`, `send` or `converse`."""

    def __init__(self, options: ChannelOptions) -> None:
        """Raises `NotificationError` for a URL that names no bot or not one chat."""
        address = parse_address(options.url)
        clock = options.clock or SystemClock()
        self.name = options.name
        self._timeout_seconds = options.timeout_seconds
        self._can_hear = bool(options.allowed_users)
        self._api = BotApi(address.token, options.api_url)
        notebook = Notebook(options.cache, clock)
        self._line = ChatLine(name=options.name, api=self._api, address=address, notebook=notebook, clock=clock)
        buttons = Buttons(notebook)
        self._board = Board(
            line=self._line, buttons=buttons, notebook=notebook, timeout_seconds=options.timeout_seconds
        )
        self._courier = Courier(
            line=self._line,
            board=self._board,
            buttons=buttons,
            timeout_seconds=options.timeout_seconds,
            can_hear=self._can_hear,
        )
        self._listener = ChatListener(
            line=self._line, board=self._board, buttons=buttons, clock=clock, allowed_users=options.allowed_users
        )
        self._ear = Ear.of_bot(f"{options.api_url}|{address.token}")
        self._poll = Poll(line=self._line, ear=self._ear, notebook=notebook, clock=clock, bot_id=address.bot_id)

    async def prepare(self) -> str | None:
        """Open the connection and ask who we are; a refused token is why nothing can ever be delivered."""
        await self._line.find()
        reply = await self._api.call("getMe", {}, deadline=self._deadline(min(GREETING_SECONDS, self._timeout_seconds)))
        self._listener.bot_name = str(mapping(reply.result).get("username") or self._listener.bot_name)
        return judge(reply).detail if is_final(reply) else None

    async def send(self, message: Message) -> DeliveryReport:
        """Try once, within `timeout_seconds` in all; the receipt is Telegram's number of the message."""
        try:
            return await self._courier.send(message)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not stop the delivery loop
            # Its text may hold the address. What has arrived is remembered: the next attempt goes on from there.
            _log.warning("channel_send_failed", channel=self.name, error=type(error).__name__)
            return DeliveryReport(Delivery.RETRY, f"Telegram: failed with {type(error).__name__}")

    async def converse(self, desk: Desk) -> None:
        """Hear the listed users for ever; ends at once where nobody is listed."""
        if not self._can_hear:
            _log.info("telegram_hears_nobody", channel=self.name, mend="list allowed_users to get buttons and commands")
            return
        await self._line.find()
        with self._ear.listening(Hearer(self._listener, desk)):
            async with self._ear.turn:
                await self._introduce()
                await self._poll.run(desk)

    async def refresh(self, alert_id: str, text: str) -> None:
        """An alert was answered elsewhere: show `text` under its last message here."""
        await self._line.find()
        await self._board.note(alert_id, text)

    async def close(self) -> None:
        """Drop the connections; whoever waits for an answer gets none."""
        await self._api.close()

    async def _introduce(self) -> None:
        """The list of commands that people see, and the name they may add to one."""
        if not self._listener.bot_name:
            await self.prepare()
        commands = [{"command": name, "description": text} for name, text in COMMANDS.items()]
        reply = await self._api.call(
            "setMyCommands", {"commands": commands}, deadline=self._deadline(self._timeout_seconds)
        )
        if reply.fate is not Fate.TAKEN:
            _log.info("telegram_commands_not_listed", channel=self.name, detail=reply.description)

    def _deadline(self, seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds


ADAPTER = NotifierAdapter(kind="telegram", open=TelegramNotifier)
