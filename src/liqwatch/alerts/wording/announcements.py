"""What is told though it is no alert: silences, answers, the digest of a day or a week, the self-test, a gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from liqwatch.alerts.figures import duration_text, time_text
from liqwatch.alerts.lifting import translated
from liqwatch.alerts.safe import safe
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.voice import Translate, Voice
from liqwatch.alerts.wording.occasion import NO_STOP, Words, severity_word, subject_text, tells_only_shares
from liqwatch.alerts.wording.pool import distance_line, nearest
from liqwatch.alerts.wording.sentences import NAMES
from liqwatch.margin.health import PositionHealth
from liqwatch.model import AlertRecord, Severity, Silence

LONGEST_NAME = 60
BURNING_SHOWN = 10
LONGEST_SHORT_BODY = 180


def silence_began(silence: Silence, now: datetime, *, voice: Voice, translate: Translate) -> Words:
    """Who silenced what, until when, and what is told all the same."""
    speaker = Speaker(voice, translate)
    title = speaker.say(
        "Silence until {time}: {what}", time=time_text(silence.until, now), what=_what(silence, speaker)
    )
    lines = [
        speaker.say(
            "Begun by {who} for {duration}.",
            who=_name(silence.by, speaker),
            duration=duration_text(silence.until - silence.began_at, speaker),
        ),
        safe(silence.comment),
        speaker.say("Critical alerts are told again after an hour at the latest."),
    ]
    return _words(title, lines, speaker)


def silence_ended(silence: Silence, now: datetime, *, voice: Voice, translate: Translate, by: str = "") -> Words:
    """That alerts are told again; `by` names who ended it before its time."""
    speaker = Speaker(voice, translate)
    title = speaker.say("Silence over: {what}", what=_what(silence, speaker))
    begun = speaker.say(
        "Begun by {who} at {time}.", who=_name(silence.by, speaker), time=time_text(silence.began_at, now)
    )
    ended = speaker.say("Ended early by {who}.", who=_name(by, speaker)) if by else ""
    return _words(title, [begun, ended, speaker.say("What still burns is told now.")], speaker)


def acknowledged(record: AlertRecord, now: datetime, *, voice: Voice, translate: Translate) -> Words:
    """Who has seen an alert; the record is the one after the answer."""
    speaker = Speaker(voice, translate)
    title = speaker.say(
        "Acknowledged by {who}: {alert}", who=_name(record.answered_by, speaker), alert=_alert(record, speaker)
    )
    rest = speaker.say("No reminders and no escalation until it gets worse.")
    return _words(title, [rest, _stamp(record, now)], speaker)


def snoozed(record: AlertRecord, now: datetime, *, voice: Voice, translate: Translate) -> Words:
    """Who has put an alert off, and until when; the record is the one after the answer."""
    speaker = Speaker(voice, translate)
    title = speaker.say(
        "Snoozed until {time} by {who}: {alert}",
        time=time_text(record.snoozed_until or now, now),
        who=_name(record.answered_by, speaker),
        alert=_alert(record, speaker),
    )
    rest = speaker.say("It is told sooner if it gets worse.")
    return _words(title, [rest, _stamp(record, now)], speaker)


def self_test(channel: str, now: datetime, *, voice: Voice, translate: Translate) -> Words:
    """That this channel works, and that nothing has to be done."""
    speaker = Speaker(voice, translate)
    title = speaker.say("Self-test: alerts reach {channel}", channel=safe(channel, LONGEST_NAME))
    return _words(title, [speaker.say("Nothing has to be done."), time_text(now)], speaker)


def was_blind(since: datetime, now: datetime, changes: Sequence[str], *, voice: Voice, translate: Translate) -> Words:
    """How long nothing was watched, and what changed meanwhile (finished lines)."""
    speaker = Speaker(voice, translate)
    title = speaker.say("Nothing was watched for {duration}", duration=duration_text(now - since, speaker))
    span = speaker.say("From {start} to {end}.", start=time_text(since, now), end=time_text(now, now))
    lines = [safe(change) for change in changes]
    told = [translated(line, speaker) for line in lines if not speaker.is_private or tells_only_shares(line)]
    changed = [speaker.say("This is what changed:"), *told] if told else []
    quiet = [] if changes else [speaker.say("Nothing that matters has changed.")]
    return _words(title, [span, *changed, *quiet], speaker)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a digest tells of: how many alerts were first told since then, what burns now, who is nearest to the end."""

    since: datetime
    fired: Mapping[Severity, int] = field(default_factory=dict)
    burning: Sequence[AlertRecord] = ()
    positions: Sequence[PositionHealth] = ()
    undelivered: int = 0


def period_digest(period: Period, now: datetime, *, voice: Voice, translate: Translate) -> Words:
    """A day or a week in a few lines; the worst first."""
    speaker = Speaker(voice, translate)
    title = speaker.say("Digest of {duration}", duration=duration_text(now - period.since, speaker))
    burning = sorted(period.burning, key=lambda record: -(record.severity or 0))
    lines = [
        _fired(period.fired, speaker),
        speaker.say_count("{count} alert burns now.", "{count} alerts burn now.", len(burning)),
        *(_alert(record, speaker) for record in burning[:BURNING_SHOWN]),
    ]
    left_out = len(burning) - BURNING_SHOWN
    if left_out > 0:
        lines.append(speaker.say_count("… and {count} more.", "… and {count} more.", left_out))
    lines += [distance_line(health, speaker) for health in nearest(tuple(period.positions))]
    if period.undelivered:
        lines.append(
            speaker.say_count(
                "{count} message could not be delivered.",
                "{count} messages could not be delivered.",
                period.undelivered,
            )
        )
    return _words(title, [*lines, time_text(now)], speaker)


def counts_text(counts: Mapping[Severity, int], speaker: Speaker) -> str:
    """How many of each level, the worst first; "" for none at all."""
    return ", ".join(
        speaker.say(
            "{count} {severity}", count=speaker.numerals.number(count, 0), severity=severity_word(severity, speaker)
        )
        for severity, count in sorted(counts.items(), reverse=True)
        if count
    )


def _fired(counts: Mapping[Severity, int], speaker: Speaker) -> str:
    said = counts_text(counts, speaker)
    return speaker.say("Alerts: {counts}", counts=said) if said else speaker.say("No alerts.")


def _words(title: str, lines: Sequence[str], speaker: Speaker) -> Words:
    """Title and lines; a compact voice keeps the first lines that have room."""
    kept = [line for line in lines if line]
    if speaker.is_compact:
        title = safe(title, 100)
        while kept and len("\n".join(kept)) > LONGEST_SHORT_BODY - len(speaker.say(NO_STOP)):
            kept.pop()
    return Words(title, "\n".join([*kept, speaker.say(NO_STOP)]))


def _what(silence: Silence, speaker: Speaker) -> str:
    """The matchers as people wrote them."""
    subject = subject_text(silence.subject, speaker) if silence.subject else ""
    matchers = [safe(silence.account, LONGEST_NAME), safe(silence.rule, LONGEST_NAME), subject]
    return ", ".join(matcher for matcher in matchers if matcher) or speaker.say("every alert")


def _alert(record: AlertRecord, speaker: Speaker) -> str:
    """Level, market, kind and id of an alert on one line."""
    severity = severity_word(record.severity or record.peak or Severity.NOTICE, speaker)
    rule = record.key.rule
    name = speaker.say(NAMES[rule]) if rule in NAMES else safe(rule, LONGEST_NAME)
    return f"{severity}, {subject_text(record.key.subject, speaker)}, {name} ({record.alert_id})"


def _stamp(record: AlertRecord, now: datetime) -> str:
    account = safe(record.key.account, LONGEST_NAME)
    return " · ".join(part for part in (time_text(now), account) if part)


def _name(who: str, speaker: Speaker) -> str:
    return safe(who, LONGEST_NAME) or speaker.say("somebody")
