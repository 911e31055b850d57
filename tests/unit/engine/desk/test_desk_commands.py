"""What a chat is told when it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqwatch.alerts.voice import Privacy, Voice
from liqwatch.engine import conditions
from liqwatch.engine.desk.chat import ChatDesk
from liqwatch.engine.desk.front import HELP, STRESS_USAGE
from liqwatch.engine.desk.reply import LONGEST_TEXT
from liqwatch.model import (
    AlertKey,
    Severity,
)
from liqwatch.ports import Answer

if TYPE_CHECKING:
    from tests.unit.engine.desk.conftest import Office

ACCOUNT = "main"
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG = f"{BTC} long"


async def test_alerts_are_listed_the_worst_first_with_their_answers_and_the_silences(office: Office) -> None:
    assert await office.command("alerts") == "No alert burns."
    warning = office.look(0.14, Severity.WARNING)
    await office.told(office.desk.answer(warning.alert_id, Answer.ACK, who="anna"))
    await office.silence(60, subject="ETH*")
    critical = office.look(0.07, Severity.CRITICAL, AlertKey(ACCOUNT, "liquidation_distance", f"{ETH} long"))
    lines = (await office.command("alerts")).splitlines()
    assert lines[0] == (
        f"CRITICAL {ETH} long: 7% to liquidation [{critical.alert_id}], main, since 12:00:00 UTC. Held back."
    )
    assert lines[1].endswith("Acknowledged by anna at 12:00:00 UTC.")
    assert lines[2].startswith("Silence s")


async def test_ack_from_a_chat_needs_an_id(office: Office) -> None:
    assert await office.command("/ack") == "No alert burns."
    record = office.look(0.14, Severity.WARNING)
    assert await office.command("/ack") == f"Say which: /ack ID. Burning: {record.alert_id}."
    assert (await office.command(f"/ack {record.alert_id}")).startswith("Acknowledged by anna")


async def test_positions_are_listed_the_nearest_first(office: Office) -> None:
    assert await office.command("positions") == "No position is watched."
    office.hold(BTC, mark=100.0)
    office.hold(ETH, mark=85.0)
    first, second = (await office.command("positions")).splitlines()
    assert first.startswith(
        f"{ETH} long (main): 4.9% to liquidation, mark 85.00, liquidation 80.81, margin ratio 17.0%"
    )
    assert second.startswith(f"{LONG} (main): 19.2% to liquidation, mark 100.00")


async def test_the_status_is_one_screen(office: Office) -> None:
    office.hold(BTC, mark=100.0)
    office.look(0.14, Severity.WARNING)
    lines = (await office.command("status")).splitlines()
    assert lines[0] == "liqwatch at 2026-11-20 12:00:00 UTC"
    assert lines[1].startswith(f"WARNING {LONG}")
    assert "All 2 streams are fresh." in lines
    assert "Outbox: 0 waiting, 0 sent, 0 undeliverable." in lines
    assert f"{LONG} (main): 19.2% to liquidation" in lines
    assert f"{LONG} (main): margin ratio 5.0%, 190.00 USDT to liquidation" in lines


async def test_the_status_is_told_though_the_outbox_cannot_be_read(office: Office) -> None:
    await office.store.close()
    assert "Outbox: cannot be read." in await office.desk.command("status", [], who="anna")


async def test_the_status_names_stale_streams(office: Office) -> None:
    office.hold(BTC, mark=100.0)
    office.clock.advance(90)
    assert "Stale: mark prices of binance_usdm (90 s)" in await office.command("status")


async def test_a_long_answer_is_cut_between_lines_and_counted(office: Office) -> None:
    for number in range(200):
        office.look(0.14, Severity.WARNING, AlertKey(ACCOUNT, "liquidation_distance", f"COIN{number}/USDT:USDT long"))
    text = await office.command("alerts")
    assert len(text) <= LONGEST_TEXT
    shown = text.splitlines()[:-1]
    assert text.splitlines()[-1] == f"… and {200 - len(shown)} more lines."


async def test_stress_tells_what_is_liquidated_by_a_common_move(office: Office) -> None:
    office.hold(BTC, mark=100.0)
    office.hold(ETH, mark=85.0)
    assert (await office.command("stress")).splitlines() == [
        "If every mark moves at once:",
        "10% lower: 1 liquidated.",
        f"- {ETH} long (main): at 4.9% lower",
        "10% higher: nothing liquidated.",
    ]
    assert "20% lower: 2 liquidated." in await office.command("stress 20%")


@pytest.mark.parametrize("line", ["stress x", "stress 0", "stress 91", "stress 1000", "stress nan"])
async def test_a_stress_that_is_not_understood_is_explained(office: Office, line: str) -> None:
    assert await office.command(line) == STRESS_USAGE


@pytest.mark.parametrize("line", ["help", "start", "trade BTC", "/HELP"])
async def test_any_other_word_is_answered_with_help(office: Office, line: str) -> None:
    assert await office.command(line) == HELP


async def test_a_channel_that_cannot_be_answered_is_told_until_it_can(office: Office) -> None:
    async def troubled(text: str) -> str:
        await office.desk.channel_trouble("chat", text)
        return ""

    await office.told(troubled("another program reads this bot's messages"))
    await office.told(troubled("another program reads this bot's messages"))
    await office.told(troubled(""))
    key = AlertKey("", conditions.CHAT_FAILING, "channel chat")
    assert office.watch.records[key].peak is Severity.WARNING
    assert not office.watch.records[key].is_burning
    on_mail = [each for each in await office.store.outbox() if each.channel == "mail"]
    assert [each.reason for each in reversed(on_mail)] == ["first", "resolved"]
    assert "cannot be answered: another program reads this bot's messages" in on_mail[-1].title


async def test_a_private_chat_is_shown_shares_and_no_money(office: Office) -> None:
    office.hold(BTC, mark=100.0)
    desk = ChatDesk(office.desk, Voice(privacy=Privacy.PERCENT))
    for name in ("status", "positions"):
        text = await desk.command(name, [], who="anna")
        assert "to liquidation" in text
        assert "USDT" not in text.replace("/USDT:USDT", "")
        assert "mark " not in text
