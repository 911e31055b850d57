"""Silences: begun and ended by people, announced to everybody, dropped when their time is over."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from liqwatch.alerts.answers import LONGEST_CRITICAL, LONGEST_SILENCE, covers
from liqwatch.alerts.figures import duration_text, time_text
from liqwatch.alerts.safe import safe
from liqwatch.alerts.voice import Translate, Voice
from liqwatch.alerts.wording import Words
from liqwatch.alerts.wording.announcements import silence_began, silence_ended
from liqwatch.engine.alarms import Alarms
from liqwatch.engine.composer import Announcement
from liqwatch.engine.desk.reply import LONGEST_NAME, Reply, listed, name_of, pause_of, refused
from liqwatch.engine.plan import WatchPlan
from liqwatch.model import AlertChange, EventKind, HistoryEvent, Notification, Silence

LONGEST_FROM_CHAT = timedelta(hours=4)
LONGEST_COMMENT = 200
MOST_SILENCES = 100
"""Every look at anything goes through all of them."""

Outcome = tuple[Reply, list[AlertChange]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceWish:
    """What a person wants quiet, and for how long. Matchers are shell patterns; empty ones match everything."""

    who: str
    minutes: int
    account: str = ""
    rule: str = ""
    subject: str = ""
    comment: str = ""
    longest: timedelta = LONGEST_SILENCE


class Silences:
    """The silences of one watch. Synchronous: the changes returned are still to be recorded."""

    def __init__(self, alarms: Alarms, plan: WatchPlan) -> None:
        self._alarms = alarms
        self._plan = plan

    def standing(self, now: datetime) -> list[Silence]:
        """The silences in force, the first to end first."""
        return standing(self._alarms.silences.values(), now)

    def begin(self, wish: SilenceWish, now: datetime) -> Outcome:
        """Silence what matches, for as long as is allowed, and announce it."""
        changes = self.expire(now)
        if wish.minutes < 1:
            return refused("For how long? A silence lasts a minute at least."), changes
        if len(self._alarms.silences) >= MOST_SILENCES:
            return refused(f"There are {MOST_SILENCES} silences already: end some first."), changes
        silence = _silence(wish, now)
        self._alarms.silences[silence.silence_id] = silence
        changes.append(
            AlertChange(
                None, self._announced(silence, now), events=(_line(silence, "began", silence.by, now),), silence=silence
            )
        )
        return Reply(self._began_text(silence, wish, now)), changes

    def end(self, silence_id: str, who: str, now: datetime) -> Outcome:
        """End a silence before its time, and announce that. What still burns is told within seconds."""
        changes = self.expire(now)
        silence = self._alarms.silences.pop(silence_id.strip().lower(), None)
        if silence is None:
            known = listed([each.silence_id for each in self.standing(now)])
            text = f"No silence {safe(silence_id, 20)} is in force."
            return refused(f"{text} In force: {known}." if known else f"{text} Nothing is silenced."), changes
        by = name_of(who)
        changes.append(
            AlertChange(
                None,
                self._announced(silence, now, ended_by=by),
                events=(_line(silence, "ended", by, now),),
                ended_silence=silence.silence_id,
            )
        )
        text = f"Silence {silence.silence_id} ended by {by} at {time_text(now, now)}: {matchers_text(silence)}."
        return Reply(f"{text} What still burns is told now."), changes

    def expire(self, now: datetime) -> list[AlertChange]:
        """Drop the silences whose time is over."""
        over = [silence for silence in self._alarms.silences.values() if silence.until <= now]
        for silence in over:
            del self._alarms.silences[silence.silence_id]
        return [
            AlertChange(None, events=(_line(silence, "expired", "", silence.until),), ended_silence=silence.silence_id)
            for silence in over
        ]

    def _announced(self, silence: Silence, now: datetime, ended_by: str | None = None) -> tuple[Notification, ...]:
        """A pattern of accounts concerns everybody."""

        def words(voice: Voice, translate: Translate) -> Words:
            if ended_by is None:
                return silence_began(silence, now, voice=voice, translate=translate)
            return silence_ended(silence, now, voice=voice, translate=translate, by=ended_by)

        name = f"silence {silence.silence_id} {'began' if ended_by is None else 'ended'}"
        account = silence.account if silence.account in self._plan.accounts else ""
        return self._alarms.composer.announce(Announcement(name=name, words=words, account=account), now)

    def _began_text(self, silence: Silence, wish: SilenceWish, now: datetime) -> str:
        burning = list(self._alarms.burning())
        covered = sum(covers(silence, record.key, now) for record in burning)
        until, place = time_text(silence.until, now), "from a chat " if wish.longest < LONGEST_SILENCE else ""
        is_cut = pause_of(wish.minutes) > wish.longest
        parts = [
            f"Silenced by {silence.by} until {until}: {matchers_text(silence)} ({silence.silence_id}).",
            f"It covers {covered} of {len(burning)} burning alerts." if burning else "",
            f"A silence {place}lasts {duration_text(wish.longest)} at most." if is_cut else "",
            "Critical alerts and worse are held back for an hour at most.",
            "Everybody is told of it.",
        ]
        return " ".join(part for part in parts if part)


def standing(silences: Iterable[Silence], now: datetime) -> list[Silence]:
    """Those of the silences that are in force, the first to end first."""
    return sorted((each for each in silences if each.until > now), key=lambda each: (each.until, each.silence_id))


def matchers_text(silence: Silence) -> str:
    """What a silence is about."""
    named = (("account", silence.account), ("rule", silence.rule), ("subject", silence.subject))
    return ", ".join(f"{name} {safe(pattern, LONGEST_NAME)}" for name, pattern in named if pattern) or "every alert"


def silence_text(silence: Silence, now: datetime) -> str:
    """One line about a silence in force."""
    until, critical_until = time_text(silence.until, now), silence.began_at + LONGEST_CRITICAL
    worse = f", critical until {time_text(critical_until, now)}" if now < critical_until < silence.until else ""
    comment = f": {safe(silence.comment, LONGEST_COMMENT)}" if silence.comment else ""
    return f"{silence.silence_id}: {matchers_text(silence)} until {until}{worse}, by {silence.by}{comment}"


def _silence(wish: SilenceWish, now: datetime) -> Silence:
    by = name_of(wish.who)
    account, rule, subject = (safe(each) for each in (wish.account, wish.rule, wish.subject))
    # The same wish at the same moment is the same silence, however often it is heard.
    named = f"{now.isoformat()}|{by}|{account}|{rule}|{subject}"
    return Silence(
        silence_id=f"s{hashlib.sha256(named.encode()).hexdigest()[:6]}",
        began_at=now,
        until=now + min(pause_of(wish.minutes), wish.longest),
        by=by,
        account=account,
        rule=rule,
        subject=subject,
        comment=safe(wish.comment, LONGEST_COMMENT),
    )


def _line(silence: Silence, word: str, who: str, at: datetime) -> HistoryEvent:
    comment = f": {silence.comment}" if silence.comment else ""
    return HistoryEvent(
        kind=EventKind.SILENCE,
        at=at,
        account=silence.account,
        word=word,
        who=who,
        text=f"{silence.silence_id}, {matchers_text(silence)}, until {silence.until.isoformat()}{comment}",
    )
