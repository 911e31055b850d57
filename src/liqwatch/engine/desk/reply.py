"""What the desk says, and how it keeps it short enough for a chat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from liqwatch.alerts.safe import safe

LONGEST_TEXT = 3_500
LONGEST_NAME = 60
SOMEBODY = "somebody"
MOST_MINUTES = 366 * 24 * 60
"""Whoever asks for longer is cut to what is allowed anyway."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A text for whoever spoke. `is_done` False: it is a refusal, and nothing has changed."""

    text: str
    is_done: bool = True


def refused(text: str) -> Reply:
    """Nothing has changed, for this reason."""
    return Reply(text, is_done=False)


def name_of(who: str) -> str:
    """Who spoke, fit to stand in texts and records."""
    return safe(who, LONGEST_NAME) or SOMEBODY


def pause_of(minutes: int) -> timedelta:
    """So many minutes, or the longest pause that can be reckoned with."""
    return timedelta(minutes=min(minutes, MOST_MINUTES))


def fitted(lines: Iterable[str], longest: int = LONGEST_TEXT) -> str:
    """The lines, whole ones only; what finds no room is counted."""
    kept: list[str] = []
    everything = [line for line in lines if line]
    for index, line in enumerate(everything):
        rest = _and_more(len(everything) - index)
        if len("\n".join([*kept, line, rest])) > longest:
            return "\n".join([*kept, rest])
        kept.append(line)
    return "\n".join(kept)


def listed(names: Sequence[str], most: int = 10) -> str:
    """Names with commas between; what is beyond `most` is counted."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _and_more(count: int) -> str:
    return f"… and {count} more line{'' if count == 1 else 's'}."
