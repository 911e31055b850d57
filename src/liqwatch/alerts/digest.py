"""A storm in one message: when a channel has fallen behind, what waits is told together, the worst first."""

from __future__ import annotations

from collections.abc import Sequence

from liqwatch.model import Notification, NotifyReason, Severity

LONGEST_BODY = 3_500


def digest(notifications: Sequence[Notification]) -> tuple[str, str]:
    """Title and body for several notifications; every one keeps its line and its id."""
    ranked = sorted(notifications, key=lambda each: (each.reason is NotifyReason.RESOLVED, -each.severity))
    burning = [each for each in ranked if each.reason is not NotifyReason.RESOLVED]
    title = f"{len(ranked)} messages · {ranked[0].title}"
    counts = {severity: sum(each.severity is severity for each in burning) for severity in reversed(Severity)}
    summary = ", ".join(f"{count} {severity.word}" for severity, count in counts.items() if count)
    over = len(ranked) - len(burning)
    lines = [", ".join(part for part in (summary, f"{over} resolved" if over else "") if part)]
    for each in ranked:
        line = f"{each.title} · alert {each.alert_id}"
        if sum(len(previous) + 1 for previous in lines) + len(line) > LONGEST_BODY:
            lines.append(f"… and {len(ranked) - len(lines) + 1} more: liqwatch status")
            break
        lines.append(line)
    return title, "\n".join(lines)
