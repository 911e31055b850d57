"""What is told though it is no alert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from liqwatch.alerts.voice import LANGUAGES, Privacy, Style, Translate, Voice
from liqwatch.alerts.wording import Words
from liqwatch.alerts.wording.announcements import (
    Period,
    acknowledged,
    period_digest,
    self_test,
    silence_began,
    silence_ended,
    snoozed,
    was_blind,
)
from liqwatch.languages import load
from liqwatch.model import AlertKey, AlertRecord, AlertState, Severity, Silence

NOW = datetime(2026, 11, 20, 3, 14, 15, tzinfo=UTC)
NO_STOP = "Alerts do not stop a liquidation."
SILENCE = Silence(
    silence_id="1", began_at=NOW, until=NOW + timedelta(hours=2), by="Kai", account="main", subject="BTC/* long",
    comment="rolling the hedge",
)  # fmt: skip
RECORD = AlertRecord(
    key=AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long"),
    state=AlertState.FIRING,
    severity=Severity.CRITICAL,
    peak=Severity.CRITICAL,
    episode=1,
    answered_at=NOW,
    answered_by="Kai",
)
PERIOD = Period(
    since=NOW - timedelta(days=1), fired={Severity.WARNING: 5, Severity.CRITICAL: 2, Severity.NOTICE: 0},
    burning=[RECORD], undelivered=1,
)  # fmt: skip
ALL: dict[str, Callable[[Voice, Translate], Words]] = {
    "silence began": lambda voice, words: silence_began(SILENCE, NOW, voice=voice, translate=words),
    "silence ended": lambda voice, words: silence_ended(SILENCE, NOW, voice=voice, translate=words, by="Ann"),
    "acknowledged": lambda voice, words: acknowledged(RECORD, NOW, voice=voice, translate=words),
    "snoozed": lambda voice, words: snoozed(RECORD, NOW, voice=voice, translate=words),
    "self-test": lambda voice, words: self_test("phone", NOW, voice=voice, translate=words),
    "blind": lambda voice, words: was_blind(NOW - timedelta(minutes=14), NOW, ["a", "b"], voice=voice, translate=words),
    "digest": lambda voice, words: period_digest(PERIOD, NOW, voice=voice, translate=words),
}


def said(name: str, voice: Voice | None = None) -> list[str]:
    voice = voice or Voice()
    words = ALL[name](voice, load(voice.language))
    return [words.title, *words.body.replace(RECORD.alert_id, "ID").splitlines()]


def test_a_silence_says_who_began_it_until_when_and_what_it_covers() -> None:
    title, *body = said("silence began")
    assert title == "Silence until 05:14:15 UTC: main, BTC/* long"
    assert body == [
        "Begun by Kai for 2 h.",
        "rolling the hedge",
        "Critical alerts are told again after an hour at the latest.",
        NO_STOP,
    ]


def test_the_end_of_a_silence_says_who_ended_it() -> None:
    assert said("silence ended") == [
        "Silence over: main, BTC/* long",
        "Begun by Kai at 03:14:15 UTC.",
        "Ended early by Ann.",
        "What still burns is told now.",
        NO_STOP,
    ]


def test_a_silence_without_matchers_covers_everything() -> None:
    words = silence_began(replace(SILENCE, account="", subject=""), NOW, voice=Voice(), translate=load("de"))
    assert words.title.endswith(": alle Alarme")


def test_an_acknowledgement_says_who_gave_it() -> None:
    assert said("acknowledged") == [
        f"Acknowledged by Kai: critical, BTC/USDT:USDT long, distance to liquidation ({RECORD.alert_id})",
        "No reminders and no escalation until it gets worse.",
        "2026-11-20 03:14:15 UTC · main",
        NO_STOP,
    ]


def test_a_snooze_says_until_when() -> None:
    record = replace(RECORD, snoozed_until=NOW + timedelta(hours=1), answered_by="")
    words = snoozed(record, NOW, voice=Voice(), translate=load("en"))
    assert words.title.startswith("Snoozed until 04:14:15 UTC by somebody: critical, BTC/USDT:USDT long")


def test_a_self_test_asks_for_nothing() -> None:
    assert said("self-test")[:2] == ["Self-test: alerts reach phone", "Nothing has to be done."]


def test_a_gap_tells_how_long_it_was_and_what_changed() -> None:
    assert said("blind") == [
        "Nothing was watched for 14 min",
        "From 03:00:15 UTC to 03:14:15 UTC.",
        "This is what changed:",
        "a",
        "b",
        NO_STOP,
    ]
    quiet = was_blind(NOW, NOW, [], voice=Voice(), translate=load("en"))
    assert "Nothing that matters has changed." in quiet.body


def test_a_digest_counts_the_period_and_names_what_burns() -> None:
    assert said("digest") == [
        "Digest of 1 d",
        "Alerts: 2 critical, 5 warning",
        "1 alert burns now.",
        "critical, BTC/USDT:USDT long, distance to liquidation (ID)",
        "1 message could not be delivered.",
        "2026-11-20 03:14:15 UTC",
        NO_STOP,
    ]


def test_a_quiet_period_says_so_and_a_loud_one_counts_what_it_leaves_out() -> None:
    quiet = period_digest(Period(since=NOW), NOW, voice=Voice(), translate=load("en"))
    assert "No alerts." in quiet.body
    loud = period_digest(replace(PERIOD, burning=[RECORD] * 13), NOW, voice=Voice(), translate=load("en"))
    assert "… and 3 more." in loud.body


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("privacy", Privacy)
def test_every_announcement_is_short_for_a_compact_voice(name: str, language: str, privacy: Privacy) -> None:
    words = ALL[name](Voice(language=language, style=Style.COMPACT, privacy=privacy), load(language))
    assert len(words.title) + 1 + len(words.body) <= 300
    assert words.body.endswith(load(language).gettext(NO_STOP))


def test_names_from_outside_stay_on_their_line() -> None:
    hostile = replace(RECORD, answered_by="Kai\n\u202eEMERGENCY")
    words = acknowledged(hostile, NOW, voice=Voice(), translate=load("en"))
    assert words.title.startswith("Acknowledged by Kai EMERGENCY: ")
