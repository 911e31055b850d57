"""People answer an alert: seen, not now, or tell me more. What they may not do is answered with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from liqwatch.alerts.answers import acknowledged, longest_snooze, snoozed
from liqwatch.alerts.figures import duration_text, time_text
from liqwatch.alerts.safe import safe
from liqwatch.alerts.voice import ENGLISH, Style, Translate, Voice
from liqwatch.alerts.wording import compose
from liqwatch.engine.alarms import Alarms
from liqwatch.engine.desk.reply import Reply, listed, name_of, pause_of, refused
from liqwatch.model import AlertChange, AlertRecord, EventKind, HistoryEvent, NotifyReason, Severity
from liqwatch.ports import Answer

PLAIN = Voice()


class Answers:
    """Answers to the alerts of one watch. Synchronous: the changes returned are still to be recorded."""

    def __init__(
        self,
        alarms: Alarms,
        margin_call_ratio: float,
        translate: Callable[[str], Translate] = lambda _language: ENGLISH,
    ) -> None:
        """`margin_call_ratio` is the level that details measure money to, `translate` gives a language's words."""
        self._alarms = alarms
        self._margin_call_ratio = margin_call_ratio
        self._translate = translate

    def take(
        self, alert_id: str, answer: Answer, *, who: str, minutes: int, now: datetime
    ) -> tuple[Reply, list[AlertChange]]:
        """What a person says to one alert: the reply, and what is to be written down."""
        alert_id = plain_id(alert_id)
        record = self.find(alert_id)
        why_not = self._why_not(alert_id, record, answer, minutes, now)
        if record is None or why_not:
            return refused(why_not), []
        if answer is Answer.DETAILS:
            return Reply(self.details(record, now)), []
        return self._answered(record, answer, name_of(who), pause_of(minutes), now)

    def find(self, alert_id: str) -> AlertRecord | None:
        """The alert of that id: burning, or the latest of its kind, over as it is."""
        return next((each for each in self._alarms.records.values() if each.alert_id == alert_id), None)

    def details(self, record: AlertRecord, now: datetime, voice: Voice = PLAIN) -> str:
        """The figures of the last look, line by line, in a voice, and who has answered."""
        finding = self._alarms.latest(record.key)
        lines = [answer_text(record, now)]
        if finding is None:
            # After a restart: the alert is remembered, what it was about has not been looked at again.
            return "\n".join([f"{name_of_alert(record)}: not looked at since the start.", *filter(None, lines)])
        words = compose(
            finding,
            record,
            NotifyReason.FIRST,
            now,
            margin_call_ratio=self._margin_call_ratio,
            before=record,
            voice=replace(voice, style=Style.PLAIN),
            translate=self._translate(voice.language),
        )
        return "\n".join([words.title, *filter(None, lines), words.body])

    def _why_not(self, alert_id: str, record: AlertRecord | None, answer: Answer, minutes: int, now: datetime) -> str:
        """Why this cannot be answered so; "" where it can."""
        if record is None:
            burning = burning_ids(self._alarms.records.values())
            known = f" Burning: {burning}." if burning else " No alert burns."
            return f"No alert {safe(alert_id, 20) or 'without an id'} burns: it is over, or the id is not right.{known}"
        if not record.is_burning:
            since = f" since {time_text(record.ended_at, now)}" if record.ended_at else ""
            return f"{name_of_alert(record)} is over{since}."
        return "" if answer is Answer.DETAILS else _why_pointless(record, answer, minutes, now)

    def _answered(
        self, record: AlertRecord, answer: Answer, who: str, pause: timedelta, now: datetime
    ) -> tuple[Reply, list[AlertChange]]:
        if answer is Answer.ACK:
            after = acknowledged(record, who, now)
            text = f"{_said(after, now)} No reminders and no escalation until it gets worse."
        else:
            after = snoozed(record, who, now, pause)
            text = f"{_said(after, now)} It is told sooner if it gets worse.{_why_shorter(record, pause)}"
        self._alarms.replace_record(after, now)
        return Reply(text), [AlertChange(after, events=(_line(after, answer, now),))]


def _why_pointless(record: AlertRecord, answer: Answer, minutes: int, now: datetime) -> str:
    if record.told is None:
        return f"{name_of_alert(record)} is held back and has not been told yet: there is nothing to answer."
    if answer is Answer.ACK and record.is_acked:
        return f"{name_of_alert(record)}: {answer_text(record, now)}"
    if answer is Answer.SNOOZE and minutes < 1:
        return "For how long? A snooze lasts a minute at least."
    return ""


def plain_id(text: str) -> str:
    """An id as people type it."""
    return text.strip().lstrip("#").lower()


def name_of_alert(record: AlertRecord) -> str:
    """Level, subject and id of an alert."""
    severity = record.severity or record.peak
    return f"{severity.word if severity else 'alert'} {safe(record.key.subject)} ({record.alert_id})"


def answer_text(record: AlertRecord, now: datetime) -> str:
    """Who has answered, how and when; "" where nobody has."""
    if record.answered_at is None:
        return ""
    when = f"by {name_of(record.answered_by)} at {time_text(record.answered_at, now)}"
    if record.snoozed_until is None:
        return f"Acknowledged {when}."
    return f"Snoozed {when} until {time_text(record.snoozed_until, now)}."


def burning_ids(records: Iterable[AlertRecord]) -> str:
    """The ids of what burns and was told, the worst first."""
    burning = [record for record in records if record.is_burning and record.told]
    return listed([record.alert_id for record in sorted(burning, key=lambda each: -(each.severity or 0))])


def _said(record: AlertRecord, now: datetime) -> str:
    return f"{answer_text(record, now).removesuffix('.')}: {name_of_alert(record)}."


def _why_shorter(record: AlertRecord, asked: timedelta) -> str:
    longest = longest_snooze(record.severity)
    if asked <= longest:
        return ""
    which = "A critical alert" if (record.severity or 0) >= Severity.CRITICAL else "An alert"
    return f" {which} is snoozed for {duration_text(longest)} at most."


def _line(record: AlertRecord, answer: Answer, now: datetime) -> HistoryEvent:
    return HistoryEvent(
        kind=EventKind.ANSWER,
        at=now,
        alert_id=record.alert_id,
        alert_key=str(record.key),
        account=record.key.account,
        severity=record.severity,
        word=answer.value,
        who=record.answered_by,
        reading=record.reading,
        text=f"until {record.snoozed_until.isoformat()}" if record.snoozed_until else "",
    )
