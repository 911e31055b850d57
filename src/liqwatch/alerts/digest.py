"""A storm in one message: when a channel has fallen behind, what waits is told together, the worst first."""

from __future__ import annotations

from collections.abc import Sequence

from liqwatch.model import Notification, NotifyReason, Severity

LONGEST_BODY = 3_500


def digest(notifications: Sequence[Notification]) -> tuple[str, str]:
    """Title and body for several notifications: the worst one whole, and of every one a line with its id."""
    ranked = sorted(notifications, key=lambda each: (each.reason is NotifyReason.RESOLVED, -each.severity))
    burning = [each for each in ranked if each.reason is not NotifyReason.RESOLVED]
    title = f"{len(ranked)} messages · {ranked[0].title}"
    counts = {severity: sum(each.severity is severity for each in burning) for severity in reversed(Severity)}
    summary = ", ".join(f"{count} {severity.word}" for severity, count in counts.items() if count)
    over = len(ranked) - len(burning)
    head = [
        ranked[0].body,
        "All together: " + ", ".join(part for part in (summary, f"{over} over" if over else "") if part),
    ]
    room, lines = LONGEST_BODY - sum(len(line) + 1 for line in head), list[str]()
    for each in ranked:
        line = f"{each.title} · alert {each.alert_id}"
        room -= len(line) + 1
        if room < 0:
            lines.append(f"… and {len(ranked) - len(lines)} more: liqwatch status")
            break
        lines.append(line)
    return title, "\n".join([*head, *lines])
