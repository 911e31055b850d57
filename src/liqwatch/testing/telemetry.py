"""Telemetry for tests: one that forgets everything, and one whose counters can be asked."""

from __future__ import annotations

from collections import Counter

TELLING_LABELS = ("reason", "event")
"""Labels whose value says what was counted; which stream or account it was does not matter to a test."""


class SilentTelemetry:
    """Counts nothing."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Forget it."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Forget it."""

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Forget it."""


class CountingTelemetry(SilentTelemetry):
    """Keeps the counters, each under its name and what was counted: `counts["frames_rejected_total bad_price"]`."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to the counter."""
        self.counts[" ".join([name, *(labels[label] for label in TELLING_LABELS if label in labels)])] += int(amount)

    def among(self, name: str) -> dict[str, int]:
        """The counters of one name, by all that was counted under it."""
        return {counter: count for counter, count in self.counts.items() if counter.partition(" ")[0] == name}
