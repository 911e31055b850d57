"""A storm in one message: the worst first, nothing unnamed."""

from __future__ import annotations

from datetime import UTC, datetime

from liqwatch.alerts.digest import LONGEST_BODY, digest
from liqwatch.model import Notification, NotifyReason, Severity


def message(name: str, severity: Severity, reason: NotifyReason = NotifyReason.FIRST) -> Notification:
    return Notification(
        dedup_key=name,
        alert_key=name,
        alert_id=f"id-{name}",
        account="main",
        severity=severity,
        reason=reason,
        title=f"title {name}",
        body=f"figures of {name}",
        happened_at=datetime(2026, 11, 20, tzinfo=UTC),
    )


def test_the_worst_comes_first_and_what_is_over_last() -> None:
    title, body = digest(
        [
            message("a", Severity.NOTICE),
            message("b", Severity.EMERGENCY, NotifyReason.RESOLVED),
            message("c", Severity.CRITICAL),
            message("d", Severity.NOTICE),
        ]
    )
    assert title == "4 messages · title c"
    assert body.splitlines() == [
        "figures of c",
        "All together: 1 critical, 2 notice, 1 over",
        "title c · alert id-c",
        "title a · alert id-a",
        "title d · alert id-d",
        "title b · alert id-b",
    ]


def test_all_clears_alone_are_counted_as_such() -> None:
    title, body = digest([message(name, Severity.WARNING, NotifyReason.RESOLVED) for name in "ab"])
    assert title == "2 messages · title a"
    assert body.splitlines()[1] == "All together: 2 over"


def test_a_body_that_would_be_too_long_says_how_many_are_left_out() -> None:
    title, body = digest([message(f"{number:03}", Severity.WARNING) for number in range(500)])
    shown = body.count("alert id-")
    assert title.startswith("500 messages")
    assert body.splitlines()[-1] == f"… and {500 - shown} more: liqwatch status"
    assert len(body) <= LONGEST_BODY + 60
