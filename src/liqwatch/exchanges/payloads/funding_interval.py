"""How long one funding rate holds, as venues state it: in hours, minutes, seconds or milliseconds, bare or as text."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

MILLISECOND: Final = timedelta(milliseconds=1)
SECOND: Final = timedelta(seconds=1)
HOUR: Final = timedelta(hours=1)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=7)
"""Beyond these a figure is a time of day, or of another unit: a wrong interval would be worse than none."""


def stated_interval(figure: object, unit: timedelta) -> timedelta | None:
    """`figure` units; None for what cannot be how long a rate holds."""
    if isinstance(figure, bool) or not isinstance(figure, (int, float, str)):
        return None
    try:
        seconds = float(figure) * unit.total_seconds()
    except (ValueError, OverflowError):
        return None
    if not SHORTEST.total_seconds() <= seconds <= LONGEST.total_seconds():
        return None
    return timedelta(seconds=seconds)
