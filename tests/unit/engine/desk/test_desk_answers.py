"""Acknowledged, snoozed, asked about; and the refusals that change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import pytest

from liqwatch.errors import NotificationError
from liqwatch.model import (
    AlertKey,
    Severity,
)
from liqwatch.ports import Answer
from liqwatch.ports import Desk as DeskPort

if TYPE_CHECKING:
    from tests.unit.engine.desk.conftest import Office

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ACCOUNT = "main"
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG = f"{BTC} long"
Opened: TypeAlias = "Callable[..., Office]"
KEY = AlertKey(ACCOUNT, "liquidation_distance", LONG)


class Chat:
    """A conversation that keeps what it is to show, or cannot show it."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.name = name
        self.error = error
        self.shown: list[tuple[str, str]] = []
        self.was_shown = asyncio.Event()

    async def converse(self, desk: DeskPort) -> None: ...

    async def refresh(self, alert_id: str, text: str) -> None:
        if self.error:
            raise self.error
        self.shown.append((alert_id, text))
        self.was_shown.set()


async def test_an_acknowledgement_says_who_and_when_and_is_written_down(office: Office) -> None:
    record = office.look(0.14, Severity.WARNING)
    text = await office.told(office.desk.answer(f" #{record.alert_id.upper()}", Answer.ACK, who="anna"))
    assert text == (
        f"Acknowledged by anna at 12:00:00 UTC: warning {LONG} ({record.alert_id})."
        " No reminders and no escalation until it gets worse."
    )
    (stored,) = [each for each in await office.store.load() if each.key == KEY]
    assert stored.is_acked
    assert (stored.answered_by, stored.answered_room) == ("anna", 0.14)


async def test_a_second_acknowledgement_changes_nothing_and_names_the_first(office: Office) -> None:
    record = office.look(0.14, Severity.WARNING)
    await office.told(office.desk.answer(record.alert_id, Answer.ACK, who="anna"))
    office.clock.advance(60)
    text = await office.told(office.desk.answer(record.alert_id, Answer.ACK, who="ben"))
    assert text.endswith("Acknowledged by anna at 12:00:00 UTC.")
    assert office.watch.records[KEY].answered_by == "anna"


async def test_an_acknowledged_alert_can_still_be_snoozed_so_that_it_comes_back(office: Office) -> None:
    record = office.look(0.14, Severity.WARNING)
    await office.told(office.desk.answer(record.alert_id, Answer.ACK, who="anna"))
    text = await office.told(office.desk.answer(record.alert_id, Answer.SNOOZE, who="ben", minutes=30))
    assert "Snoozed by ben at 12:00:00 UTC until 12:30:00 UTC" in text
    assert office.watch.next_due_at() == START + timedelta(minutes=30)


@pytest.mark.parametrize("minutes", [0, -5])
async def test_a_snooze_without_a_duration_is_refused(office: Office, minutes: int) -> None:
    record = office.look(0.14, Severity.WARNING)
    text = await office.told(office.desk.answer(record.alert_id, Answer.SNOOZE, who="anna", minutes=minutes))
    assert text.startswith("For how long?")
    assert office.watch.records[KEY].answered_at is None


async def test_a_snooze_for_ever_is_cut_to_a_day(office: Office) -> None:
    record = office.look(0.14, Severity.WARNING)
    await office.told(office.desk.answer(record.alert_id, Answer.SNOOZE, who="anna", minutes=10**15))
    assert office.watch.records[KEY].snoozed_until == START + timedelta(days=1)


async def test_an_alert_that_is_over_is_said_to_be_over(office: Office) -> None:
    record = office.look(0.14, Severity.WARNING)
    office.look(0.5, None)
    for answer in Answer:
        text = await office.told(office.desk.answer(record.alert_id, answer, who="anna", minutes=10))
        assert text == f"warning {LONG} ({record.alert_id}) is over since 12:00:00 UTC."
    assert office.watch.records[KEY].answered_at is None


async def test_an_unknown_id_is_answered_with_those_that_burn(office: Office) -> None:
    record = office.look(0.14, Severity.WARNING)
    text = await office.told(office.desk.answer("nobody", Answer.ACK, who="anna"))
    assert text.startswith("No alert nobody burns")
    assert text.endswith(f"Burning: {record.alert_id}.")


async def test_an_alert_that_is_held_back_cannot_be_acknowledged_unheard(office: Office) -> None:
    await office.silence()
    record = office.look(0.14, Severity.WARNING)
    text = await office.told(office.desk.answer(record.alert_id, Answer.ACK, who="anna"))
    assert "has not been told yet" in text
    assert office.watch.records[KEY].answered_at is None


async def test_details_are_the_figures_of_the_last_look_and_who_has_answered(office: Office) -> None:
    record = office.look(0.14, Severity.WARNING)
    await office.told(office.desk.answer(record.alert_id, Answer.ACK, who="anna"))
    text = await office.told(office.desk.answer(record.alert_id, Answer.DETAILS, who="ben"))
    assert text.splitlines()[0].endswith("14% to liquidation")
    assert "Acknowledged by anna at 12:00:00 UTC." in text
    assert text == office.desk.details(record.alert_id)


async def test_details_of_an_alert_from_before_the_start_say_that_nobody_has_looked_yet(opened: Opened) -> None:
    office, before = opened(), opened()
    record = before.look(0.14, Severity.WARNING)
    office.watch.alarms.replace_record(record, START)
    text = await office.told(office.desk.answer(record.alert_id, Answer.DETAILS, who="anna"))
    assert "not looked at since the start" in text


async def test_a_name_cannot_carry_control_characters(office: Office) -> None:
    record = office.look(0.14, Severity.WARNING)
    text = await office.told(office.desk.answer(record.alert_id, Answer.ACK, who="an\nna\u202e\x1b[31m"))
    assert "Acknowledged by an na [31m at" in text


async def test_an_answer_is_shown_in_every_conversation_though_one_of_them_fails(opened: Opened) -> None:
    chat, broken, other = Chat("chat"), Chat("broken", NotificationError("refused")), Chat("other")
    office = opened([chat, broken, other])
    record = office.look(0.14, Severity.WARNING)
    text = await office.told(office.desk.answer(record.alert_id, Answer.ACK, who="anna"))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(office.desk.run())
        async with asyncio.timeout(10):
            await chat.was_shown.wait()
            await other.was_shown.wait()
        running.cancel()
    assert chat.shown == other.shown == [(record.alert_id, text)]


async def test_a_refusal_is_shown_to_nobody_else(opened: Opened) -> None:
    chat = Chat("chat")
    office = opened([chat])
    await office.told(office.desk.answer("nobody", Answer.ACK, who="anna"))
    record = office.look(0.14, Severity.WARNING)
    text = await office.told(office.desk.answer(record.alert_id, Answer.ACK, who="anna"))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(office.desk.run())
        async with asyncio.timeout(10):
            await chat.was_shown.wait()
        running.cancel()
    assert chat.shown == [(record.alert_id, text)]
