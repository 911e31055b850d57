"""Moments as text: UTC with six decimals, so that SQL's text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """An aware moment as fixed-width UTC text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def to_optional_text(moment: datetime | None) -> str | None:
    """As `to_text`; None stays None."""
    return None if moment is None else to_text(moment)


def to_optional_moment(text: str | None) -> datetime | None:
    """The moment that `to_text` wrote; None stays None."""
    return None if text is None else datetime.fromisoformat(text)
