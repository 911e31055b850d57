"""Silences: how long, about what, announced and forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from liqwatch.engine.desk.front import SILENCE_USAGE
from liqwatch.engine.desk.silences import MOST_SILENCES
from liqwatch.model import (
    AlertKey,
    Severity,
)

if TYPE_CHECKING:
    from tests.unit.engine.desk.conftest import Office

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ACCOUNT = "main"
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
DAY = 24 * 60


async def test_a_silence_says_what_it_covers_and_what_it_cannot_hold_back(office: Office) -> None:
    office.look(0.14, Severity.WARNING)
    office.look(0.14, Severity.WARNING, AlertKey(ACCOUNT, "liquidation_distance", f"{ETH} long"))
    text = await office.silence(60, subject="BTC*", rule="liquidation_*", account="main")
    assert text.startswith("Silenced by anna until 13:00:00 UTC: account main, rule liquidation_*, subject BTC* (s")
    assert "It covers 1 of 2 burning alerts." in text
    assert "Critical alerts and worse are held back for an hour at most." in text


async def test_a_silence_lasts_seven_days_at_most(office: Office) -> None:
    text = await office.silence(30 * DAY)
    assert "until 2026-11-27 12:00:00 UTC" in text
    assert "A silence lasts 7 d at most." in text


async def test_a_silence_from_a_chat_lasts_four_hours_at_most(office: Office) -> None:
    text = await office.command("silence 1d btc")
    assert "until 16:00:00 UTC: subject BTC*" in text
    assert "A silence from a chat lasts 4 h at most." in text


async def test_a_silence_is_announced_on_every_channel_without_waking_anybody(office: Office) -> None:
    await office.silence(60, comment="moving house")
    entries = await office.store.outbox()
    assert {(each.channel, each.reason) for each in entries} == {("chat", "announced"), ("mail", "announced")}
    rows = await office.store.lease("chat", now=START, until=START + timedelta(minutes=1), limit=10)
    assert [(row.notification.is_silent, row.notification.severity) for row in rows] == [(True, Severity.NOTICE)]
    assert "moving house" in rows[0].notification.body


async def test_a_silence_that_has_expired_is_forgotten_and_written_down_as_that(office: Office) -> None:
    await office.silence(10, subject="BTC*")
    office.clock.advance(11 * 60)
    assert office.desk.silences.standing(office.clock.now()) == []
    await office.silence(10, subject="ETH*")
    assert [each.subject for each in office.watch.alarms.silences.values()] == ["ETH*"]
    assert [each.subject for each in await office.store.silences()] == ["ETH*"]
    assert [each.word for each in await office.store.events() if each.kind.value == "silence"] == [
        "began",
        "expired",
        "began",
    ]


async def test_an_unknown_silence_is_answered_with_those_in_force(office: Office) -> None:
    assert (await office.command("silence end nobody")).endswith("Nothing is silenced.")
    await office.silence(10)
    (silence_id,) = office.watch.alarms.silences
    assert (await office.command("silence end nobody")).endswith(f"In force: {silence_id}.")
    assert "ended by anna" in await office.command(f"silence end {silence_id.upper()}")
    assert office.watch.alarms.silences == {}


async def test_there_is_an_end_to_the_number_of_silences(office: Office) -> None:
    for number in range(MOST_SILENCES):
        await office.silence(60, subject=f"COIN{number}*")
    assert "end some first" in await office.silence(60)
    assert len(office.watch.alarms.silences) == MOST_SILENCES


@pytest.mark.parametrize("line", ["silence", "silence soon", "silence -5", "silence end", "silence 1.5h"])
async def test_a_silence_that_is_not_understood_is_explained(office: Office, line: str) -> None:
    assert await office.command(line) == SILENCE_USAGE
    assert office.watch.alarms.silences == {}


async def test_a_silence_of_no_minutes_is_refused(office: Office) -> None:
    assert (await office.command("silence 0")).startswith("For how long?")
    assert office.watch.alarms.silences == {}
