"""Whom people talk to, whatever channel they speak through: answers to alerts, silences, and questions.

What is decided here is written down and told as everything else is: through the recorder, in one transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from liqwatch.alerts.voice import Privacy, Voice
from liqwatch.clock import Clock
from liqwatch.engine import conditions
from liqwatch.engine.desk.answers import Answers, burning_ids, plain_id
from liqwatch.engine.desk.echo import Echo
from liqwatch.engine.desk.reply import Reply, fitted
from liqwatch.engine.desk.silences import LONGEST_FROM_CHAT, Outcome, Silences, SilenceWish
from liqwatch.engine.desk.stress import DEFAULT_SHARE, LARGEST_SHARE, stress_lines
from liqwatch.engine.desk.views import alert_lines, position_lines, silence_lines, status_lines
from liqwatch.engine.desk.wishes import minutes_of, pattern_of, share_of
from liqwatch.engine.record import Recorder
from liqwatch.engine.selfwatch import SelfWatch
from liqwatch.engine.watch import Watch
from liqwatch.errors import StoreError
from liqwatch.model import OutboxStatus, Severity
from liqwatch.ports import Answer, Conversation

HELP = """\
/status: everything on one screen
/positions: every position, the nearest to liquidation first
/alerts: what burns, and what is silenced
/ack ID: an alert is seen: no reminders until it gets worse
/silence 60 BTC: nothing about BTC for 60 minutes; also 2h; without a market: about everything
/silence end ID: end a silence
/stress 10: what is liquidated if every mark moves by 10%
/help: this list"""
SILENCE_USAGE = "Say for how long and about what: /silence 60 BTC, /silence 2h, or /silence end ID."
STRESS_USAGE = f"Say by how many percent, up to {LARGEST_SHARE * 100:.0f}: /stress 20."


class OutboxView(Protocol):
    """What the desk asks of the store."""

    async def outbox_status(self) -> OutboxStatus:
        """Counts and the age of the oldest undelivered message."""
        ...


PLAIN = Voice()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A command's arguments, who gave it, and how the chat wants to be spoken to."""

    arguments: Sequence[str]
    who: str
    voice: Voice = PLAIN


class Desk:
    """The desk of one daemon. `run` shows answers in the other conversations; all else works without it."""

    def __init__(
        self,
        *,
        watch: Watch,
        recorder: Recorder,
        selfwatch: SelfWatch,
        store: OutboxView,
        clock: Clock,
        conversations: Mapping[str, Conversation],
    ) -> None:
        """`conversations` by channel."""
        self.watch = watch
        self.silences = Silences(watch.alarms, watch.plan)
        self._answers = Answers(watch.alarms, watch.plan.margin_call_ratio, watch.plan.translate)
        self._recorder = recorder
        self._selfwatch = selfwatch
        self._store = store
        self._clock = clock
        self._echo = Echo(conversations.values())
        self._commands: Mapping[str, Callable[[Spoken], Awaitable[str]]] = {
            "status": self._status,
            "positions": self._positions,
            "alerts": self._alerts,
            "ack": self._ack,
            "silence": self._silence,
            "stress": self._stress,
            "help": self._help,
        }

    async def run(self) -> None:
        """Show answers under the messages of every conversation, for ever."""
        await self._echo.run()

    async def answer(self, alert_id: str, answer: Answer, *, who: str, minutes: int = 0, voice: Voice = PLAIN) -> str:
        """Acknowledge an alert, snooze it for `minutes`, or tell its details."""
        if answer is Answer.DETAILS:
            details = self.details(alert_id, voice)
            if details:
                return details
        return (await self.reply(alert_id, answer, who=who, minutes=minutes)).text

    async def reply(self, alert_id: str, answer: Answer, *, who: str, minutes: int = 0) -> Reply:
        """As `answer`, and whether it was a refusal."""
        reply, changes = self._answers.take(alert_id, answer, who=who, minutes=minutes, now=self._clock.now())
        await self._recorder.record(changes)
        if changes:
            self._echo.say(plain_id(alert_id), reply.text)
        return reply

    def details(self, alert_id: str, voice: Voice = PLAIN) -> str:
        """The figures of an alert that burns, in a voice; "" for any other."""
        record = self._answers.find(plain_id(alert_id))
        return self._answers.details(record, self._clock.now(), voice) if record and record.is_burning else ""

    async def begin_silence(self, wish: SilenceWish) -> Reply:
        """Silence what matches, for everybody, and tell everybody."""
        return await self._settle(self.silences.begin(wish, self._clock.now()))

    async def end_silence(self, silence_id: str, who: str) -> Reply:
        """End a silence, and tell everybody."""
        return await self._settle(self.silences.end(silence_id, who, self._clock.now()))

    async def command(self, name: str, arguments: Sequence[str], *, who: str, voice: Voice = PLAIN) -> str:
        """`status`, `positions`, `alerts`, `ack`, `silence`, `stress`, `help`; an unknown one is answered with help."""
        asked = self._commands.get(name.strip().removeprefix("/").lower(), self._help)
        return await asked(Spoken([each for each in arguments if each.strip()], who, voice))

    async def channel_trouble(self, channel: str, text: str) -> None:
        """Something is wrong with hearing people on this channel: told through the others. "" ends it."""
        subject = f"channel {channel}"
        finding = (
            conditions.trouble(conditions.CHAT_FAILING, subject, f"cannot be answered: {text}", Severity.WARNING)
            if text
            else conditions.no_trouble(conditions.CHAT_FAILING, subject, "can be answered again")
        )
        await self._recorder.record(self.watch.take_finding(finding))

    async def _settle(self, outcome: Outcome) -> Reply:
        reply, changes = outcome
        await self._recorder.record(changes)
        return reply

    async def _status(self, spoken: Spoken) -> str:
        now = self._clock.now()
        outbox = await self._outbox_status()
        pools, ages = self.watch.present_health(), list(self._selfwatch.ages())
        lines = status_lines(
            pools, self.watch.alarms, ages, outbox, self.silences.standing(now), now, is_private=_is_private(spoken)
        )
        return fitted(lines)

    async def _positions(self, spoken: Spoken) -> str:
        return fitted(position_lines(self.watch.present_health(), is_private=_is_private(spoken)))

    async def _alerts(self, _spoken: Spoken) -> str:
        now = self._clock.now()
        lines = alert_lines(self.watch.alarms, now)
        return fitted([*lines, *silence_lines(self.silences.standing(now), now)])

    async def _ack(self, spoken: Spoken) -> str:
        if not spoken.arguments:
            burning = burning_ids(self.watch.records.values())
            return f"Say which: /ack ID. Burning: {burning}." if burning else "No alert burns."
        return (await self.reply(spoken.arguments[0], Answer.ACK, who=spoken.who)).text

    async def _silence(self, spoken: Spoken) -> str:
        first, *rest = spoken.arguments or [""]
        if first.lower() == "end" and rest:
            return (await self.end_silence(rest[0], spoken.who)).text
        minutes = minutes_of(first)
        if minutes is None:
            return SILENCE_USAGE
        subject = pattern_of(" ".join(rest))
        wish = SilenceWish(who=spoken.who, minutes=minutes, subject=subject, longest=LONGEST_FROM_CHAT)
        return (await self.begin_silence(wish)).text

    async def _stress(self, spoken: Spoken) -> str:
        share = share_of(spoken.arguments[0]) if spoken.arguments else DEFAULT_SHARE
        if share is None or not 0 < share <= LARGEST_SHARE:
            return STRESS_USAGE
        return fitted(stress_lines(self.watch.present_health(), share))

    async def _help(self, _spoken: Spoken) -> str:
        return HELP

    async def _outbox_status(self) -> OutboxStatus | None:
        try:
            return await self._store.outbox_status()
        except StoreError:
            return None


def _is_private(spoken: Spoken) -> bool:
    return spoken.voice.privacy is Privacy.PERCENT
