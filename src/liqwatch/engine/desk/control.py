"""What the control socket answers about alerts, silences, the history and the outbox. All arguments are texts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias

from liqwatch.clock import Clock
from liqwatch.engine.desk import Desk
from liqwatch.engine.desk.answers import burning_ids, plain_id
from liqwatch.engine.desk.reply import Reply
from liqwatch.engine.desk.report import SCHEMA, alert_object, event_object, outbox_object, silence_object
from liqwatch.engine.desk.silences import SilenceWish, standing
from liqwatch.errors import RequestRefused
from liqwatch.model import AlertRecord, Silence
from liqwatch.ports import Answer, Archive

Command: TypeAlias = Callable[..., Awaitable[dict[str, Any]]]

USUAL_LINES = 1_000
MOST_LINES = 10_000
"""More would keep the loop from its alerts; `liqwatch alerts export` reads the file instead."""
OUTBOX_STATUSES = ("pending", "sent", "dead", "expired", "superseded", "discarded")


class Waker(Protocol):
    """What is needed of the dispatcher."""

    def wake(self, channels: Sequence[str]) -> None:
        """There is something new in the outbox for these channels."""
        ...


def control_commands(desk: Desk, archive: Archive, waker: Waker, clock: Clock) -> dict[str, Command]:
    """Every command of a running daemon, by name."""
    lookup = Lookup(archive, _Present(desk), clock)
    changes = _Changes(desk, archive, waker, clock)
    return {
        **lookup.commands(),
        "answer": changes.answer,
        "silence": changes.silence,
        "unsilence": changes.unsilence,
        "outbox_retry": changes.outbox_retry,
        "outbox_discard": changes.outbox_discard,
    }


class Source(Protocol):
    """Where alerts and silences are known: the running watch, or what was last written down."""

    async def records(self) -> Sequence[AlertRecord]:
        """Every alert there has been."""
        ...

    async def silences(self) -> Sequence[Silence]:
        """Silences that have begun."""
        ...

    def alert(self, record: AlertRecord, silences: Sequence[Silence], now: datetime) -> dict[str, Any]:
        """One alert as plain values."""
        ...

    def details(self, alert_id: str) -> str:
        """The figures of a burning alert; "" where nobody looks at them."""
        ...


class Lookup:
    """Questions that change nothing: `alerts`, `alert`, `history`, `outbox`."""

    def __init__(self, archive: Archive, source: Source, clock: Clock) -> None:
        self._archive = archive
        self._source = source
        self._clock = clock

    def commands(self) -> dict[str, Command]:
        """The questions by name."""
        return {"alerts": self.alerts, "alert": self.alert, "history": self.history, "outbox": self.outbox}

    async def alerts(self) -> dict[str, Any]:
        """Every burning alert, told or held back, the worst first; every silence in force."""
        now = self._clock.now()
        silences = standing(await self._source.silences(), now)
        burning = [record for record in await self._source.records() if record.is_burning]
        burning.sort(key=lambda record: (-(record.severity or 0), str(record.key)))
        return {
            "schema": SCHEMA,
            "alerts": [self._source.alert(record, silences, now) for record in burning],
            "silences": [silence_object(silence) for silence in silences],
        }

    async def alert(self, id: str) -> dict[str, Any]:  # noqa: A002  # the argument's name on the wire
        """One alert, its figures, and its lines of the history. One that is over has its lines only."""
        now, alert_id = self._clock.now(), plain_id(id)
        records = await self._source.records()
        record = next((each for each in records if each.alert_id == alert_id), None)
        events = await self._archive.events(alert_id=alert_id, limit=USUAL_LINES) if alert_id else []
        if record is None and not events:
            raise _no_alert(alert_id, records)
        silences = standing(await self._source.silences(), now)
        return {
            "schema": SCHEMA,
            "alert": self._source.alert(record, silences, now) if record else None,
            "details": self._source.details(alert_id),
            "events": [event_object(event) for event in events],
        }

    async def history(self, since: str, alert: str, limit: str) -> dict[str, Any]:
        """The newest lines, oldest first. `since`: ISO 8601 with its offset; empty arguments leave it open."""
        events = await self._archive.events(
            since=_moment(since),
            alert_id=plain_id(alert),
            limit=_whole_number(limit, "limit", 1, MOST_LINES) if limit else USUAL_LINES,
        )
        return {"schema": SCHEMA, "events": [event_object(event) for event in events]}

    async def outbox(self, status: str) -> dict[str, Any]:
        """Messages by channel, the newest first; of one status, where one is named."""
        if status and status not in OUTBOX_STATUSES:
            raise RequestRefused(f"no status {status!r}", mend=f"known: {', '.join(OUTBOX_STATUSES)}")
        entries = await self._archive.outbox(status=status, limit=USUAL_LINES)
        return {"schema": SCHEMA, "messages": [outbox_object(entry) for entry in entries]}


class WrittenDown:
    """Alerts and silences as they were last committed, with nobody looking at anything."""

    def __init__(self, load: Callable[[], Awaitable[Sequence[AlertRecord]]], archive: Archive) -> None:
        """`load` is the store's."""
        self._load = load
        self._archive = archive

    async def records(self) -> Sequence[AlertRecord]:
        """Every alert there has been."""
        return await self._load()

    async def silences(self) -> Sequence[Silence]:
        """Silences that have begun."""
        return await self._archive.silences()

    def alert(self, record: AlertRecord, silences: Sequence[Silence], now: datetime) -> dict[str, Any]:
        """One alert as plain values."""
        return alert_object(record, silences, now)

    def details(self, _alert_id: str) -> str:
        """Nobody looks."""
        return ""


class _Present:
    """Alerts and silences of the running watch."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def records(self) -> Sequence[AlertRecord]:
        return list(self._desk.watch.records.values())

    async def silences(self) -> Sequence[Silence]:
        return list(self._desk.watch.alarms.silences.values())

    def alert(self, record: AlertRecord, silences: Sequence[Silence], now: datetime) -> dict[str, Any]:
        return alert_object(record, silences, now, self._desk.watch.alarms.latest(record.key))

    def details(self, alert_id: str) -> str:
        return self._desk.details(alert_id)


class _Changes:
    """What people change through the socket. A refusal is an error there, so that commands can end with one."""

    def __init__(self, desk: Desk, archive: Archive, waker: Waker, clock: Clock) -> None:
        self._desk = desk
        self._archive = archive
        self._waker = waker
        self._clock = clock

    async def answer(self, id: str, answer: str, minutes: str, who: str) -> dict[str, Any]:  # noqa: A002  # as on the wire
        known: Mapping[str, Answer] = {each.value: each for each in Answer}
        if answer not in known:
            raise RequestRefused(f"no answer {answer!r}", mend=f"known: {', '.join(known)}")
        reply = await self._desk.reply(id, known[answer], who=who, minutes=_minutes(minutes) if minutes else 0)
        return _done(reply)

    async def silence(
        self, account: str, rule: str, subject: str, minutes: str, who: str, comment: str
    ) -> dict[str, Any]:
        wish = SilenceWish(
            account=account, rule=rule, subject=subject, minutes=_minutes(minutes), who=who, comment=comment
        )
        return _done(await self._desk.begin_silence(wish))

    async def unsilence(self, id: str, who: str) -> dict[str, Any]:  # noqa: A002  # as on the wire
        return _done(await self._desk.end_silence(id, who))

    async def outbox_retry(self, row: str) -> dict[str, Any]:
        if not await self._archive.retry(_row(row)):
            raise _no_message(row, "or it has been sent")
        self._waker.wake(self._desk.watch.plan.routing.channels)
        return _done(Reply(f"Message {row} is tried again now."))

    async def outbox_discard(self, row: str) -> dict[str, Any]:
        if not await self._archive.discard(_row(row), self._clock.now()):
            raise _no_message(row, "or it neither waits nor is undeliverable")
        return _done(Reply(f"Message {row} is given up."))


def _done(reply: Reply) -> dict[str, Any]:
    if not reply.is_done:
        raise RequestRefused(reply.text)
    return {"schema": SCHEMA, "text": reply.text}


def _no_alert(alert_id: str, records: Iterable[AlertRecord]) -> RequestRefused:
    burning = burning_ids(records)
    return RequestRefused(f"no alert {alert_id!r}", mend=f"burning: {burning}" if burning else "no alert burns")


def _no_message(row: str, otherwise: str) -> RequestRefused:
    return RequestRefused(f"no such message: {row}, {otherwise}", mend="liqwatch outbox list")


def _row(text: str) -> int:
    return _whole_number(text, "row", 1, 2**63 - 1)


def _minutes(text: str) -> int:
    return _whole_number(text, "minutes", 1, round(timedelta(days=366).total_seconds() / 60))


def _whole_number(text: str, name: str, least: int, most: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise RequestRefused(f"{name}: {text!r} is no whole number from {least} to {most}")
    return number


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise RequestRefused(f"since: {text!r} is no moment", mend="as in 2026-11-20T12:00:00+00:00")
    return moment
