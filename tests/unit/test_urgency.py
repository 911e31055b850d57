"""How loudly services are asked to ring."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.model import Message, Severity
from liqwatch.notifiers._split import PART_LENGTH, split_message
from liqwatch.notifiers._urgency import at_volume, rings_silently


def message(severity: Severity, *, is_silent: bool = False) -> Message:
    return Message(message_id="a", title="t", body="b", severity=severity, is_silent=is_silent)


@pytest.mark.parametrize(
    ("url", "loud", "quiet"),
    [
        (
            "pover://user@token",
            "pover://user@token?priority=emergency&interval=60&expire=3600",
            "pover://user@token?priority=low",
        ),
        (
            "pover://user@token?priority=high&expire=120&sound=siren",
            "pover://user@token?priority=emergency&interval=60&expire=120&sound=siren",
            "pover://user@token?priority=low&expire=120&sound=siren",
        ),
        ("ntfys://host/topic?Priority=low", "ntfys://host/topic?priority=max", "ntfys://host/topic?priority=min"),
        ("gotify://host/token", "gotify://host/token?priority=emergency", "gotify://host/token?priority=low"),
        ("bark://host/key", "bark://host/key?level=critical", "bark://host/key?level=passive"),
        ("tgram://1:a/2/3?format=text", "tgram://1:a/2/3?format=text", "tgram://1:a/2/3?silent=yes&format=text"),
        ("discord://1/a", "discord://1/a", "discord://1/a?flags=4096"),
        ("json://host/?priority=low", "json://host/?priority=low", "json://host/?priority=low"),
    ],
)
def test_critical_rings_and_silence_whispers(url: str, loud: str, quiet: str) -> None:
    assert at_volume(url, message(Severity.WARNING)) == url
    for severity in (Severity.CRITICAL, Severity.EMERGENCY):
        assert at_volume(url, message(severity)) == loud
        assert at_volume(url, message(severity, is_silent=True)) == quiet


def test_every_volume_is_understood_by_the_service_it_is_meant_for() -> None:
    from liqwatch.notifiers._apprise_service import open_service

    heard = {}
    for url in ("pover://u" + "u" * 29 + "@" + "t" * 30, "ntfy://127.0.0.1/topic", "gotify://127.0.0.1/tokentoken"):
        for severity in (Severity.WARNING, Severity.CRITICAL):
            service = open_service(at_volume(url, message(severity)))
            assert service is not None
            heard[url.partition(":")[0], severity.word] = vars(service)["priority"]
    assert heard == {
        ("pover", "warning"): 0,
        ("pover", "critical"): 2,
        ("ntfy", "warning"): "default",
        ("ntfy", "critical"): "max",
        ("gotify", "warning"): 5,
        ("gotify", "critical"): 10,
    }


@pytest.mark.parametrize(
    ("url", "can_be_silent"),
    [
        ("twilio://sid:token@123/456?method=call", False),
        ("twilio://sid:token@123/456?Method=CALL", False),
        ("twilio://sid:token@123/456", True),
        ("twilio://sid:token@123/456?method=sms", True),
        ("json://host/?method=call", True),
    ],
)
def test_a_phone_call_cannot_be_silent(url: str, *, can_be_silent: bool) -> None:
    assert rings_silently(url) is can_be_silent


@given(title=st.text(min_size=1, max_size=20), body=st.text(alphabet="ab\n", max_size=300), length=st.integers(1, 50))
def test_parts_are_numbered_short_and_lose_nothing_but_the_line_ends_they_are_cut_at(
    title: str, body: str, length: int
) -> None:
    parts = split_message(title, body, length)
    assert all(0 < len(part) <= length for _, part in parts)
    told = "".join(part for _, part in parts).replace("\n", "")
    assert told == (body or title).replace("\n", "")
    expected = [title] if len(parts) == 1 else [f"{n}/{len(parts)} · {title}" for n in range(1, len(parts) + 1)]
    assert [name for name, _ in parts] == expected


def test_a_part_leaves_room_for_escapes() -> None:
    assert PART_LENGTH + 200 < 4096
