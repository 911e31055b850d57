"""A message that could not be delivered in time says so, and so does one that may come a second time."""

from __future__ import annotations

from datetime import datetime, timedelta

from liqwatch.alerts.figures import time_text
from liqwatch.alerts.speaker import ENGLISH_SPEAKER, Speaker, phrase

LATE_AFTER = timedelta(seconds=60)
REPEAT_NOTE = phrase("Perhaps a repeat: the answer to an earlier attempt was lost.")


def late_note(happened_at: datetime, now: datetime, speaker: Speaker = ENGLISH_SPEAKER) -> str | None:
    """A line that says so when a message could not be delivered in time."""
    if now - happened_at < LATE_AFTER:
        return None
    return speaker.say(
        "Late: this happened at {then} and could only be sent at {now}.",
        then=time_text(happened_at, now),
        now=time_text(now, now),
    )
