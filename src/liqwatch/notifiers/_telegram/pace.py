"""Telegram's own limits, kept before it has to remind us: a message a second in a chat, twenty a minute in a group.

Published at https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this; short bursts are allowed.
After a 429 nothing is sent until the time it names has passed: trying earlier makes the ban longer.
"""

from __future__ import annotations

from collections import deque

BURST = 3
SECONDS_BETWEEN = 1.0
GROUP_LIMIT = 20
GROUP_SECONDS = 60.0
REPLIES_LIMIT = 15
"""So many messages in a minute, and people who ask wait: what is left belongs to alerts."""


class Pace:
    """When the next message to one chat may go out. Times are monotonic seconds."""

    def __init__(self, *, is_group: bool) -> None:
        """Nothing has been sent yet."""
        self._is_group = is_group
        self._sent: deque[float] = deque(maxlen=GROUP_LIMIT)
        self._banned_until = float("-inf")

    def took(self, now: float) -> None:
        """A message goes out now."""
        self._sent.append(now)

    def banned(self, now: float, seconds: float) -> None:
        """Telegram asks for silence."""
        self._banned_until = max(self._banned_until, now + seconds)

    def ban_seconds(self, now: float) -> float:
        """What is left of the silence asked for."""
        return max(0.0, self._banned_until - now)

    def pause_seconds(self, now: float) -> float:
        """The short pause before the next message: none within a burst, then a second between two."""
        recent = list(self._sent)[-BURST:]
        if len(recent) < BURST:
            return 0.0
        # Three at once, then one for every second that has passed since the first of them.
        return max(0.0, min(recent[0] + BURST * SECONDS_BETWEEN, recent[-1] + SECONDS_BETWEEN) - now)

    def full_seconds(self, now: float, limit: int = GROUP_LIMIT) -> float:
        """How long until the group takes another message, of so many in a minute; Telegram refuses one before."""
        if not self._is_group or len(self._sent) < limit:
            return 0.0
        return max(0.0, self._sent[-limit] + GROUP_SECONDS - now)
