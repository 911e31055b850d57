"""Why an alert may change state in silence for now: inhibition, a silence, quiet hours."""

from __future__ import annotations

from dataclasses import dataclass

from liqwatch.model import AlertRecord, NotifyReason, Severity


@dataclass(frozen=True, slots=True)
class Mute:
    """Messages up to a severity are held back; told later if the danger still stands when the mute ends.

    `even_endings`: the all-clear too, because something else has told the end.
    """

    why: str = ""
    up_to: Severity | None = None
    even_endings: bool = False

    def holds_back(self, reason: NotifyReason, record: AlertRecord) -> bool:
        """Whether this message waits."""
        if reason is NotifyReason.RESOLVED:
            return self.even_endings
        return self.up_to is not None and (record.severity or Severity.NOTICE) <= self.up_to

    def and_also(self, other: Mute) -> Mute:
        """Both at once: whatever either of them holds back."""
        stronger = self if (self.up_to or 0) >= (other.up_to or 0) else other
        return Mute(stronger.why, stronger.up_to, self.even_endings or other.even_endings)


NOT_MUTED = Mute()
EVERYTHING = Severity.EMERGENCY
EVERYTHING_HARMLESS = Severity.WARNING
"""What quiet hours and long silences may hold back: never critical."""
