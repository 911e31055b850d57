"""A storm in one message: the worst first, nothing uncounted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from liqwatch.alerts.digest import LONGEST_BODY, LONGEST_COMPACT_BODY, digest
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.voice import ENGLISH, LANGUAGES, Style, Voice
from liqwatch.languages import load
from liqwatch.model import Notification, NotifyReason, Severity

NO_STOP = "Alerts do not stop a liquidation."


def message(
    name: str, severity: Severity, reason: NotifyReason = NotifyReason.FIRST, body: str | None = None
) -> Notification:
    return Notification(
        dedup_key=name,
        alert_key=name,
        alert_id=f"id-{name}",
        account="main",
        severity=severity,
        reason=reason,
        title=f"title {name}",
        body=f"figures of {name}" if body is None else body,
        happened_at=datetime(2026, 11, 20, tzinfo=UTC),
    )


messages = st.lists(
    st.builds(
        message,
        name=st.text("abcdef", min_size=1, max_size=40),
        severity=st.sampled_from(Severity),
        reason=st.sampled_from([NotifyReason.FIRST, NotifyReason.REPEATED, NotifyReason.RESOLVED]),
        body=st.sampled_from(["short", "a line\n" * 30, "x" * 5_000]),
    ),
    min_size=1,
    max_size=300,
)


def test_the_worst_is_told_whole_and_what_is_over_comes_last() -> None:
    title, body = digest(
        [
            message("a", Severity.NOTICE),
            message("b", Severity.EMERGENCY, NotifyReason.RESOLVED),
            message("c", Severity.CRITICAL),
            message("d", Severity.NOTICE),
        ]
    )
    assert title == "4 messages: 1 critical, 2 notice, 1 over"
    assert body.splitlines() == [
        "title c",
        "figures of c",
        "title a · alert id-a",
        "title d · alert id-d",
        "title b · alert id-b",
    ]


def test_all_clears_alone_are_counted_as_such() -> None:
    title, body = digest([message(name, Severity.WARNING, NotifyReason.RESOLVED) for name in "ab"])
    assert title == "2 messages: 2 over"
    assert body.splitlines() == ["title a", "figures of a", "title b · alert id-b"]


def test_a_crash_of_three_hundred_is_counted_by_severity_and_what_finds_no_room_is_told() -> None:
    crash = [message(f"{number:03}", Severity.EMERGENCY) for number in range(12)]
    crash += [message(f"{number:03}", Severity.CRITICAL) for number in range(12, 100)]
    crash += [message(f"{number:03}", Severity.WARNING) for number in range(100, 300)]
    title, body = digest(crash[::-1])
    assert title == "300 messages: 12 emergency, 88 critical, 200 warning"
    shown = 1 + body.count("alert id-")
    assert body.splitlines()[-1] == f"… and {300 - shown} more, none worse than warning"
    assert len(body) <= LONGEST_BODY


def test_left_out_all_clears_are_called_over() -> None:
    over = [message(f"{number:03}", Severity.CRITICAL, NotifyReason.RESOLVED) for number in range(300)]
    assert re.fullmatch(r"… and \d+ more, all over", digest(over)[1].splitlines()[-1])


@given(messages)
def test_every_message_is_shown_or_counted_within_the_limit(waiting: Sequence[Notification]) -> None:
    title, body = digest(waiting)
    assert len(body) <= LONGEST_BODY
    counted = [int(number) for number in re.findall(r"(\d+) (?:notice|warning|critical|emergency|over)", title)]
    assert sum(counted) == len(waiting)
    left_out = re.search(r"… and (\d+) more", body)
    shown = len(re.findall(r"^title .* · alert id-", body, re.MULTILINE))
    assert 1 + shown + (int(left_out[1]) if left_out else 0) == len(waiting)


@given(messages, st.sampled_from(LANGUAGES))
def test_a_compact_digest_is_short_in_every_language(waiting: Sequence[Notification], language: str) -> None:
    speaker = Speaker(Voice(language=language, style=Style.COMPACT), load(language))
    title, body = digest(waiting, speaker)
    assert len(body) <= LONGEST_COMPACT_BODY
    assert speaker.say(NO_STOP) in body
    assert str(len(waiting)) in title


def test_a_digest_in_russian_counts_in_the_right_forms() -> None:
    speaker = Speaker(Voice(language="ru"), load("ru"))
    titles = [digest([message("a", Severity.CRITICAL)] * count, speaker)[0] for count in (1, 2, 5, 21)]
    assert titles == [
        "1 сообщение: критично: 1",
        "2 сообщения: критично: 2",
        "5 сообщений: критично: 5",
        "21 сообщение: критично: 21",
    ]


def test_a_single_message_needs_no_list() -> None:
    title, body = digest([message("a", Severity.CRITICAL)], Speaker(Voice(), ENGLISH))
    assert (title, body) == ("1 message: 1 critical", "title a\nfigures of a")
