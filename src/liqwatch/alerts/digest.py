"""A storm in one message: when a channel has fallen behind, what waits is told together, the worst first.

Every message is counted, by level; the worst is told whole, the others in a line each for as long as there is room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from liqwatch.alerts.speaker import ENGLISH_SPEAKER, Speaker
from liqwatch.alerts.wording.announcements import counts_text
from liqwatch.alerts.wording.occasion import NO_STOP, severity_word
from liqwatch.model import Notification, NotifyReason

LONGEST_BODY = 3_500
LONGEST_COMPACT_BODY = 240
LONGEST_TITLE = 200
ROOM_FOR_THE_REST = 80
"""Kept free for the line that counts what found no room."""


def digest(notifications: Sequence[Notification], speaker: Speaker = ENGLISH_SPEAKER) -> tuple[str, str]:
    """Title and body for several notifications: all counted, the worst whole, of every other a line with its id."""
    ranked = sorted(notifications, key=lambda each: (_is_over(each), -each.severity))
    longest = LONGEST_COMPACT_BODY if speaker.is_compact else LONGEST_BODY
    body = _worst(ranked[0], longest - ROOM_FOR_THE_REST, speaker)
    return _title(ranked, speaker), "\n".join([body, *_others(ranked[1:], longest - len(body) - 1, speaker)])


def _title(ranked: Sequence[Notification], speaker: Speaker) -> str:
    counts = Counter(each.severity for each in ranked if not _is_over(each))
    over = sum(map(_is_over, ranked))
    parts = [counts_text(counts, speaker)]
    if over:
        parts.append(speaker.say("{count} over", count=speaker.numerals.number(over, 0)))
    said = ", ".join(part for part in parts if part)
    return speaker.say_count("{count} message: {counts}", "{count} messages: {counts}", len(ranked), counts=said)


def _worst(worst: Notification, longest: int, speaker: Speaker) -> str:
    """The worst one whole; where even that is too long, its first lines."""
    if speaker.is_compact:
        return f"{_line(worst, speaker)[: longest - 40]}\n{speaker.say(NO_STOP)}"
    whole = f"{worst.title}\n{worst.body}"
    return whole if len(whole) <= longest else f"{whole[: longest - 1]}…"


def _others(others: Sequence[Notification], room: int, speaker: Speaker) -> list[str]:
    """A line for each; what finds no room is counted, and how bad it can be is said."""
    lines: list[str] = []
    for number, each in enumerate(others):
        line = _line(each, speaker)
        is_last = number == len(others) - 1
        room -= len(line) + 1
        if room < (0 if is_last else ROOM_FOR_THE_REST):
            return [*lines, _rest(others[number:], speaker)]
        lines.append(line)
    return lines


def _rest(rest: Sequence[Notification], speaker: Speaker) -> str:
    """How many more, and that none is worse than the first of them (they are ranked)."""
    if _is_over(rest[0]):
        return speaker.say_count("… and {count} more, over already", "… and {count} more, all over", len(rest))
    return speaker.say_count(
        "… and {count} more, no worse than {severity}",
        "… and {count} more, none worse than {severity}",
        len(rest),
        severity=severity_word(rest[0].severity, speaker),
    )


def _line(each: Notification, speaker: Speaker) -> str:
    alert = speaker.say("alert {alert_id}", alert_id=each.alert_id)
    return f"{each.title[:LONGEST_TITLE]} · {alert}"


def _is_over(each: Notification) -> bool:
    return each.reason is NotifyReason.RESOLVED
