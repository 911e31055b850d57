"""The line that says why a message comes: from which level it worsened, who had answered, for how long it lasts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from liqwatch.alerts.figures import duration_text, time_text
from liqwatch.alerts.safe import safe
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.wording.headlines import reading_headline
from liqwatch.alerts.wording.occasion import Occasion, severity_word
from liqwatch.model import AlertRecord, NotifyReason, Severity

LONGEST_NAME = 40


def reason_lines(occasion: Occasion, speaker: Speaker) -> list[str]:
    """Why this is told now; nothing where the title says it all."""
    return LINES[occasion.reason](occasion, speaker) if occasion.reason in LINES else []


def _first(occasion: Occasion, speaker: Speaker) -> list[str]:
    flaps = occasion.record.flaps
    if flaps == 0:
        return []
    text = speaker.say_count(
        "It came back {count} time soon after the all-clear.",
        "It came back {count} times soon after the all-clear.",
        flaps,
    )
    return [text]


def _worsened(occasion: Occasion, speaker: Speaker) -> list[str]:
    told = occasion.before.told if occasion.before else None
    if told is None or occasion.record.severity is None:
        return []
    before, after = severity_word(told, speaker), severity_word(occasion.record.severity, speaker)
    return [speaker.say("Worse: {before} before, {after} now.", before=before, after=after)]


def _deepened(occasion: Occasion, speaker: Speaker) -> list[str]:
    answered = occasion.before or occasion.record
    share = lost_share(answered.answered_room, occasion.record.room)
    if share is None:
        return [speaker.say("Worse since somebody answered{whom}.", whom=_whom(answered, occasion.now, speaker))]
    is_acked = answered.snoozed_until is None
    text = speaker.say(
        "{share} of what was left is gone since it was acknowledged{whom}."
        if is_acked
        else "{share} of what was left is gone since it was snoozed{whom}.",
        share=speaker.percent(share, 0),
        whom=_whom(answered, occasion.now, speaker),
    )
    return [text]


def lost_share(answered_room: float | None, room: float | None) -> float | None:
    """The share of the room at the answer that is gone by now, 1 at most; None where it cannot be said."""
    if answered_room is None or room is None or not 0 < answered_room < float("inf"):
        return None
    return min(max(1.0 - room / answered_room, 0.0), 1.0)


def _snooze_ended(occasion: Occasion, speaker: Speaker) -> list[str]:
    whom = _whom(occasion.before or occasion.record, occasion.now, speaker)
    return [speaker.say("The snooze is over{whom}, the danger is not.", whom=whom)]


def _repeated(occasion: Occasion, speaker: Speaker) -> list[str]:
    since = occasion.record.started_at
    if since is None:
        return []
    duration = duration_text(occasion.now - since, speaker)
    return [speaker.say("So since {time}, for {duration}.", time=time_text(since, occasion.now), duration=duration)]


def _escalated(occasion: Occasion, speaker: Speaker) -> list[str]:
    since = occasion.record.alarmed_at or occasion.record.started_at
    if since is None:
        return [speaker.say("Nobody has acknowledged this.")]
    duration = duration_text(occasion.now - since, speaker)
    return [speaker.say("Nobody has acknowledged this for {duration}.", duration=duration)]


def _resolved(occasion: Occasion, speaker: Speaker) -> list[str]:
    """What happened in between: how long it lasted, the worst of it, how often it was told."""
    record = occasion.record
    lines = [_lasted(record, occasion.now, speaker), _worst(record, occasion.now, speaker)]
    # The all-clear itself is the last of the sequence.
    earlier = record.sequence - 1
    if earlier > 0:
        lines.append(speaker.say_count("{count} message was sent.", "{count} messages were sent.", earlier))
    return [line for line in lines if line]


def _lasted(record: AlertRecord, now: datetime, speaker: Speaker) -> str:
    if record.started_at is None:
        return ""
    end = record.ended_at or now
    return speaker.say(
        "It lasted {duration}, from {start} to {end}.",
        duration=duration_text(end - record.started_at, speaker),
        start=time_text(record.started_at, now),
        end=time_text(end, now),
    )


def _worst(record: AlertRecord, now: datetime, speaker: Speaker) -> str:
    if record.worst_reading is None or record.worst_at is None:
        return ""
    figure = reading_headline(record.key.rule, record.worst_reading, speaker)
    severity = severity_word(record.peak or Severity.NOTICE, speaker)
    time = time_text(record.worst_at, now)
    if figure is None:
        return speaker.say("Worst: {severity}, at {time}.", severity=severity, time=time)
    return speaker.say("Worst: {severity}, {figure}, at {time}.", severity=severity, figure=figure, time=time)


def _whom(record: AlertRecord, now: datetime, speaker: Speaker) -> str:
    """Who answered and when, in brackets behind a blank; "" where that is not known."""
    who = safe(record.answered_by, LONGEST_NAME)
    when = time_text(record.answered_at, now) if record.answered_at else ""
    inside = ", ".join(part for part in (who, when) if part)
    return speaker.say(" ({inside})", inside=inside) if inside else ""


LINES: Mapping[NotifyReason, Callable[[Occasion, Speaker], list[str]]] = {
    NotifyReason.FIRST: _first,
    NotifyReason.WORSENED: _worsened,
    NotifyReason.DEEPENED: _deepened,
    NotifyReason.SNOOZE_ENDED: _snooze_ended,
    NotifyReason.REPEATED: _repeated,
    NotifyReason.ESCALATED: _escalated,
    NotifyReason.RESOLVED: _resolved,
}
